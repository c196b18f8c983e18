//! `backup.failure-noticed`: the last run of every schedule that serves a volume ended well, and none has stopped.
//!
//! Each schedule that takes in a claim's namespace, runs and copies volumes is judged by itself: by its newest run that
//! ended, and by how long ago its newest run started. Failed and Partial are findings from the run's end on, even where an
//! older point is young enough. A schedule of which no run starts for `missedPeriods` times its longest gap is found at that
//! second, counted from its newest start, or from its own creation where there is none. A run that goes on is neither good
//! nor bad, but while it does the engine starts no other, so that a stuck one is found by the same deadline.
//!
//! A schedule that was paused and runs again counts from its newest start: no object says when it was resumed, and the next
//! run mends it. Paused, refused and deleted schedules are `backup.covered`'s matter; where nothing else serves the claim no
//! run can be missed, which is no Pass.

use jiff::Timestamp;

use super::{
    engine::field,
    exempt,
    holding::{self, CLOCK_SKEW},
    in_hours, serving,
};
use crate::{
    api::Severity,
    core::{
        context::Context,
        control::{Control, Door, Guard, Operation, never_weaker, no_demand, no_transition},
        facts::{
            Ignorance, Kind, PersistentVolumeClaim, PointState, RecoveryPoint, Schedule, Source, Sources,
            Unknown,
        },
        schedule::Cadence,
        subject::{Subject, SubjectClass},
        verdict::{Issue, Problem, Verdict},
    },
};

/// The control.
pub static CONTROL: Control = Control {
    id: "backup.failure-noticed",
    title: "A failed or missed backup is told at once",
    why: "A backup that fails or stops unnoticed is found on the day when it is needed.",
    remediation: "Read the log of the run that failed, or of the engine where none starts, mend the cause and start a run.",
    severity: Severity::High,
    subjects: &[SubjectClass::Claim],
    reads: Sources::of(&[
        Source::Records,
        Source::Namespaces,
        Source::StorageClasses,
        Source::VeleroSchedules,
        Source::VeleroBackups,
    ]),
    guards: &GUARDS,
    evaluate,
    demanded: no_demand,
    upheld_by: None,
    weaker: never_weaker,
    transition: no_transition,
};

static GUARDS: [Guard; 2] = [
    Guard { kind: Kind::VeleroSchedule, door: Door::ProtectEngine, operations: CHANGES },
    Guard { kind: Kind::VeleroBackup, door: Door::ProtectEngine, operations: CHANGES },
];

const CHANGES: &[Operation] = &[Operation::Update, Operation::Delete];

fn evaluate(context: &Context<'_>, subject: &Subject<'_>) -> Verdict {
    exempt::bound_claim(context, subject)
        .map_or_else(Verdict::not_applicable, |claim| claim_verdict(context, claim))
}

fn claim_verdict(context: &Context<'_>, claim: &PersistentVolumeClaim) -> Verdict {
    if !context.has_backup_engine() {
        let why = "engine-missing: the cluster does not have the kinds of the backup engine Velero";
        let fix = "install Velero, or restore its CustomResourceDefinitions and schedules";
        return Verdict::issue(unknown(String::new(), undecidable(why), fix));
    }
    let schedules = serving::schedules(context, claim);
    if schedules.is_empty() {
        return unserved(context);
    }
    let verdicts = schedules.into_iter().map(|schedule| schedule_verdict(context, claim, schedule));
    verdicts.reduce(both).unwrap_or_default()
}

const WANTED: &str = "a last run that ended well";
const FIX: &str =
    "see `velero backup describe` and `velero backup logs` of that run, mend what failed and start a run";

fn unserved(context: &Context<'_>) -> Verdict {
    let nothing = || undecidable("no schedule that runs takes it in, so no run of it can be missed");
    let why = context.unknown_absence(Source::VeleroSchedules).unwrap_or_else(nothing);
    Verdict::issue(unknown(String::new(), why, "let a live schedule take it in, as backup.covered says"))
}

fn undecidable(why: impl Into<String>) -> Unknown {
    Unknown::Undecidable(why.into())
}

fn unknown(field: String, why: Unknown, fix: &str) -> Issue {
    Issue::fail(field, why.to_string(), WANTED, fix).with_problem(Problem::Unknown(why))
}

/// The verdict on two schedules together: every issue of both, and of two that pass what both show.
fn both(one: Verdict, other: Verdict) -> Verdict {
    let moment = one.changes_at.into_iter().chain(other.changes_at).min();
    let issues = [one.issues, other.issues].concat();
    let verdict = if issues.is_empty() {
        let found = format!("{}; {}", one.evidence.found, other.evidence.found);
        Verdict::pass(found).reading(one.evidence.wanted, one.evidence.read_from)
    } else {
        Verdict::from_issues(issues)
    };
    match moment {
        Some(moment) => verdict.changing_at(moment),
        None => verdict,
    }
}

fn schedule_verdict(context: &Context<'_>, claim: &PersistentVolumeClaim, schedule: &Schedule) -> Verdict {
    let runs = runs_of(context, claim, schedule);
    let last = runs.iter().find(|(_, run)| has_ended(run)).map(|(_, run)| *run);
    let missed = missed(context, schedule, runs.first().map(|(started, _)| *started));
    let ended_badly = last.and_then(|run| ended_badly(schedule, run));
    let (ended_badly, ends_at) = ended_badly.map_or((None, None), |issue| as_of_now(context, issue));
    let still_to_come = match (&missed, last) {
        (Missed::From(due), None) => Some(no_run_yet(schedule, *due)),
        _ => None,
    };
    let (told, changes_at) = match missed {
        Missed::From(due) => (None, Some(due)),
        Missed::Since { issue } => (Some(issue), None),
        Missed::Untold { issue, until } => (Some(issue), until),
        Missed::Never => (None, None),
    };
    let changes_at = changes_at.into_iter().chain(ends_at).min();
    let issues: Vec<Issue> = [ended_badly, told, still_to_come].into_iter().flatten().collect();
    let verdict = match last.filter(|_| issues.is_empty()) {
        Some(run) => Verdict::pass(format!("{} of {} ended well", run.key(), schedule.key()))
            .reading(WANTED, format!("{} {}", run.key(), field::STATE)),
        None if issues.is_empty() => never_runs(schedule),
        None => Verdict::from_issues(issues),
    };
    match changes_at {
        Some(moment) => verdict.changing_at(moment),
        None => verdict,
    }
}

/// The schedule's runs in this cluster, newest first, each with its start; a run that never started has that of its object.
fn runs_of<'a>(
    context: &Context<'a>,
    claim: &'a PersistentVolumeClaim,
    schedule: &Schedule,
) -> Vec<(Timestamp, &'a RecoveryPoint)> {
    let points = context.points_of(&claim.namespace).map(AsRef::as_ref);
    let own = points.filter(|run: &&RecoveryPoint| {
        serving::is_run_of(schedule, run) && !holding::is_imported(context, run)
    });
    let mut runs: Vec<_> = own.map(|run| (run.taken_at.unwrap_or(run.meta.created), run)).collect();
    runs.sort_unstable_by(|(started, run), (other_started, other)| {
        other_started.cmp(started).then_with(|| run.name.cmp(&other.name))
    });
    runs
}

const fn has_ended(run: &RecoveryPoint) -> bool {
    !matches!(run.state, PointState::Running | PointState::Deleting)
}

/// A run that ends only later, by a clock that is ahead, is found since then once it has come; and when that is.
fn as_of_now(context: &Context<'_>, issue: Issue) -> (Option<Issue>, Option<Timestamp>) {
    let to_come = issue.since.filter(|since| *since > context.now());
    let since = issue.since.filter(|_| to_come.is_none());
    (Some(Issue { since, ..issue }), to_come)
}

fn ended_badly(schedule: &Schedule, run: &RecoveryPoint) -> Option<Issue> {
    let how = match &run.state {
        PointState::Failed => "failed",
        PointState::Partial => "failed in part",
        PointState::Unknown(word) => {
            let why = format!("{} is `{word}`, which this version does not know", run.key());
            return Some(unknown(schedule.key().to_string(), undecidable(why), FIX));
        }
        PointState::Usable | PointState::Running | PointState::Deleting => return None,
    };
    let ended = run.ended_at.or(run.taken_at).unwrap_or(run.meta.created);
    let found = format!("its last run {} of {ended:.0} {how}", run.key());
    Some(Issue::fail(schedule.key().to_string(), found, WANTED, FIX).since(ended))
}

/// When no run has started for too long.
enum Missed {
    /// From then on, if none starts.
    From(Timestamp),
    /// It has come to that.
    Since { issue: Issue },
    /// It cannot be told; until when, where that is known.
    Untold { issue: Issue, until: Option<Timestamp> },
    /// It names a day that never comes.
    Never,
}

fn missed(context: &Context<'_>, schedule: &Schedule, newest: Option<Timestamp>) -> Missed {
    let key = schedule.key();
    let untold =
        |why: Unknown, until| Missed::Untold { issue: unknown(key.to_string(), why, STOPPED), until };
    let counted_from = newest.unwrap_or(schedule.meta.created).max(schedule.meta.created);
    let believable_from = counted_from.checked_sub(CLOCK_SKEW).unwrap_or(Timestamp::MIN);
    if context.now() < believable_from {
        let why = format!("clock skew: {key} started a run at {counted_from:.0}, which is still to come");
        return untold(undecidable(why), Some(believable_from));
    }
    let gap = match Cadence::parse(&schedule.cron) {
        Ok(cadence) => cadence.longest_gap(counted_from),
        Err(error) => return untold(undecidable(format!("{key}: {error}")), None),
    };
    let Some(gap) = gap else { return Missed::Never };
    let periods = context.parameters().integer("missedPeriods").unwrap_or(2).max(1);
    let wait = gap.saturating_mul(i32::try_from(periods).unwrap_or(i32::MAX));
    let due = counted_from.checked_add(wait).unwrap_or(Timestamp::MAX);
    if context.now() < due {
        return Missed::From(due);
    }
    if let Some(why) = hidden_runs(context) {
        return untold(why, None);
    }
    let found = match newest {
        Some(started) => format!("its last run started at {started:.0}"),
        None => "it has no run".to_owned(),
    };
    let wanted = format!("a run within {periods} periods of {}", in_hours(gap));
    Missed::Since { issue: Issue::fail(key.to_string(), found, wanted, STOPPED).since(due) }
}

const STOPPED: &str = "see whether the engine runs and what its log says of the schedule; a run that hangs keeps others from \
                       starting until the engine starts anew";

/// Why there may be a run that was never seen; silence hides none.
fn hidden_runs(context: &Context<'_>) -> Option<Unknown> {
    let why = context.unknown_absence(Source::VeleroBackups)?;
    (!matches!(why, Unknown::NotKnown(Ignorance::Stale(..)))).then_some(why)
}

fn no_run_yet(schedule: &Schedule, due: Timestamp) -> Issue {
    let issue =
        Issue::fail(schedule.key().to_string(), "no run has ended yet", WANTED, "wait for the first run");
    issue.with_problem(Problem::Pending { due })
}

fn never_runs(schedule: &Schedule) -> Verdict {
    let why = format!("{} names a day that never comes, so no run of it can be missed", schedule.key());
    Verdict::issue(unknown(schedule.key().to_string(), undecidable(why), "mend its schedule"))
}

#[cfg(test)]
mod tests;
