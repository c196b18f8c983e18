//! Schedules that cannot keep the age that is demanded: the longest gap between two runs, and how long a run takes.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::CONTROL;
use crate::{
    api::BackupPolicySpec,
    core::{
        controls::backup::{
            demand::{Use, concerned, place_is_ending, uses_by},
            engine::{self, field},
            in_hours,
        },
        effective::AgeLimit,
        facts::{Fact, Name, RecoveryPoint, Schedule, VolumeData},
        schedule::{Cadence, usual_duration},
        transition::Transition,
        verdict::Issue,
    },
};

/// Where a policy's own schedule runs too rarely for a limit. Counted from a fixed day, because a policy means the same
/// whenever it is read; that day lies before a leap year's 29 February.
pub(super) fn too_rare_by_policy(spec: &BackupPolicySpec, limit: &AgeLimit) -> Option<Issue> {
    const FIRST_OF_2024: i64 = 1_704_067_200;
    let cadence = Cadence::parse(spec.schedule.as_deref()?).ok()?;
    let start = Timestamp::from_second(FIRST_OF_2024).unwrap_or(Timestamp::UNIX_EPOCH);
    let gap = cadence.longest_gap(start)?;
    (gap > limit.nominal()).then(|| too_rare("spec.schedule", gap, SignedDuration::ZERO, limit))
}

fn too_rare(field: &str, gap: SignedDuration, run: SignedDuration, limit: &AgeLimit) -> Issue {
    let found = if run.is_zero() {
        format!("longest gap {}", in_hours(gap))
    } else {
        format!("longest gap {} and usual run {}", in_hours(gap), in_hours(run))
    };
    let wanted = format!("at most {} ({limit})", in_hours(limit.nominal()));
    Issue::fail(field, found, wanted, "run more often")
}

/// A schedule made, changed or deleted such that none is left that can keep the age, where one could; and a new one that
/// cannot, where none can. Where none is left at all, `backup.covered` says so.
pub(super) fn judge(transition: &Transition<'_>) -> Vec<Issue> {
    let (old, new) = (schedule_in(transition.act.old.as_ref()), schedule_in(transition.act.new.as_ref()));
    let Some(changed) = new.or(old) else { return Vec::new() };
    if place_is_ending(transition) || old.zip(new).is_some_and(|(old, new)| runs_as_before(old, new)) {
        return Vec::new();
    }
    let (after, now) = (transition.after, transition.now);
    let schedules = || [old, new].into_iter().flatten();
    let uses = schedules()
        .flat_map(|schedule| concerned(after, CONTROL.id, now, &schedule.namespace, &schedule.selection));
    let mut issues = uses.filter_map(|demand| {
        let limit = AgeLimit::of(&demand.requirement.parameters)?;
        let taken_in =
            schedules().flat_map(|schedule| demand.namespaces(now, &schedule.namespace, &schedule.selection));
        let namespaces: BTreeSet<&Name> = taken_in.collect();
        namespaces.into_iter().find_map(|namespace| {
            judge_namespace(transition, &demand, &limit, namespace, old.is_some(), changed)
        })
    });
    issues.next().into_iter().collect()
}

const fn schedule_in(fact: Option<&Fact>) -> Option<&Schedule> {
    match fact {
        Some(Fact::Schedule(schedule)) => Some(schedule),
        _ => None,
    }
}

/// Most changes of a schedule are the engine's notes of its runs.
fn runs_as_before(old: &Schedule, new: &Schedule) -> bool {
    let runs = |schedule: &Schedule| {
        (schedule.cron.clone(), schedule.is_paused, schedule.invalid.clone(), schedule.volume_data)
    };
    runs(old) == runs(new) && old.selection == new.selection
}

fn judge_namespace(
    transition: &Transition<'_>,
    demand: &Use<'_>,
    limit: &AgeLimit,
    namespace: &Name,
    is_change: bool,
    changed: &Schedule,
) -> Option<Issue> {
    let after = keeping(demand, transition.now, limit, namespace);
    let before = || {
        let mut before = uses_by(transition.before, &demand.plan.tenant.name, CONTROL.id);
        before.next().map(|before| keeping(&before, transition.now, limit, namespace))
    };
    let Keeping::TooRare { gap, run } = after else { return None };
    let worsens = if is_change {
        matches!(before(), Some(Keeping::Keeps))
    } else {
        changed.volume_data != VolumeData::None && !will_be_managed(demand)
    };
    worsens.then(|| too_rare(field::CRON, gap, run, limit))
}

/// Whether Surety writes a schedule of its own for the tenant.
fn will_be_managed(demand: &Use<'_>) -> bool {
    let mut policies = demand.plan.effective.backup.iter();
    policies.any(|policy| policy.spec.management == crate::api::Management::Managed)
}

enum Keeping {
    /// A schedule keeps the age.
    Keeps,
    /// The one that runs most often does not.
    TooRare { gap: SignedDuration, run: SignedDuration },
    /// There is no schedule, or of none it can be told.
    Nothing,
}

fn keeping(demand: &Use<'_>, now: Timestamp, limit: &AgeLimit, namespace: &Name) -> Keeping {
    let context = demand.context(now);
    let schedules = demand.world.schedules_of(namespace).filter(|schedule| {
        !schedule.is_paused
            && schedule.invalid.is_none()
            && schedule.volume_data != VolumeData::None
            && engine::is_believed(&context, &schedule.namespace)
    });
    let lengths = schedules.filter_map(|schedule| {
        let gap = Cadence::parse(&schedule.cron).ok()?.longest_gap(now)?;
        Some((gap, usual_run(demand, namespace, schedule)))
    });
    let most_often = lengths.min_by_key(|(gap, run)| gap.saturating_add(*run));
    match most_often {
        None => Keeping::Nothing,
        Some((gap, run)) if gap.saturating_add(run) <= limit.nominal() => Keeping::Keeps,
        Some((gap, run)) => Keeping::TooRare { gap, run },
    }
}

fn usual_run(demand: &Use<'_>, namespace: &Name, schedule: &Schedule) -> SignedDuration {
    let is_of_schedule = |point: &&RecoveryPoint| {
        point.schedule.as_ref() == Some(&schedule.name) && point.namespace == schedule.namespace
    };
    usual_duration(demand.world.points_of(namespace).map(AsRef::as_ref).filter(is_of_schedule))
}
