//! The verdicts of one tenant with all their evidence, evaluated from nothing. What the controller keeps is `standings`.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::{
    facts::{ObjectKey, Unknown},
    judge::{judge, subject_ignorance},
    plan::{Plan, Requirement},
    subject::{Subject, SubjectKey},
    verdict::{Issue, Problem, Verdict},
    world::World,
};

/// A verdict of one requirement.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Which of the plan's requirements.
    pub requirement: usize,
    /// The verdict.
    pub verdict: Verdict,
}

/// Finds a subject's facts; `index` knows how.
pub type Resolve = for<'a> fn(&'a World, &'a Plan, &SubjectKey) -> Option<Subject<'a>>;

/// Verdicts of a tenant, kept in one way or another.
pub trait Verdicts {
    /// The plan that they follow.
    fn plan(&self) -> &Arc<Plan>;

    /// Every verdict, in order of subjects and requirements.
    fn verdicts(&self) -> impl Iterator<Item = (&SubjectKey, &Requirement, &Verdict)>;
}

/// All verdicts of a tenant.
#[derive(Clone, Debug)]
pub struct Evaluation {
    plan: Arc<Plan>,
    by_subject: BTreeMap<SubjectKey, Vec<Judged>>,
}

impl Evaluation {
    /// Evaluates these subjects, which are all of the tenant's.
    pub fn of(
        world: &World,
        plan: &Arc<Plan>,
        subjects: impl IntoIterator<Item = SubjectKey>,
        resolve: Resolve,
        now: Timestamp,
    ) -> Self {
        let judged = subjects.into_iter().filter_map(|subject| {
            let verdicts = verdicts_on(world, plan, &subject, resolve, now);
            (!verdicts.is_empty()).then_some((subject, verdicts))
        });
        Self { by_subject: judged.collect(), plan: Arc::clone(plan) }
    }
}

impl Verdicts for Evaluation {
    fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    fn verdicts(&self) -> impl Iterator<Item = (&SubjectKey, &Requirement, &Verdict)> {
        let requirements = &self.plan.requirements;
        self.by_subject.iter().flat_map(move |(subject, judged)| {
            judged.iter().filter_map(move |judged| {
                let requirement = requirements.get(judged.requirement)?;
                Some((subject, requirement, &judged.verdict))
            })
        })
    }
}

/// The verdicts on a subject, in order of requirements.
fn verdicts_on(
    world: &World,
    plan: &Plan,
    subject: &SubjectKey,
    resolve: Resolve,
    now: Timestamp,
) -> Vec<Judged> {
    let mut verdicts = Vec::new();
    each_verdict(world, plan, subject, resolve, now, |requirement, verdict| {
        verdicts.push(Judged { requirement, verdict });
    });
    verdicts
}

/// Tells the verdicts on a subject, in order of requirements, each with the requirement's index.
pub(super) fn each_verdict(
    world: &World,
    plan: &Plan,
    subject: &SubjectKey,
    resolve: Resolve,
    now: Timestamp,
    mut tell: impl FnMut(usize, Verdict),
) {
    let Some(class) = subject.class() else { return };
    let of_class = plan.requirements.iter().enumerate().filter(|(_, requirement)| {
        requirement.control.subjects.contains(&class) && is_meant(requirement, subject)
    });
    let why_unreadable = unreadable(world, subject);
    let resolved = resolve(world, plan, subject);
    let ignorance = subject_ignorance(world, subject);
    for (index, requirement) in of_class {
        let verdict = match (&resolved, &why_unreadable) {
            (_, Some(why)) => not_known(why.clone()),
            (Some(subject_facts), None) => {
                let verdict = judge(world, plan, requirement, subject_facts, now).verdict;
                match &ignorance {
                    Some(why) if verdict.not_applicable.is_none() => not_known(why.clone()),
                    _ => verdict,
                }
            }
            (None, None) => continue,
        };
        tell(index, verdict);
    }
}

/// A control over commitments is evaluated on those that name it, and not on the others.
fn is_meant(requirement: &Requirement, subject: &SubjectKey) -> bool {
    let SubjectKey::Commitment { profile, id } = subject else { return true };
    requirement.origins.iter().any(|origin| {
        matches!(&origin.demander, super::plan::Demander::Commitment { profile: p, id: i } if p == profile && i == id)
    })
}

fn unreadable(world: &World, subject: &SubjectKey) -> Option<Unknown> {
    let SubjectKey::Object(key) = subject else { return None };
    world.unreadable_reason(key)
}

fn not_known(why: Unknown) -> Verdict {
    let found = why.to_string();
    let issue = Issue::fail(
        "",
        found,
        "an object that can be read",
        "see Surety's log for the field, and mend the object",
    );
    Verdict::issue(issue.with_problem(Problem::Unknown(why)))
}

impl World {
    /// Why an object could not be read; none where it was.
    pub fn unreadable_reason(&self, key: &ObjectKey) -> Option<Unknown> {
        let reason = self.unreadable.get(key)?;
        let source = key.kind.source()?;
        let what = super::facts::Name::from(format!("{key} ({reason})"));
        Some(Unknown::NotKnown(super::facts::Ignorance::Unreadable(source, what)))
    }
}
