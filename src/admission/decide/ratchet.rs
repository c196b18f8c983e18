//! Ratcheting: what was failing before is let through, for ever or until the moment that a promise or a policy sets. From
//! then on a request that changes what is failing, and leaves it failing, is refused. Scale, status, and what is part of
//! a controller pass whatever the moment.

use jiff::Timestamp;

use crate::core::{
    control::Operation, facts::Fact, field, subject::SubjectKey, transition::Transition, verdict::Issue,
};

/// Whether a request changes, on the subject itself, what an issue speaks of.
pub(super) fn is_touched(transition: &Transition<'_>, subject: &SubjectKey, issue: &Issue) -> bool {
    let act = transition.act;
    let (Operation::Update, Some(old), Some(new)) = (act.operation, &act.old, &act.new) else { return false };
    let is_own = *subject == SubjectKey::Object(act.key.clone()) && act.subresource.is_empty();
    let is_trusted = transition.is_by_surety() || transition.is_by_engine();
    let is_going = new.meta().is_some_and(|meta| meta.is_deleting);
    is_own
        && !is_trusted
        && !is_going
        && !is_part_of_controller(transition, old)
        && field::is_changed(old, new, &issue.field)
}

fn is_part_of_controller(transition: &Transition<'_>, fact: &Fact) -> bool {
    let Fact::Workload(workload) = fact else { return false };
    transition.before.controller_of(workload).is_some()
}

/// The same issue, saying from when on a change to it is refused, and by whose word.
pub(super) fn dated(issue: &Issue, from: Timestamp, by: impl std::fmt::Display, now: Timestamp) -> Issue {
    let since = if from <= now { "since" } else { "from" };
    let wanted = &issue.wanted;
    Issue {
        wanted: format!(
            "{wanted}; {since} {from}, a change is refused where it was failing before too ({by})"
        ),
        ..issue.clone()
    }
}
