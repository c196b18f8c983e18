//! Comparing verdicts: worse is one more issue, by control, field and container.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::core::{
    facts::Name,
    verdict::{Issue, Problem, State, Verdict},
};

/// What makes two issues of one control on one subject the same.
type Identity<'i> = (&'i str, Option<&'i Name>);

fn identity(issue: &Issue) -> Identity<'_> {
    (&issue.field, issue.container.as_ref())
}

/// The issues of a verdict after a request, apart by whether they were there before.
pub(super) struct Compared<'i> {
    /// Fail now, and not before.
    pub(super) newly_failing: Vec<&'i Issue>,
    /// Fail now as before.
    pub(super) still_failing: Vec<&'i Issue>,
    /// Unknown now, and not before; what Surety does not know counts even if it did not know it before.
    pub(super) newly_unknown: Vec<&'i Issue>,
}

/// Compares the verdict after a request with the one before; none where there was no such subject.
pub(super) fn compare<'i>(before: Option<&Verdict>, after: &'i Verdict, now: Timestamp) -> Compared<'i> {
    let of_before = |state: State| -> BTreeSet<Identity<'_>> {
        let issues = before.into_iter().flat_map(|verdict| &verdict.issues);
        issues.filter(|issue| issue.state(now) == state).map(identity).collect()
    };
    let (failed, unknown) = (of_before(State::Fail), of_before(State::Error));
    let in_state = |state: State| after.issues.iter().filter(move |issue| issue.state(now) == state);
    let (still_failing, newly_failing) =
        in_state(State::Fail).partition(|issue| failed.contains(&identity(issue)));
    let newly_unknown = in_state(State::Error).filter(|issue| {
        let is_our_own = matches!(issue.problem, Problem::Unknown(crate::core::facts::Unknown::NotKnown(_)));
        is_our_own || !unknown.contains(&identity(issue))
    });
    Compared { newly_failing, still_failing, newly_unknown: newly_unknown.collect() }
}
