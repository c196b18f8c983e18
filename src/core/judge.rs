//! The one place where a control is called, and where everything that holds for all controls is applied: subjects that
//! are going, environments, what an unsynced source means, pods as part of their controllers, waivers.

use jiff::Timestamp;

use super::{
    context::Context,
    facts::{Name, Source, SourceState, Sources, Unknown, Workload},
    plan::{Origin, Plan, Requirement},
    subject::{Subject, SubjectKey},
    verdict::{Issue, Problem, State, Verdict},
    waiver,
    world::World,
};

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
        Some(why) if verdict.not_applicable.is_none() => unknown_because(why, verdict),
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
        let environments = requirement.parameters.list("environments");
        if !environments.is_empty()
            && !environments.iter().any(|wanted| is_environment(context, namespace, wanted))
        {
            return Verdict::not_applicable("its namespace is of another environment");
        }
    }
    match subject {
        Subject::Workload(workload) => of_workload(world, context, requirement, workload),
        _ => (requirement.control.evaluate)(context, subject),
    }
}

fn is_environment(context: &Context<'_>, namespace: &Name, wanted: &Name) -> bool {
    *wanted == "all" || context.environment_of(namespace) == Some(wanted.as_str())
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
    let mut causes = reads.iter().filter_map(|source| world.source_state(source).ignorance(source));
    causes.next().map(Unknown::NotKnown)
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
