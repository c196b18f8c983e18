//! Bytes to facts, for every kind: the one reading of an object that watch, admission and the command line share, so
//! that they cannot read differently.
//!
//! Synchronous. No client, no runtime, no file, no environment, no clock. Each kind has a slim private struct of
//! exactly the fields that facts hold; everything else is skipped while parsing, and no generic JSON tree is built.
//! What only one backup engine knows lives in `engines`. Decisions live in `core`.

mod annotations;
mod claim;
mod container;
mod declared;
mod definition;
mod error;
mod ingress;
pub(crate) mod intern;
mod json;
mod lines;
mod manifest;
mod metadata;
mod namespace;
mod network_policy;
mod path;
mod persistent_volume;
mod pod;
mod record;
mod review;
mod security;
mod service;
mod storage_class;
mod text;
mod volume;
mod watch;
mod workload;

#[cfg(test)]
mod tests;

pub use annotations::annotations_read;
pub use error::DecodeError;
pub use ingress::TLS_ANNOTATIONS;
pub use lines::FieldLines;
pub use manifest::{Manifest, manifests};
pub use metadata::MetaOnly;
pub use review::{GroupVersionKind, GroupVersionResource, Operation, Propagation, Review, User, review};
pub use text::Text;
pub use watch::{ListMeta, WatchLine, list_page, watch_line};

pub(crate) use error::Fault;
pub(crate) use json::{List, Nested, Objects, Present, Whole, from_slice};
pub(crate) use metadata::Metadata;
pub(crate) use text::Pairs;

use crate::{
    core::facts::{DeleteBackupRequest, Fact, Kind},
    engines::velero,
};

/// Decodes one object of `kind`. `apiVersion` and `kind` inside it are not asked for: the items of a list lack them.
///
/// [`Kind::DeleteBackupRequest`], [`Kind::Restore`] and [`Kind::ComplianceReport`] have no fact and are refused.
pub fn object(kind: Kind, json: &[u8]) -> Result<Fact, DecodeError> {
    fact(kind, json).map_err(|fault| DecodeError::of_object(kind, json, fault))
}

/// Decodes a request that Velero delete a backup.
pub fn delete_backup_request(json: &[u8]) -> Result<DeleteBackupRequest, DecodeError> {
    velero::delete_backup_request(json)
        .map_err(|fault| DecodeError::of_object(Kind::DeleteBackupRequest, json, fault))
}

/// Decodes what names an object of any kind, and nothing else of it.
pub fn meta_only(kind: Kind, json: &[u8]) -> Result<MetaOnly, DecodeError> {
    metadata::meta_only(kind, json)
        .map_err(|fault| DecodeError::of_anything(kind.resource().kind, json, fault))
}

fn fact(kind: Kind, json: &[u8]) -> Result<Fact, Fault> {
    match kind {
        Kind::Namespace => namespace::decode(json).map(Fact::Namespace),
        Kind::Pod => workload::decode_pod(json).map(Fact::Workload),
        Kind::CronJob => workload::decode_cron_job(json).map(Fact::Workload),
        Kind::ReplicationController
        | Kind::Deployment
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::ReplicaSet
        | Kind::Job => workload::decode_controller(kind, json).map(Fact::Workload),
        Kind::PersistentVolumeClaim => claim::decode(json).map(Fact::PersistentVolumeClaim),
        Kind::PersistentVolume => persistent_volume::decode(json).map(Fact::PersistentVolume),
        Kind::StorageClass => storage_class::decode(json).map(Fact::StorageClass),
        Kind::Service => service::decode(json).map(Fact::Service),
        Kind::Ingress => ingress::decode(json).map(Fact::Ingress),
        Kind::NetworkPolicy => network_policy::decode(json).map(Fact::NetworkPolicy),
        Kind::Definition => definition::decode(json).map(Fact::Definition),
        Kind::VeleroSchedule => velero::schedule(json).map(Fact::Schedule),
        Kind::VeleroBackup => velero::backup(json).map(Fact::RecoveryPoint),
        Kind::PodVolumeBackup => velero::pod_volume_backup(json).map(Fact::VolumeCopy),
        Kind::DataUpload => velero::data_upload(json).map(Fact::VolumeCopy),
        Kind::BackupStorageLocation => velero::location(json).map(Fact::Location),
        Kind::TenantRecord => record::decode(json).map(Fact::TenantRecord),
        Kind::ClusterRecord => record::decode_cluster(json).map(Fact::ClusterRecord),
        Kind::Tenant => declared::decode(json).map(Fact::Tenant),
        Kind::Profile => declared::decode(json).map(Fact::Profile),
        Kind::BackupPolicy => declared::decode(json).map(Fact::BackupPolicy),
        Kind::RetentionPolicy => declared::decode(json).map(Fact::RetentionPolicy),
        Kind::EncryptionPolicy => declared::decode(json).map(Fact::EncryptionPolicy),
        Kind::IsolationPolicy => declared::decode(json).map(Fact::IsolationPolicy),
        Kind::Waiver => declared::decode(json).map(Fact::Waiver),
        Kind::Attestation => declared::decode(json).map(Fact::Attestation),
        Kind::DeleteBackupRequest | Kind::Restore | Kind::ComplianceReport => Err(Fault::NotDecoded),
    }
}
