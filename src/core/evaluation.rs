//! The verdicts of one tenant, kept subject by subject, so that a change is answered by evaluating what it touches.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::{
    facts::{ObjectKey, Unknown},
    judge::{judge, next_change, subject_ignorance},
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
        let mut evaluation = Self { plan: Arc::clone(plan), by_subject: BTreeMap::new() };
        for subject in subjects {
            evaluation.again(world, &subject, resolve, now);
        }
        evaluation
    }

    /// Evaluates one subject again, or forgets it where it is gone. The next moment at which its answer changes by itself.
    pub fn again(
        &mut self,
        world: &World,
        subject: &SubjectKey,
        resolve: Resolve,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let mut verdicts = verdicts_on(world, &self.plan, subject, resolve, now);
        for judged in &mut verdicts {
            let former = self.by_subject.get(subject).into_iter().flatten();
            former
                .filter(|former| former.requirement == judged.requirement)
                .for_each(|former| date_by_former(&mut judged.verdict, &former.verdict, now));
        }
        let moments = verdicts.iter().filter_map(|judged| {
            let requirement = self.plan.requirements.get(judged.requirement)?;
            next_change(&self.plan, requirement, subject, &judged.verdict, now)
        });
        let next = moments.min();
        if verdicts.is_empty() {
            self.by_subject.remove(subject);
        } else {
            self.by_subject.insert(subject.clone(), verdicts);
        }
        next
    }

    /// Forgets a subject.
    pub fn forget(&mut self, subject: &SubjectKey) {
        self.by_subject.remove(subject);
    }

    /// The plan that it follows.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Every verdict, in order of subjects.
    pub fn verdicts(&self) -> impl Iterator<Item = (&SubjectKey, &Requirement, &Verdict)> {
        let requirements = &self.plan.requirements;
        self.by_subject.iter().flat_map(move |(subject, judged)| {
            judged.iter().filter_map(move |judged| {
                let requirement = requirements.get(judged.requirement)?;
                Some((subject, requirement, &judged.verdict))
            })
        })
    }

    /// The subjects that have verdicts.
    pub fn subjects(&self) -> impl Iterator<Item = &SubjectKey> {
        self.by_subject.keys()
    }
}

/// Dates an issue whose facts do not show since when it is true by the verdict that stood until now: what was waited for
/// is missing since the wait ended, and what had a date keeps it.
fn date_by_former(verdict: &mut Verdict, former: &Verdict, now: Timestamp) {
    for issue in &mut verdict.issues {
        if issue.problem != Problem::Fail || issue.since.is_some() {
            continue;
        }
        let is_same = |other: &&Issue| other.field == issue.field && other.container == issue.container;
        issue.since = former.issues.iter().find(is_same).and_then(|former| match former.problem {
            Problem::Pending { due } if due <= now => Some(due),
            Problem::Fail => former.since,
            _ => None,
        });
    }
}

fn verdicts_on(
    world: &World,
    plan: &Plan,
    subject: &SubjectKey,
    resolve: Resolve,
    now: Timestamp,
) -> Vec<Judged> {
    let Some(class) = subject.class() else { return Vec::new() };
    let of_class = plan.requirements.iter().enumerate().filter(|(_, requirement)| {
        requirement.control.subjects.contains(&class) && is_meant(requirement, subject)
    });
    let unreadable = unreadable(world, subject);
    let resolved = resolve(world, plan, subject);
    let judged = of_class.filter_map(|(index, requirement)| {
        let verdict = match (&resolved, &unreadable) {
            (_, Some(why)) => not_known(why.clone()),
            (Some(subject_facts), None) => {
                let verdict = judge(world, plan, requirement, subject_facts, now).verdict;
                match subject_ignorance(world, subject) {
                    Some(why) if verdict.not_applicable.is_none() => not_known(why),
                    _ => verdict,
                }
            }
            (None, None) => return None,
        };
        Some(Judged { requirement: index, verdict })
    });
    judged.collect()
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn issue(problem: Problem, since: Option<i64>) -> Issue {
        Issue { since: since.map(at), ..Issue::fail("fence", "a", "b", "do c").with_problem(problem) }
    }

    #[test]
    fn what_was_waited_for_is_missing_since_the_wait_ended_and_a_date_is_kept() {
        let pending = |due| issue(Problem::Pending { due: at(due) }, None);
        let elsewhere = Issue { field: "label".to_owned(), ..issue(Problem::Fail, Some(3)) };
        for (what, former, new, since) in [
            ("the wait ended", vec![pending(10)], issue(Problem::Fail, None), Some(10)),
            ("it was taken away before its time", vec![pending(30)], issue(Problem::Fail, None), None),
            (
                "it failed with a date",
                vec![issue(Problem::Fail, Some(7))],
                issue(Problem::Fail, None),
                Some(7),
            ),
            ("it failed without", vec![issue(Problem::Fail, None)], issue(Problem::Fail, None), None),
            ("it passed", vec![], issue(Problem::Fail, None), None),
            ("another failed", vec![elsewhere], issue(Problem::Fail, None), None),
            ("its facts show the date", vec![pending(10)], issue(Problem::Fail, Some(12)), Some(12)),
            ("it still waits", vec![issue(Problem::Fail, Some(7))], pending(30), None),
        ] {
            let mut verdict = Verdict::issue(new);
            date_by_former(&mut verdict, &Verdict::from_issues(former), at(20));
            let dates: Vec<_> = verdict.issues.iter().map(|issue| issue.since).collect();
            assert_eq!(dates, [since.map(at)], "{what}");
        }
    }
}
