//! Deleting the last usable recovery point of a volume, as a Backup or by asking the engine for it.
//!
//! The engine's own requests are not judged here: it removes what has expired, and `backup.retention` judges by dates
//! whether it may. Nor is a deletion that a promised `atMost` demands.

use super::CONTROL;
use crate::core::{
    control::Operation,
    controls::backup::{
        demand::{Use, concerned, is_by_an_outsider, place_is_ending},
        engine::field,
        exempt,
        holding::{self, Asked, Copies, Holding},
    },
    effective::RetentionBounds,
    facts::{Kind, ObjectKey, PersistentVolumeClaim, RecoveryPoint},
    transition::Transition,
    verdict::Issue,
};

pub(super) fn judge(transition: &Transition<'_>) -> Vec<Issue> {
    let Some((key, field)) = deleted_point(transition) else { return Vec::new() };
    if !is_by_an_outsider(transition) || place_is_ending(transition) {
        return Vec::new();
    }
    let Some(point) = transition.before.point(key) else { return Vec::new() };
    let (before, now) = (transition.before, transition.now);
    let uses = concerned(before, CONTROL.id, now, &point.namespace, &point.selection);
    let is_last = uses
        .iter()
        .any(|demand| !must_go(transition, demand, point) && is_last_of_a_claim(transition, demand, point));
    let issue = Issue::fail(
        field,
        format!("{key} is the last usable recovery point of a volume"),
        "a volume that keeps a recovery point",
        "wait for a newer run to end well",
    );
    is_last.then_some(issue).into_iter().collect()
}

/// The point that an act deletes or asks the engine to delete, and the field that names it.
pub(in crate::core::controls::backup) fn deleted_point<'t>(
    transition: &'t Transition<'_>,
) -> Option<(&'t ObjectKey, &'static str)> {
    let act = transition.act;
    match act.operation {
        Operation::Delete if act.key.kind == Kind::VeleroBackup => Some((&act.key, "")),
        Operation::Create => act.requested_deletion.as_ref().map(|key| (key, field::REQUESTED)),
        _ => None,
    }
}

/// Whether something that is demanded of the tenant has the point gone by now.
fn must_go(transition: &Transition<'_>, demand: &Use<'_>, point: &RecoveryPoint) -> bool {
    let Some(taken_at) = point.taken_at else { return false };
    let uses = demand.plan.requirements.iter().filter(|use_of| use_of.control.id == "backup.retention");
    let mut removals = uses.filter_map(|use_of| RetentionBounds::of(&use_of.parameters).removal(taken_at));
    removals.any(|removal| removal.due <= transition.now)
}

fn is_last_of_a_claim(transition: &Transition<'_>, demand: &Use<'_>, point: &RecoveryPoint) -> bool {
    let namespaces = demand.namespaces(transition.now, &point.namespace, &point.selection);
    let mut claims = namespaces.into_iter().flat_map(|namespace| demand.world.claims_in(namespace));
    claims.any(|claim| claim.is_bound && is_last_of(transition, demand, point, claim))
}

fn is_last_of(
    transition: &Transition<'_>,
    demand: &Use<'_>,
    point: &RecoveryPoint,
    claim: &PersistentVolumeClaim,
) -> bool {
    let context = demand.context(transition.now);
    let asked = Asked::by(&context);
    if exempt::is_left_out(&context, claim.into()) {
        return false;
    }
    let copies = Copies::new();
    let holds = |candidate: &RecoveryPoint| {
        matches!(holding::holding(&context, candidate, claim, &copies, asked), Holding::Holds(_))
    };
    let mut holding = holding::candidates(&context, claim).into_iter().filter(|(_, point)| holds(point));
    let first = holding.next();
    first.is_some_and(|(_, first)| first.key() == point.key()) && holding.next().is_none()
}
