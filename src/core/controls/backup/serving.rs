//! The schedules that serve a claim: those whose runs are owed to it.

use super::engine;
use crate::core::{
    context::Context,
    facts::{PersistentVolumeClaim, RecoveryPoint, Schedule, VolumeData},
};

/// The engine's own schedules that take in the claim's namespace, run, and copy volumes. What is paused, refused or being
/// deleted serves nobody, and `backup.covered` says so.
pub(super) fn schedules<'a>(context: &Context<'a>, claim: &'a PersistentVolumeClaim) -> Vec<&'a Schedule> {
    let taking_in = context.schedules_of(&claim.namespace).map(AsRef::as_ref);
    let serving = taking_in.filter(|schedule: &&Schedule| runs(schedule));
    serving.filter(|schedule| engine::is_believed(context, &schedule.namespace)).collect()
}

/// Whether a schedule starts runs that copy volumes.
pub(super) fn runs(schedule: &Schedule) -> bool {
    !schedule.is_paused
        && schedule.invalid.is_none()
        && !schedule.meta.is_deleting
        && schedule.volume_data != VolumeData::None
}

/// Whether a schedule started a run.
pub(super) fn is_run_of(schedule: &Schedule, run: &RecoveryPoint) -> bool {
    run.schedule.as_ref() == Some(&schedule.name) && run.namespace == schedule.namespace
}
