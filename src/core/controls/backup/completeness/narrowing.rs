//! A schedule that is changed so that selectors, resource filters or a volume policy skip volumes: the runs that show it
//! are still to come.

use super::CONTROL;
use crate::core::{
    controls::backup::{
        demand::{Use, concerned, place_is_ending},
        engine, exempt, serving,
    },
    facts::{Fact, Name, Schedule},
    transition::Transition,
    verdict::Issue,
};

pub(super) fn judge(transition: &Transition<'_>) -> Vec<Issue> {
    let (Some(Fact::Schedule(old)), Some(Fact::Schedule(new))) = (&transition.act.old, &transition.act.new)
    else {
        return Vec::new();
    };
    let Some(why) = &new.selection.narrowed_by else { return Vec::new() };
    if old.selection.narrowed_by.is_some() || transition.is_by_surety() || place_is_ending(transition) {
        return Vec::new();
    }
    let uses = concerned(transition.after, CONTROL.id, transition.now, &new.namespace, &new.selection);
    if !uses.iter().any(|demand| skips_a_claim(transition, demand, new)) {
        return Vec::new();
    }
    let fix = "leave the schedule whole, and write another for what is to be left out; or exempt it in the BackupPolicy";
    let wanted =
        "a schedule that takes in whole namespaces, without selectors, resource filters or volume policies";
    vec![Issue::fail("spec.template", format!("narrowed by {why}"), wanted, fix)]
}

/// Whether a claim is expected in the schedule's runs, and no other schedule takes it in whole.
fn skips_a_claim(transition: &Transition<'_>, demand: &Use<'_>, schedule: &Schedule) -> bool {
    let namespaces = demand.namespaces(transition.now, &schedule.namespace, &schedule.selection);
    namespaces.into_iter().any(|namespace| {
        holds_an_expected_claim(transition, demand, namespace)
            && !is_taken_in_whole(transition, demand, namespace)
    })
}

fn holds_an_expected_claim(transition: &Transition<'_>, demand: &Use<'_>, namespace: &Name) -> bool {
    let context = demand.context(transition.now);
    let mut claims = demand.world.claims_in(namespace).filter(|claim| claim.is_bound);
    claims.any(|claim| !exempt::is_left_out(&context, claim.as_ref().into()))
}

fn is_taken_in_whole(transition: &Transition<'_>, demand: &Use<'_>, namespace: &Name) -> bool {
    let context = demand.context(transition.now);
    let mut schedules = demand.world.schedules_of(namespace);
    schedules.any(|other| {
        serving::runs(other)
            && other.selection.narrowed_by.is_none()
            && engine::is_believed(&context, &other.namespace)
    })
}
