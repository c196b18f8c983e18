//! A schedule whose points would go too early or stay too long. Known when it is written, for points of every date: a
//! time to live is a fixed time, and must fit the shortest and the longest month.

use jiff::SignedDuration;

use super::CONTROL;
use crate::core::{
    controls::backup::{
        demand::{Use, concerned, place_is_ending},
        engine::field,
    },
    effective::RetentionBounds,
    facts::{Fact, Schedule},
    transition::Transition,
    verdict::Issue,
};

/// Surety's own schedules say what `managed_schedule` decided, also where policies contradict each other.
pub(super) fn judge(transition: &Transition<'_>) -> Vec<Issue> {
    let Some(Fact::Schedule(new)) = &transition.act.new else { return Vec::new() };
    let Some(time_to_live) = new.time_to_live else { return Vec::new() };
    if transition.is_by_surety() || place_is_ending(transition) {
        return Vec::new();
    }
    let (after, now) = (transition.after, transition.now);
    let uses = concerned(after, CONTROL.id, now, &new.namespace, &new.selection);
    let mut issues = uses
        .iter()
        .filter(|demand| !lived_so_before(transition, demand, new))
        .filter_map(|demand| misfit(&RetentionBounds::of(&demand.requirement.parameters), time_to_live));
    issues.next().into_iter().collect()
}

/// Whether the schedule took in the tenant before, with the same time to live: then the request makes nothing worse.
fn lived_so_before(transition: &Transition<'_>, demand: &Use<'_>, new: &Schedule) -> bool {
    let Some(Fact::Schedule(old)) = &transition.act.old else { return false };
    old.time_to_live == new.time_to_live
        && !demand.namespaces(transition.now, &old.namespace, &old.selection).is_empty()
}

fn misfit(bounds: &RetentionBounds, time_to_live: SignedDuration) -> Option<Issue> {
    let aim = bounds.time_to_live().map(in_hours).unwrap_or_default();
    let issue = |wanted, fix| Issue::fail(field::TIME_TO_LIVE, in_hours(time_to_live), wanted, fix);
    if let Some((least, span)) = bounds.least_time_to_live()
        && time_to_live <= least
    {
        let wanted = format!("more than {} (at least {span})", in_hours(least));
        let why = "Velero sets the expiry before the run starts";
        return Some(issue(wanted, format!("set `{}` to {aim}: {why}", field::TIME_TO_LIVE)));
    }
    let (greatest, span) = bounds.greatest_time_to_live().filter(|(greatest, _)| time_to_live > *greatest)?;
    let wanted = format!("at most {} ({span} and its allowance)", in_hours(greatest));
    Some(issue(wanted, format!("set `{}` to {aim}", field::TIME_TO_LIVE)))
}

/// As Velero spells it: hours, minutes and seconds.
fn in_hours(duration: SignedDuration) -> String {
    let seconds = duration.as_secs();
    format!("{}h{}m{}s", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}
