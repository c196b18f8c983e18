//! The one place where a control is called, and where everything that holds for all controls is applied: subjects that
//! are going, environments, what an unsynced source means, pods as part of their controllers, waivers.

use jiff::Timestamp;

use super::{
    context::Context,
    facts::{Ignorance, Known, Name, Source, SourceState, Sources, Unknown, Workload},
    plan::{Origin, Plan, Requirement},
    subject::{Subject, SubjectKey},
    verdict::{Issue, Problem, State, Verdict},
    waiver,
    world::World,
};
use crate::api::keys;

/// A verdict, and what was read for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The verdict, waivers left aside.
    pub verdict: Verdict,
    /// The sources that were read.
    pub reads: Sources,
}

/// The verdict of a requirement on a subject.
pub fn judge(
    world: &World,
    plan: &Plan,
    requirement: &Requirement,
    subject: &Subject<'_>,
    now: Timestamp,
) -> Judgement {
    judge_by(world, plan, requirement, subject, now, workload_verdict)
}

/// The same, but of a workload everything that stands in it, also what counts as its controller's: what a request is
/// compared with, because what a workload had it does not get by leaving its controller.
pub fn judge_alone(
    world: &World,
    plan: &Plan,
    requirement: &Requirement,
    subject: &Subject<'_>,
    now: Timestamp,
) -> Judgement {
    judge_by(world, plan, requirement, subject, now, |_, context, requirement, workload| {
        (requirement.control.evaluate)(context, &Subject::Workload(workload))
    })
}

type OfWorkload = fn(&World, &Context<'_>, &Requirement, &Workload) -> Verdict;

fn judge_by(
    world: &World,
    plan: &Plan,
    requirement: &Requirement,
    subject: &Subject<'_>,
    now: Timestamp,
    of_workload: OfWorkload,
) -> Judgement {
    let context = Context::new(world, plan, &requirement.parameters, now);
    let verdict = verdict_of(world, &context, requirement, subject, of_workload);
    let reads = context.reads();
    let verdict = match ignorance_of(world, reads) {
        Some(why) if verdict.not_applicable.is_none() => in_doubt(world, reads, why, verdict, now),
        _ => verdict,
    };
    Judgement { verdict, reads }
}

fn verdict_of(
    world: &World,
    context: &Context<'_>,
    requirement: &Requirement,
    subject: &Subject<'_>,
    of_workload: OfWorkload,
) -> Verdict {
    if let Some(namespace) = subject.namespace() {
        if world.namespace(namespace).is_some_and(|namespace| namespace.meta.is_deleting) {
            return Verdict::not_applicable("its namespace is being deleted");
        }
        if let Some(verdict) = environment_verdict(context, requirement, namespace) {
            return verdict;
        }
    }
    match subject {
        Subject::Workload(workload) => of_workload(world, context, requirement, workload),
        _ => (requirement.control.evaluate)(context, subject),
    }
}

/// The verdict on what lies in a namespace of another environment, or in one whose environment cannot be told; none where
/// the control applies. Nothing is out of scope on doubt.
fn environment_verdict(
    context: &Context<'_>,
    requirement: &Requirement,
    namespace: &Name,
) -> Option<Verdict> {
    let wanted = requirement.parameters.list("environments");
    if wanted.is_empty() || wanted.iter().any(|wanted| *wanted == "all") {
        return None;
    }
    match context.environment_of(namespace) {
        Known::Known(environment) if wanted.iter().any(|wanted| *wanted == *environment) => None,
        Known::Known(_) | Known::Absent => {
            Some(Verdict::not_applicable("its namespace is of another environment"))
        }
        Known::Unknown(why) => {
            let fix = format!("add Namespace `{namespace}` with its label {}", keys::ENVIRONMENT);
            let issue = Issue::fail("", why.to_string(), "a namespace whose environment can be read", fix);
            Some(Verdict::issue(issue.with_problem(Problem::Unknown(why))))
        }
    }
}

/// A workload that a controller owns is part of it: only what it adds to its controller's template is its own.
fn workload_verdict(
    world: &World,
    context: &Context<'_>,
    requirement: &Requirement,
    workload: &Workload,
) -> Verdict {
    let Some(controller) = world.controller_of(workload) else {
        return (requirement.control.evaluate)(context, &Subject::Workload(workload));
    };
    if controller.template == workload.template {
        return Verdict::not_applicable("it is part of its controller");
    }
    let of_controller = (requirement.control.evaluate)(context, &Subject::Workload(controller));
    let mut own = (requirement.control.evaluate)(context, &Subject::Workload(workload));
    let inherited: Vec<_> = of_controller.issues.iter().map(|issue| identity(issue, controller)).collect();
    own.issues.retain(|issue| !inherited.contains(&identity(issue, workload)));
    own
}

/// What makes two issues of templates the same: the field within the pod, and the container.
fn identity<'i>(issue: &'i Issue, workload: &Workload) -> (&'i str, Option<&'i Name>) {
    let field = issue.field.as_str();
    let within_spec = field.strip_prefix(workload.pod_spec_path());
    let relative = within_spec.or_else(|| field.strip_prefix(workload.pod_metadata_path())).unwrap_or(field);
    (relative, issue.container.as_ref())
}

/// Why nothing can be concluded from these sources now: the first that cannot be trusted.
fn ignorance_of(world: &World, reads: Sources) -> Option<Unknown> {
    causes_of_ignorance(world, reads).next().map(Unknown::NotKnown)
}

fn causes_of_ignorance(world: &World, reads: Sources) -> impl Iterator<Item = Ignorance> + '_ {
    reads.iter().filter_map(|source| world.source_state(source).ignorance(source))
}

/// What is left of a verdict from sources that cannot be trusted. Where sources that need not be there only went silent, a
/// finding that is due by what was last known stays: silence is no recovery point. Everything else rests on news.
fn in_doubt(world: &World, reads: Sources, why: Unknown, verdict: Verdict, now: Timestamp) -> Verdict {
    let is_silence = |cause: Ignorance| matches!(cause, Ignorance::Stale(source, _) if !source.is_required());
    let is_due =
        |issue: &Issue| issue.problem == Problem::Fail && issue.since.is_some_and(|since| since <= now);
    if causes_of_ignorance(world, reads).all(is_silence) && verdict.issues.iter().any(is_due) {
        let issues = verdict.issues.into_iter().filter(is_due).collect();
        return Verdict { issues, ..verdict };
    }
    // The end of waiting is among the moments: from then on it may be due.
    unknown_because(why, Verdict { changes_at: verdict.next_change(now), ..verdict })
}

/// What was concluded does not count, because a source cannot be trusted; the moments at which it would have changed stay.
fn unknown_because(why: Unknown, verdict: Verdict) -> Verdict {
    let found = why.to_string();
    let issue = Issue::fail(
        "",
        found,
        "facts that can be trusted",
        "restore Surety's watch: see its log and /readyz",
    );
    Verdict { issues: vec![issue.with_problem(Problem::Unknown(why))], ..verdict }
}

/// The state for one of those who demand it, with the waiver that accepts it.
pub fn state_for<'a>(
    plan: &'a Plan,
    requirement: &Requirement,
    origin: &Origin,
    subject: &SubjectKey,
    verdict: &Verdict,
    now: Timestamp,
) -> (State, Option<&'a Name>) {
    let state = verdict.state(now);
    if !matches!(state, State::Fail | State::Error | State::Stale | State::Manual) {
        return (state, None);
    }
    match waiver::accepting(plan, requirement.control.id, &origin.demander, subject, now) {
        Some(waiver) => (State::Waived, Some(&waiver.name)),
        None => (state, None),
    }
}

/// The next moment after `now` at which the state changes by itself: the verdict's own, or the end of a waiver.
pub fn next_change(
    plan: &Plan,
    requirement: &Requirement,
    subject: &SubjectKey,
    verdict: &Verdict,
    now: Timestamp,
) -> Option<Timestamp> {
    let ends = requirement.origins.iter().filter_map(|origin| {
        let waiver = waiver::accepting(plan, requirement.control.id, &origin.demander, subject, now)?;
        Some(waiver.spec.expires_at)
    });
    ends.chain(verdict.next_change(now)).min()
}

/// Whether the subject's own source can be trusted; the controller asks, a request brings its subject along.
pub fn subject_ignorance(world: &World, subject: &SubjectKey) -> Option<Unknown> {
    let SubjectKey::Object(key) = subject else { return None };
    let source: Source = key.kind.source()?;
    let state: SourceState = world.source_state(source);
    state.ignorance(source).map(Unknown::NotKnown)
}

#[cfg(test)]
mod tests;
