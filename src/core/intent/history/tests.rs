//! What may become of a change log.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::*;
use crate::{
    api::{Enforcement, ProfileSpec},
    core::{
        controls::testkit::declared,
        facts::Labels,
        intent::testkit::{bench, objections_to},
    },
};

fn entry(version: &str, summary: &str) -> ChangeLogEntry {
    ChangeLogEntry { version: version.to_owned(), date: "2026-06-01".to_owned(), summary: summary.to_owned() }
}

fn profile(change_log: Vec<ChangeLogEntry>) -> Fact {
    let spec = ProfileSpec {
        effective_date: "2026-01-01".to_owned(),
        version: "2".to_owned(),
        change_log,
        ..ProfileSpec::default()
    };
    Fact::Profile(declared("promises", Labels::default(), spec))
}

/// What stands against the change of one log into another: where, and what was found.
fn against(old: Vec<ChangeLogEntry>, new: Vec<ChangeLogEntry>) -> Vec<(String, String)> {
    let objections = objections_to(bench(), profile(old), profile(new), objections);
    assert!(objections.iter().all(|objection| objection.enforcement == Enforcement::Deny));
    objections.into_iter().map(|objection| (objection.issue.field, objection.issue.found)).collect()
}

#[test]
fn what_a_change_log_told_is_added_to_and_never_rewritten() {
    type Case = (&'static str, Vec<ChangeLogEntry>, &'static [(&'static str, &'static str)]);
    let (second, first) = (|| entry("2", "Shorter."), || entry("1", "The first."));
    let old = || vec![second(), first()];
    let cases: [Case; 7] = [
        ("nothing", old(), &[]),
        ("one more on top", vec![entry("3", "Longer."), second(), first()], &[]),
        ("one more at the end", vec![second(), first(), entry("0", "A draft.")], &[]),
        ("another order", vec![first(), second()], &[]),
        ("an edit", vec![second(), entry("1", "Never was.")], &[("spec.changeLog[version=1]", "changed")]),
        ("a removal", vec![second()], &[("spec.changeLog[version=1]", "removed")]),
        (
            "all of it",
            vec![entry("3", "Anew.")],
            &[("spec.changeLog[version=2]", "removed"), ("spec.changeLog[version=1]", "removed")],
        ),
    ];
    for (what, new, expected) in cases {
        let expected: Vec<_> =
            expected.iter().map(|(field, found)| ((*field).to_owned(), (*found).to_owned())).collect();
        assert_eq!(against(old(), new), expected, "{what}");
    }
}

#[test]
fn a_full_log_loses_its_oldest_entries_for_new_ones_and_no_other() {
    let entries = |range: std::ops::Range<usize>| -> Vec<ChangeLogEntry> {
        range.rev().map(|number| entry(&number.to_string(), "A change.")).collect()
    };
    assert_eq!(against(entries(0..64), entries(2..66)), []);
    let mut without_one = entries(0..65);
    without_one.remove(10);
    let expected = ("spec.changeLog[version=54]".to_owned(), "removed".to_owned());
    assert_eq!(against(entries(0..64), without_one), [expected]);
    let removed = ("spec.changeLog[version=0]".to_owned(), "removed".to_owned());
    assert_eq!(against(entries(0..63), entries(1..63)), [removed], "it was not full");
}

#[test]
fn the_refusal_says_what_was_told_and_how_to_correct_it() {
    let edited = vec![entry("1", "Never was.")];
    let objections =
        objections_to(bench(), profile(vec![entry("1", "The first.")]), profile(edited), objections);
    let expected = Issue::fail(
        "spec.changeLog[version=1]",
        "changed",
        "the entry as it was: 2026-06-01, \"The first.\"",
        "leave what was told as it is, and tell of a correction in the entry of a new version",
    );
    assert_eq!(objections.into_iter().map(|objection| objection.issue).collect::<Vec<_>>(), [expected]);
}
