//! The canary: a request of Surety's own that must be refused, so that it is known whether what must be refused is.
//!
//! It is answered by the same decision as every request, as if a promise stood behind it. Where Surety could not judge
//! others, it cannot refuse this one either: a proof that is easier than the thing proves nothing.

use super::{
    facts::{Ignorance, Source},
    transition::Transition,
    verdict::Issue,
};

/// The answer to a canary's request: its refusal, or why nothing can be refused now; none to any other request.
pub fn answer(transition: &Transition<'_>) -> Option<Result<Issue, Ignorance>> {
    let nonce = transition.act.canary.as_ref().filter(|_| transition.is_by_surety())?;
    let mut required = Source::ALL.iter().copied().filter(|source| source.is_required());
    let ignorance = required.find_map(|source| transition.before.source_state(source).ignorance(source));
    Some(match ignorance {
        Some(ignorance) => Err(ignorance),
        None => Ok(refusal(nonce)),
    })
}

fn refusal(nonce: &str) -> Issue {
    Issue::fail(
        "",
        format!("canary {nonce}"),
        "a canary that stays as it is: Surety asks whether it refuses",
        "",
    )
}
