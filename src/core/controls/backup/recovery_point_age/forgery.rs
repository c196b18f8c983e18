//! What only an engine may say: how a run went, when it started, what it copied, whether a location is reached.
//!
//! Velero's kinds have no status subresource, so whoever may update them could write a good result that never was. What a
//! finished run took in is as much a result as its phase.

use super::CONTROL;
use crate::core::{
    controls::backup::{
        demand::{concerned, is_by_an_outsider, uses_by, uses_of},
        engine::field,
    },
    facts::{Fact, Location, Name, Origin, PointState, RecoveryPoint, VolumeCopy},
    transition::Transition,
    verdict::Issue,
};

pub(super) fn judge(transition: &Transition<'_>) -> Vec<Issue> {
    if !is_by_an_outsider(transition) {
        return Vec::new();
    }
    let act = transition.act;
    let fields = match (&act.old, &act.new) {
        (Some(Fact::RecoveryPoint(old)), Some(Fact::RecoveryPoint(new))) => {
            let is_meant = takes_in_a_tenant(transition, old) || takes_in_a_tenant(transition, new);
            is_meant.then(|| of_point(old, new))
        }
        (None, Some(Fact::RecoveryPoint(new))) => {
            takes_in_a_tenant(transition, new).then(|| of_new_point(new))
        }
        (old, Some(Fact::VolumeCopy(new))) => {
            let old = match old {
                Some(Fact::VolumeCopy(old)) => Some(old),
                _ => None,
            };
            is_of_a_tenant(transition, new).then(|| of_copy(old, new))
        }
        (Some(Fact::Location(old)), Some(Fact::Location(new))) => {
            let is_used = uses_of(transition.after, CONTROL.id).next().is_some();
            is_used.then(|| of_location(old, new))
        }
        _ => None,
    };
    fields.into_iter().flatten().map(issue).collect()
}

fn takes_in_a_tenant(transition: &Transition<'_>, point: &RecoveryPoint) -> bool {
    let (after, now) = (transition.after, transition.now);
    !concerned(after, CONTROL.id, now, &point.namespace, &point.selection).is_empty()
}

fn is_of_a_tenant(transition: &Transition<'_>, copy: &VolumeCopy) -> bool {
    let Some(owner) = transition.after.owner_of(&copy.claim_namespace) else { return false };
    uses_by(transition.after, owner, CONTROL.id)
        .any(|demand| demand.concerns_namespace(transition.now, &copy.namespace, &copy.claim_namespace))
}

/// The fields of a point that somebody else than the engine wrote.
fn of_point(old: &RecoveryPoint, new: &RecoveryPoint) -> Vec<&'static str> {
    let is_started = old.taken_at.is_some() || old.state != PointState::Running;
    let changes = [
        (field::STATE, old.state != new.state),
        ("status.startTimestamp", old.taken_at != new.taken_at),
        ("status.completionTimestamp", old.ended_at != new.ended_at),
        ("status.csiVolumeSnapshotsCompleted", old.snapshots != new.snapshots),
        ("spec", is_started && (old.selection != new.selection || old.volume_data != new.volume_data)),
        ("spec.storageLocation", is_started && old.location != new.location),
        ("metadata.labels", labels_of(old) != labels_of(new)),
    ];
    changes.into_iter().filter(|(_, is_changed)| *is_changed).map(|(field, _)| field).collect()
}

/// What tells which schedule and which cluster a run is of.
const fn labels_of(point: &RecoveryPoint) -> (&Option<Name>, Origin, &Option<Name>) {
    (&point.schedule, point.origin, &point.cluster_label)
}

/// A request for a run comes without a result.
fn of_new_point(new: &RecoveryPoint) -> Vec<&'static str> {
    let results = [
        (field::STATE, new.state != PointState::Running),
        ("status.startTimestamp", new.taken_at.is_some()),
        ("status.completionTimestamp", new.ended_at.is_some()),
        ("status.csiVolumeSnapshotsCompleted", new.snapshots != (0, 0)),
    ];
    results.into_iter().filter(|(_, is_set)| *is_set).map(|(field, _)| field).collect()
}

fn of_copy(old: Option<&VolumeCopy>, new: &VolumeCopy) -> Vec<&'static str> {
    let Some(old) = old else { return if new.is_complete { vec![field::STATE] } else { Vec::new() } };
    let of_what = |copy: &VolumeCopy| {
        (copy.point.clone(), copy.claim_namespace.clone(), copy.claim_name.clone(), copy.claim_uid.clone())
    };
    let changes = [
        (field::STATE, old.is_complete != new.is_complete),
        ("status.progress", old.is_empty != new.is_empty),
        ("spec", of_what(old) != of_what(new)),
    ];
    changes.into_iter().filter(|(_, is_changed)| *is_changed).map(|(field, _)| field).collect()
}

fn of_location(old: &Location, new: &Location) -> Vec<&'static str> {
    let changes = [
        (field::STATE, old.is_available != new.is_available),
        ("status.lastSyncedTime", old.last_synced != new.last_synced),
    ];
    changes.into_iter().filter(|(_, is_changed)| *is_changed).map(|(field, _)| field).collect()
}

fn issue(field: &'static str) -> Issue {
    Issue::fail(
        field,
        "written by somebody else than the backup engine",
        "the engine's own word",
        "leave it to the engine: start a run instead of writing its result",
    )
}
