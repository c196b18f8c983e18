//! `encryption.volume`: the volumes that exist are encrypted, and the scratch space of pods where it holds data.

use super::{
    at_rest::{Demands, Place},
    attested::{EMPTY_DIR, Provenance},
    provisioners::Encryption,
    storage::weaker_key_class,
};
use crate::{
    api::Severity,
    core::{
        context::Context,
        control::{Control, Door, Guard, Operation, no_transition},
        controls::WORKLOAD_GUARDS,
        effective::Effective,
        facts::{Fact, Kind, Name, Source, Sources, VolumeSource, Workload},
        parameters::Parameters,
        subject::{Subject, SubjectClass},
        verdict::{Issue, Verdict},
    },
};

/// The control.
pub static CONTROL: Control = Control {
    id: "encryption.volume",
    title: "The volumes that exist are encrypted",
    why: "A storage class is an intention; what is on the disk is decided when the volume is made.",
    remediation: "Copy the data to a volume of a storage class that encrypts and retire the plain one; where only a person \
                  can know that a volume is encrypted, have an operator attest it in an EncryptionPolicy.",
    severity: Severity::Critical,
    subjects: &[SubjectClass::Volume, SubjectClass::Workload],
    reads: Sources::of(&[Source::StorageClasses]),
    guards: &GUARDS,
    evaluate,
    demanded: Effective::encryption_volume,
    upheld_by: Some(Kind::EncryptionPolicy),
    weaker,
    transition: no_transition,
};

static GUARDS: [Guard; 9] = {
    let [pod, replication, deployment, stateful, daemon, replica, job, cron] = WORKLOAD_GUARDS;
    let operations = &[Operation::Create, Operation::Update];
    let volume = Guard { kind: Kind::PersistentVolume, door: Door::ProtectCluster, operations };
    [pod, replication, deployment, stateful, daemon, replica, job, cron, volume]
};

fn evaluate(context: &Context<'_>, subject: &Subject<'_>) -> Verdict {
    let demands = Demands::of(context.parameters());
    match subject {
        Subject::Volume(volume) => {
            let places = [Place::of_volume(context, volume, "spec".to_owned())];
            demands.verdict(context, &places, copy_to)
        }
        Subject::Workload(_) if !context.parameters().flag("emptyDirHoldsData") => {
            Verdict::not_applicable("its emptyDir volumes hold no data")
        }
        Subject::Workload(workload) => {
            let places = scratch_places(context, workload);
            if places.is_empty() {
                return Verdict::not_applicable("it has no emptyDir on disk");
            }
            demands.verdict(context, &places, replace_by)
        }
        _ => Verdict::not_applicable("no volume"),
    }
}

fn copy_to(class: &Name) -> String {
    format!(
        "copy the data to a claim with storageClassName: {class}, which is encrypted, and retire this volume"
    )
}

fn replace_by(class: &Name) -> String {
    format!(
        "`medium: Memory`, or an `ephemeral` volume with storageClassName: {class}, which is encrypted and available"
    )
}

/// Scratch space on the node's disk. What is in memory never comes to rest.
fn scratch_places(context: &Context<'_>, workload: &Workload) -> Vec<Place> {
    let path = workload.pod_spec_path();
    let on_disk = workload
        .template
        .volumes
        .iter()
        .filter(|volume| matches!(volume.source, VolumeSource::EmptyDir { is_memory: false }));
    let place = |name: &Name| {
        let shown = Encryption::Plain {
            found: "it is a directory on the node's disk".to_owned(),
            fix: format!(
                "`medium: Memory`, or have an operator attest the nodes' disks as provisioner `{EMPTY_DIR}` in \
                 `spec.attested` of an EncryptionPolicy"
            ),
        };
        let field = format!("{path}.volumes[name={name}].emptyDir");
        let provenance = Provenance::of_provisioner(EMPTY_DIR);
        Place::attested(context, shown, &provenance, field, format!("emptyDir {name}"))
    };
    on_disk.map(|volume| place(&volume.name)).collect()
}

/// Cipher and key length are not a policy's to weaken, and an `emptyDirHoldsData` that it leaves out inherits.
fn weaker(policy: &Fact, promised: &Parameters) -> Vec<Issue> {
    let Fact::EncryptionPolicy(policy) = policy else { return Vec::new() };
    weaker_key_class(&policy.spec, promised).into_iter().collect()
}

#[cfg(test)]
mod tests;
