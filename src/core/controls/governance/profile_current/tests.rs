//! Documents that are current, undated, unlogged, overdue, changed or deleted in silence.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

use serde_json::{Value, json};

use super::*;
use crate::{
    core::{
        controls::testkit::{Bench, NOW, at, declared},
        facts::{Fact, Labels, ObjectKey},
        transition::{Act, Transition, Trusted},
        verdict::State,
    },
    index,
};

fn document(parameters: &Value) -> Value {
    json!({
        "title": "Promises", "version": "1.1", "effectiveDate": "2026-02-01", "tenantSelector": {},
        "changeLog": [
            {"version": "1.1", "date": "2026-01-15", "summary": "Backups are hourly."},
            {"version": "1.0", "date": "2025-06-01", "summary": "First version."},
        ],
        "commitments": [
            {"id": "B-1", "promise": "Changes are told.",
             "controls": [{"id": CONTROL.id, "parameters": parameters}]},
            {"id": "B-2", "promise": "Backups are kept for 30 days.", "figures": {"keepAtLeast": "30d"},
             "enforcement": "Deny",
             "controls": [{"id": "backup.retention", "parameters": {"atLeast": "30d"}},
                          {"id": "backup.covered"}]},
        ],
    })
}

fn profile(document: &Value) -> Fact {
    let spec: ProfileSpec = serde_json::from_value(document.clone()).unwrap();
    Fact::Profile(declared("promises", Labels::default(), spec))
}

fn bench(document: &Value) -> Bench {
    Bench::new(&CONTROL).with(profile(document))
}

fn verdict_on(bench: &Bench) -> Verdict {
    bench.verdict_on(&ObjectKey::cluster(Kind::Profile, "promises").into())
}

fn verdict_of(change: impl Fn(&mut Value)) -> Verdict {
    let mut document = document(&json!({}));
    change(&mut document);
    verdict_on(&bench(&document))
}

fn fields(verdict: &Verdict) -> Vec<&str> {
    verdict.issues.iter().map(|issue| issue.field.as_str()).collect()
}

#[test]
fn a_document_that_is_dated_logged_and_reviewed_passes_until_its_review_is_due() {
    let verdict = verdict_of(|_| ());
    assert_eq!(verdict.state(at(NOW)), State::Pass);
    assert_eq!(verdict.changes_at, Some(at("2027-01-15T00:00:00Z")));
    assert_eq!(verdict.evidence.found, "version 1.1, in effect from 2026-02-01");
}

#[test]
fn detect_what_a_document_lacks_each_at_its_own_field() {
    type Case = (fn(&mut Value), &'static [&'static str]);
    let cases: [Case; 6] = [
        (|d| d["effectiveDate"] = json!("2026-02-30"), &["spec.effectiveDate"]),
        (|d| d["effectiveDate"] = json!("2026-02-01T00:00"), &["spec.effectiveDate"]),
        (|d| d["version"] = json!("1.2"), &["spec.changeLog"]),
        (|d| d["changeLog"] = json!([]), &["spec.changeLog"]),
        (
            |d| d["changeLog"][0]["date"] = json!("2026-13-01"),
            &["spec.changeLog[version=1.1].date", "spec.reviewBy"],
        ),
        (|d| d["reviewBy"] = json!("2026-00-01"), &["spec.reviewBy"]),
    ];
    for (change, expected) in cases {
        let verdict = verdict_of(change);
        assert_eq!(fields(&verdict), expected);
        assert_eq!(verdict.state(at(NOW)), State::Fail);
    }
}

#[test]
fn the_finding_holds_the_line_to_add() {
    let expected = Issue::fail(
        "spec.changeLog",
        "no entry for version 1.2",
        "an entry for the current version",
        "add `- {version: \"1.2\", date: ..., summary: ...}` at the top of spec.changeLog",
    );
    assert_eq!(verdict_of(|d| d["version"] = json!("1.2")).issues, [expected]);
}

#[test]
fn detect_an_overdue_review_at_the_second_after_its_last_day() {
    let mut reviewed = document(&json!({}));
    reviewed["reviewBy"] = json!("2026-06-30");
    let due = "2026-07-01T00:00:00Z";
    let bench = bench(&reviewed);
    let verdict = verdict_on(&bench);
    assert_eq!((verdict.state(at(NOW)), verdict.changes_at), (State::Pass, Some(at(due))));
    let overdue = verdict_on(&bench.now(due));
    let expected = Issue::fail(
        "spec.reviewBy",
        "the review was due before 2026-07-01T00:00:00Z",
        "a review by 2026-06-30",
        "review the document, then write the day of the next review into spec.reviewBy",
    );
    assert_eq!(overdue.issues, [expected.since(at(due))]);
    assert_eq!(overdue.changes_at, None);
}

#[test]
fn the_review_is_due_within_the_promised_time_of_the_newest_change() {
    let document = document(&json!({"reviewWithin": "90d"}));
    let bench = bench(&document).with_span("reviewWithin", "90d");
    let verdict = verdict_on(&bench);
    assert_eq!(fields(&verdict), ["spec.reviewBy"]);
    assert_eq!(verdict.issues[0].since, Some(at("2026-04-15T00:00:00Z")));
}

#[test]
fn a_promised_summary_must_say_something() {
    let mut silent = document(&json!({"summary": true}));
    let promised = |document: &Value| verdict_on(&bench(document).with_flag("summary", true));
    assert_eq!(promised(&silent).state(at(NOW)), State::Pass);
    silent["changeLog"][0]["summary"] = json!("  ");
    assert_eq!(fields(&promised(&silent)), ["spec.changeLog[version=1.1].summary"]);
}

#[test]
fn what_this_version_cannot_show_stays_manual() {
    for part in ["notify", "public"] {
        let bench = bench(&document(&json!({part: true}))).with_flag(part, true);
        let verdict = verdict_on(&bench);
        assert_eq!((fields(&verdict), verdict.state(at(NOW))), (vec![part], State::Manual));
    }
}

#[test]
fn a_profile_is_judged_by_what_it_promises_itself() {
    let bench = bench(&document(&json!({"notify": true})));
    assert_eq!(verdict_on(&bench).state(at(NOW)), State::NotApplicable);
}

/// What the control says of an act on the profile, by `user`.
fn broken(operation: Operation, old: &Value, new: Option<&Value>, user: &str) -> Vec<Issue> {
    let mut before = bench(old).world;
    index::set_enforcing_since(&mut before, Some(at(NOW)));
    let mut after = before.clone();
    let key = ObjectKey::cluster(Kind::Profile, "promises");
    index::apply(
        &mut after,
        match new {
            Some(new) => crate::core::facts::Change::Apply(profile(new)),
            None => crate::core::facts::Change::Delete(key.clone()),
        },
    );
    let act = Act {
        operation,
        key,
        old: Some(profile(old)),
        new: new.map(profile),
        subresource: "".into(),
        user: user.into(),
        groups: Vec::new(),
        orphans_dependents: false,
        requested_deletion: None,
        canary: None,
    };
    let trusted = Trusted { surety: "surety".into(), engines: Vec::new() };
    (CONTROL.transition)(&Transition {
        before: &before,
        after: &after,
        act: &act,
        trusted: &trusted,
        now: at(NOW),
    })
}

fn found_in_update(change: impl Fn(&mut Value)) -> Option<String> {
    let old = document(&json!({}));
    let mut new = old.clone();
    change(&mut new);
    let issues = broken(Operation::Update, &old, Some(&new), "officer");
    assert!(issues.iter().all(|issue| issue.field == "spec.version"), "{issues:?}");
    issues.into_iter().next().map(|issue| issue.found)
}

#[test]
fn prevent_every_change_of_what_is_promised_under_a_known_version() {
    type Case = (fn(&mut Value), &'static str);
    let cases: [Case; 9] = [
        (|d| d["commitments"][1]["promise"] = json!("Backups are kept."), "B-2 promise"),
        (|d| d["commitments"][1]["figures"]["keepAtLeast"] = json!("7d"), "B-2 figures"),
        (|d| d["commitments"][1]["enforcement"] = json!("Audit"), "B-2 enforcement"),
        (
            |d| d["commitments"][1]["controls"][0]["parameters"]["atLeast"] = json!("7d"),
            "B-2 backup.retention",
        ),
        (|d| d["commitments"][1]["controls"][0]["enforcement"] = json!("Warn"), "B-2 backup.retention"),
        (|d| d["commitments"][1]["controls"] = json!([{"id": "backup.covered"}]), "B-2 backup.retention"),
        (|d| drop(d["commitments"].as_array_mut().unwrap().pop()), "B-2 removed"),
        (|d| d["commitments"][1]["id"] = json!("B-3"), "B-2 removed, B-3 added"),
        (
            |d| d["tenantSelector"] = json!({"matchLabels": {"tier": "gold"}}),
            "tenantSelector (1 fewer reached)",
        ),
    ];
    for (change, expected) in cases {
        let found = found_in_update(change);
        let expected = format!("version 1.1, which is known already, with changes: {expected}");
        assert_eq!(found, Some(expected));
    }
}

#[test]
fn a_new_version_needs_its_own_entry_and_an_old_one_is_not_new() {
    let change = |document: &mut Value, version: &str, entry: Option<Value>| {
        document["commitments"][1]["figures"]["keepAtLeast"] = json!("7d");
        document["version"] = json!(version);
        if let Some(entry) = entry {
            document["changeLog"].as_array_mut().unwrap().insert(0, entry);
        }
    };
    let entry = |version| Some(json!({"version": version, "date": "2026-06-01", "summary": "Less."}));
    assert_eq!(found_in_update(|d| change(d, "1.2", entry("1.2"))), None);
    let found = |text: &str| Some(format!("version {text}, with changes: B-2 figures"));
    assert_eq!(found_in_update(|d| change(d, "1.2", None)), found("1.2 without an entry in spec.changeLog"));
    assert_eq!(found_in_update(|d| change(d, "1.1", entry("1.2"))), found("1.1, which is known already"));
    assert_eq!(found_in_update(|d| change(d, "1.0", None)), found("1.0, which is known already"));
}

#[test]
fn what_promises_nothing_else_may_change_at_any_time() {
    let cases: [fn(&mut Value); 5] = [
        |_| (),
        |d| d["title"] = json!("The promises"),
        |d| d["reviewBy"] = json!("2027-01-01"),
        |d| d["commitments"][1]["weight"] = json!(8),
        |d| d["commitments"][1]["controls"].as_array_mut().unwrap().reverse(),
    ];
    for change in cases {
        assert_eq!(found_in_update(change), None);
    }
}

#[test]
fn a_long_list_of_changes_is_cut_and_counted() {
    let mut old = document(&json!({}));
    let commitments =
        (1..=12).map(|number| json!({"id": format!("C-{number}"), "promise": "A.", "controls": []}));
    old["commitments"].as_array_mut().unwrap().extend(commitments);
    let issues = broken(Operation::Update, &old, Some(&document(&json!({}))), "officer");
    let found = &issues[0].found;
    assert!(found.ends_with("C-7 removed, C-8 removed and 4 more"), "{found}");
}

#[test]
fn prevent_the_deletion_of_a_profile_that_reaches_a_tenant() {
    let reaching = document(&json!({}));
    let expected = Issue::fail(
        "spec.tenantSelector",
        "the profile reaches 1 tenant",
        "a profile that reaches none",
        "first write a new version, with its entry in spec.changeLog, whose tenantSelector reaches no tenant",
    );
    assert_eq!(broken(Operation::Delete, &reaching, None, "officer"), [expected]);
    assert_eq!(broken(Operation::Delete, &reaching, None, "surety"), []);
    let mut released = reaching;
    released["tenantSelector"] = json!({"matchLabels": {"tier": "gold"}});
    assert_eq!(broken(Operation::Delete, &released, None, "officer"), []);
}
