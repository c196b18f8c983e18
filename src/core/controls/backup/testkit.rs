//! Builders for tests of backups: an engine in namespace `velero` that backs up the bench's tenant.
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::needless_pass_by_value,
    missing_docs,
    reason = "a test may stop at the first surprise; names of builders say what they build, and take what json! makes"
)]

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::{
    api::{BackupPolicySpec, KeyClass, TenantSpec, backup_policy::EngineName},
    core::{
        control::{Control, Operation},
        controls::testkit::{Bench, NAMESPACE, NOW, TENANT, at},
        facts::{
            Change, DataPath, Declared, Expiry, Fact, Kind, Known, Labels, Location, Meta, Name, Namespace,
            NamespacePattern, ObjectKey, Origin, PersistentVolumeClaim, PointState, RecoveryPoint, Schedule,
            Selection, ServerSideEncryption, StoreEncryption, VolumeCopy, VolumeData,
        },
        transition::{Act, Transition, Trusted},
        verdict::Issue,
        world::World,
    },
    index,
};

/// The engine's namespace.
pub const VELERO: &str = "velero";
/// When everything of the bench was made, unless it is said otherwise: long before [`NOW`].
pub const LONG_AGO: &str = "2026-01-01T00:00:00Z";
/// The engine's own user.
pub const ENGINE: &str = "system:serviceaccount:velero:velero";
/// Surety's own user.
pub const SURETY: &str = "system:serviceaccount:surety:surety";

pub fn meta_of(uid: &str, created: &str) -> Meta {
    Meta { uid: Name::from(uid), created: at(created), generation: 1, ..Meta::default() }
}

/// A bench whose tenant and namespace are old, with the engine's default location.
pub fn bench(control: &'static Control) -> Bench {
    let namespace =
        Namespace { name: Name::from(NAMESPACE), meta: meta_of("ns-1", LONG_AGO), labels: Labels::default() };
    Bench::new(control)
        .with(tenant(TenantSpec::default()))
        .with(Fact::Namespace(namespace))
        .with(Fact::Location(location()))
}

pub fn tenant(spec: TenantSpec) -> Fact {
    Fact::Tenant(Declared {
        name: Name::from(TENANT),
        meta: meta_of(TENANT, LONG_AGO),
        labels: Labels::default(),
        spec: Arc::new(spec),
        conditions: Arc::from([]),
    })
}

pub fn claim() -> PersistentVolumeClaim {
    PersistentVolumeClaim {
        namespace: Name::from(NAMESPACE),
        name: Name::from("data"),
        meta: meta_of("claim-1", LONG_AGO),
        is_bound: true,
        ..PersistentVolumeClaim::default()
    }
}

pub fn claim_key() -> ObjectKey {
    claim().key()
}

pub fn literal(namespaces: &[&str]) -> Selection {
    let included = namespaces.iter().map(|name| NamespacePattern::Literal(Name::from(*name)));
    Selection { included: included.collect(), ..Selection::default() }
}

/// A schedule that covers the tenant's namespace every night.
pub fn schedule() -> Schedule {
    Schedule {
        kind: Kind::VeleroSchedule,
        engine: EngineName::Velero,
        namespace: Name::from(VELERO),
        name: Name::from("daily"),
        meta: meta_of("schedule-1", LONG_AGO),
        labels: Labels::default(),
        cron: Name::from("15 2 * * *"),
        is_paused: false,
        invalid: None,
        selection: literal(&[NAMESPACE]),
        volume_data: VolumeData::Moved,
        time_to_live: Some(SignedDuration::from_hours(756)),
        location: None,
        run_labels: Labels::default(),
    }
}

/// A run that ended well ten minutes after its start, snapshotted one volume, and expires 31.5 days after it.
pub fn point(name: &str, taken_at: &str) -> RecoveryPoint {
    let taken_at = at(taken_at);
    let after = |minutes: i64| taken_at.checked_add(SignedDuration::from_mins(minutes)).unwrap();
    RecoveryPoint {
        kind: Kind::VeleroBackup,
        engine: EngineName::Velero,
        namespace: Name::from(VELERO),
        name: Name::from(name),
        meta: meta_of(name, LONG_AGO),
        schedule: Some(Name::from("daily")),
        state: PointState::Usable,
        taken_at: Some(taken_at),
        ended_at: Some(after(10)),
        expiry: Expiry::At(after(31 * 24 * 60 + 12 * 60)),
        location: None,
        origin: Origin::Local,
        cluster_label: None,
        selection: literal(&[NAMESPACE]),
        volume_data: VolumeData::Snapshots,
        snapshots: (1, 1),
        deletion_failure: None,
    }
}

/// A complete copy of the bench's claim in a run.
pub fn copy(point: &str) -> VolumeCopy {
    VolumeCopy {
        kind: Kind::DataUpload,
        namespace: Name::from(VELERO),
        name: Name::from(format!("{point}-data")),
        meta: meta_of(&format!("{point}-data"), LONG_AGO),
        point: Name::from(point),
        claim_namespace: Name::from(NAMESPACE),
        claim_name: Name::from("data"),
        claim_uid: Some(Name::from("claim-1")),
        is_complete: true,
        is_empty: false,
    }
}

/// The engine's default location, read half a minute ago and then once a year.
pub fn location() -> Location {
    Location {
        kind: Kind::BackupStorageLocation,
        engine: EngineName::Velero,
        namespace: Name::from(VELERO),
        name: Name::from("default"),
        meta: meta_of("location-1", LONG_AGO),
        is_default: true,
        is_available: Known::Known(true),
        message: None,
        is_writable: true,
        last_synced: Some(at(NOW).checked_sub(SignedDuration::from_secs(30)).unwrap()),
        sync_period: SignedDuration::from_hours(24 * 365),
        bucket: Name::from("backups"),
        destination: Name::from("digest-1"),
        provider: Name::from("aws"),
        encryption: Known::Known(StoreEncryption {
            sse: ServerSideEncryption::Kms,
            key: Some(KeyClass::Customer),
            is_always_on: false,
        }),
        data_path: Known::Known(DataPath::Encrypted),
        region: Known::Absent,
    }
}

/// A policy with these fields beside what it must have, made long ago.
pub fn policy(name: &str, fields: serde_json::Value) -> Fact {
    let mut spec = serde_json::json!({"tenantSelector": {}, "engine": {}});
    spec.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    Fact::BackupPolicy(Declared {
        name: Name::from(name),
        meta: meta_of(name, LONG_AGO),
        labels: Labels::default(),
        spec: Arc::new(serde_json::from_value::<BackupPolicySpec>(spec).unwrap()),
        conditions: Arc::from([]),
    })
}

/// A change of a fact, by what it is about.
pub type Case<T> = (&'static str, fn(&mut T));

/// What somebody does, with the world before it.
pub struct Deed<'w> {
    before: &'w World,
    user: &'w str,
    now: Timestamp,
}

impl<'w> Deed<'w> {
    /// Done by a person, at [`NOW`].
    pub fn in_world(before: &'w World) -> Self {
        Self { before, user: "someone@example.com", now: at(NOW) }
    }

    #[must_use]
    pub const fn by(mut self, user: &'w str) -> Self {
        self.user = user;
        self
    }

    #[must_use]
    pub fn at(mut self, now: &str) -> Self {
        self.now = at(now);
        self
    }

    pub fn creates(&self, control: &Control, new: &Fact) -> Vec<Issue> {
        self.judged(control, self.act(Operation::Create, new.key(), None, Some(new.clone())))
    }

    pub fn updates(&self, control: &Control, old: &Fact, new: &Fact) -> Vec<Issue> {
        self.judged(control, self.act(Operation::Update, old.key(), Some(old.clone()), Some(new.clone())))
    }

    pub fn deletes(&self, control: &Control, old: &Fact) -> Vec<Issue> {
        self.judged(control, self.act(Operation::Delete, old.key(), Some(old.clone()), None))
    }

    pub fn orphans(&self, control: &Control, old: &Fact) -> Vec<Issue> {
        let act = self.act(Operation::Delete, old.key(), Some(old.clone()), None);
        self.judged(control, Act { orphans_dependents: true, ..act })
    }

    /// Asks the engine to delete a point.
    pub fn requests_deletion(&self, control: &Control, point: &RecoveryPoint) -> Vec<Issue> {
        let key = ObjectKey::namespaced(Kind::DeleteBackupRequest, VELERO, format!("{}-1", point.name));
        let act = self.act(Operation::Create, key, None, None);
        self.judged(control, Act { requested_deletion: Some(point.key()), ..act })
    }

    fn act(&self, operation: Operation, key: ObjectKey, old: Option<Fact>, new: Option<Fact>) -> Act {
        Act {
            operation,
            key,
            old,
            new,
            subresource: Name::default(),
            user: Name::from(self.user),
            groups: Vec::new(),
            orphans_dependents: false,
            requested_deletion: None,
            canary: None,
        }
    }

    fn judged(&self, control: &Control, act: Act) -> Vec<Issue> {
        let mut after = self.before.clone();
        match &act.new {
            Some(fact) => index::apply(&mut after, Change::Apply(fact.clone())),
            None => index::apply(&mut after, Change::Delete(act.key.clone())),
        }
        let trusted = Trusted { surety: Name::from(SURETY), engines: vec![Name::from(ENGINE)] };
        let transition =
            Transition { before: self.before, after: &after, act: &act, trusted: &trusted, now: self.now };
        (control.transition)(&transition)
    }
}

/// The fields of issues.
pub fn fields(issues: &[Issue]) -> Vec<&str> {
    issues.iter().map(|issue| issue.field.as_str()).collect()
}
