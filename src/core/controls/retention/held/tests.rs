#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
use serde_json::json;

use super::*;
use crate::{
    api::TenantSpec,
    core::{
        controls::{
            self,
            retention::{
                kept::CONTROL,
                testkit::{claim, policy, volume_of},
            },
            testkit::{Bench, NAMESPACE, TENANT, at, declared},
        },
        facts::{Change, Fact, Labels, TenantRecord},
        subject::SubjectKey,
        verdict::{Issue, State},
    },
    index,
};

const NOW: &str = "2026-06-16T12:00:00Z";
const LATER: &str = "2026-06-17T12:00:00Z";

/// `billing` is kept for seven years from its creation on 15 June 2026; a claim of it is there with its volume.
fn bench() -> Bench {
    let policy = policy(&json!([{"name": "billing", "atLeast": "7y"}, {"name": "scratch"}]));
    let bench = Bench::new(&CONTROL).with(policy).now(NOW);
    let (claim, volume) = billing();
    noted(bench.with(volume).with(claim), NOW)
}

fn billing() -> (Fact, Fact) {
    let claim = claim("db", "billing");
    (Fact::PersistentVolumeClaim(claim.clone()), Fact::PersistentVolume(volume_of(&claim)))
}

/// With what is remembered now in the record.
fn noted(mut bench: Bench, now: &str) -> Bench {
    let data = next(&bench, now);
    bench.apply(Fact::TenantRecord(TenantRecord { tenant: TENANT.into(), data, ..record(&bench) }));
    bench.now(now)
}

fn record(bench: &Bench) -> TenantRecord {
    bench.world.record(TENANT).map(|record| TenantRecord::clone(record)).unwrap_or_default()
}

fn next(bench: &Bench, now: &str) -> BTreeMap<Name, HeldData> {
    remember(&bench.world, bench.world.plan(TENANT).unwrap(), &record(bench).data, at(now))
}

fn without(mut bench: Bench, facts: &[&Fact]) -> Bench {
    for fact in facts {
        index::apply(&mut bench.world, Change::Delete(fact.key()));
    }
    bench
}

/// When the data is said to have gone; none where it is there, or not remembered.
fn gone(bench: &Bench, now: &str) -> Option<String> {
    next(bench, now).values().find_map(|data| data.gone).map(|gone| gone.to_string())
}

#[test]
fn a_claim_with_data_is_remembered_with_its_class_and_its_volume() {
    let data = record(&bench()).data;
    let held = data.values().next().unwrap();
    assert_eq!(data.keys().map(Name::as_str).collect::<Vec<_>>(), [format!("{NAMESPACE}/db")]);
    assert_eq!(
        (held.class.as_deref(), held.volume.as_deref(), held.gone),
        (Some("billing"), Some("pv-db"), None)
    );
}

#[test]
fn data_is_gone_when_neither_claim_nor_volume_is_there() {
    let (claim, volume) = billing();
    for (what, bench, expected) in [
        ("both are there", bench(), None),
        ("the volume is retained", without(bench(), &[&claim]), None),
        ("both are gone", without(bench(), &[&claim, &volume]), Some(LATER)),
    ] {
        assert_eq!(gone(&bench, LATER).as_deref(), expected, "{what}");
    }
}

#[test]
fn nothing_went_where_a_source_cannot_tell() {
    let (claim, volume) = billing();
    for source in [Source::Claims, Source::Volumes, Source::Namespaces, Source::Declarations] {
        for state in [SourceState::Pending, SourceState::Forbidden, SourceState::Stale(at(NOW))] {
            let bench = without(bench(), &[&claim, &volume]).with_source(source, state.clone());
            assert_eq!(next(&bench, LATER), record(&bench).data, "{source} {state:?}");
        }
    }
    let mut unreadable = without(bench(), &[&volume]);
    index::apply(&mut unreadable.world, Change::Unreadable(claim.key(), "no JSON".into()));
    assert_eq!(gone(&unreadable, LATER), None, "the claim is there and cannot be read");
}

#[test]
fn the_moment_stays_and_a_claim_of_the_same_name_takes_its_place() {
    let (claim, volume) = billing();
    let lost = noted(without(bench(), &[&claim, &volume]), NOW);
    assert_eq!(gone(&lost, LATER).as_deref(), Some(NOW));
    assert_eq!(gone(&lost.with(claim), LATER), None);
}

#[test]
fn what_went_with_its_namespace_is_remembered_and_what_the_tenant_released_is_not() {
    let (claim, volume) = billing();
    let mut with_namespace = without(bench(), &[&claim, &volume]);
    index::apply(&mut with_namespace.world, Change::Delete(ObjectKey::cluster(Kind::Namespace, NAMESPACE)));
    assert_eq!(gone(&with_namespace, LATER).as_deref(), Some(LATER));
    let mut tenant = declared(TENANT, Labels::default(), TenantSpec::default());
    tenant.meta.generation = 9;
    let released = without(bench(), &[&claim, &volume]).with(Fact::Tenant(tenant));
    assert_eq!(released.world.owner_of(NAMESPACE), None);
    assert_eq!(next(&released, LATER), BTreeMap::new());
}

#[test]
fn nothing_is_remembered_where_nothing_is_to_be_kept() {
    let (claim, volume) = billing();
    let other = controls::all().iter().find(|control| control.id == "isolation.host-access").unwrap();
    let unasked = Bench::new(other).with(volume).with(claim);
    assert_eq!(next(&unasked, NOW), BTreeMap::new());
}

#[test]
fn data_that_is_gone_before_its_time_fails_until_its_time_is_over() {
    let (claim, volume) = billing();
    let lost = noted(without(bench(), &[&claim, &volume]), LATER);
    let subject = SubjectKey::Object(ObjectKey::cluster(Kind::Tenant, TENANT));
    let verdict = lost.verdict_on(&subject);
    let wanted = Issue::fail(
        format!("PersistentVolumeClaim {NAMESPACE}/db"),
        "it is gone, and its volume with it",
        "kept (data class `billing`): at least 7y (RetentionPolicy keep), until 2033-06-15T12:00:00Z",
        "restore it under the same name from its newest recovery point",
    );
    assert_eq!(verdict.issues, [wanted.since(at(LATER))]);
    assert_eq!(verdict.changes_at, Some(at("2033-06-15T12:00:00Z")));
    let over = lost.now("2033-06-15T12:00:00Z");
    assert_eq!(over.verdict_on(&subject).state(at("2033-06-15T12:00:00Z")), State::Pass);
    assert_eq!(bench().verdict_on(&subject).state(at(NOW)), State::Pass, "it is there");
}

#[test]
fn data_that_went_when_its_time_was_over_is_no_breach() {
    let (claim, volume) = billing();
    let late = "2034-01-01T00:00:00Z";
    let lost = noted(without(bench().now(late), &[&claim, &volume]), late);
    let verdict = lost.verdict_on(&SubjectKey::Object(ObjectKey::cluster(Kind::Tenant, TENANT)));
    assert_eq!(verdict.issues, []);
}
