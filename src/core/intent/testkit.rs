//! For tests of intent: what stands against an update of a declaration.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::Objection;
use crate::{
    core::{
        control::Operation,
        controls::testkit::{Bench, NOW, at},
        facts::{Change, Fact, Name},
        transition::{Act, Transition, Trusted},
    },
    index,
};

/// A bench, whatever control it is for.
pub(super) fn bench() -> Bench {
    Bench::new(crate::core::controls::all().first().unwrap())
}

/// The objections to changing `old`, which is put into the bench, into `new`, as `judge` has them.
pub(super) fn objections_to(
    bench: Bench,
    old: Fact,
    new: Fact,
    judge: fn(&Transition<'_>) -> Vec<Objection>,
) -> Vec<Objection> {
    let before = bench.with(old.clone()).world;
    let mut after = before.clone();
    index::apply(&mut after, Change::Apply(new.clone()));
    let act = Act {
        operation: Operation::Update,
        key: new.key(),
        old: Some(old),
        new: Some(new),
        subresource: Name::default(),
        user: Name::from("officer"),
        groups: Vec::new(),
        orphans_dependents: false,
        requested_deletion: None,
        canary: None,
    };
    let trusted = Trusted::default();
    judge(&Transition { before: &before, after: &after, act: &act, trusted: &trusted, now: at(NOW) })
}
