//! `backup.covered`: a live schedule takes in every volume claim now.
//!
//! Live is a schedule that is not paused, that the engine does not refuse, whose cron has a next run, that copies volumes
//! and whose location takes new points. Where `snapshotVolumes` is left to the engine's default the claim counts as
//! covered, because that default is to copy, and the evidence says so; whether it did, `backup.recovery-point-age` sees
//! from the points. A schedule narrowed by what is not read (selectors, resource filters, a volume policy) is undecidable.
//!
//! A claim that is not bound holds nothing yet and is not applicable, unless nothing will take it in: that fails at once,
//! because its creation is the moment at which it can be refused. A promise counts without any policy. Where a Managed
//! policy will write the schedule, the claim waits for it.
//!
//! A policy's exemptions shrink what is expected; an engine's opt-out labels never do. Every exemption is weaker than a
//! promise, but for one that leaves out namespaces of environments which the promise does not name: what a promise calls
//! every volume is narrowed by a waiver, with an expiry, and by nothing else.

mod acts;
mod opt_out;
mod taking;

use jiff::Timestamp;

use self::taking::{Taking, taking};
use super::{
    SETTLE,
    engine::{self, field},
    exempt,
};
use crate::{
    api::{BackupPolicySpec, Management, Severity, keys},
    core::{
        context::Context,
        control::{Control, Door, Guard, Operation},
        effective::Effective,
        facts::{
            Declared, Fact, Kind, PersistentVolumeClaim, Schedule, Source, Sources, Unknown, VolumeData,
        },
        parameters::Parameters,
        subject::{Subject, SubjectClass},
        verdict::{Issue, Problem, Verdict},
    },
};

/// The control.
pub static CONTROL: Control = Control {
    id: "backup.covered",
    title: "A live schedule takes in every volume",
    why: "A volume that no schedule takes in is lost with its disk, and nobody notices before that day.",
    remediation: "Let a live schedule of the backup engine take in the claim's namespace and copy its volumes, and remove \
                  labels and annotations that opt out of backups.",
    severity: Severity::Critical,
    subjects: &[SubjectClass::Claim, SubjectClass::Workload],
    reads: Sources::of(&[
        Source::Records,
        Source::Namespaces,
        Source::Claims,
        Source::StorageClasses,
        Source::VeleroSchedules,
        Source::VeleroLocations,
    ]),
    guards: &GUARDS,
    evaluate,
    demanded: Effective::backup_covered,
    upheld_by: Some(Kind::BackupPolicy),
    weaker,
    transition: acts::judge,
};

const CHANGES: &[Operation] = &[Operation::Create, Operation::Update];

static GUARDS: [Guard; 12] = [
    Guard { kind: Kind::PersistentVolumeClaim, door: Door::Conform, operations: CHANGES },
    Guard { kind: Kind::Pod, door: Door::Conform, operations: CHANGES },
    Guard { kind: Kind::ReplicationController, door: Door::Conform, operations: CHANGES },
    Guard { kind: Kind::Deployment, door: Door::Conform, operations: CHANGES },
    Guard { kind: Kind::StatefulSet, door: Door::Conform, operations: CHANGES },
    Guard { kind: Kind::DaemonSet, door: Door::Conform, operations: CHANGES },
    Guard { kind: Kind::ReplicaSet, door: Door::Conform, operations: CHANGES },
    Guard { kind: Kind::Job, door: Door::Conform, operations: CHANGES },
    Guard { kind: Kind::CronJob, door: Door::Conform, operations: CHANGES },
    Guard { kind: Kind::Namespace, door: Door::ProtectCluster, operations: &[Operation::Update] },
    Guard {
        kind: Kind::VeleroSchedule,
        door: Door::ProtectEngine,
        operations: &[Operation::Create, Operation::Update, Operation::Delete],
    },
    Guard {
        kind: Kind::BackupStorageLocation,
        door: Door::ProtectEngine,
        operations: &[Operation::Update, Operation::Delete],
    },
];

fn evaluate(context: &Context<'_>, subject: &Subject<'_>) -> Verdict {
    match subject {
        Subject::Claim(claim) => claim_verdict(context, claim),
        Subject::Workload(workload) => opt_out::workload_verdict(context, workload),
        _ => Verdict::not_applicable("no volume claim"),
    }
}

fn claim_verdict(context: &Context<'_>, claim: &PersistentVolumeClaim) -> Verdict {
    if exempt::is_left_out(context, claim.into()) {
        return Verdict::not_applicable("every backup policy of the tenant leaves it out");
    }
    if !context.has_backup_engine() {
        return engine_missing();
    }
    let opt_outs = opt_out::of_claim(context, claim);
    let verdict = if opt_outs.is_empty() { taken_in(context, claim) } else { Verdict::from_issues(opt_outs) };
    if verdict.issues.is_empty() && !claim.is_bound {
        return Verdict::not_applicable("it is not bound yet");
    }
    verdict
}

fn engine_missing() -> Verdict {
    Verdict::issue(Issue::fail(
        "",
        "engine-missing: the cluster does not have the kinds of the backup engine Velero",
        "a live schedule of a backup engine",
        "install Velero, or restore its CustomResourceDefinitions and schedules",
    ))
}

fn taken_in(context: &Context<'_>, claim: &PersistentVolumeClaim) -> Verdict {
    let schedules = context.schedules_of(&claim.namespace).map(AsRef::as_ref);
    let schedules: Vec<&Schedule> =
        schedules.filter(|schedule| engine::is_believed(context, &schedule.namespace)).collect();
    let (mut undecided, mut dead) = (Vec::new(), Vec::new());
    for schedule in &schedules {
        match taking(context, schedule) {
            Taking::Live(schedule) => return covered_by(schedule),
            Taking::Undecided(why) => undecided.push(why),
            Taking::Dead { found, fix } => dead.push((found, fix)),
        }
    }
    if let Some(why) = undecided.into_iter().next() {
        return unknown(Unknown::Undecidable(why));
    }
    if let Some((policy, due)) = still_to_be_written(context, claim, &schedules) {
        return waiting_for(policy, due);
    }
    if let Some(why) = context.unknown_absence(Source::VeleroSchedules) {
        return unknown(why);
    }
    Verdict::issue(not_taken_in(claim, dead))
}

const WANTED: &str = "a live schedule that takes it in and copies its volume";

fn covered_by(schedule: &Schedule) -> Verdict {
    let key = schedule.key();
    let found = match schedule.volume_data {
        VolumeData::Undecided => {
            format!("{key} takes it in; to copy volumes is left to the engine's default")
        }
        _ => format!("{key} takes it in"),
    };
    Verdict::pass(found).reading(WANTED, format!("{key} spec"))
}

fn unknown(why: Unknown) -> Verdict {
    let fix = "write a schedule that takes in the whole namespace, without selectors or resource filters";
    Verdict::issue(Issue::fail("", why.to_string(), WANTED, fix).with_problem(Problem::Unknown(why)))
}

/// The Managed policy that will write a schedule for the claim's namespace, and until when it may take.
fn still_to_be_written<'a>(
    context: &Context<'a>,
    claim: &PersistentVolumeClaim,
    schedules: &[&Schedule],
) -> Option<(&'a Declared<BackupPolicySpec>, Timestamp)> {
    let is_written = |policy: &Declared<BackupPolicySpec>| {
        schedules.iter().any(|schedule| schedule.run_labels.get(keys::POLICY) == Some(policy.name.as_str()))
    };
    let mut policies = context.effective().backup.iter().map(AsRef::as_ref).filter(|policy| {
        policy.spec.management == Management::Managed
            && !exempt::is_left_out_by(context, &policy.spec, claim.into())
            && !is_written(policy)
    });
    let policy = policies.next()?;
    let newest = claim_created(context, claim).max(policy.meta.created).max(context.tenant().meta.created);
    let due = newest.checked_add(SETTLE).unwrap_or(Timestamp::MAX);
    (context.now() < due).then_some((policy, due))
}

/// A manifest that was never applied is as old as the question.
fn claim_created(context: &Context<'_>, claim: &PersistentVolumeClaim) -> Timestamp {
    let created = claim.meta.created;
    if created == Timestamp::UNIX_EPOCH { context.now() } else { created }
}

fn waiting_for(policy: &Declared<BackupPolicySpec>, due: Timestamp) -> Verdict {
    let issue = Issue::fail(
        "",
        "no schedule takes it in yet",
        WANTED,
        format!("wait: Surety writes the schedule of BackupPolicy {}", policy.name),
    );
    Verdict::issue(issue.with_problem(Problem::Pending { due }))
}

/// A message names no more schedules than this.
const MOST_NAMED: usize = 5;

fn not_taken_in(claim: &PersistentVolumeClaim, dead: Vec<(String, String)>) -> Issue {
    let Some((_, fix)) = dead.first() else {
        let fix = format!(
            "add `{}` to {} of a schedule, or let a BackupPolicy with management: Managed write one",
            claim.namespace,
            field::INCLUDED
        );
        return Issue::fail("", format!("no schedule takes in namespace {}", claim.namespace), WANTED, fix);
    };
    let fix = fix.clone();
    let found: Vec<String> = dead.into_iter().map(|(found, _)| found).take(MOST_NAMED).collect();
    Issue::fail("", found.join("; "), WANTED, fix)
}

/// A policy is weaker where it leaves out what the promise does not.
fn weaker(policy: &Fact, promised: &Parameters) -> Vec<Issue> {
    let Fact::BackupPolicy(policy) = policy else { return Vec::new() };
    let Some(exempt) = &policy.spec.exempt else { return Vec::new() };
    let environments = promised.list("environments");
    let selector =
        exempt.namespace_selector.as_ref().filter(|selector| !opt_out::spares(selector, environments));
    let left_out = [
        ("storageClasses", (!exempt.storage_classes.is_empty()).then(|| exempt.storage_classes.join(", "))),
        ("dataClasses", (!exempt.data_classes.is_empty()).then(|| exempt.data_classes.join(", "))),
        ("namespaceSelector", selector.map(|_| "namespaces that the promise covers".to_owned())),
    ];
    let issue = |(name, found): (&str, Option<String>)| {
        let fix = format!("remove `{name}`, and grant a waiver with an expiry for what is left out");
        found.map(|found| {
            Issue::fail(format!("spec.exempt.{name}"), found, "every volume that the promise covers", fix)
        })
    };
    left_out.into_iter().filter_map(issue).collect()
}

#[cfg(test)]
mod tests;
