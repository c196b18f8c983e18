//! Acts that take volumes out of backups.

use super::*;
use crate::core::facts::{Meta, Owner};

/// A world in which a profile promises it.
fn promised() -> Bench {
    covered().with(profile_demanding("backup.covered", &json!({}))).with(Fact::PersistentVolumeClaim(claim()))
}

#[test]
fn a_label_that_moves_a_claim_out_of_what_is_expected_is_refused() {
    let spec = TenantSpec { data_classes: vec!["cache".to_owned()], ..TenantSpec::default() };
    let exempt = json!({"exempt": {
        "dataClasses": ["cache"], "namespaceSelector": {"matchLabels": {"tier": "test"}}}});
    let bench = promised().with(tenant(spec)).with(policy("a", exempt));
    let old = Fact::PersistentVolumeClaim(claim());
    let moved = PersistentVolumeClaim { labels: labels([(keys::DATA_CLASS, "cache")]), ..claim() };
    let deed = Deed::in_world(&bench.world);
    assert_eq!(
        fields(&deed.updates(&CONTROL, &old, &Fact::PersistentVolumeClaim(moved))),
        ["metadata.labels"]
    );
    let old = namespace(Labels::default());
    assert_eq!(
        fields(&deed.updates(&CONTROL, &old, &namespace(labels([("tier", "test")])))),
        ["metadata.labels"]
    );
    assert!(deed.updates(&CONTROL, &old, &namespace(labels([("tier", "live")]))).is_empty());
}

#[test]
fn the_engines_verdict_on_a_schedule_is_the_engines_alone() {
    let refused = Schedule { invalid: Some("no such location".into()), ..schedule() };
    let (old, new) = (Fact::Schedule(refused), Fact::Schedule(schedule()));
    let bench = promised().with(old.clone());
    let deed = || Deed::in_world(&bench.world);
    assert_eq!(fields(&deed().updates(&CONTROL, &old, &new)), ["status.phase"]);
    assert!(deed().by(ENGINE).updates(&CONTROL, &old, &new).is_empty());
    assert!(deed().by(SURETY).updates(&CONTROL, &old, &new).is_empty());
}

#[test]
fn a_location_in_which_points_of_tenants_lie_stays_as_it_is() {
    let bench = promised().with(Fact::RecoveryPoint(point("p", "2026-06-15T02:15:00Z")));
    let old = Fact::Location(location());
    let change = |change: fn(&mut crate::core::facts::Location)| {
        let mut changed = location();
        change(&mut changed);
        Fact::Location(changed)
    };
    let deed = || Deed::in_world(&bench.world);
    assert_eq!(
        fields(&deed().updates(&CONTROL, &old, &change(|l| l.destination = "digest-2".into()))),
        ["spec"]
    );
    assert_eq!(
        fields(&deed().updates(&CONTROL, &old, &change(|l| l.is_writable = false))),
        ["spec.accessMode"]
    );
    assert_eq!(fields(&deed().deletes(&CONTROL, &old)), [""]);
    // Its notes are the engine's business.
    let read = change(|l| l.last_synced = Some(at(NOW)));
    assert!(deed().by(ENGINE).updates(&CONTROL, &old, &read).is_empty());
}

#[test]
fn a_location_without_points_of_tenants_may_go() {
    let of_others = RecoveryPoint { selection: literal(&["another"]), ..point("p", "2026-06-15T02:15:00Z") };
    let failed =
        RecoveryPoint { state: crate::core::facts::PointState::Failed, ..point("q", "2026-06-15T02:15:00Z") };
    let bench = promised().with(Fact::RecoveryPoint(of_others)).with(Fact::RecoveryPoint(failed));
    assert!(Deed::in_world(&bench.world).deletes(&CONTROL, &Fact::Location(location())).is_empty());
    let unpromised = covered().with(Fact::RecoveryPoint(point("p", "2026-06-15T02:15:00Z")));
    assert!(Deed::in_world(&unpromised.world).deletes(&CONTROL, &Fact::Location(location())).is_empty());
}

#[test]
fn neither_a_schedule_nor_a_location_gets_an_owner_with_which_it_would_go() {
    let orphaned =
        Owner { kind: "ConfigMap".into(), name: "dead".into(), uid: "dead".into(), is_controller: false };
    let adopted = |meta: Meta| Meta { owner_references: Arc::from([orphaned.clone()]), ..meta };
    let bench = promised().with(Fact::RecoveryPoint(point("p", "2026-06-15T02:15:00Z")));
    let deed = Deed::in_world(&bench.world);
    let new = Schedule { meta: adopted(schedule().meta), ..schedule() };
    let issues = deed.updates(&CONTROL, &Fact::Schedule(schedule()), &Fact::Schedule(new.clone()));
    assert_eq!(fields(&issues), ["metadata.ownerReferences"]);
    assert!(deed.updates(&CONTROL, &Fact::Schedule(new), &Fact::Schedule(schedule())).is_empty());
    let new = crate::core::facts::Location { meta: adopted(location().meta), ..location() };
    let issues = deed.updates(&CONTROL, &Fact::Location(location()), &Fact::Location(new));
    assert_eq!(fields(&issues), ["metadata.ownerReferences"]);
}
