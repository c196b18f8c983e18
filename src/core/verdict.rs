//! Verdicts: what a control says of a subject, and the eight states that follow from it.

use std::borrow::Cow;

use jiff::Timestamp;

use super::facts::{Name, Unknown};

/// The state of a control on a subject, or of a commitment. Ordered worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Evaluated, not met.
    Fail,
    /// Could not be evaluated.
    Error,
    /// The evidence is older than it may be.
    Stale,
    /// Another object must still supply something, and has until a known moment.
    Pending,
    /// Needs a person's attestation, and there is none.
    Manual,
    /// Not met, and accepted by a waiver.
    Waived,
    /// Evaluated, met.
    Pass,
    /// Out of scope.
    NotApplicable,
}

impl State {
    /// All states, worst first.
    pub const ALL: [Self; 8] = [
        Self::Fail,
        Self::Error,
        Self::Stale,
        Self::Pending,
        Self::Manual,
        Self::Waived,
        Self::Pass,
        Self::NotApplicable,
    ];

    /// Its name, as reports, conditions and metrics spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "Fail",
            Self::Error => "Error",
            Self::Stale => "Stale",
            Self::Pending => "Pending",
            Self::Manual => "Manual",
            Self::Waived => "Waived",
            Self::Pass => "Pass",
            Self::NotApplicable => "NotApplicable",
        }
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What kind of issue stands between a subject and Pass.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Problem {
    /// The requirement is not met.
    Fail,
    /// It cannot be told whether it is met.
    Unknown(Unknown),
    /// Another object must still supply something; from `due` on it is not met.
    Pending {
        /// The moment at which waiting ends.
        due: Timestamp,
    },
    /// A person must attest it.
    Manual,
    /// The evidence is too old.
    Stale,
}

/// One thing that stands between a subject and Pass.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Issue {
    /// What kind.
    pub problem: Problem,
    /// The field, from the object's root; empty where no single field is to blame.
    pub field: String,
    /// The container, where the field belongs to one.
    pub container: Option<Name>,
    /// What was found.
    pub found: String,
    /// What is wanted.
    pub wanted: String,
    /// What to do, as an instruction that can be followed.
    pub fix: String,
    /// Since when it is true, where the facts show it.
    pub since: Option<Timestamp>,
    /// Who demands what is broken, as `Demander` spells them, where not all who demand the control do.
    pub demanders: Vec<String>,
}

impl Issue {
    /// The requirement is not met at `field`.
    pub fn fail(
        field: impl Into<String>,
        found: impl Into<String>,
        wanted: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            problem: Problem::Fail,
            field: field.into(),
            container: None,
            found: found.into(),
            wanted: wanted.into(),
            fix: fix.into(),
            since: None,
            demanders: Vec::new(),
        }
    }

    /// The same with another problem.
    #[must_use]
    pub fn with_problem(mut self, problem: Problem) -> Self {
        self.problem = problem;
        self
    }

    /// The same in a container.
    #[must_use]
    pub fn in_container(mut self, container: &Name) -> Self {
        self.container = Some(container.clone());
        self
    }

    /// The same, broken for these alone of those who demand the control.
    #[must_use]
    pub fn demanded_by(mut self, demanders: &[String]) -> Self {
        self.demanders = demanders.to_vec();
        self
    }

    /// The same with the moment since which it is true.
    #[must_use]
    pub const fn since(mut self, since: Timestamp) -> Self {
        self.since = Some(since);
        self
    }

    /// Its state at `now`: waiting ends in Fail.
    pub fn state(&self, now: Timestamp) -> State {
        match &self.problem {
            Problem::Fail => State::Fail,
            Problem::Unknown(_) => State::Error,
            Problem::Pending { due } if *due <= now => State::Fail,
            Problem::Pending { .. } => State::Pending,
            Problem::Manual => State::Manual,
            Problem::Stale => State::Stale,
        }
    }
}

/// What was looked at, and what it showed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Evidence {
    /// What was found.
    pub found: Cow<'static, str>,
    /// What is wanted.
    pub wanted: Cow<'static, str>,
    /// The object or field that it was read from.
    pub read_from: Cow<'static, str>,
}

/// What a control says of a subject.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Verdict {
    /// Why the control does not apply; then there are no issues.
    pub not_applicable: Option<Cow<'static, str>>,
    /// What stands between the subject and Pass; none is Pass.
    pub issues: Vec<Issue>,
    /// What was looked at.
    pub evidence: Evidence,
    /// The next moment at which the answer changes by itself.
    pub changes_at: Option<Timestamp>,
}

impl Verdict {
    /// Met, as `found` shows.
    pub fn pass(found: impl Into<Cow<'static, str>>) -> Self {
        Self { evidence: Evidence { found: found.into(), ..Evidence::default() }, ..Self::default() }
    }

    /// Out of scope, because of `reason`.
    pub fn not_applicable(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { not_applicable: Some(reason.into()), ..Self::default() }
    }

    /// Not met (or not known to be met) because of these issues; met when there is none.
    pub fn from_issues(issues: Vec<Issue>) -> Self {
        Self { issues, ..Self::default() }
    }

    /// One issue.
    pub fn issue(issue: Issue) -> Self {
        Self::from_issues(vec![issue])
    }

    /// With the value wanted and where the value found was read.
    #[must_use]
    pub fn reading(
        mut self,
        wanted: impl Into<Cow<'static, str>>,
        read_from: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.evidence.wanted = wanted.into();
        self.evidence.read_from = read_from.into();
        self
    }

    /// With a moment at which the answer changes by itself; the earliest of all that are given counts.
    #[must_use]
    pub fn changing_at(mut self, moment: Timestamp) -> Self {
        self.changes_at = Some(self.changes_at.map_or(moment, |earlier| earlier.min(moment)));
        self
    }

    /// The state at `now`, waivers left aside: the worst of its issues.
    pub fn state(&self, now: Timestamp) -> State {
        if self.not_applicable.is_some() {
            return State::NotApplicable;
        }
        self.issues.iter().map(|issue| issue.state(now)).min().unwrap_or(State::Pass)
    }

    /// The next moment after `now` at which the answer changes by itself: the control's own, or the end of waiting.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let ends_of_waiting = self.issues.iter().filter_map(|issue| match issue.problem {
            Problem::Pending { due } => Some(due),
            _ => None,
        });
        ends_of_waiting.chain(self.changes_at).filter(|moment| *moment > now).min()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn issue(problem: Problem) -> Issue {
        Issue::fail("spec", "a", "b", "do c").with_problem(problem)
    }

    #[test]
    fn the_state_is_the_worst_of_the_issues() {
        let undecidable = Problem::Unknown(Unknown::Undecidable("x".to_owned()));
        for (problems, state) in [
            (vec![], State::Pass),
            (vec![Problem::Manual, Problem::Fail], State::Fail),
            (vec![Problem::Stale, undecidable], State::Error),
            (vec![Problem::Pending { due: at(10) }], State::Pending),
            (vec![Problem::Pending { due: at(5) }], State::Fail),
        ] {
            let verdict = Verdict::from_issues(problems.into_iter().map(issue).collect());
            assert_eq!(verdict.state(at(5)), state);
        }
        assert_eq!(Verdict::not_applicable("no volumes").state(at(5)), State::NotApplicable);
    }

    #[test]
    fn the_next_change_is_the_earliest_moment_that_is_still_to_come() {
        let verdict =
            Verdict::issue(issue(Problem::Pending { due: at(10) })).changing_at(at(7)).changing_at(at(8));
        assert_eq!(verdict.next_change(at(5)), Some(at(7)));
        assert_eq!(verdict.next_change(at(7)), Some(at(10)));
        assert_eq!(verdict.next_change(at(10)), None);
    }
}
