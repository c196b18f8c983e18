//! Acts that take volumes out of backups, whatever the state after them looks like.
//!
//! - A label that makes a claim one that the policies leave out: exemptions are for operators to declare, and a claim that
//!   was to be backed up is not moved out of them by whoever may label it.
//! - An engine's verdict on a schedule, written by somebody else, and an owner with which a schedule would be deleted.
//! - A storage location that is pointed elsewhere, closed, owned anew or deleted while points of tenants lie there: the
//!   engine then forgets them.

use super::CONTROL;
use crate::core::{
    control::Operation,
    controls::backup::{
        demand::{concerned, gains_an_owner, is_by_an_outsider, place_is_ending, uses_by},
        engine::field,
        exempt,
    },
    facts::{Fact, Location, Name, ObjectKey, PersistentVolumeClaim, PointState, RecoveryPoint, Schedule},
    transition::Transition,
    verdict::Issue,
    world::World,
};

pub(super) fn judge(transition: &Transition<'_>) -> Vec<Issue> {
    let act = transition.act;
    match (&act.old, &act.new) {
        (Some(Fact::PersistentVolumeClaim(old)), Some(Fact::PersistentVolumeClaim(_))) => {
            leaving(transition, &[old.key()])
        }
        (Some(Fact::Namespace(old)), Some(Fact::Namespace(_))) => {
            let claims: Vec<ObjectKey> =
                transition.before.claims_in(&old.name).map(|claim| claim.key()).collect();
            leaving(transition, &claims)
        }
        (Some(Fact::Schedule(old)), Some(Fact::Schedule(new))) => schedule(transition, old, new),
        (Some(Fact::Location(old)), new) => location(transition, old, new.as_ref()),
        _ => Vec::new(),
    }
}

/// Claims that were to be backed up before and are left out after.
fn leaving(transition: &Transition<'_>, claims: &[ObjectKey]) -> Vec<Issue> {
    if transition.is_by_surety() {
        return Vec::new();
    }
    let is_leaving =
        |key: &ObjectKey| is_expected(transition, transition.before, key) && is_left_out(transition, key);
    if !claims.iter().any(is_leaving) {
        return Vec::new();
    }
    vec![Issue::fail(
        "metadata.labels",
        "labels by which the backup policies leave out what was backed up",
        "claims that stay in backups",
        "keep the labels, or ask for a waiver",
    )]
}

fn is_expected(transition: &Transition<'_>, world: &World, key: &ObjectKey) -> bool {
    expectation(transition, world, key) == Some(true)
}

fn is_left_out(transition: &Transition<'_>, key: &ObjectKey) -> bool {
    expectation(transition, transition.after, key) == Some(false)
}

/// Whether a claim is to be backed up; none where no use of the control is about it.
fn expectation(transition: &Transition<'_>, world: &World, key: &ObjectKey) -> Option<bool> {
    let namespace = key.namespace.as_ref()?;
    let claim: &PersistentVolumeClaim = world.claim(namespace, &key.name)?;
    let demand = uses_by(world, world.owner_of(namespace)?, CONTROL.id).next()?;
    Some(!exempt::is_left_out(&demand.context(transition.now), claim.into()))
}

/// The engine's verdict on a schedule, changed by somebody else. A changed spec keeps the old verdict until the engine has
/// read it, so a new verdict in the same request is forged.
fn schedule(transition: &Transition<'_>, old: &Schedule, new: &Schedule) -> Vec<Issue> {
    let is_forged = old.invalid != new.invalid;
    let is_owned_anew = gains_an_owner(&old.meta, &new.meta);
    if !is_by_an_outsider(transition) || !(is_forged || is_owned_anew) {
        return Vec::new();
    }
    if concerned(transition.after, CONTROL.id, transition.now, &new.namespace, &new.selection).is_empty() {
        return Vec::new();
    }
    let forged = is_forged.then(|| forged_verdict(old.invalid.as_ref(), new.invalid.as_ref()));
    let owned = is_owned_anew.then(|| new_owner("a schedule that goes with nothing else"));
    forged.into_iter().chain(owned).collect()
}

fn forged_verdict(old: Option<&Name>, new: Option<&Name>) -> Issue {
    let verdict = |invalid: Option<&Name>| {
        invalid.map_or_else(|| "accepted".to_owned(), |why| format!("refused ({why})"))
    };
    Issue::fail(
        field::STATE,
        format!("{}, set by hand", verdict(new)),
        format!("{}, as the engine left it", verdict(old)),
        "leave the status to the engine and mend the spec",
    )
}

fn new_owner(wanted: &str) -> Issue {
    let fix = "remove the owner reference: the garbage collector deletes the object with its owner";
    Issue::fail(OWNERS, "a new owner", wanted, fix)
}

const OWNERS: &str = "metadata.ownerReferences";

fn location(transition: &Transition<'_>, old: &Location, new: Option<&Fact>) -> Vec<Issue> {
    let issue = match (transition.act.operation, new) {
        (Operation::Delete, _) => Issue::fail("", "deleted", "a location that stays", FIX),
        (_, Some(Fact::Location(new))) if new.destination != old.destination => {
            Issue::fail("spec", "data goes elsewhere", "the same provider, bucket, prefix and settings", FIX)
        }
        (_, Some(Fact::Location(new))) if old.is_writable && !new.is_writable => {
            Issue::fail(field::ACCESS, "ReadOnly", "ReadWrite", FIX)
        }
        (_, Some(Fact::Location(new))) if gains_an_owner(&old.meta, &new.meta) => {
            new_owner("a location that goes with nothing else")
        }
        _ => return Vec::new(),
    };
    if place_is_ending(transition) || !holds_points_of_tenants(transition, old) {
        return Vec::new();
    }
    vec![issue]
}

const FIX: &str = "recovery points of tenants lie there: add another location and point schedules to it, and keep this one \
                   until its points have expired";

fn holds_points_of_tenants(transition: &Transition<'_>, location: &Location) -> bool {
    let holds_data = |point: &RecoveryPoint| {
        let lies_here = point.location.as_ref().map_or(location.is_default, |name| *name == location.name);
        let is_gone = matches!(point.state, PointState::Failed | PointState::Deleting);
        lies_here && !is_gone && point.namespace == location.namespace
    };
    let (before, now) = (transition.before, transition.now);
    let mut points = before.points().filter(|point| holds_data(point));
    points.any(|point| !concerned(before, CONTROL.id, now, &point.namespace, &point.selection).is_empty())
}
