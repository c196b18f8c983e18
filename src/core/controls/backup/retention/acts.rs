//! Deleting recovery points before their time, in every form, and changing when they go.
//!
//! - A Backup deleted by hand. The engine itself is let through: when it deletes that object the data is already gone, or
//!   it was told so before; an object kept against that would be a point that can restore nothing and still count.
//! - A request that the engine delete one, by anybody, the engine's own included: it asks for what has expired, and an
//!   expiry that came before `atLeast` is no leave to delete. A refused request is only asked again.
//! - An owner reference added to a point, and the end of a schedule that owns points: the garbage collector does the rest.
//! - An expiry, or the engine's word that it could not delete, written by somebody else.

use jiff::Timestamp;

use super::CONTROL;
use crate::{
    api::Span,
    core::{
        controls::backup::{
            demand::{Use, concerned, gains_an_owner, is_by_an_outsider, place_is_ending, uses_of},
            engine::field,
            recovery_point_age::deleted_point,
        },
        effective::RetentionBounds,
        facts::{Fact, Kind, ObjectKey, PointState, RecoveryPoint, Source, Unknown},
        transition::Transition,
        verdict::{Issue, Problem},
    },
};

pub(super) fn judge(transition: &Transition<'_>) -> Vec<Issue> {
    if place_is_ending(transition) {
        return Vec::new();
    }
    if let Some((key, field)) = deleted_point(transition) {
        return deletion(transition, key, field).into_iter().collect();
    }
    match (&transition.act.old, &transition.act.new) {
        (Some(Fact::RecoveryPoint(old)), Some(Fact::RecoveryPoint(new))) => changes(transition, old, new),
        (Some(Fact::Schedule(_)), None) if transition.is_deletion() => {
            cascade(transition).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn deletion(transition: &Transition<'_>, key: &ObjectKey, field: &'static str) -> Option<Issue> {
    let deletes_the_object = transition.is_deletion();
    if deletes_the_object && transition.is_by_engine() {
        return None;
    }
    let Some(point) = transition.before.point(key) else {
        return (!deletes_the_object).then(|| unknown_point(transition, key, field)).flatten();
    };
    let (until, span) = kept_until(transition, point)?;
    Some(too_early(transition, point, until, span, field))
}

fn too_early(
    transition: &Transition<'_>,
    point: &RecoveryPoint,
    until: Timestamp,
    span: Span,
    field: &'static str,
) -> Issue {
    let found = format!("{} deleted at {:.0}", point.key(), transition.now);
    let wanted = format!("kept until {until:.0} (at least {span})");
    Issue::fail(field, found, wanted, format!("delete it after {until:.0}, or ask for a waiver"))
}

/// Nothing is destroyed on doubt: a point that is not in view may be one that must stay.
fn unknown_point(transition: &Transition<'_>, key: &ObjectKey, field: &'static str) -> Option<Issue> {
    let state = transition.before.source_state(Source::VeleroBackups);
    let why = Unknown::NotKnown(state.ignorance_of_absence(Source::VeleroBackups)?);
    uses_of(transition.before, CONTROL.id).next()?;
    let issue = Issue::fail(
        field,
        format!("{key} is not in view: {why}"),
        "a recovery point whose age is known",
        "restore Surety's watch: see its log and /readyz",
    );
    Some(issue.with_problem(Problem::Unknown(why)))
}

/// Until when a point must stay for any tenant that it holds something of, where that is still to come.
fn kept_until(transition: &Transition<'_>, point: &RecoveryPoint) -> Option<(Timestamp, Span)> {
    let is_protected =
        matches!(point.state, PointState::Usable | PointState::Partial | PointState::Unknown(_));
    let taken_at = point.taken_at.filter(|_| is_protected)?;
    let uses = uses_about(transition, point);
    let bounds = uses
        .iter()
        .filter_map(|demand| RetentionBounds::of(&demand.requirement.parameters).kept_until(taken_at));
    bounds.max().filter(|(until, _)| transition.now < *until)
}

fn uses_about<'t>(transition: &Transition<'t>, point: &RecoveryPoint) -> Vec<Use<'t>> {
    concerned(transition.before, CONTROL.id, transition.now, &point.namespace, &point.selection)
}

fn changes(transition: &Transition<'_>, old: &RecoveryPoint, new: &RecoveryPoint) -> Vec<Issue> {
    if !is_by_an_outsider(transition) || uses_about(transition, old).is_empty() {
        return Vec::new();
    }
    let forged = |field: &'static str| {
        Issue::fail(
            field,
            "written by somebody else than the backup engine",
            "the engine's own word",
            "leave it to the engine: set the time to live of the schedule",
        )
    };
    let expiry = (old.expiry != new.expiry).then(|| forged(field::EXPIRY));
    let failure = (old.deletion_failure != new.deletion_failure).then(|| forged("metadata.labels"));
    let is_owned_anew = gains_an_owner(&old.meta, &new.meta);
    let owner = kept_until(transition, old).filter(|_| is_owned_anew).map(|(until, span)| {
        let wanted = format!("a point that goes with nothing else until {until:.0} (at least {span})");
        let fix = "remove the owner reference: the garbage collector deletes the point with its owner";
        Issue::fail("metadata.ownerReferences", "a new owner", wanted, fix)
    });
    expiry.into_iter().chain(failure).chain(owner).collect()
}

/// The first point that goes with its schedule though it must stay.
fn cascade(transition: &Transition<'_>) -> Option<Issue> {
    if transition.act.orphans_dependents || transition.act.key.kind != Kind::VeleroSchedule {
        return None;
    }
    let schedule = transition.before.schedule(&transition.act.key)?;
    let goes_along = |point: &RecoveryPoint| {
        point.meta.owner_references.iter().any(|owner| owner.uid == schedule.meta.uid)
    };
    let going = transition.before.points().filter(|point| goes_along(point));
    let (point, (until, span)) = going
        .filter_map(|point| Some((point, kept_until(transition, point)?)))
        .max_by_key(|(_, kept)| kept.0)?;
    let mut issue = too_early(transition, point, until, span, "");
    issue.fix = format!("delete the schedule with `--cascade=orphan`, or pause it until {until:.0}");
    Some(issue)
}
