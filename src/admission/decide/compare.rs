//! Comparing verdicts: worse is one more issue, by control, field and container.
//!
//! Waiting for what another object can still supply is no fault. Taking away what had been supplied is.

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
    let (still_failing, mut newly_failing): (Vec<_>, Vec<_>) =
        in_state(State::Fail).partition(|issue| failed.contains(&identity(issue)));
    newly_failing
        .extend(in_state(State::Pending).filter(|issue| before.is_some_and(|b| had_supplied(b, issue))));
    let newly_unknown = in_state(State::Error).filter(|issue| {
        let is_our_own = matches!(issue.problem, Problem::Unknown(crate::core::facts::Unknown::NotKnown(_)));
        is_our_own || !unknown.contains(&identity(issue))
    });
    Compared { newly_failing, still_failing, newly_unknown: newly_unknown.collect() }
}

/// Whether what is waited for now was there before.
fn had_supplied(before: &Verdict, awaited: &Issue) -> bool {
    let did_apply = before.not_applicable.is_none();
    did_apply && before.issues.iter().all(|issue| identity(issue) != identity(awaited))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    fn waiting(field: &str) -> Issue {
        let due = Timestamp::from_second(100).unwrap();
        Issue::fail(field, "not there", "there", "apply it").with_problem(Problem::Pending { due })
    }

    #[test]
    fn waiting_is_no_fault_but_taking_away_what_was_supplied_is() {
        let now = Timestamp::from_second(1).unwrap();
        let after = Verdict::issue(waiting("fence"));
        for (what, before, newly_failing) in [
            ("new", None, 0),
            ("it did not apply", Some(Verdict::not_applicable("no pods")), 0),
            ("it was waited for", Some(Verdict::issue(waiting("fence"))), 0),
            ("it was there", Some(Verdict::pass("fenced")), 1),
            ("it was there, something else was not", Some(Verdict::issue(waiting("label"))), 1),
        ] {
            let compared = compare(before.as_ref(), &after, now);
            assert_eq!(compared.newly_failing.len(), newly_failing, "{what}");
        }
    }
}
