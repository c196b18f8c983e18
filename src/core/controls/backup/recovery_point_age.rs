//! `backup.recovery-point-age`: the newest usable recovery point of every volume is young enough.
//!
//! The age counts from the start of the run, the newest instant whose data is surely inside. What a point shows of a claim
//! is decided in `holding`. The verdict changes at one moment, the start and the limit on the calendar: Pass until then,
//! Fail from then on, whatever happened to the engine, the schedule or the object. Only these are Unknown, and only until
//! the point that is in doubt would be too old anyway: no evidence for the claim, a location that cannot be reached, an
//! engine's clock that is ahead.
//!
//! A claim without a point waits until its first is due: the limit after the latest of its own creation, its volume's, its
//! tenant's and the demand's. A claim without any point is found at that moment; since when is said only where a point is
//! left that shows it, because points that are gone left nothing by which "never" and "no more" could be told apart: the
//! date is then that of the evaluation, which the deadline queue makes at that moment, and memory keeps it.
//!
//! A source that goes silent takes a Pass away, and never a finding that is due: silence is no recovery point.
//!
//! `independent: true` counts only copies that outlive the storage system of the volume.
//!
//! The length of a usual run is known of schedules in the cluster and counted there; a policy is compared alone, so its
//! schedule is held to its longest gap without it.

mod cadence;
mod forgery;
mod last_point;

pub(super) use last_point::deleted_point;

use jiff::Timestamp;

use super::{
    exempt,
    holding::{self, Newest, Proof},
};
use crate::{
    api::{BackupPolicySpec, Severity},
    core::{
        context::Context,
        control::{Control, Door, Guard, Operation},
        effective::{AgeLimit, Effective},
        facts::{
            Fact, Ignorance, Kind, Known, PersistentVolumeClaim, RecoveryPoint, Source, Sources, Unknown,
        },
        parameters::Parameters,
        subject::{Subject, SubjectClass},
        transition::Transition,
        verdict::{Issue, Problem, Verdict},
    },
};

/// The control.
pub static CONTROL: Control = Control {
    id: "backup.recovery-point-age",
    title: "The newest recovery point of every volume is young enough",
    why: "What was written after the newest usable recovery point is lost when the volume is.",
    remediation: "See why runs fail, hang or are missing: list the newest Backups of the engine and its log, mend what \
                  failed and start a run.",
    severity: Severity::Critical,
    subjects: &[SubjectClass::Claim],
    reads: Sources::of(&[
        Source::Records,
        Source::Namespaces,
        Source::StorageClasses,
        Source::Volumes,
        Source::VeleroBackups,
        Source::VeleroVolumeCopies,
        Source::VeleroLocations,
    ]),
    guards: &GUARDS,
    evaluate,
    demanded: Effective::recovery_point_age,
    upheld_by: Some(Kind::BackupPolicy),
    weaker,
    transition,
};

const ALL: &[Operation] = &[Operation::Create, Operation::Update, Operation::Delete];

static GUARDS: [Guard; 6] = [
    Guard { kind: Kind::VeleroSchedule, door: Door::ProtectEngine, operations: ALL },
    Guard { kind: Kind::VeleroBackup, door: Door::ProtectEngine, operations: ALL },
    Guard { kind: Kind::PodVolumeBackup, door: Door::ProtectEngine, operations: ALL },
    Guard { kind: Kind::DataUpload, door: Door::ProtectEngine, operations: ALL },
    Guard {
        kind: Kind::BackupStorageLocation,
        door: Door::ProtectEngine,
        operations: &[Operation::Update, Operation::Delete],
    },
    Guard { kind: Kind::DeleteBackupRequest, door: Door::ProtectEngine, operations: &[Operation::Create] },
];

fn evaluate(context: &Context<'_>, subject: &Subject<'_>) -> Verdict {
    exempt::bound_claim(context, subject)
        .map_or_else(Verdict::not_applicable, |claim| claim_verdict(context, claim))
}

fn claim_verdict(context: &Context<'_>, claim: &PersistentVolumeClaim) -> Verdict {
    let Some(limit) = AgeLimit::of(context.parameters()) else {
        return Verdict::not_applicable("no age is demanded");
    };
    let newest = holding::newest(context, claim);
    let changes_at = newest.changes_at;
    let verdict = verdict_by(context, claim, &limit, newest);
    match changes_at.filter(|moment| *moment > context.now()) {
        Some(moment) => verdict.changing_at(moment),
        None => verdict,
    }
}

fn verdict_by(
    context: &Context<'_>,
    claim: &PersistentVolumeClaim,
    limit: &AgeLimit,
    newest: Newest<'_>,
) -> Verdict {
    let now = context.now();
    let wanted = format!("a usable recovery point not older than {limit}");
    if let Some((taken_at, point, proof)) = newest.held {
        let deadline = limit.deadline(taken_at);
        if now < deadline {
            return Verdict::pass(held_by(point, taken_at, proof))
                .reading(wanted, point.key().to_string())
                .changing_at(deadline);
        }
    }
    if let Some((taken_at, why)) = &newest.undecided {
        let deadline = limit.deadline(*taken_at);
        if now < deadline {
            return unknown(why.clone(), wanted).changing_at(deadline);
        }
    }
    let Some((taken_at, point, _)) = newest.held else { return without_point(context, claim, limit, wanted) };
    if let Some(why) = hidden_points(context) {
        return unknown(why, wanted);
    }
    let doubted = newest.undecided.map(|(taken_at, _)| limit.deadline(taken_at));
    let since = limit.deadline(taken_at).max(doubted.unwrap_or(Timestamp::MIN));
    let found = format!("the newest that holds it is {} of {taken_at:.0}", point.key());
    Verdict::issue(Issue::fail("", found, wanted, FIX).since(since))
}

const FIX: &str = "see why newer runs are missing: list the newest Backups and the engine's log, mend what failed, start a run";

fn held_by(point: &RecoveryPoint, taken_at: Timestamp, proof: Proof) -> String {
    let shown = match proof {
        Proof::OwnCopy { is_empty: false } => "by a copy of its own",
        Proof::OwnCopy { is_empty: true } => {
            "by a copy of its own, in which nothing was read: the volume is empty or was not read"
        }
        Proof::Count => "as far as the run's count of snapshots shows",
    };
    format!("{} of {taken_at:.0} holds it, {shown}", point.key())
}

fn unknown(why: Unknown, wanted: String) -> Verdict {
    Verdict::issue(Issue::fail("", why.to_string(), wanted, FIX).with_problem(Problem::Unknown(why)))
}

fn without_point(
    context: &Context<'_>,
    claim: &PersistentVolumeClaim,
    limit: &AgeLimit,
    wanted: String,
) -> Verdict {
    let due = limit.deadline(demanded_since(context, claim));
    if context.now() < due {
        let issue = Issue::fail("", "no recovery point holds it yet", wanted, "wait for the first run");
        return Verdict::issue(issue.with_problem(Problem::Pending { due }));
    }
    if let Some(why) = hidden_points(context) {
        return unknown(why, wanted);
    }
    let issue = Issue::fail("", "no usable recovery point holds it", wanted, FIX);
    Verdict::issue(match silent_since(context) {
        // When the news ended it was seen that there was none.
        Some(silence) => issue.since(due.max(silence)),
        None => issue,
    })
}

/// Why there may be a point that was never seen. An engine that went silent hides none that could be counted on: the
/// finding opens at its moment, by what was last known.
fn hidden_points(context: &Context<'_>) -> Option<Unknown> {
    let why = context.unknown_absence(Source::VeleroBackups)?;
    (!matches!(why, Unknown::NotKnown(Ignorance::Stale(..)))).then_some(why)
}

/// Since when nothing was heard of a source of recovery points.
fn silent_since(context: &Context<'_>) -> Option<Timestamp> {
    let sources = [Source::VeleroBackups, Source::VeleroVolumeCopies, Source::VeleroLocations];
    let silence = |source| match context.unknown_absence(source) {
        Some(Unknown::NotKnown(Ignorance::Stale(_, since))) => Some(since),
        _ => None,
    };
    sources.into_iter().filter_map(silence).max()
}

/// Since when the claim has been owed recovery points.
fn demanded_since(context: &Context<'_>, claim: &PersistentVolumeClaim) -> Timestamp {
    let volume = claim.volume_name.as_ref().map(|name| context.volume(name));
    let bound = match volume {
        Some(Known::Known(volume)) => volume.meta.created,
        _ => Timestamp::UNIX_EPOCH,
    };
    let policies = context.effective().backup.iter().map(|policy| policy.meta.created);
    let promising = context.plan().profiles.iter().filter(|profile| {
        let mut uses = profile.spec.commitments.iter().flat_map(|commitment| &commitment.controls);
        uses.any(|control_use| control_use.id == CONTROL.id)
    });
    let demand = policies.chain(promising.map(|profile| profile.meta.created)).min();
    let created = claim.meta.created.max(bound).max(context.tenant().meta.created);
    let since = created.max(demand.unwrap_or(Timestamp::UNIX_EPOCH));
    // A manifest that was never applied is as old as the question.
    if since == Timestamp::UNIX_EPOCH { context.now() } else { since }
}

/// A policy is weaker where it allows a greater age, or where its own schedule cannot keep what it or the promise says.
fn weaker(policy: &Fact, promised: &Parameters) -> Vec<Issue> {
    let Fact::BackupPolicy(policy) = policy else { return Vec::new() };
    let promised = AgeLimit::of(promised);
    let own = AgeLimit::of_policy(&policy.spec);
    let greater = promised.zip(own).and_then(|(promised, own)| weaker_age(&policy.spec, &own, &promised));
    let limits = promised.into_iter().chain(own);
    let strictest = limits.min_by_key(AgeLimit::nominal);
    let rare = strictest.and_then(|limit| cadence::too_rare_by_policy(&policy.spec, &limit));
    greater.into_iter().chain(rare).collect()
}

fn weaker_age(spec: &BackupPolicySpec, own: &AgeLimit, promised: &AgeLimit) -> Option<Issue> {
    let (field, figure) = match spec.max_recovery_point_age {
        Some(age) => ("spec.maxRecoveryPointAge", age.to_string()),
        None => ("spec.every", spec.every.map(|every| every.to_string()).unwrap_or_default()),
    };
    let fix = match promised {
        AgeLimit::Every { every, .. } if spec.max_recovery_point_age.is_none() => {
            format!("set `{field}` to {every} or less")
        }
        promised => format!("allow no recovery point older than {promised}"),
    };
    own.can_exceed(promised).then(|| Issue::fail(field, figure, format!("not older than {promised}"), fix))
}

fn transition(transition: &Transition<'_>) -> Vec<Issue> {
    let issues = [forgery::judge(transition), last_point::judge(transition), cadence::judge(transition)];
    issues.concat()
}

#[cfg(test)]
mod tests;
