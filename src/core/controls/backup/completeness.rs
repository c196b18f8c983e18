//! `backup.completeness`: the newest run of every schedule that serves a volume holds a copy of it, and something shows it.
//!
//! What is expected are the tenant's bound claims less what every policy leaves out, never what the engine chose: its labels,
//! selectors and filters do not shrink it. Judged is, of each schedule that serves the claim, the newest run that took its
//! namespace in, started after the claim was made and left a recovery point; where no such schedule has one, the newest of
//! all runs. A run that copies no volumes is left aside where another does. A failed run leaves no point to be complete, and
//! is `backup.failure-noticed`'s.
//!
//! Only a copy of the claim's own passes. What a run that ended well does not show of a single volume is
//! - a finding where it shows that there is nothing: it copies no volumes, attempted no snapshot, or moves data and names no
//!   copy of the claim; and in a Partial run always, because that holds only what has evidence of its own;
//! - unknown where there are counts alone: how many snapshots were completed says nothing of which. The list that the engine
//!   keeps in its store would tell; this version does not read it, so that `evidence: Manifest` passes no more than
//!   `PerVolume`, and says why.
//!
//! An empty volume and one that was not read look alike: an empty copy is a finding unless `emptyIsFine`.

mod narrowing;

use std::cell::OnceCell;

use jiff::Timestamp;

use super::{
    SETTLE, exempt,
    holding::{self, Asked, CLOCK_SKEW},
    serving,
};
use crate::{
    api::Severity,
    core::{
        context::Context,
        control::{Control, Door, Guard, Operation, never_weaker, no_demand},
        facts::{
            Ignorance, Kind, PersistentVolumeClaim, PointState, RecoveryPoint, Schedule, Source, Sources,
            Unknown, VolumeCopy, VolumeData,
        },
        schedule::Cadence,
        subject::{Subject, SubjectClass},
        verdict::{Issue, Problem, Verdict},
    },
};

/// The control.
pub static CONTROL: Control = Control {
    id: "backup.completeness",
    title: "The newest recovery points hold every volume, as its own evidence shows",
    why: "An engine calls a run complete that skipped a volume, copied resources only or read nothing.",
    remediation: "See which volumes the newest run of the engine copied and why it skipped this one: resource filters, volume \
                  policies, labels, pods that did not run; mend it and start a run that moves data.",
    severity: Severity::Critical,
    subjects: &[SubjectClass::Claim],
    reads: Sources::of(&[
        Source::Records,
        Source::Namespaces,
        Source::StorageClasses,
        Source::VeleroSchedules,
        Source::VeleroBackups,
        Source::VeleroVolumeCopies,
    ]),
    guards: &GUARDS,
    evaluate,
    demanded: no_demand,
    upheld_by: None,
    weaker: never_weaker,
    transition: narrowing::judge,
};

const CHANGES: &[Operation] = &[Operation::Update, Operation::Delete];

static GUARDS: [Guard; 4] = [
    Guard { kind: Kind::VeleroSchedule, door: Door::ProtectEngine, operations: CHANGES },
    Guard { kind: Kind::VeleroBackup, door: Door::ProtectEngine, operations: CHANGES },
    Guard { kind: Kind::PodVolumeBackup, door: Door::ProtectEngine, operations: CHANGES },
    Guard { kind: Kind::DataUpload, door: Door::ProtectEngine, operations: CHANGES },
];

fn evaluate(context: &Context<'_>, subject: &Subject<'_>) -> Verdict {
    exempt::bound_claim(context, subject)
        .map_or_else(Verdict::not_applicable, |claim| claim_verdict(context, claim))
}

fn claim_verdict(context: &Context<'_>, claim: &PersistentVolumeClaim) -> Verdict {
    let schedules = serving::schedules(context, claim);
    let judged = judged_runs(context, claim, &schedules);
    if judged.is_empty() {
        return without_run(context, claim, &schedules);
    }
    let copies = OnceCell::new();
    let copies_of_claim = || copies.get_or_init(|| copies_of(context, claim)).as_slice();
    let shown = judged
        .iter()
        .map(|(taken_at, run)| Judged { context, run, taken_at: *taken_at }.shown(copies_of_claim()));
    combined(shown.collect(), &judged)
}

const WANTED: &str = "a complete copy of its own in the newest run of every schedule that takes it in";

/// What a run shows of a claim.
enum Shown {
    /// A copy of its own; in words.
    Copy(String),
    /// It does not hold it, or that cannot be told; and until when that holds by itself.
    Lacking(Issue, Option<Timestamp>),
}

fn combined(shown: Vec<Shown>, judged: &[(Timestamp, &RecoveryPoint)]) -> Verdict {
    let (mut held, mut issues, mut changes_at) = (Vec::new(), Vec::new(), None::<Timestamp>);
    for shown in shown {
        match shown {
            Shown::Copy(words) => held.push(words),
            Shown::Lacking(issue, until) => {
                issues.push(issue);
                changes_at = changes_at.into_iter().chain(until).min();
            }
        }
    }
    let verdict = if issues.is_empty() {
        let runs: Vec<String> = judged.iter().map(|(_, run)| run.key().to_string()).collect();
        Verdict::pass(held.join("; ")).reading(WANTED, runs.join(", "))
    } else {
        Verdict::from_issues(issues)
    };
    match changes_at {
        Some(moment) => verdict.changing_at(moment),
        None => verdict,
    }
}

/// The runs that should hold the claim, each with its start.
fn judged_runs<'a>(
    context: &Context<'a>,
    claim: &'a PersistentVolumeClaim,
    schedules: &[&Schedule],
) -> Vec<(Timestamp, &'a RecoveryPoint)> {
    let accepts_imported = Asked::by(context).accepts_imported();
    let mut ended = holding::candidates(context, claim);
    ended.retain(|(_, run)| left_a_point(run) && (accepts_imported || !holding::is_imported(context, run)));
    let newest_of =
        |schedule: &&Schedule| ended.iter().find(|(_, run)| serving::is_run_of(schedule, run)).copied();
    let mut judged: Vec<_> = schedules.iter().filter_map(newest_of).collect();
    if judged.is_empty() {
        judged.extend(ended.first());
    }
    let copies_volumes = |(_, run): &(Timestamp, &RecoveryPoint)| run.volume_data != VolumeData::None;
    if judged.iter().any(copies_volumes) {
        judged.retain(copies_volumes);
    }
    judged
}

const fn left_a_point(run: &RecoveryPoint) -> bool {
    matches!(run.state, PointState::Usable | PointState::Partial | PointState::Unknown(_))
}

/// The copies that were made of the claim, done or not; none of one that had its name before.
fn copies_of<'a>(context: &Context<'a>, claim: &'a PersistentVolumeClaim) -> Vec<&'a VolumeCopy> {
    let is_of_claim = |copy: &VolumeCopy| copy.claim_uid.as_ref().is_none_or(|uid| *uid == claim.meta.uid);
    context.copies_of(claim).map(AsRef::as_ref).filter(|copy: &&VolumeCopy| is_of_claim(copy)).collect()
}

/// A run that should hold the claim.
struct Judged<'c, 'a> {
    context: &'c Context<'a>,
    run: &'a RecoveryPoint,
    taken_at: Timestamp,
}

impl Judged<'_, '_> {
    fn shown(&self, copies: &[&VolumeCopy]) -> Shown {
        let run = self.run;
        let believable_from = self.taken_at.checked_sub(CLOCK_SKEW).unwrap_or(Timestamp::MIN);
        if self.context.now() < believable_from {
            let why = format!(
                "clock skew: {} was taken at {:.0}, which is still to come",
                run.key(),
                self.taken_at
            );
            return Shown::Lacking(self.untold(Unknown::Undecidable(why)), Some(believable_from));
        }
        if let PointState::Unknown(word) = &run.state {
            let why = format!("{} is `{word}`, which this version does not know", run.key());
            return Shown::Lacking(self.untold(Unknown::Undecidable(why)), None);
        }
        let of_run =
            || copies.iter().filter(|copy| copy.point == run.name && copy.namespace == run.namespace);
        let complete = of_run().filter(|copy| copy.is_complete).map(|copy| copy.is_empty);
        match (complete.reduce(|all_empty, is_empty| all_empty && is_empty), of_run().next()) {
            (Some(true), _) if !self.context.parameters().flag("emptyIsFine") => self.empty(),
            (Some(_), _) => Shown::Copy(format!("{} of {:.0} has a copy of it", run.key(), self.taken_at)),
            (None, Some(copy)) => self.unfinished(copy),
            (None, None) => self.without_copy(),
        }
    }

    fn fail(&self, found: String, fix: impl Into<String>) -> Shown {
        let issue = Issue::fail(self.schedule(), found, WANTED, fix);
        let ended = self.run.ended_at.unwrap_or(self.taken_at);
        // By a clock that is ahead it ends only then.
        if ended > self.context.now() {
            return Shown::Lacking(issue, Some(ended));
        }
        Shown::Lacking(issue.since(ended), None)
    }

    fn untold(&self, why: Unknown) -> Issue {
        let fix = "use snapshotMoveData or file backup, so that each volume has a copy of its own";
        Issue::fail(self.schedule(), why.to_string(), WANTED, fix).with_problem(Problem::Unknown(why))
    }

    /// What each issue is told apart by; nothing where the run was started by hand.
    fn schedule(&self) -> String {
        let schedule = self.run.schedule.as_ref();
        schedule.map(|name| format!("Schedule {}/{name}", self.run.namespace)).unwrap_or_default()
    }

    fn named(&self) -> String {
        format!("{} of {:.0}", self.run.key(), self.taken_at)
    }

    fn empty(&self) -> Shown {
        let fix = "see whether the volume is empty, and whether a pod that ran had it mounted; if empty is fine, set \
                   `emptyIsFine: true`";
        self.fail(format!("{} has a copy of it in which nothing was read", self.named()), fix)
    }

    fn unfinished(&self, copy: &VolumeCopy) -> Shown {
        let fix = format!("see the status of {}, mend what it says and start a run", copy.key());
        self.fail(format!("{} has a copy of it that is not complete: {}", self.named(), copy.key()), fix)
    }

    fn without_copy(&self) -> Shown {
        if let Some(why) = self.context.unknown_absence(Source::VeleroVolumeCopies) {
            return Shown::Lacking(self.untold(why), None);
        }
        let (attempted, _) = self.run.snapshots;
        match self.run.volume_data {
            VolumeData::None => self.fail(
                format!("no-volume-data: {} holds resources only", self.named()),
                "let the schedule move snapshots (`snapshotMoveData: true`) or read files (`defaultVolumesToFsBackup: true`)",
            ),
            _ if self.run.state == PointState::Partial => self.missing("failed in part and has no copy of it"),
            _ if attempted == 0 => self.fail(
                format!("no-volume-data: {} attempted no snapshot and has no copy of it{}", self.named(), self.narrowed()),
                SKIPPED,
            ),
            VolumeData::Moved => self.missing("moved data and has no copy of it"),
            VolumeData::Snapshots | VolumeData::Undecided => {
                let key = self.run.key();
                let manifest = self.context.parameters().text("evidence").is_none_or(|kind| *kind == "Manifest");
                let unread = if manifest { "; this version does not read the list in the store" } else { "" };
                let why = format!("{key} has no per-volume evidence, only counts{unread}");
                Shown::Lacking(self.untold(Unknown::Undecidable(why)), None)
            }
        }
    }

    fn missing(&self, what: &str) -> Shown {
        self.fail(format!("{} {what}{}", self.named(), self.narrowed()), SKIPPED)
    }

    fn narrowed(&self) -> String {
        let why = self.run.selection.narrowed_by.as_ref();
        why.map(|why| format!(", narrowed by {why}")).unwrap_or_default()
    }
}

const SKIPPED: &str = "see why the run skipped it (resource filters, volume policies, labels, a pod that did not run or did \
                       not mount it), mend that and start a run";

/// No run has ended that should hold it: waited for until the second run after it is due, so that the first has its time.
fn without_run(context: &Context<'_>, claim: &PersistentVolumeClaim, schedules: &[&Schedule]) -> Verdict {
    let due = first_due(context, claim, schedules);
    if context.now() < due {
        let issue =
            Issue::fail("", "no run that takes it in has ended yet", WANTED, "wait for the first run");
        return Verdict::issue(issue.with_problem(Problem::Pending { due }));
    }
    let fix = "see why no run ends well: list the newest Backups and the engine's log, mend what failed, start a run";
    let issue = Issue::fail("", "no run that should hold it has ended well", WANTED, fix);
    Verdict::issue(match context.unknown_absence(Source::VeleroBackups) {
        Some(why) if !matches!(why, Unknown::NotKnown(Ignorance::Stale(..))) => {
            Issue { found: why.to_string(), ..issue }.with_problem(Problem::Unknown(why))
        }
        _ => issue,
    })
}

fn first_due(context: &Context<'_>, claim: &PersistentVolumeClaim, schedules: &[&Schedule]) -> Timestamp {
    let owed = claim.meta.created.max(context.tenant().meta.created);
    // A manifest that was never applied is as old as the question.
    let owed = if owed == Timestamp::UNIX_EPOCH { context.now() } else { owed };
    let second_run = |schedule: &&Schedule| {
        let cadence = Cadence::parse(&schedule.cron).ok()?;
        cadence.next_after(cadence.next_after(owed.max(schedule.meta.created))?)
    };
    let settled = owed.checked_add(SETTLE).unwrap_or(Timestamp::MAX);
    schedules.iter().filter_map(second_run).min().unwrap_or(settled)
}

#[cfg(test)]
mod tests;
