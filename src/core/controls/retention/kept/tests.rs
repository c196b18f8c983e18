#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
use serde_json::json;

use super::*;
use crate::core::{
    controls::{
        retention::testkit::{claim, owned, owner, policy, tenant_until, volume_of},
        testkit::{Bench, at, namespace},
    },
    facts::{Labels, SourceState},
    verdict::State,
};

const NOW: &str = "2026-06-15T12:00:00Z";

/// `billing` was promised for seven years, from its creation on 15 June 2026.
fn bench() -> Bench {
    let bench = Bench::new(&CONTROL).with_text("dataClass", "billing").with_span("atLeast", "7y");
    bench.with(policy(&json!([{"name": "billing", "atLeast": "7y"}, {"name": "scratch"}])))
}

fn of(claim: PersistentVolumeClaim) -> Fact {
    Fact::PersistentVolumeClaim(claim)
}

fn going(mut claim: PersistentVolumeClaim) -> PersistentVolumeClaim {
    claim.meta.is_deleting = true;
    claim
}

#[test]
fn data_that_is_there_is_kept() {
    let verdict = bench().verdict_of(of(claim("db", "billing")));
    assert_eq!(verdict.issues, []);
    assert_eq!(
        verdict.evidence.wanted,
        "kept (data class `billing`): at least 7y (promised), until 2033-06-15T12:00:00Z"
    );
    assert_eq!(verdict.changes_at, Some(at("2033-06-15T12:00:00Z")), "then it was kept for its time");
}

#[test]
fn a_claim_that_is_being_deleted_before_its_time_fails_until_its_time_is_over() {
    let verdict = bench().verdict_of(of(going(claim("db", "billing"))));
    let wanted = Issue::fail(
        "metadata.deletionTimestamp",
        "it is being deleted",
        "kept (data class `billing`): at least 7y (promised), until 2033-06-15T12:00:00Z",
        "copy the data to another claim before the last pod that uses it ends",
    );
    assert_eq!(verdict.issues, [wanted]);
    assert_eq!(verdict.changes_at, Some(at("2033-06-15T12:00:00Z")));
    for (now, state) in [("2033-06-15T11:59:59Z", State::Fail), ("2033-06-15T12:00:00Z", State::Pass)] {
        assert_eq!(bench().now(now).state_of(of(going(claim("db", "billing")))), state, "{now}");
    }
}

#[test]
fn what_is_no_data_of_the_class_is_out_of_scope() {
    let unbound = PersistentVolumeClaim { is_bound: false, volume_name: None, ..claim("db", "billing") };
    let scratch = owned(claim("db", "billing"), owner("Pod", "web-0", true));
    for out_of_scope in [unbound, scratch, claim("db", "scratch"), claim("db", "")] {
        let state = bench().state_of(of(going(out_of_scope.clone())));
        assert_eq!(state, State::NotApplicable, "{out_of_scope:?}");
    }
}

#[test]
fn a_class_that_nobody_names_does_not_take_data_out_of_its_namespaces_class() {
    let labelled = namespace(Labels::from([("surety.dev/data-class", "billing")]));
    for (class, state) in [("", State::Fail), ("nonsense", State::Fail), ("scratch", State::NotApplicable)] {
        let bench = bench().with(labelled.clone());
        assert_eq!(bench.state_of(of(going(claim("db", class)))), state, "{class}");
    }
}

#[test]
fn a_class_that_the_tenant_does_not_list_does_not_count() {
    let mut tenant = tenant_until(None);
    tenant.data_classes = vec!["billing".to_owned()];
    tenant.default_data_class = Some("billing".to_owned());
    let bench = bench().with_tenant(tenant);
    assert_eq!(bench.state_of(of(going(claim("db", "scratch")))), State::Fail);
}

#[test]
fn while_the_contract_runs_and_after_it_has_ended() {
    let rows: [(&str, Option<&str>, [State; 3]); 3] = [
        // the contract's end; whileActive, afterTermination 30d, both
        (NOW, None, [State::Fail, State::Fail, State::Fail]),
        (NOW, Some("2026-06-01T00:00:00Z"), [State::Pass, State::Fail, State::Fail]),
        (NOW, Some("2026-05-01T00:00:00Z"), [State::Pass, State::Pass, State::Pass]),
    ];
    for (now, end, expected) in rows {
        let state = |while_active, after: Option<&str>| {
            let bench = Bench::new(&CONTROL).with_tenant(tenant_until(end)).now(now);
            let bench = bench.with_flag("whileActive", while_active);
            let bench = match after {
                Some(after) => bench.with_span("afterTermination", after),
                None => bench,
            };
            bench.state_of(of(going(claim("db", ""))))
        };
        let found = [state(true, None), state(false, Some("30d")), state(true, Some("30d"))];
        assert_eq!(found, expected, "{end:?}");
    }
}

#[test]
fn the_policys_own_figures_count_where_the_use_has_none() {
    let classes = policy(&json!([{"name": "log", "atLeast": "1y"}, {"name": "scratch"}]));
    let state = |class| Bench::new(&CONTROL).with(classes.clone()).state_of(of(going(claim("db", class))));
    assert_eq!(
        (state("log"), state("scratch"), state("")),
        (State::Fail, State::NotApplicable, State::NotApplicable)
    );
}

#[test]
fn a_promise_counted_from_the_last_use_has_no_end_that_could_be_seen() {
    let bench = bench().with_text("countFrom", "LastUse").now("2050-01-01T00:00:00Z");
    let verdict = bench.verdict_of(of(going(claim("db", "billing"))));
    assert_eq!((verdict.issues.len(), verdict.changes_at), (1, None));
}

#[test]
fn detect_a_released_volume_that_its_reclaim_policy_will_delete() {
    let volume = |is_released, is_retained| {
        Fact::PersistentVolume(PersistentVolume {
            is_retained,
            is_released,
            ..volume_of(&claim("db", "billing"))
        })
    };
    // The claim is gone, and its label with it.
    let labelled = || bench().with(namespace(Labels::from([("surety.dev/data-class", "billing")])));
    assert_eq!(labelled().state_of(volume(true, true)), State::Pass);
    assert_eq!(labelled().state_of(volume(false, false)), State::Pass);
    let verdict = labelled().verdict_of(volume(true, false));
    assert_eq!(verdict.issues[0].fix, "persistentVolumeReclaimPolicy: Retain");
    assert_eq!(verdict.issues[0].field, "spec.persistentVolumeReclaimPolicy");
}

#[test]
fn a_volume_whose_class_is_lost_owes_what_any_class_owes() {
    let released =
        PersistentVolume { is_released: true, is_retained: false, ..volume_of(&claim("db", "billing")) };
    assert_eq!(bench().state_of(Fact::PersistentVolume(released.clone())), State::Fail);
    let with_claim = bench().with(of(claim("db", "scratch")));
    assert_eq!(with_claim.state_of(Fact::PersistentVolume(released)), State::NotApplicable);
}

#[test]
fn a_namespace_of_the_class_is_kept_while_it_is_there() {
    let labelled = bench().with(namespace(Labels::from([("surety.dev/data-class", "billing")])));
    assert_eq!(labelled.verdict_on_namespace().state(at(NOW)), State::Pass);
    assert_eq!(bench().verdict_on_namespace().state(at(NOW)), State::NotApplicable);
}

#[test]
fn claims_that_are_not_listed_yet_leave_a_volume_unknown() {
    let bench = bench().with_source(Source::Claims, SourceState::Pending);
    let volume = Fact::PersistentVolume(volume_of(&claim("db", "billing")));
    assert_eq!(bench.state_of(volume), State::Error);
}

#[test]
fn a_policy_is_weaker_by_each_figure_below_the_promise() {
    let weaker = |class: serde_json::Value| {
        let bench = Bench::new(&CONTROL).with_text("dataClass", "account").with_span("atLeast", "1y");
        let bench = bench.with_span("afterTermination", "90d").with_flag("whileActive", true);
        bench.weaker(&policy(&json!([class])))
    };
    let field = |name: &str| format!("spec.classes[name=account].{name}");
    assert!(weaker(json!({"name": "account", "whileActive": true})).is_empty());
    assert!(weaker(json!({"name": "account", "atLeast": "13mo", "whileActive": true})).is_empty());
    assert!(weaker(json!({"name": "other", "atLeast": "1d"})).is_empty());
    assert!(weaker(json!({"name": "account", "forbidden": true})).is_empty());
    assert_eq!(weaker(json!({"name": "account"})), [field("whileActive")]);
    assert_eq!(
        weaker(json!({"name": "account", "atLeast": "364d", "afterTermination": "12w"})),
        [field("atLeast"), field("whileActive"), field("afterTermination")]
    );
}

#[test]
fn a_promise_about_all_classes_binds_every_class_of_a_policy() {
    let bench = Bench::new(&CONTROL).with_flag("whileActive", true);
    let policy = policy(&json!([{"name": "log", "atLeast": "30d"}, {"name": "card", "forbidden": true}]));
    assert_eq!(bench.weaker(&policy), ["spec.classes[name=log].whileActive"]);
}
