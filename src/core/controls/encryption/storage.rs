//! `encryption.storage`: every way to a new volume leads to encrypted storage.
//!
//! Ways are claims, claim templates, generic ephemeral volumes, inline CSI and NFS volumes, and static volumes. A way
//! is judged by the class that the API server would give it; what names a static volume is judged by that volume,
//! because a class's name on a static volume proves nothing. A data source changes nothing here: drivers refuse to
//! put a plain source behind an encrypting class, and what only the source encrypts the class does not promise.

use super::{
    at_rest::{Demands, Place},
    attested::{NFS, Provenance},
    provisioners::{Encryption, inline_encryption},
};
use crate::{
    api::{EncryptionPolicySpec, KeyClass, Severity},
    core::{
        context::Context,
        control::{Control, Door, Guard, Operation, no_transition},
        controls::WORKLOAD_GUARDS,
        effective::Effective,
        facts::{
            ClaimTemplate, Fact, Kind, Known, Labels, Name, PersistentVolume, PersistentVolumeClaim,
            PodVolume, Source, Sources, StorageClass, Unknown, VolumeSource, Workload,
        },
        parameters::Parameters,
        subject::{Subject, SubjectClass},
        verdict::{Issue, Verdict},
    },
};

/// The control.
pub static CONTROL: Control = Control {
    id: "encryption.storage",
    title: "Every way to a new volume leads to encrypted storage",
    why: "Who takes a disk, or a snapshot of it, reads whatever lies on it in plain text.",
    remediation: "Name a storage class that encrypts, and make it the default; where only a person can know that storage \
                  is encrypted, have an operator attest it in an EncryptionPolicy.",
    severity: Severity::Critical,
    subjects: &[SubjectClass::Claim, SubjectClass::Workload, SubjectClass::Volume],
    reads: Sources::of(&[Source::StorageClasses, Source::Volumes]),
    guards: &GUARDS,
    evaluate,
    demanded: Effective::encryption_storage,
    upheld_by: Some(Kind::EncryptionPolicy),
    weaker,
    transition: no_transition,
};

const WRITES: &[Operation] = &[Operation::Create, Operation::Update];

/// A class is replaced by deletion and creation, and a new default takes the old one's place.
static GUARDS: [Guard; 11] = {
    let [pod, replication, deployment, stateful, daemon, replica, job, cron] = WORKLOAD_GUARDS;
    let claim = Guard { kind: Kind::PersistentVolumeClaim, door: Door::Conform, operations: WRITES };
    let volume = Guard { kind: Kind::PersistentVolume, door: Door::ProtectCluster, operations: WRITES };
    let class = Guard {
        kind: Kind::StorageClass,
        door: Door::ProtectCluster,
        operations: &[Operation::Create, Operation::Update, Operation::Delete],
    };
    [pod, replication, deployment, stateful, daemon, replica, job, cron, claim, volume, class]
};

fn evaluate(context: &Context<'_>, subject: &Subject<'_>) -> Verdict {
    let places = match subject {
        Subject::Claim(claim) => vec![Way::of_claim(claim).place(context, "")],
        Subject::Workload(workload) => places_of(context, workload),
        Subject::Volume(volume) if volume.provisioned_by.is_some() => {
            return Verdict::not_applicable("a provisioner made it for a claim that is judged itself");
        }
        Subject::Volume(volume) => vec![Place::of_volume(context, volume, "spec".to_owned())],
        _ => return Verdict::not_applicable("no way to a volume"),
    };
    if places.is_empty() {
        return Verdict::not_applicable("it asks for no new volume");
    }
    Demands::of(context.parameters())
        .verdict(context, &places, |class| format!("storageClassName: {class} is encrypted and available"))
}

/// What a claim or the template of one asks for.
struct Way<'a> {
    class: Option<&'a Name>,
    volume: Option<&'a Name>,
    is_bound: bool,
}

impl<'a> Way<'a> {
    fn of_claim(claim: &'a PersistentVolumeClaim) -> Self {
        Self {
            class: claim.storage_class.as_ref(),
            volume: claim.volume_name.as_ref(),
            is_bound: claim.is_bound,
        }
    }

    fn of_template(template: &'a ClaimTemplate) -> Self {
        Self {
            class: template.storage_class.as_ref(),
            volume: template.volume_name.as_ref(),
            is_bound: false,
        }
    }

    /// Where it leads; `path` is where its own fields begin.
    fn place(&self, context: &Context<'_>, path: &str) -> Place {
        let by_volume = |volume| Place::of_volume(context, volume, format!("{path}spec.volumeName"));
        let volume = match self.volume.map(|name| context.volume(name)) {
            Some(Known::Known(volume)) if self.is_decided_by(volume) => return by_volume(volume),
            Some(Known::Unknown(why)) => {
                let read_from = "the volume that it names".to_owned();
                return Place::undecided(why, format!("{path}spec.volumeName"), read_from);
            }
            Some(Known::Known(volume)) => Some(volume),
            Some(Known::Absent) | None => None,
        };
        let field = format!("{path}spec.storageClassName");
        match (self.storage_class(context), volume) {
            (Ok(class), _) => Place::of_class(context, class, field),
            (Err(_), Some(volume)) => by_volume(volume),
            (Err(why), None) => Place::undecided(why, field.clone(), field),
        }
    }

    /// A static volume is what it is. A claim that was bound without a class has no class to be judged by.
    fn is_decided_by(&self, volume: &PersistentVolume) -> bool {
        volume.provisioned_by.is_none() || (self.is_bound && self.class.is_none())
    }

    /// The class that the API server would give it.
    fn storage_class<'w>(&self, context: &Context<'w>) -> Result<&'w StorageClass, Unknown> {
        let undecidable = |why: String| Err(Unknown::Undecidable(why));
        if self.class.is_some_and(|name| name.is_empty()) {
            return undecidable(
                "it asks for no storage class, and takes any volume that has none".to_owned(),
            );
        }
        match (context.storage_class(self.class), self.class) {
            (Known::Known(class), _) => Ok(class),
            (Known::Unknown(why), _) => Err(why),
            (Known::Absent, Some(name)) => undecidable(format!("there is no StorageClass `{name}`")),
            (Known::Absent, None) => match context.unknown_absence(Source::StorageClasses) {
                Some(why) => Err(why),
                None => undecidable("it names no storage class and the cluster has no default".to_owned()),
            },
        }
    }
}

fn places_of(context: &Context<'_>, workload: &Workload) -> Vec<Place> {
    let templates = workload.claim_templates.iter().map(|template| {
        let path = format!("spec.volumeClaimTemplates[name={}].", template.name);
        Way::of_template(template).place(context, &path)
    });
    let volumes = &workload.template.volumes;
    let path = workload.pod_spec_path();
    templates.chain(volumes.iter().filter_map(|volume| place_of(context, path, volume))).collect()
}

/// Drivers that put what they mount into memory, or mount a socket: nothing comes to rest there.
const IN_MEMORY: [&str; 3] = ["secrets-store.csi.k8s.io", "csi.cert-manager.io", "csi.spiffe.io"];

fn place_of(context: &Context<'_>, path: &str, volume: &PodVolume) -> Option<Place> {
    let path = format!("{path}.volumes[name={}]", volume.name);
    match &volume.source {
        VolumeSource::Ephemeral(template) => {
            let path = format!("{path}.ephemeral.volumeClaimTemplate.");
            Some(Way::of_template(template).place(context, &path))
        }
        VolumeSource::Csi { driver, .. } if IN_MEMORY.contains(&driver.as_str()) => None,
        VolumeSource::Csi { driver, attributes } => {
            Some(inline_place(context, driver, attributes, format!("{path}.csi")))
        }
        VolumeSource::Other(field) if *field == "nfs" => Some(nfs_place(context, format!("{path}.nfs"))),
        // A claim is judged itself, host paths are a matter of `isolation.host-access`, and scratch space of
        // `encryption.volume`. The other types in a template name a disk that is there already.
        VolumeSource::Claim(_)
        | VolumeSource::HostPath(_)
        | VolumeSource::EmptyDir { .. }
        | VolumeSource::Other(_) => None,
    }
}

fn inline_place(context: &Context<'_>, driver: &Name, attributes: &Labels, field: String) -> Place {
    let shown = inline_encryption(driver, attributes);
    Place::attested(context, shown, &Provenance::of_provisioner(driver), field, format!("driver {driver}"))
}

fn nfs_place(context: &Context<'_>, field: String) -> Place {
    let shown = Encryption::Plain {
        found: "it is an NFS export".to_owned(),
        fix: "use a claim on encrypted storage".to_owned(),
    };
    Place::attested(context, shown, &Provenance::of_provisioner(NFS), field, "pod template".to_owned())
}

/// Cipher and an unset figure inherit the promise. A weaker keeper of keys, or a key that was not promised, is weaker.
fn weaker(policy: &Fact, promised: &Parameters) -> Vec<Issue> {
    let Fact::EncryptionPolicy(policy) = policy else { return Vec::new() };
    weaker_key_class(&policy.spec, promised).into_iter().chain(excess_keys(&policy.spec, promised)).collect()
}

/// A policy that is content with the provider's key where the customer's was promised.
pub(super) fn weaker_key_class(policy: &EncryptionPolicySpec, promised: &Parameters) -> Option<Issue> {
    let is_promised = promised.text("keyClass").is_some_and(|class| *class == "customer");
    let allowed = policy.at_rest.as_ref()?.key_class?;
    let fix = "spec.atRest.keyClass: Customer";
    (is_promised && allowed < KeyClass::Customer)
        .then(|| Issue::fail("spec.atRest.keyClass", "Provider", "Customer, as promised", fix))
}

fn excess_keys(policy: &EncryptionPolicySpec, promised: &Parameters) -> Vec<Issue> {
    let promised = promised.list("keyIds");
    let allowed = policy.at_rest.as_ref().map_or(&[][..], |rule| &rule.key_ids);
    let excess =
        allowed.iter().filter(|key| !promised.is_empty() && !promised.iter().any(|p| *p == *key.as_str()));
    let issue = |key: &String| {
        Issue::fail(
            "spec.atRest.keyIds",
            key.clone(),
            "keys that the promise names",
            format!("remove `{key}`"),
        )
    };
    excess.map(issue).collect()
}

#[cfg(test)]
mod tests;
