//! Which changes of a Tenant release a promise.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

use serde_json::{Value, json};

use super::*;
use crate::{
    api::{BackupPolicySpec, RetentionPolicySpec, WaiverSpec},
    core::{
        controls::testkit::{Bench, TENANT, declared},
        facts::Labels,
        intent::testkit::{bench, objections_to},
    },
};

fn tenant(tier: &str, spec: &Value) -> Fact {
    let spec: TenantSpec = serde_json::from_value(spec.clone()).unwrap();
    Fact::Tenant(declared(TENANT, Labels::from([("tier", tier)]), spec))
}

fn only(tier: &str) -> Value {
    json!({"matchLabels": {"tier": tier}})
}

fn profile(name: &str, selector: &Value, commitments: &Value) -> Fact {
    let spec: ProfileSpec = serde_json::from_value(json!({
        "title": name, "version": "1", "effectiveDate": "2026-01-01", "tenantSelector": selector,
        "commitments": commitments,
    }))
    .unwrap();
    Fact::Profile(declared(name, Labels::default(), spec))
}

fn commitment(id: &str, enforcement: &str, control: &str, parameters: &Value) -> Value {
    json!({
        "id": id, "promise": format!("Promise {id}."), "enforcement": enforcement,
        "controls": [{"id": control, "parameters": parameters}],
    })
}

fn backups(enforcement: &str) -> Value {
    commitment("B-1", enforcement, "backup.recovery-point-age", &json!({"every": "1h"}))
}

fn backup_policy(name: &str, selector: &Value) -> Fact {
    let spec = json!({"tenantSelector": selector, "engine": {}, "schedule": "0 * * * *"});
    let spec: BackupPolicySpec = serde_json::from_value(spec).unwrap();
    Fact::BackupPolicy(declared(name, Labels::default(), spec))
}

fn waiver(about: &Value) -> Fact {
    let mut spec = json!({
        "scope": {"tenantSelector": {}}, "reason": "they leave for another plan", "approver": "ciso",
        "expiresAt": "2026-07-01T00:00:00Z",
    });
    spec.as_object_mut().unwrap().extend(about.as_object().unwrap().clone());
    let spec: WaiverSpec = serde_json::from_value(spec).unwrap();
    Fact::Waiver(declared("w-1", Labels::default(), spec))
}

fn moved(bench: Bench) -> Vec<Objection> {
    objections_to(bench, tenant("gold", &json!({})), tenant("silver", &json!({})), objections)
}

#[test]
fn a_label_that_takes_a_tenant_out_of_reach_of_a_profile_is_answered_as_strictly_as_its_promises() {
    type Case = (&'static str, Vec<Fact>, Option<Enforcement>);
    let told = |enforcement: &str| profile("gold", &only("gold"), &json!([backups(enforcement)]));
    let same_for_silver =
        |enforcement: &str| profile("silver", &only("silver"), &json!([backups(enforcement)]));
    let weaker_for_silver = || {
        let rarer = commitment("B-1", "Deny", "backup.recovery-point-age", &json!({"every": "1d"}));
        profile("silver", &only("silver"), &json!([rarer]))
    };
    let of_commitment = json!({"commitment": {"profile": "gold", "id": "B-1"}});
    let cases: [Case; 10] = [
        ("under Deny", vec![told("Deny")], Some(Enforcement::Deny)),
        ("under Warn", vec![told("Warn")], Some(Enforcement::Warn)),
        ("under Audit", vec![told("Audit")], Some(Enforcement::Audit)),
        ("the profile reaches all", vec![profile("all", &json!({}), &json!([backups("Deny")]))], None),
        ("another promises the same", vec![told("Deny"), same_for_silver("Deny")], None),
        ("another, less strictly", vec![told("Deny"), same_for_silver("Warn")], Some(Enforcement::Deny)),
        ("another promises less", vec![told("Deny"), weaker_for_silver()], Some(Enforcement::Deny)),
        ("the commitment is waived", vec![told("Deny"), waiver(&of_commitment)], None),
        (
            "the control is waived",
            vec![told("Deny"), waiver(&json!({"control": "backup.recovery-point-age"}))],
            None,
        ),
        (
            "something else is waived",
            vec![told("Deny"), waiver(&json!({"control": "backup.covered"}))],
            Some(Enforcement::Deny),
        ),
    ];
    for (what, facts, expected) in cases {
        let bench = facts.into_iter().fold(bench(), Bench::with);
        let found: Vec<Enforcement> = moved(bench).iter().map(|objection| objection.enforcement).collect();
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{what}");
    }
}

#[test]
fn the_refusal_names_the_strictest_promise_and_how_many_go_with_it() {
    let commitments = json!([backups("Warn"), commitment("C-1", "Deny", "backup.covered", &json!({}))]);
    let [objection] = moved(bench().with(profile("gold", &only("gold"), &commitments))).try_into().unwrap();
    let expected = Objection {
        control: "",
        commitment: "gold/C-1".to_owned(),
        promise: "Promise C-1.".to_owned(),
        issue: Issue::fail(
            "metadata.labels",
            "labels that Profile gold does not select: 2 commitments released",
            "labels that its tenantSelector selects",
            "keep the labels, let a profile that promises the same reach the tenant first, or waive the commitments",
        ),
        enforcement: Enforcement::Deny,
    };
    assert_eq!(objection, expected);
}

#[test]
fn a_tenants_enforcement_caps_the_answer_as_it_was_and_not_as_the_request_has_it() {
    for (before, after, expected) in
        [("Warn", "Warn", Enforcement::Warn), ("Deny", "Audit", Enforcement::Deny)]
    {
        let bench = bench().with(profile("gold", &only("gold"), &json!([backups("Deny")])));
        let (old, new) = (json!({"enforcement": before}), json!({"enforcement": after}));
        let found = objections_to(bench, tenant("gold", &old), tenant("silver", &new), objections);
        assert_eq!(found[0].enforcement, expected, "{before} {after}");
    }
}

#[test]
fn a_label_that_takes_a_tenant_out_of_reach_of_the_last_policy_of_a_kind_is_a_loosening() {
    let promise = || profile("all", &json!({}), &json!([backups("Deny")]));
    let another = || backup_policy("hourly", &json!({}));
    let gold = || backup_policy("gold", &only("gold"));
    for (what, facts, expected) in [
        ("the last", vec![promise(), gold()], 1),
        ("another reaches it still", vec![promise(), gold(), another()], 0),
        ("nobody promises what it upholds", vec![gold()], 0),
        ("waived", vec![promise(), gold(), waiver(&json!({"control": "backup.recovery-point-age"}))], 0),
    ] {
        let found = moved(facts.into_iter().fold(bench(), Bench::with));
        assert_eq!(found.len(), expected, "{what}");
        if let [objection] = found.as_slice() {
            let issue = Issue::fail(
                "metadata.labels",
                "no BackupPolicy would reach tenant acme any more",
                "a BackupPolicy that upholds the promise",
                "let another BackupPolicy reach the tenant first, or waive the commitment",
            );
            assert_eq!((&objection.issue, objection.enforcement), (&issue, Enforcement::Deny), "{what}");
        }
    }
}

fn kept(class: &str, enforcement: &str, parameters: &Value) -> Fact {
    let mut parameters = parameters.clone();
    parameters["dataClass"] = json!(class);
    let kept = commitment(&format!("K-{class}"), enforcement, "retention.kept", &parameters);
    profile(class, &json!({}), &json!([kept]))
}

fn changed(bench: Bench, old: &Value, new: &Value) -> Vec<Objection> {
    objections_to(bench, tenant("gold", old), tenant("gold", new), objections)
}

#[test]
fn an_earlier_end_of_the_contract_is_a_loosening_where_data_is_kept_by_it() {
    type Case<'c> = (&'c str, Fact, Option<&'c str>, Option<&'c str>, usize);
    let ends = |end: Option<&str>| end.map_or_else(|| json!({}), |end| json!({"contract": {"end": end}}));
    let (past, now) = ("2026-06-01T00:00:00Z", "2026-06-15T12:00:00Z");
    let (soon, late) = ("2026-07-01T00:00:00Z", "2026-12-31T00:00:00Z");
    let active = || kept("support", "Deny", &json!({"whileActive": true}));
    let after = || kept("support", "Deny", &json!({"afterTermination": "30d"}));
    let for_a_year = || kept("support", "Deny", &json!({"atLeast": "1y"}));
    let cases: [Case<'_>; 12] = [
        ("brought forward", active(), Some(late), Some(soon), 1),
        ("put off", active(), Some(soon), Some(late), 0),
        ("as it was", active(), Some(late), Some(late), 0),
        ("taken away", active(), Some(late), None, 0),
        ("set for the first time", active(), None, Some(soon), 0),
        ("set to now", active(), None, Some(now), 0),
        ("set to this morning", active(), None, Some("2026-06-15T00:00:00Z"), 0),
        ("set to the past", active(), None, Some(past), 1),
        ("over already", active(), Some(past), Some("2026-05-01T00:00:00Z"), 0),
        ("kept beyond the end", after(), Some(past), Some("2026-05-01T00:00:00Z"), 1),
        (
            "kept beyond the end, which is over",
            after(),
            Some("2026-05-01T00:00:00Z"),
            Some("2026-04-01T00:00:00Z"),
            0,
        ),
        ("kept by its own age", for_a_year(), Some(late), Some(soon), 0),
    ];
    for (what, promise, old, new, expected) in cases {
        let found = changed(bench().with(promise), &ends(old), &ends(new));
        assert_eq!(found.len(), expected, "{what}: {found:?}");
    }
    let [objection] =
        changed(bench().with(after()), &ends(Some(late)), &ends(Some(soon))).try_into().unwrap();
    let issue = Issue::fail(
        "spec.contract.end",
        soon,
        format!(
            "an end not before {late}, because data is kept 30d after the contract's end (support/K-support)"
        ),
        "leave the end of the contract as it was agreed",
    );
    assert_eq!(objection.issue, issue.demanded_by(&["support/K-support".to_owned()]));
    assert_eq!((objection.control, objection.enforcement), ("retention.kept", Enforcement::Deny));
    assert_eq!(objection.promise, "Promise K-support.");
}

#[test]
fn what_becomes_free_is_answered_as_strictly_as_those_ask_who_keep_it() {
    let ends = |end: &str| json!({"contract": {"end": end}});
    let (late, soon) = (ends("2026-12-31T00:00:00Z"), ends("2026-07-01T00:00:00Z"));
    let active = |enforcement| kept("support", enforcement, &json!({"whileActive": true}));
    let spec = json!({
        "tenantSelector": {}, "enforcement": "Deny", "classes": [{"name": "billing", "afterTermination": "30d"}],
    });
    let spec: RetentionPolicySpec = serde_json::from_value(spec).unwrap();
    let policy = || Fact::RetentionPolicy(declared("keep", Labels::default(), spec.clone()));
    for (what, facts, expected) in [
        ("a promise under Warn", vec![active("Warn")], Some((Enforcement::Warn, "support/K-support"))),
        ("a policy under Deny", vec![policy()], Some((Enforcement::Deny, "RetentionPolicy keep"))),
        ("both", vec![active("Warn"), policy()], Some((Enforcement::Deny, "RetentionPolicy keep"))),
        ("waived", vec![active("Deny"), waiver(&json!({"control": "retention.kept"}))], None),
    ] {
        let found = changed(facts.into_iter().fold(bench(), Bench::with), &late, &soon);
        let found: Vec<_> =
            found.iter().map(|found| (found.enforcement, found.commitment.as_str())).collect();
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{what}");
    }
}

#[test]
fn a_weaker_default_class_and_a_class_that_is_taken_out_free_what_was_kept_by_them() {
    let promises = || {
        let year = kept("billing", "Deny", &json!({"atLeast": "1y"}));
        bench().with(year).with(kept("support", "Deny", &json!({"atLeast": "30d"})))
    };
    let spec = |default: Option<&str>, listed: &[&str]| {
        let mut spec = json!({"dataClasses": listed});
        if let Some(default) = default {
            spec["defaultDataClass"] = json!(default);
        }
        spec
    };
    let both = ["billing", "support"];
    let (default, list) = ("spec.defaultDataClass", "spec.dataClasses");
    for (what, old, new, expected) in [
        ("a stronger one", spec(Some("support"), &both), spec(Some("billing"), &both), vec![]),
        ("a weaker one", spec(Some("billing"), &both), spec(Some("support"), &both), vec![default]),
        ("none", spec(Some("billing"), &both), spec(None, &both), vec![default]),
        ("a first one", spec(None, &both), spec(Some("support"), &both), vec![]),
        (
            "a class less, to a weaker",
            spec(Some("support"), &both),
            spec(Some("support"), &["support"]),
            vec![list],
        ),
        (
            "a class less, to a stronger",
            spec(Some("billing"), &both),
            spec(Some("billing"), &["billing"]),
            vec![],
        ),
        ("a class less of any", spec(None, &[]), spec(None, &["support"]), vec![list]),
        ("a class more", spec(None, &["support"]), spec(None, &both), vec![]),
        ("any class", spec(None, &["support"]), spec(None, &[]), vec![]),
    ] {
        let found = changed(promises(), &old, &new);
        let found: Vec<&str> = found.iter().map(|objection| objection.issue.field.as_str()).collect();
        assert_eq!(found, expected, "{what}");
    }
    let [objection] =
        changed(promises(), &spec(Some("billing"), &both), &spec(Some("support"), &both)).try_into().unwrap();
    let issue = Issue::fail(
        default,
        "what is `billing` becomes data class `support`",
        "a class that is kept at least 1y (billing/K-billing), like `billing`",
        "defaultDataClass: billing",
    );
    assert_eq!(objection.issue, issue.demanded_by(&["billing/K-billing".to_owned()]));
}
