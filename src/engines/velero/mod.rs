//! Velero 1.14 and later (`velero.io/v1`, data mover `velero.io/v2alpha1`).
//!
//! None of its kinds has a status subresource: whoever may update an object may forge its status. Read from
//! velero-io/velero: pkg/apis/velero, pkg/controller, pkg/builder, pkg/podvolume, pkg/util/collections, pkg/util/wildcard.

mod backup;
mod digest;
mod location;
mod schedule;
mod selection;
mod store;
#[cfg(test)]
mod tests;
mod volume_copy;
mod write;

pub(crate) use backup::{backup, delete_backup_request};
pub(crate) use location::location;
pub(crate) use schedule::schedule;
pub(crate) use volume_copy::{data_upload, pod_volume_backup};
pub use write::{ScheduleRequest, schedule_name, schedule_object};

/// Names the schedule that a backup comes from.
const SCHEDULE_NAME: &str = "velero.io/schedule-name";
/// Names the backup that a copy of a volume belongs to.
const BACKUP_NAME: &str = "velero.io/backup-name";
/// The UID of the claim that was copied.
const CLAIM_UID: &str = "velero.io/pvc-uid";
/// Annotation with the name of the claim that was copied.
pub(crate) const CLAIM_NAME: &str = "velero.io/pvc-name";
/// Why garbage collection could not delete a backup that is due.
const DELETION_FAILURE: &str = "velero.io/gc-failure";
