#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::core::{
    controls::{
        retention::{
            kept::CONTROL,
            testkit::{Acting, claim, owned, owner, policy, promises, tenant_until, volume_of},
        },
        testkit::{Bench, NAMESPACE, at, namespace, workload},
    },
    facts::{Change, Ignorance, Labels, ObjectKey, PodTemplate, SourceState, Workload},
};

const NAMESPACE_CONTROLLER: &str = "system:serviceaccount:kube-system:namespace-controller";
/// When seven years from the creation of every object of these tests are over.
const SEVEN_YEARS_ON: &str = "2033-06-15T12:00:00Z";

/// A tenant that was promised seven years of `billing`, and `account` while its contract runs and 90 days after.
fn bench() -> Bench {
    Bench::new(&CONTROL)
        .with(policy(&json!([{"name": "billing"}, {"name": "account"}, {"name": "scratch"}])))
        .with(promises(&[
            json!({"dataClass": "billing", "atLeast": "7y"}),
            json!({"dataClass": "account", "whileActive": true, "afterTermination": "90d"}),
        ]))
}

fn of(claim: PersistentVolumeClaim) -> Fact {
    Fact::PersistentVolumeClaim(claim)
}

fn with(bench: Bench, claims: &[PersistentVolumeClaim]) -> Bench {
    claims.iter().fold(bench, |bench, claim| bench.with(of(claim.clone())))
}

fn fields(issues: &[Issue]) -> Vec<&str> {
    issues.iter().map(|issue| issue.field.as_str()).collect()
}

#[test]
fn prevent_deleting_a_claim_before_its_time_says_who_promised_what_until_when() {
    let claim = claim("db", "billing");
    let bench = with(bench(), std::slice::from_ref(&claim));
    let wanted = Issue::fail(
        "",
        "deleted before its time",
        "kept (data class `billing`): at least 7y (keeping/K-1), until 2033-06-15T12:00:00Z",
        "keep it until 2033-06-15T12:00:00Z",
    )
    .demanded_by(&["keeping/K-1".to_owned()]);
    let acting = Acting::on(&CONTROL, &bench);
    for issues in [acting.delete(of(claim.clone())), acting.delete_by_key(claim.key())] {
        assert_eq!(issues.as_slice(), std::slice::from_ref(&wanted));
    }
}

#[test]
fn a_claim_may_go_at_the_second_at_which_its_time_is_over() {
    let claim = claim("db", "billing");
    let bench = with(bench(), std::slice::from_ref(&claim));
    let delete = |now| Acting::on(&CONTROL, &bench).at(now).delete(of(claim.clone())).len();
    assert_eq!((delete("2033-06-15T11:59:59Z"), delete(SEVEN_YEARS_ON)), (1, 0));
}

#[test]
fn years_are_calendar_years() {
    let mut leap = claim("db", "billing");
    leap.meta.created = at("2028-02-29T00:00:00Z");
    let bench = with(bench(), std::slice::from_ref(&leap));
    let delete = |now| Acting::on(&CONTROL, &bench).at(now).delete(of(leap.clone())).len();
    assert_eq!((delete("2035-02-27T23:59:59Z"), delete("2035-02-28T00:00:00Z")), (1, 0));
}

#[test]
fn the_contract_decides_over_what_is_kept_while_it_runs_and_after() {
    let claim = claim("db", "account");
    for (end, now, refused, fix) in [
        (
            None,
            "2026-06-15T12:00:00Z",
            true,
            "keep it: its time does not end before the tenant's contract has an end",
        ),
        (Some("2026-12-31T00:00:00Z"), "2026-06-15T12:00:00Z", true, "keep it until 2027-03-31T00:00:00Z"),
        (Some("2026-05-01T00:00:00Z"), "2026-06-15T12:00:00Z", true, "keep it until 2026-07-30T00:00:00Z"),
        (Some("2026-05-01T00:00:00Z"), "2026-07-30T00:00:00Z", false, ""),
    ] {
        let bench = with(bench().with_tenant(tenant_until(end)), std::slice::from_ref(&claim));
        let issues = Acting::on(&CONTROL, &bench).at(now).delete(of(claim.clone()));
        assert_eq!(
            issues.first().map(|issue| issue.fix.as_str()),
            refused.then_some(fix),
            "{end:?} at {now}"
        );
    }
}

#[test]
fn a_policy_alone_is_a_duty_too_and_the_longest_comes_first() {
    let claim = claim("db", "billing");
    let bench = bench().with(policy(&json!([{"name": "billing", "whileActive": true, "atLeast": "1y"}])));
    let issues = Acting::on(&CONTROL, &bench).delete(of(claim));
    assert_eq!(
        issues[0].wanted,
        "kept (data class `billing`): while the contract runs (RetentionPolicy keep); at least 7y (keeping/K-1), \
         until 2033-06-15T12:00:00Z; at least 1y (RetentionPolicy keep), until 2027-06-15T12:00:00Z"
    );
}

#[test]
fn what_holds_no_data_of_a_kept_class_may_go() {
    let unbound = PersistentVolumeClaim { is_bound: false, volume_name: None, ..claim("db", "billing") };
    let mut going = claim("db", "billing");
    going.meta.is_deleting = true;
    let elsewhere = PersistentVolumeClaim { namespace: "other".into(), ..claim("db", "billing") };
    for free in [unbound, going, elsewhere, claim("db", "scratch"), claim("db", "")] {
        let bench = with(bench(), std::slice::from_ref(&free));
        assert_eq!(Acting::on(&CONTROL, &bench).delete(of(free.clone())), [], "{free:?}");
    }
}

#[test]
fn a_class_that_nobody_names_does_not_free_data_of_its_namespaces_class() {
    let bench = bench().with(namespace(Labels::from([("surety.dev/data-class", "billing")])));
    assert_eq!(Acting::on(&CONTROL, &bench).delete(of(claim("db", "nonsense"))).len(), 1);
    assert_eq!(Acting::on(&CONTROL, &bench).delete(of(claim("db", "scratch"))).len(), 0);
}

#[test]
fn a_promise_for_other_environments_is_no_duty() {
    let staging = json!({"dataClass": "billing", "atLeast": "7y", "environments": ["production"]});
    for (environment, refused) in [("production", 1), ("staging", 0)] {
        let bench = Bench::new(&CONTROL)
            .with(promises(std::slice::from_ref(&staging)))
            .with(namespace(Labels::from([("surety.dev/environment", environment)])));
        let issues = Acting::on(&CONTROL, &bench).delete(of(claim("db", "billing")));
        assert_eq!(issues.len(), refused, "{environment}");
    }
}

#[test]
fn the_garbage_collector_takes_scratch_space_and_nothing_else() {
    let kept = owned(claim("db", "billing"), owner("StatefulSet", "db", true));
    let scratch = owned(claim("tmp", "billing"), owner("Pod", "web-0", true));
    let condemned = owned(claim("old", "billing"), owner("Pod", "db-1", false));
    let bench = with(bench(), &[kept.clone(), scratch.clone(), condemned.clone()]);
    let by = |user, claim: &PersistentVolumeClaim| {
        Acting::on(&CONTROL, &bench).by(user).delete(of(claim.clone())).len()
    };
    assert_eq!([&kept, &scratch, &condemned].map(|claim| by(GARBAGE_COLLECTOR, claim)), [1, 0, 1]);
    assert_eq!(by("jo", &scratch), 1);
}

#[test]
fn what_goes_with_a_namespace_that_is_going_is_not_judged_again() {
    let Fact::Namespace(mut going) = namespace(Labels::default()) else { return };
    going.meta.is_deleting = true;
    let claim = claim("db", "billing");
    let there = with(bench(), std::slice::from_ref(&claim));
    assert_eq!(Acting::on(&CONTROL, &there).by(NAMESPACE_CONTROLLER).delete(of(claim.clone())).len(), 1);
    let leaving = there.with(Fact::Namespace(going));
    assert_eq!(Acting::on(&CONTROL, &leaving).by(NAMESPACE_CONTROLLER).delete(of(claim)).len(), 0);
}

#[test]
fn prevent_deleting_a_namespace_names_the_claims_that_it_would_take_along() {
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let claims: Vec<_> = names.iter().map(|name| claim(name, "billing")).collect();
    let bench = with(bench(), &claims).with(of(claim("h", "scratch")));
    let issues = Acting::on(&CONTROL, &bench).delete(namespace(Labels::default()));
    assert_eq!(issues.len(), 1);
    assert_eq!(issues[0].found, "takes along claims that must be kept: a, b, c, d, e and 2 more");
    assert!(issues[0].wanted.ends_with("at least 7y (keeping/K-1), until 2033-06-15T12:00:00Z"));
}

#[test]
fn a_namespace_without_kept_claims_may_go() {
    let scratch = owned(claim("tmp", "billing"), owner("Pod", "web-0", true));
    for claims in [vec![], vec![claim("x", "scratch")], vec![scratch]] {
        let bench = with(bench(), &claims);
        assert_eq!(Acting::on(&CONTROL, &bench).delete(namespace(Labels::default())), []);
    }
}

#[test]
fn a_namespace_whose_claims_are_not_all_known_is_not_known_to_be_free() {
    let pending = bench().with_source(Source::Claims, SourceState::Pending);
    let issues = Acting::on(&CONTROL, &pending).delete(namespace(Labels::default()));
    let why = Unknown::NotKnown(Ignorance::NotSynced(Source::Claims));
    assert_eq!(issues.iter().map(|issue| &issue.problem).collect::<Vec<_>>(), [&Problem::Unknown(why)]);

    let mut unreadable = bench();
    let key = claim("db", "billing").key();
    crate::index::apply(&mut unreadable.world, Change::Unreadable(key, "spec: no object".into()));
    let issues = Acting::on(&CONTROL, &unreadable).delete(namespace(Labels::default()));
    assert!(matches!(&issues[0].problem, Problem::Unknown(Unknown::NotKnown(_))), "{issues:?}");

    let nothing_kept = Bench::new(&CONTROL).with_source(Source::Claims, SourceState::Pending);
    assert_eq!(Acting::on(&CONTROL, &nothing_kept).delete(namespace(Labels::default())), []);
}

#[test]
fn prevent_deleting_a_volume_that_is_bound_or_retained() {
    let claim = claim("db", "billing");
    let volume = |is_released, is_retained| {
        Fact::PersistentVolume(PersistentVolume { is_retained, is_released, ..volume_of(&claim) })
    };
    let bound = with(bench(), std::slice::from_ref(&claim));
    assert_eq!(Acting::on(&CONTROL, &bound).delete(volume(false, false)).len(), 1);

    let labelled = || bench().with(namespace(Labels::from([("surety.dev/data-class", "billing")])));
    assert_eq!(Acting::on(&CONTROL, &labelled()).delete(volume(true, true)).len(), 1);
    assert_eq!(Acting::on(&CONTROL, &labelled()).delete(volume(true, false)).len(), 0);
    let seven_years_on = labelled();
    assert_eq!(Acting::on(&CONTROL, &seven_years_on).at(SEVEN_YEARS_ON).delete(volume(true, true)).len(), 0);
}

#[test]
fn a_retained_volume_whose_class_is_lost_is_kept_on_doubt() {
    let retained = PersistentVolume { is_released: true, ..volume_of(&claim("db", "scratch")) };
    let bench = bench();
    let issues = Acting::on(&CONTROL, &bench).delete(Fact::PersistentVolume(retained));
    assert!(
        issues[0]
            .wanted
            .starts_with("kept (a data class that is not known any more): while the contract runs")
    );
}

#[test]
fn a_retained_volume_of_a_namespace_that_is_gone_still_belongs_to_the_recorded_tenant() {
    let mut bench = bench();
    crate::index::apply(&mut bench.world, Change::Delete(ObjectKey::cluster(Kind::Namespace, NAMESPACE)));
    let retained = PersistentVolume { is_released: true, ..volume_of(&claim("db", "billing")) };
    assert_eq!(Acting::on(&CONTROL, &bench).delete(Fact::PersistentVolume(retained)).len(), 1);
}

#[test]
fn a_volume_that_was_bound_again_is_kept_as_long_as_its_younger_claim() {
    let younger = claim("db", "billing");
    let mut older = volume_of(&younger);
    older.meta.created = at("2010-01-01T00:00:00Z");
    let bench = with(bench(), std::slice::from_ref(&younger));
    assert_eq!(Acting::on(&CONTROL, &bench).delete(Fact::PersistentVolume(older)).len(), 1);
}

#[test]
fn prevent_changes_of_a_volume_that_would_lose_its_data() {
    let claim = claim("db", "billing");
    let bench = with(bench(), std::slice::from_ref(&claim));
    let old = volume_of(&claim);
    let change = |new: PersistentVolume| {
        let issues = Acting::on(&CONTROL, &bench)
            .update(Fact::PersistentVolume(old.clone()), Fact::PersistentVolume(new));
        fields(&issues).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(change(old.clone()), [""; 0]);
    assert_eq!(
        change(PersistentVolume { is_retained: false, ..old.clone() }),
        ["spec.persistentVolumeReclaimPolicy"]
    );
    assert_eq!(change(PersistentVolume { claim: None, ..old.clone() }), ["spec.claimRef"]);
    let mut without_uid = old.clone();
    without_uid.claim.as_mut().unwrap().uid = None;
    assert_eq!(change(without_uid), [""; 0]);
    let mut with_owner = old.clone();
    with_owner.meta.owner_references = Arc::from([owner("ConfigMap", "gone", false)]);
    assert_eq!(change(with_owner), ["metadata.ownerReferences"]);
}

#[test]
fn prevent_an_owner_whose_end_would_take_a_claim_along() {
    let free = claim("db", "billing");
    let of_set = owned(free.clone(), owner("StatefulSet", "db", false));
    let bench = with(bench(), std::slice::from_ref(&free));
    let update = |old: &PersistentVolumeClaim, new: &PersistentVolumeClaim| {
        Acting::on(&CONTROL, &bench).update(of(old.clone()), of(new.clone()))
    };
    let issues = update(&free, &of_set);
    assert_eq!(fields(&issues), ["metadata.ownerReferences"]);
    assert_eq!(issues[0].found, "StatefulSet `db` is added, whose end would take it along");
    assert_eq!(update(&of_set, &free), []);
    assert_eq!(update(&of_set, &of_set), []);
    let scratch = claim("db", "scratch");
    assert_eq!(update(&scratch, &owned(scratch.clone(), owner("StatefulSet", "db", false))), []);
}

#[test]
fn prevent_deleting_a_stateful_set_that_takes_its_claims_along() {
    let Fact::Workload(set) = workload(Kind::StatefulSet, "db", PodTemplate::default()) else { return };
    let set = Workload { meta: crate::core::controls::testkit::meta("uid-db"), ..set };
    let owned_claim = owned(claim("data-db-0", "billing"), owner("StatefulSet", "db", false));
    for (claim, refused) in [(owned_claim, 1), (claim("data-db-0", "billing"), 0)] {
        let bench = with(bench(), &[claim]);
        assert_eq!(Acting::on(&CONTROL, &bench).delete(Fact::Workload(set.clone())).len(), refused);
        assert_eq!(Acting::on(&CONTROL, &bench).delete_and_orphan(Fact::Workload(set.clone())).len(), 0);
    }
}

#[test]
fn an_act_on_what_is_not_there_is_no_act() {
    let bench = bench();
    let key = ObjectKey::namespaced(Kind::PersistentVolumeClaim, NAMESPACE, "none");
    assert_eq!(Acting::on(&CONTROL, &bench).delete_by_key(key), []);
}
