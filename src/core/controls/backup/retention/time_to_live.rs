//! A schedule whose points would go too early or stay too long. Known when it is written, for points of every date: a
//! time to live is a fixed time, and must fit the shortest and the longest month.

use jiff::SignedDuration;

use super::CONTROL;
use crate::core::{
    controls::backup::{
        demand::{Use, place_is_ending, uses_of},
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
    let old = match &transition.act.old {
        Some(Fact::Schedule(old)) => Some(old),
        _ => None,
    };
    if transition.is_by_surety() || place_is_ending(transition) {
        return Vec::new();
    }
    let mut issues = uses_of(transition.after, CONTROL.id).filter_map(|demand| {
        misfit(transition, &demand, new).filter(|_| !was_so(transition, &demand, old, new))
    });
    issues.next().into_iter().collect()
}

/// Whether the schedule was no better for the tenant before.
fn was_so(transition: &Transition<'_>, demand: &Use<'_>, old: Option<&Schedule>, new: &Schedule) -> bool {
    let before = old.filter(|old| old.time_to_live == new.time_to_live);
    before.is_some_and(|old| misfit(transition, demand, old).is_some())
}

fn misfit(transition: &Transition<'_>, demand: &Use<'_>, schedule: &Schedule) -> Option<Issue> {
    let time_to_live = schedule.time_to_live?;
    let bounds = RetentionBounds::of(&demand.requirement.parameters);
    let concerns = || demand.concerns(transition.now, &schedule.namespace, &schedule.selection);
    let too_short = bounds.least_time_to_live().filter(|(least, _)| time_to_live <= *least);
    let too_long = bounds.greatest_time_to_live().filter(|(greatest, _)| time_to_live > *greatest);
    let issue = too_short
        .map(|(least, span)| {
            let wanted = format!("more than {} (at least {span})", in_hours(least));
            let fix = match bounds.time_to_live() {
                Some(aim) => format!(
                    "set `{}` to {}: Velero sets the expiry before the run starts",
                    field::TIME_TO_LIVE,
                    in_hours(aim)
                ),
                None => format!("raise `{}`", field::TIME_TO_LIVE),
            };
            Issue::fail(field::TIME_TO_LIVE, in_hours(time_to_live), wanted, fix)
        })
        .or_else(|| {
            too_long.map(|(greatest, span)| {
                let wanted = format!("at most {} ({span} and its allowance)", in_hours(greatest));
                let aim = bounds.time_to_live().unwrap_or(greatest);
                let fix = format!("set `{}` to {}", field::TIME_TO_LIVE, in_hours(aim));
                Issue::fail(field::TIME_TO_LIVE, in_hours(time_to_live), wanted, fix)
            })
        });
    issue.filter(|_| concerns())
}

/// As Velero spells it: whole hours, then minutes and seconds where there are any.
fn in_hours(duration: SignedDuration) -> String {
    let seconds = duration.as_secs();
    format!("{}h{}m{}s", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}
