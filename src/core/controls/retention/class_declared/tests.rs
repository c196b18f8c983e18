#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::{
    api::TenantSpec,
    core::{
        controls::{
            retention::testkit::{Acting, claim, class_label, policy, promises},
            testkit::{Bench, at, namespace, pod, workload},
        },
        facts::{Change, ClaimTemplate, PersistentVolumeClaim, PodTemplate, PodVolume},
        subject::SubjectKey,
        verdict::State,
    },
    index,
};

const NOW: &str = "2026-06-15T12:00:00Z";

fn classes() -> Fact {
    policy(&json!([
        {"name": "account", "whileActive": true},
        {"name": "log", "atLeast": "30d"},
        {"name": "billing", "atLeast": "7y"},
        {"name": "card", "forbidden": true},
    ]))
}

fn bench() -> Bench {
    Bench::new(&CONTROL).with(classes())
}

fn of(claim: PersistentVolumeClaim) -> Fact {
    Fact::PersistentVolumeClaim(claim)
}

fn tenant(listed: &[&str], default: Option<&str>) -> TenantSpec {
    TenantSpec {
        data_classes: listed.iter().map(|class| (*class).to_owned()).collect(),
        default_data_class: default.map(str::to_owned),
        ..TenantSpec::default()
    }
}

#[test]
fn a_claim_has_its_own_class_or_its_namespaces_or_the_tenants() {
    assert_eq!(bench().state_of(of(claim("db", "account"))), State::Pass);
    assert_eq!(bench().state_of(of(claim("db", ""))), State::Fail);
    assert_eq!(bench().with(namespace(class_label("log"))).state_of(of(claim("db", ""))), State::Pass);
    assert_eq!(bench().with_tenant(tenant(&[], Some("log"))).state_of(of(claim("db", ""))), State::Pass);
    let of_namespace = bench().with(namespace(class_label("card")));
    assert_eq!(of_namespace.with_tenant(tenant(&[], Some("log"))).state_of(of(claim("db", ""))), State::Fail);
}

#[test]
fn a_claim_without_a_class_is_told_which_line_to_add() {
    let verdict = bench().verdict_of(of(claim("db", "")));
    let wanted = Issue::fail(
        "metadata.labels[surety.dev/data-class]",
        "no data class",
        "a known, permitted class",
        "surety.dev/data-class: one of account, billing, log",
    );
    assert_eq!(verdict.issues, [wanted]);
    let verdict = Bench::new(&CONTROL).verdict_of(of(claim("db", "")));
    assert!(verdict.issues[0].fix.starts_with("have an operator name"), "{verdict:?}");
}

#[test]
fn a_class_must_be_listed_by_the_tenant_and_where_it_lists_none_named_by_a_policy() {
    let state =
        |listed: &[&str], class| bench().with_tenant(tenant(listed, None)).state_of(of(claim("db", class)));
    for (listed, class, expected) in [
        (&[][..], "log", State::Pass),
        (&[], "nonsense", State::Fail),
        (&["log"], "log", State::Pass),
        (&["log"], "account", State::Fail),
        (&["own"], "own", State::Pass),
        (&["card"], "card", State::Fail),
    ] {
        assert_eq!(state(listed, class), expected, "{class} of {listed:?}");
    }
}

#[test]
fn a_class_that_must_not_exist_fails_by_promise_and_by_policy() {
    let found = |bench: Bench, class| bench.verdict_of(of(claim("db", class))).issues[0].found.clone();
    assert_eq!(found(bench(), "card"), "class `card`, which RetentionPolicy keep forbids");
    assert_eq!(found(bench().with_list("forbidden", &["log"]), "log"), "class `log`, which must not exist");
    assert_eq!(found(bench(), "nonsense"), "class `nonsense`, which is not known");
}

#[test]
fn a_missing_class_counts_only_where_classes_are_required() {
    let optional = || bench().with_flag("required", false);
    assert_eq!(optional().state_of(of(claim("db", ""))), State::NotApplicable);
    assert_eq!(optional().state_of(of(claim("db", "card"))), State::Fail);
}

#[test]
fn a_namespace_is_judged_only_by_a_class_of_its_own() {
    let state = |class| bench().with(namespace(class_label(class))).verdict_on_namespace().state(at(NOW));
    assert_eq!([state(""), state("log"), state("card")], [State::NotApplicable, State::Pass, State::Fail]);
    assert_eq!(
        bench().with_tenant(tenant(&[], Some("card"))).verdict_on_namespace().state(at(NOW)),
        State::NotApplicable
    );
}

fn template(name: &str, class: &str) -> ClaimTemplate {
    ClaimTemplate { name: name.into(), labels: class_label(class), ..ClaimTemplate::default() }
}

#[test]
fn every_claim_template_of_a_workload_is_judged_at_its_own_field() {
    let scratch = VolumeSource::Ephemeral(template("scratch", "card"));
    let volumes = vec![PodVolume { name: "scratch".into(), source: scratch }];
    let Fact::Workload(set) =
        workload(Kind::StatefulSet, "db", PodTemplate { volumes, ..PodTemplate::default() })
    else {
        return;
    };
    let claim_templates = Arc::from([template("data", ""), template("log", "log")]);
    let verdict = bench().verdict_of(Fact::Workload(Workload { claim_templates, ..set }));
    let fields: Vec<&str> = verdict.issues.iter().map(|issue| issue.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "spec.volumeClaimTemplates[name=data].metadata.labels[surety.dev/data-class]",
            "spec.template.spec.volumes[name=scratch].ephemeral.volumeClaimTemplate.metadata.labels[surety.dev/data-class]",
        ]
    );
    assert_eq!(bench().state_of(pod("web", PodTemplate::default())), State::NotApplicable);
}

#[test]
fn the_effective_policy_requires_classes_and_forbids_what_any_policy_forbids() {
    let plan = bench().world.plan("acme").unwrap().clone();
    let requirement = plan.requirements.iter().find(|use_of| use_of.control == &CONTROL).unwrap();
    assert!(requirement.parameters.flag("required"));
    assert_eq!(requirement.parameters.list("forbidden"), [Name::from("card")]);
}

#[test]
fn a_policy_is_weaker_without_classes_or_with_a_forbidden_one() {
    let bench = Bench::new(&CONTROL).with_list("forbidden", &["card"]);
    assert!(bench.weaker(&classes()).is_empty());
    assert_eq!(bench.weaker(&policy(&json!([{"name": "card"}]))), ["spec.classes[name=card].forbidden"]);
    let Fact::RetentionPolicy(mut without) = classes() else { return };
    Arc::make_mut(&mut without.spec).requires_class = false;
    assert_eq!(bench.weaker(&Fact::RetentionPolicy(without)), ["spec.requiresClass"]);
}

#[test]
fn prevent_moving_data_to_a_class_that_is_kept_for_a_shorter_time() {
    let bench = bench().with(promises(&[json!({"dataClass": "log", "atLeast": "1y"})]));
    let change = |from, to| Acting::on(&CONTROL, &bench).update(of(claim("db", from)), of(claim("db", to)));
    let wanted = Issue::fail(
        "metadata.labels[surety.dev/data-class]",
        "moved to data class `log`",
        "a class that is kept at least 7y (RetentionPolicy keep) like `billing`",
        "surety.dev/data-class: billing",
    );
    assert_eq!(change("billing", "log"), [wanted]);
    for (from, to, refused) in [
        ("log", "billing", 0),
        ("billing", "billing", 0),
        ("billing", "", 1),
        ("account", "billing", 1),
        ("", "log", 0),
    ] {
        assert_eq!(change(from, to).len(), refused, "{from} to {to}");
    }
}

#[test]
fn a_class_that_does_not_count_moves_nothing() {
    let bench = bench().with(namespace(class_label("billing")));
    let change =
        |from, to| Acting::on(&CONTROL, &bench).update(of(claim("db", from)), of(claim("db", to))).len();
    assert_eq!(change("billing", "nonsense"), 0);
    assert_eq!(change("billing", ""), 0);
    assert_eq!(change("billing", "log"), 1);
}

#[test]
fn a_claim_that_holds_no_data_may_be_moved() {
    let unbound =
        |class| of(PersistentVolumeClaim { is_bound: false, volume_name: None, ..claim("db", class) });
    let bench = bench();
    assert_eq!(Acting::on(&CONTROL, &bench).update(unbound("billing"), unbound("log")), []);
}

#[test]
fn prevent_moving_a_namespace_to_a_weaker_class() {
    let bench = bench().with(namespace(class_label("billing"))).with_tenant(tenant(&[], Some("log")));
    let change = |to| {
        Acting::on(&CONTROL, &bench)
            .update(namespace(class_label("billing")), namespace(class_label(to)))
            .len()
    };
    assert_eq!([change("billing"), change("log"), change("")], [0, 1, 1]);
}

#[test]
fn prevent_a_label_taken_from_a_namespace_makes_its_claims_worse() {
    let mut bench = bench().with(namespace(class_label("log"))).with(of(claim("db", "")));
    let subject = SubjectKey::from(claim("db", "").key());
    let before = bench.world.clone();
    assert_eq!(bench.verdict_on(&subject).state(at(NOW)), State::Pass);
    let change = Change::Apply(namespace(Labels::default()));
    index::apply(&mut bench.world, change.clone());
    assert_eq!(bench.verdict_on(&subject).state(at(NOW)), State::Fail);
    let touched = index::touched(&before, &bench.world, &change, 10).subjects;
    assert!(touched.iter().any(|touched| touched.subject == subject));
}

#[test]
fn detect_a_forbidden_class_in_what_is_there_already() {
    let bench = bench().with(of(claim("db", "card")));
    assert_eq!(bench.verdict_on(&claim("db", "card").key().into()).state(at(NOW)), State::Fail);
}
