//! `Backup` and `DeleteBackupRequest`.

use jiff::Timestamp;
use serde::Deserialize;

use super::{DELETION_FAILURE, SCHEDULE_NAME, selection::BackupSpec};
use crate::{
    api::{backup_policy::EngineName, keys},
    core::facts::{DeleteBackupRequest, Expiry, Kind, Meta, Name, Origin, PointState, RecoveryPoint},
    decode::{Fault, Metadata, Nested, Text, from_slice, intern},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Nested<Metadata<'a>>,
    spec: Nested<BackupSpec<'a>>,
    status: Nested<Status<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status<'a> {
    #[serde(borrow)]
    phase: Text<'a>,
    start_timestamp: Option<Timestamp>,
    completion_timestamp: Option<Timestamp>,
    expiration: Option<Timestamp>,
    #[serde(rename = "csiVolumeSnapshotsAttempted")]
    csi_attempted: Option<i32>,
    #[serde(rename = "csiVolumeSnapshotsCompleted")]
    csi_completed: Option<i32>,
    #[serde(rename = "volumeSnapshotsAttempted")]
    native_attempted: Option<i32>,
    #[serde(rename = "volumeSnapshotsCompleted")]
    native_completed: Option<i32>,
}

/// Decodes a Backup. Its own spec counts, not its Schedule's template: Velero completes it at the start of the run.
pub(crate) fn backup(json: &[u8]) -> Result<RecoveryPoint, Fault> {
    let Object { metadata, spec, status } = from_slice(json)?;
    let (namespace, name) = metadata.place()?;
    let (meta, cluster_label) = (metadata.meta(), label(&metadata, keys::CLUSTER));
    Ok(RecoveryPoint {
        kind: Kind::VeleroBackup,
        engine: EngineName::Velero,
        namespace,
        name,
        schedule: label(&metadata, SCHEDULE_NAME),
        state: status.state(),
        taken_at: status.start_timestamp,
        ended_at: status.completion_timestamp,
        expiry: status.expiry(&meta, &spec),
        location: spec.location(),
        origin: status.origin(&meta, cluster_label.as_ref()),
        cluster_label,
        selection: spec.selection(),
        volume_data: spec.volume_data(),
        snapshots: status.snapshots(),
        deletion_failure: label(&metadata, DELETION_FAILURE),
        meta,
    })
}

fn label(metadata: &Metadata<'_>, key: &str) -> Option<Name> {
    metadata.labels.get(key).filter(|value| !value.is_empty()).map(intern::name)
}

impl Status<'_> {
    fn state(&self) -> PointState {
        match &*self.phase {
            ""
            | "New"
            | "Queued"
            | "ReadyToStart"
            | "InProgress"
            | "WaitingForPluginOperations"
            | "WaitingForPluginOperationsPartiallyFailed"
            | "Finalizing"
            | "FinalizingPartiallyFailed" => PointState::Running,
            "Completed" => PointState::Usable,
            "PartiallyFailed" => PointState::Partial,
            "FailedValidation" | "Failed" => PointState::Failed,
            "Deleting" => PointState::Deleting,
            other => PointState::Unknown(Name::from(other)),
        }
    }

    /// Garbage collection leaves a Backup alone that has no expiration. One that has not been prepared will get one.
    fn expiry(&self, meta: &Meta, spec: &BackupSpec<'_>) -> Expiry {
        match (self.expiration, self.state()) {
            (Some(expiration), _) => Expiry::At(expiration),
            (None, PointState::Running) if meta.created != Timestamp::UNIX_EPOCH => {
                meta.created.checked_add(spec.time_to_live()).map_or(Expiry::Never, Expiry::At)
            }
            (None, _) => Expiry::Never,
        }
    }

    /// A run cannot end before its own object is made, but an import makes the object anew. Where the run's label names
    /// a cluster, that decides instead, once it is known which one this is.
    fn origin(&self, meta: &Meta, cluster: Option<&Name>) -> Origin {
        let was_made_after_its_end = self.completion_timestamp.is_some_and(|end| meta.created > end);
        if cluster.is_none() && was_made_after_its_end { Origin::Imported } else { Origin::Local }
    }

    fn snapshots(&self) -> (i32, i32) {
        let sum = |csi: Option<i32>, native: Option<i32>| {
            csi.unwrap_or_default().saturating_add(native.unwrap_or_default())
        };
        (sum(self.csi_attempted, self.native_attempted), sum(self.csi_completed, self.native_completed))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DeletionObject<'a> {
    #[serde(borrow)]
    metadata: Nested<Metadata<'a>>,
    spec: Nested<DeletionSpec<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DeletionSpec<'a> {
    #[serde(borrow)]
    backup_name: Text<'a>,
}

/// Decodes a DeleteBackupRequest.
pub(crate) fn delete_backup_request(json: &[u8]) -> Result<DeleteBackupRequest, Fault> {
    let DeletionObject { metadata, spec } = from_slice(json)?;
    let (namespace, name) = metadata.place()?;
    if spec.backup_name.is_empty() {
        return Err(Fault::field("spec.backupName", "it is empty; it names the backup to be deleted"));
    }
    Ok(DeleteBackupRequest {
        namespace,
        name,
        meta: metadata.meta(),
        backup_name: spec.backup_name.to_name(),
    })
}
