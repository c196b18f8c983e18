//! Laws of the index: the order of changes to different objects does not matter, a relist heals, and what a change
//! touches covers every verdict that it changes.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{apply, is_of_tenant, is_unchanged, missing, resolve, subjects_of, touched};
use crate::{
    api::{TenantSpec, keys, tenant::SelfService},
    core::{
        controls,
        controls::testkit::{Bench, at, declared, meta, profile_demanding},
        evaluation::{Evaluation, Verdicts},
        facts::{
            Change, ClaimRecord, ClaimReference, Fact, Kind, Labels, Name, Namespace, ObjectKey,
            PersistentVolume, PersistentVolumeClaim, PodTemplate, Source, SourceState, StorageClass,
            TenantRecord, Workload,
        },
        subject::SubjectKey,
        verdict::Verdict,
        world::World,
    },
};

const NOW: &str = "2026-06-15T12:00:00Z";
const BOUND: usize = 10_000;

fn world() -> World {
    let mut world = World::new(controls::all());
    for source in Source::ALL {
        super::set_source(&mut world, *source, SourceState::Synced);
    }
    world
}

fn tenant(name: &str, namespaces: &[&str]) -> Fact {
    let mut spec = TenantSpec::default();
    spec.namespaces.names = namespaces.iter().map(|name| (*name).to_owned()).collect();
    Fact::Tenant(declared(name, Labels::default(), spec))
}

fn namespace(name: &str, labels: Labels) -> Fact {
    Fact::Namespace(Namespace { name: Name::from(name), meta: meta(name), labels })
}

fn workload(namespace: &str, name: &str, uses_host_network: bool) -> Fact {
    Fact::Workload(Workload {
        kind: Kind::Deployment,
        namespace: Name::from(namespace),
        name: Name::from(name),
        meta: meta(name),
        labels: Labels::default(),
        template: Arc::new(PodTemplate { uses_host_network, ..PodTemplate::default() }),
        claim_templates: Arc::from([]),
    })
}

fn claim(namespace: &str, name: &str, class: Option<&str>) -> Fact {
    Fact::PersistentVolumeClaim(PersistentVolumeClaim {
        namespace: Name::from(namespace),
        name: Name::from(name),
        meta: meta(name),
        storage_class: class.map(Name::from),
        ..PersistentVolumeClaim::default()
    })
}

fn class(name: &str, encrypted: &str, is_default: bool) -> Fact {
    Fact::StorageClass(StorageClass {
        name: Name::from(name),
        meta: meta(name),
        provisioner: Name::from("ebs.csi.aws.com"),
        parameters: Labels::from([("encrypted", encrypted)]),
        is_default,
    })
}

/// Changes to a handful of objects, so that they collide often.
fn any_change() -> impl Strategy<Value = Change> {
    let place = prop::sample::select(vec!["a-1", "a-2", "b-1", "nobody"]);
    let name = prop::sample::select(vec!["x", "y"]);
    let class_name = prop::sample::select(vec!["fast", "slow"]);
    let lists = prop::sample::subsequence(vec!["a-1", "a-2", "b-1"], 0..=3);
    prop_oneof![
        (prop::sample::select(vec!["a", "b"]), lists)
            .prop_map(|(name, list)| Change::Apply(tenant(name, &list))),
        (place.clone(), any::<bool>()).prop_map(|(place, is_marked)| {
            let labels =
                if is_marked { Labels::from([("surety.dev/data-class", "gold")]) } else { Labels::default() };
            Change::Apply(namespace(place, labels))
        }),
        (place.clone(), name.clone(), any::<bool>())
            .prop_map(|(place, name, on)| Change::Apply(workload(place, name, on))),
        (place.clone(), name.clone(), prop::option::of(class_name.clone()))
            .prop_map(|(place, name, class)| Change::Apply(claim(place, name, class))),
        (class_name.clone(), prop::sample::select(vec!["true", "True"]), any::<bool>())
            .prop_map(|(name, encrypted, is_default)| Change::Apply(class(name, encrypted, is_default))),
        (place.clone(), name.clone()).prop_map(|(place, name)| Change::Delete(ObjectKey::namespaced(
            Kind::Deployment,
            place,
            name
        ))),
        (place.clone(), name).prop_map(|(place, name)| Change::Delete(ObjectKey::namespaced(
            Kind::PersistentVolumeClaim,
            place,
            name
        ))),
        place.prop_map(|place| Change::Delete(ObjectKey::cluster(Kind::Namespace, place))),
        class_name.prop_map(|name| Change::Delete(ObjectKey::cluster(Kind::StorageClass, name))),
        any_of_an_engine(),
        any_about_namespaces(),
    ]
}

fn read(kind: Kind, object: &Value) -> Change {
    Change::Apply(crate::decode::object(kind, object.to_string().as_bytes()).unwrap())
}

/// Recovery points, copies, locations and schedules, and the claims that they are about.
fn any_of_an_engine() -> impl Strategy<Value = Change> {
    let name = prop::sample::select(vec!["x", "y"]);
    let store = prop::sample::select(vec!["hot", "cold"]);
    let taken_in = prop::sample::select(vec!["a-1", "b-1", "a-*", "*"]);
    let time = prop::sample::select(vec!["2026-06-11T00:00:00Z", "2026-06-15T11:00:00Z"]);
    let phase = prop::sample::select(vec!["Completed", "PartiallyFailed", "Failed"]);
    let place = prop::sample::select(vec!["a-1", "b-1"]);
    let point = (name.clone(), taken_in.clone(), store.clone(), time.clone(), phase);
    prop_oneof![
        (place.clone(), name.clone()).prop_map(|(place, name)| bound_claim(place, name)),
        point.prop_map(|(name, taken_in, store, time, phase)| read(Kind::VeleroBackup, &json!({
            "metadata": {"name": name, "namespace": "velero", "labels": {"velero.io/schedule-name": name}},
            "spec": {"includedNamespaces": [taken_in], "storageLocation": store, "snapshotVolumes": true},
            "status": {
                "phase": phase, "startTimestamp": time, "completionTimestamp": time, "expiration": "2026-07-20T00:00:00Z",
                "volumeSnapshotsAttempted": 1, "volumeSnapshotsCompleted": 1,
            },
        }))),
        (name.clone(), place, any::<bool>()).prop_map(|(name, place, is_done)| read(Kind::PodVolumeBackup, &json!({
            "metadata": {"name": name, "namespace": "velero", "labels": {"velero.io/backup-name": "x"},
                "annotations": {"velero.io/pvc-name": "x"}},
            "spec": {"pod": {"namespace": place}, "volume": "data"},
            "status": {"phase": if is_done { "Completed" } else { "InProgress" }, "snapshotID": "s",
                "progress": {"totalBytes": 1, "bytesDone": 1}},
        }))),
        (store.clone(), any::<bool>(), time).prop_map(|(store, is_there, time)| {
            read(Kind::BackupStorageLocation, &json!({
                "metadata": {"name": store, "namespace": "velero"},
                "spec": {"provider": "aws", "default": store == "hot", "backupSyncPeriod": "24h"},
                "status": {"phase": if is_there { "Available" } else { "Unavailable" }, "lastSyncedTime": time},
            }))
        }),
        store.prop_map(|store| {
            Change::Delete(ObjectKey::namespaced(Kind::BackupStorageLocation, "velero", store))
        }),
        name.clone().prop_map(|name| Change::Delete(ObjectKey::namespaced(Kind::VeleroBackup, "velero", name))),
        (name, taken_in, any::<bool>()).prop_map(|(name, taken_in, is_paused)| read(Kind::VeleroSchedule, &json!({
            "metadata": {"name": name, "namespace": "velero"},
            "spec": {"schedule": "0 2 * * *", "paused": is_paused,
                "template": {"includedNamespaces": [taken_in], "snapshotVolumes": true}},
            "status": {"phase": "Enabled"},
        }))),
    ]
}

fn bound_claim(place: &str, name: &str) -> Change {
    read(
        Kind::PersistentVolumeClaim,
        &json!({
            "metadata": {"name": name, "namespace": place, "uid": name, "creationTimestamp": "2026-06-10T00:00:00Z"},
            "spec": {"volumeName": name}, "status": {"phase": "Bound"},
        }),
    )
}

/// Rules that reach namespaces, namespaces with labels, and what is remembered of claims.
fn any_about_namespaces() -> impl Strategy<Value = Change> {
    let place = prop::sample::select(vec!["a-1", "a-2", "b-1", "nobody"]);
    let team = prop::sample::select(vec!["red", "blue"]);
    let selector = prop_oneof![
        place.clone().prop_map(|place| json!({"matchLabels": {"kubernetes.io/metadata.name": place}})),
        team.clone().prop_map(|team| json!({"matchLabels": {"team": team}})),
        Just(json!({"matchExpressions": [{"key": "team", "operator": "Exists"}]})),
        Just(json!({"matchLabels": {"surety.dev/tenant": "a"}})),
    ];
    prop_oneof![
        (place.clone(), selector).prop_map(|(place, selector)| read(Kind::NetworkPolicy, &json!({
            "metadata": {"name": "gate", "namespace": place},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"],
                "ingress": [{"from": [{"namespaceSelector": selector, "podSelector": {"matchLabels": {"app": "web"}}}]}]},
        }))),
        (place.clone(), team).prop_map(|(place, team)| {
            Change::Apply(namespace(place, Labels::from([("team", team)])))
        }),
        (prop::sample::select(vec!["a", "b"]), prop::sample::subsequence(vec!["a-1", "b-1", "nobody"], 0..=3))
            .prop_map(|(tenant, namespaces)| {
                let claims = namespaces.into_iter().map(|name| (Name::from(name), ClaimRecord { generation: 1, ..ClaimRecord::default() }));
                let record = TenantRecord { tenant: Name::from(tenant), namespaces: claims.collect(), ..TenantRecord::default() };
                Change::Apply(Fact::TenantRecord(record))
            }),
    ]
}

type Table = BTreeMap<(Name, SubjectKey, &'static str, String), Verdict>;

/// Every verdict of every tenant.
fn verdicts(world: &World) -> Table {
    let mut verdicts = Table::new();
    for tenant in world.tenants() {
        let plan = world.plan(&tenant.name).unwrap();
        let evaluation = Evaluation::of(world, plan, subjects_of(world, plan), resolve, at(NOW));
        for (subject, requirement, verdict) in evaluation.verdicts() {
            let parameters = format!("{:?}", requirement.parameters);
            let key = (tenant.name.clone(), subject.clone(), requirement.control.id, parameters);
            let mut verdict = verdict.clone();
            // A fix may name any good class that exists: advice, not a verdict.
            verdict.issues.iter_mut().for_each(|issue| issue.fix.clear());
            verdicts.insert(key, verdict);
        }
    }
    verdicts
}

/// Every control, with a figure where it needs one to say anything.
fn promises() -> Vec<Change> {
    let parameters = |control: &str| match control {
        "backup.recovery-point-age" => json!({"every": "1d"}),
        "backup.retention" => json!({"atLeast": "30d", "atMost": "30d"}),
        "retention.kept" => json!({"atLeast": "1y"}),
        "isolation.network-default-deny" => json!({"peers": ["dns"]}),
        _ => json!({}),
    };
    let promise = |control: &&'static crate::core::control::Control| {
        let Fact::Profile(mut profile) = profile_demanding(control.id, &parameters(control.id)) else {
            unreachable!()
        };
        profile.name = Name::from(control.id);
        Change::Apply(Fact::Profile(profile))
    };
    controls::all().iter().map(promise).collect()
}

fn built(changes: &[Change]) -> World {
    let mut world = world();
    for change in promises().into_iter().chain(changes.iter().cloned()) {
        apply(&mut world, change);
    }
    world
}

/// The last change of each object, in order of keys.
fn final_changes(changes: &[Change]) -> Vec<Change> {
    let last: BTreeMap<ObjectKey, Change> =
        changes.iter().map(|change| (change.key(), change.clone())).collect();
    last.into_values().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_history_ends_in_the_world_of_its_last_changes(changes in prop::collection::vec(any_change(), 1..40)) {
        let lived = built(&changes);
        let rebuilt = built(&final_changes(&changes));
        prop_assert_eq!(verdicts(&lived), verdicts(&rebuilt));
        prop_assert_eq!(lived.users_of_class, rebuilt.users_of_class);
        prop_assert_eq!(lived.namespaces_of_tenant, rebuilt.namespaces_of_tenant);
    }

    #[test]
    fn a_relist_removes_what_was_missed_and_nothing_else(
        changes in prop::collection::vec(any_change(), 1..30),
        lost in prop::sample::select(vec!["x", "y"]),
    ) {
        let mut lived = built(&changes);
        let keys: BTreeSet<ObjectKey> = super::apply::keys_of(&lived, Kind::Deployment).into_iter().collect();
        let seen: BTreeSet<ObjectKey> = keys.iter().filter(|key| key.name != *lost).cloned().collect();
        for key in missing(&lived, Kind::Deployment, &seen) {
            apply(&mut lived, Change::Delete(key));
        }
        let left: BTreeSet<ObjectKey> = super::apply::keys_of(&lived, Kind::Deployment).into_iter().collect();
        prop_assert_eq!(left, seen);
    }

    #[test]
    fn what_a_change_touches_covers_every_verdict_that_it_changes(
        changes in prop::collection::vec(any_change(), 1..30),
        last in any_change(),
    ) {
        covers(&built(&changes), &last)?;
    }

    #[test]
    fn what_news_of_an_engine_touches_covers_every_verdict_that_it_changes(
        changes in prop::collection::vec(any_of_an_engine(), 0..12),
        last in any_of_an_engine(),
    ) {
        let held = [Change::Apply(tenant("a", &["a-1"])), Change::Apply(namespace("a-1", Labels::default()))];
        let claims = [bound_claim("a-1", "x"), bound_claim("a-1", "y")];
        let changes: Vec<Change> = held.into_iter().chain(claims).chain(changes).collect();
        covers(&built(&changes), &last)?;
    }

    #[test]
    fn what_happens_to_a_namespace_touches_those_whose_rules_reach_it(
        changes in prop::collection::vec(any_about_namespaces(), 0..12),
        last in any_about_namespaces(),
    ) {
        let held = [("a", ["a-1", "a-2"]), ("b", ["b-1", "nobody"])];
        let held = held.map(|(name, listed)| Change::Apply(tenant(name, &listed)));
        let changes: Vec<Change> = held.into_iter().chain(changes).collect();
        covers(&built(&changes), &last)?;
    }
}

/// Every verdict that the change changes is of what it touches; none changes where no fact does.
fn covers(before: &World, change: &Change) -> Result<(), TestCaseError> {
    let mut after = before.clone();
    apply(&mut after, change.clone());
    let touched = touched(before, &after, change, BOUND);
    let (old, new) = (verdicts(before), verdicts(&after));
    prop_assert!(!is_unchanged(before, &after, &change.key()) || old == new, "{change:?}");
    for (key, verdict) in old.iter().chain(&new) {
        let is_changed = old.get(key) != new.get(key);
        let subject = super::TouchedSubject { tenant: key.0.clone(), subject: key.1.clone() };
        let is_covered = touched.tenants.contains(&subject.tenant)
            || touched.subjects.contains(&subject)
            || touched.dependents.contains(&subject);
        prop_assert!(!is_changed || is_covered, "{key:?} {verdict:?} by {change:?}");
    }
    Ok(())
}

#[test]
fn the_bound_is_kept_and_said() {
    let bench = Bench::new(controls::all().first().unwrap());
    let mut world = bench.world;
    for number in 0..20 {
        apply(&mut world, Change::Apply(claim("acme-prod", &format!("c{number}"), Some("fast"))));
    }
    let change = Change::Apply(class("fast", "true", false));
    let cut = touched(&world, &world, &change, 5);
    assert!(cut.is_cut_short && cut.subjects.len() == 5, "{cut:?}");
    let whole = touched(&world, &world, &change, 100);
    assert!(!whole.is_cut_short && whole.subjects.len() == 20, "{whole:?}");
}

#[test]
fn volumes_and_recovery_points_are_of_the_tenant_whose_namespace_they_refer_to() {
    let mut world = world();
    for fact in [tenant("a", &["a-1"]), tenant("b", &["b-1"]), namespace("a-1", Labels::default())] {
        apply(&mut world, Change::Apply(fact));
    }
    let volume = |claim: Option<&str>| PersistentVolume {
        name: Name::from("v"),
        claim: claim.map(|namespace| ClaimReference {
            namespace: Name::from(namespace),
            ..ClaimReference::default()
        }),
        ..PersistentVolume::default()
    };
    let subject = SubjectKey::from(ObjectKey::cluster(Kind::PersistentVolume, "v"));
    let owned_by = |world: &World, tenant: &str| is_of_tenant(world, &Name::from(tenant), &subject);
    for (claim, is_of_a) in [(None, false), (Some("a-1"), true), (Some("nobody"), false)] {
        apply(&mut world, Change::Apply(Fact::PersistentVolume(volume(claim))));
        assert_eq!((owned_by(&world, "a"), owned_by(&world, "b")), (is_of_a, false), "{claim:?}");
    }
    let point = crate::engines::velero::backup(BACKUP.as_bytes()).unwrap();
    let subject = SubjectKey::from(point.key());
    apply(&mut world, Change::Apply(Fact::RecoveryPoint(point)));
    assert!(is_of_tenant(&world, &Name::from("a"), &subject));
    assert!(!is_of_tenant(&world, &Name::from("b"), &subject));
    let plan = world.plan("a").unwrap();
    assert!(subjects_of(&world, plan).iter().all(|subject| is_of_tenant(&world, &Name::from("a"), subject)));
}

const BACKUP: &str =
    r#"{"metadata": {"name": "p", "namespace": "velero"}, "spec": {"includedNamespaces": ["a-1"]}}"#;

#[test]
fn of_two_recorded_claims_one_stands_whichever_was_read_last_and_the_other_when_it_ends() {
    let record = |tenant: &str, namespaces: &[&str]| {
        let claims = namespaces.iter().map(|name| (Name::from(*name), ClaimRecord::default()));
        let record = TenantRecord {
            tenant: Name::from(tenant),
            namespaces: claims.collect(),
            ..TenantRecord::default()
        };
        Change::Apply(Fact::TenantRecord(record))
    };
    let (of_a, of_b) = (record("a", &["shared"]), record("b", &["shared"]));
    let owner = |world: &World| world.owner_of("shared").map(ToString::to_string);
    for (asking, wanted) in [("a", "a"), ("b", "b"), ("nobody", "a")] {
        for records in [[&of_a, &of_b], [&of_b, &of_a]] {
            let mut world = world();
            for fact in [tenant(asking, &["shared"]), namespace("shared", Labels::default())] {
                apply(&mut world, Change::Apply(fact));
            }
            for record in records {
                apply(&mut world, record.clone());
            }
            assert_eq!(owner(&world).as_deref(), Some(wanted), "{asking} asks");
            let other = if wanted == "a" { "b" } else { "a" };
            apply(&mut world, record(wanted, &[]));
            assert_eq!(owner(&world).as_deref(), Some(other), "{asking} asks");
        }
    }
}

#[test]
fn who_joined_by_itself_is_asked_again_when_namespaces_turn_out_to_come_from_files() {
    let rule = SelfService { name_patterns: vec!["own-*".to_owned()], creators: Vec::new() };
    let spec = TenantSpec { self_service: Some(rule), ..TenantSpec::default() };
    let mut world = world();
    let labels = Labels::from([(keys::TENANT, "a")]);
    apply(&mut world, Change::Apply(Fact::Tenant(declared("a", Labels::default(), spec))));
    apply(&mut world, Change::Apply(namespace("own-shop", labels)));
    for (state, owner) in
        [(SourceState::Synced, None), (SourceState::FilesOnly, Some("a")), (SourceState::Synced, None)]
    {
        super::set_source(&mut world, Source::Namespaces, state.clone());
        assert_eq!(world.owner_of("own-shop").map(Name::as_str), owner, "{state:?}");
    }
}
