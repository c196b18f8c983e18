//! Waivers: the one function that says whether a breach is accepted, for webhook, controller, command line and reports.

use jiff::Timestamp;

use super::{
    facts::{Declared, Name},
    plan::{Demander, Plan},
    subject::SubjectKey,
};
use crate::api::{Span, Unit, WaiverSpec, waiver::WaiverScope};

/// The longest time ahead that a waiver may expire.
pub fn longest_waiver() -> Span {
    Span::new(1, Unit::Year)
}

/// The waiver that accepts a breach of `control`, demanded by `demander`, on `subject` at `now`: of all that do the one
/// that expires last.
pub fn accepting<'a>(
    plan: &'a Plan,
    control: &str,
    demander: &Demander,
    subject: &SubjectKey,
    now: Timestamp,
) -> Option<&'a Declared<WaiverSpec>> {
    let live = plan.waivers.iter().filter(|waiver| is_live(&waiver.spec, now));
    let covering = live
        .filter(|waiver| is_about(&waiver.spec, control, demander) && covers(&waiver.spec.scope, subject));
    covering
        .max_by_key(|waiver| (waiver.spec.expires_at, std::cmp::Reverse(waiver.name.clone())))
        .map(AsRef::as_ref)
}

/// Whether a waiver still counts.
pub fn is_live(waiver: &WaiverSpec, now: Timestamp) -> bool {
    now < waiver.expires_at
}

fn is_about(waiver: &WaiverSpec, control: &str, demander: &Demander) -> bool {
    let names_commitment = waiver.commitment.as_ref().is_some_and(|reference| {
        matches!(demander, Demander::Commitment { profile, id }
            if **profile == *reference.profile && **id == *reference.id)
    });
    names_commitment || waiver.control.as_deref() == Some(control)
}

fn covers(scope: &WaiverScope, subject: &SubjectKey) -> bool {
    let matches = |wanted: Option<&String>, found: Option<&str>| {
        wanted.is_none_or(|wanted| found == Some(wanted.as_str()))
    };
    matches(scope.namespace.as_ref(), subject.namespace().map(Name::as_str))
        && matches(scope.kind.as_ref(), Some(subject.kind_name()))
        && matches(scope.name.as_ref(), Some(&subject.name()))
}
