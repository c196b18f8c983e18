//! Facts: what Surety keeps of each object, typed and small. Only what a control reads has a field here.
//!
//! Data only. Decoding lives in `decode` and `engines`, decisions in `core::controls`.

mod backup;
mod cluster;
mod declared;
mod enforcement;
mod kind;
mod known;
mod labels;
mod name;
mod namespaced;
mod source;
mod store;
mod workload;

pub use backup::{
    DeleteBackupRequest, Expiry, Location, NamespacePattern, Origin, PointState, RecoveryPoint, Schedule,
    Selection, VolumeCopy, VolumeData,
};
pub use cluster::{
    ClaimReference, Definition, Namespace, PersistentVolume, StorageClass, VolumeBacking, parse_bool_like_go,
};
pub use declared::{ClaimRecord, Declared, FindingMemory, HeldData, TenantRecord};
pub use enforcement::{ClusterRecord, Enforcing, Gap, Proof};
pub use kind::{Kind, ObjectKey, Resource};
pub use known::{Ignorance, Known, Unknown};
pub use labels::Labels;
pub use name::Name;
pub use namespaced::{
    Ingress, IngressTls, NetworkPolicy, Openness, PersistentVolumeClaim, Service, ServiceType,
};
pub use source::{Source, SourceState, Sources};
pub use store::{DataPath, ServerSideEncryption, StoreEncryption};
pub use workload::{
    ClaimTemplate, Container, ContainerRole, ContainerSecurity, CredentialLiteral, Owner, PodSecurityContext,
    PodTemplate, PodVolume, VolumeSource, Workload,
};

use jiff::Timestamp;

use crate::api::keys;

/// What Surety keeps of every object's metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// The object's UID; empty where there is none yet (a file, a request with `generateName`).
    pub uid: Name,
    /// `metadata.creationTimestamp`; the epoch where there is none.
    pub created: Timestamp,
    /// Whether `metadata.deletionTimestamp` is set.
    pub is_deleting: bool,
    /// `metadata.generation`, 0 where there is none.
    pub generation: i64,
    /// A digest of `metadata.ownerReferences` as (kind, name, uid, controller), in their order.
    pub owner_references: std::sync::Arc<[Owner]>,
}

impl Default for Meta {
    fn default() -> Self {
        Self {
            uid: Name::default(),
            created: Timestamp::UNIX_EPOCH,
            is_deleting: false,
            generation: 0,
            owner_references: std::sync::Arc::from([]),
        }
    }
}

/// The facts of one object.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A namespace.
    Namespace(Namespace),
    /// A pod, or a controller of pods.
    Workload(Workload),
    /// A claim on a volume.
    PersistentVolumeClaim(PersistentVolumeClaim),
    /// A volume.
    PersistentVolume(PersistentVolume),
    /// A storage class.
    StorageClass(StorageClass),
    /// A Service.
    Service(Service),
    /// An Ingress.
    Ingress(Ingress),
    /// A NetworkPolicy.
    NetworkPolicy(NetworkPolicy),
    /// A CustomResourceDefinition.
    Definition(Definition),
    /// A backup engine's schedule.
    Schedule(Schedule),
    /// A backup engine's run or recovery point.
    RecoveryPoint(RecoveryPoint),
    /// One volume's copy within a recovery point.
    VolumeCopy(VolumeCopy),
    /// Where recovery points lie.
    Location(Location),
    /// A tenant.
    Tenant(Declared<crate::api::TenantSpec>),
    /// A promise document.
    Profile(Declared<crate::api::ProfileSpec>),
    /// A backup policy.
    BackupPolicy(Declared<crate::api::BackupPolicySpec>),
    /// A retention policy.
    RetentionPolicy(Declared<crate::api::RetentionPolicySpec>),
    /// An encryption policy.
    EncryptionPolicy(Declared<crate::api::EncryptionPolicySpec>),
    /// An isolation policy.
    IsolationPolicy(Declared<crate::api::IsolationPolicySpec>),
    /// A waiver.
    Waiver(Declared<crate::api::WaiverSpec>),
    /// An attestation.
    Attestation(Declared<crate::api::AttestationSpec>),
    /// What Surety remembers of a tenant.
    TenantRecord(TenantRecord),
    /// What Surety remembers of the whole cluster.
    ClusterRecord(ClusterRecord),
}

/// What happened to one object: its new facts, or its end.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "a change is moved once, into the index")]
pub enum Change {
    /// The object is there, with these facts.
    Apply(Fact),
    /// The object is gone.
    Delete(ObjectKey),
    /// The object is there, but could not be read; what depends on it is unknown.
    Unreadable(ObjectKey, Name),
}

impl Fact {
    /// The key of the object that the facts are of.
    pub fn key(&self) -> ObjectKey {
        match self {
            Self::Namespace(fact) => fact.key(),
            Self::Workload(fact) => fact.key(),
            Self::PersistentVolumeClaim(fact) => fact.key(),
            Self::PersistentVolume(fact) => fact.key(),
            Self::StorageClass(fact) => fact.key(),
            Self::Service(fact) => fact.key(),
            Self::Ingress(fact) => fact.key(),
            Self::NetworkPolicy(fact) => fact.key(),
            Self::Definition(fact) => fact.key(),
            Self::Schedule(fact) => fact.key(),
            Self::RecoveryPoint(fact) => fact.key(),
            Self::VolumeCopy(fact) => fact.key(),
            Self::Location(fact) => fact.key(),
            Self::Tenant(fact) => ObjectKey::cluster(Kind::Tenant, fact.name.clone()),
            Self::Profile(fact) => ObjectKey::cluster(Kind::Profile, fact.name.clone()),
            Self::BackupPolicy(fact) => ObjectKey::cluster(Kind::BackupPolicy, fact.name.clone()),
            Self::RetentionPolicy(fact) => ObjectKey::cluster(Kind::RetentionPolicy, fact.name.clone()),
            Self::EncryptionPolicy(fact) => ObjectKey::cluster(Kind::EncryptionPolicy, fact.name.clone()),
            Self::IsolationPolicy(fact) => ObjectKey::cluster(Kind::IsolationPolicy, fact.name.clone()),
            Self::Waiver(fact) => ObjectKey::cluster(Kind::Waiver, fact.name.clone()),
            Self::Attestation(fact) => ObjectKey::cluster(Kind::Attestation, fact.name.clone()),
            Self::TenantRecord(fact) => ObjectKey::cluster(Kind::TenantRecord, fact.tenant.clone()),
            Self::ClusterRecord(_) => ObjectKey::cluster(Kind::ClusterRecord, keys::RECORD_OF_CLUSTER_NAME),
        }
    }

    /// The metadata of the object that the facts are of; none for Surety's own records.
    pub const fn meta(&self) -> Option<&Meta> {
        match self {
            Self::Namespace(fact) => Some(&fact.meta),
            Self::Workload(fact) => Some(&fact.meta),
            Self::PersistentVolumeClaim(fact) => Some(&fact.meta),
            Self::PersistentVolume(fact) => Some(&fact.meta),
            Self::StorageClass(fact) => Some(&fact.meta),
            Self::Service(fact) => Some(&fact.meta),
            Self::Ingress(fact) => Some(&fact.meta),
            Self::NetworkPolicy(fact) => Some(&fact.meta),
            Self::Definition(fact) => Some(&fact.meta),
            Self::Schedule(fact) => Some(&fact.meta),
            Self::RecoveryPoint(fact) => Some(&fact.meta),
            Self::VolumeCopy(fact) => Some(&fact.meta),
            Self::Location(fact) => Some(&fact.meta),
            Self::Tenant(fact) => Some(&fact.meta),
            Self::Profile(fact) => Some(&fact.meta),
            Self::BackupPolicy(fact) => Some(&fact.meta),
            Self::RetentionPolicy(fact) => Some(&fact.meta),
            Self::EncryptionPolicy(fact) => Some(&fact.meta),
            Self::IsolationPolicy(fact) => Some(&fact.meta),
            Self::Waiver(fact) => Some(&fact.meta),
            Self::Attestation(fact) => Some(&fact.meta),
            Self::TenantRecord(_) | Self::ClusterRecord(_) => None,
        }
    }
}

impl Change {
    /// The key of the object that changed.
    pub fn key(&self) -> ObjectKey {
        match self {
            Self::Apply(fact) => fact.key(),
            Self::Delete(key) | Self::Unreadable(key, _) => key.clone(),
        }
    }
}
