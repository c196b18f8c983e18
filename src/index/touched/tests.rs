//! What a change touches beside its own object.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use serde_json::{Value, json};

use super::*;
use crate::{
    core::{
        controls,
        facts::{Source, SourceState},
    },
    decode, index,
};

const BOUND: usize = 100;

fn change(kind: Kind, object: &Value) -> Change {
    Change::Apply(decode::object(kind, object.to_string().as_bytes()).unwrap())
}

fn tenant(name: &str, namespaces: &[&str]) -> Change {
    change(Kind::Tenant, &json!({"metadata": {"name": name}, "spec": {"namespaces": {"names": namespaces}}}))
}

fn namespace(name: &str) -> Change {
    change(Kind::Namespace, &json!({"metadata": {"name": name, "uid": format!("uid-of-{name}")}}))
}

/// A world in which tenant `a` holds `a-1`, and these changes.
fn world(changes: &[Change]) -> World {
    let mut world = World::new(controls::all());
    for source in Source::ALL {
        index::set_source(&mut world, *source, SourceState::Synced);
    }
    for change in [tenant("a", &["a-1"]), namespace("a-1")].iter().chain(changes) {
        index::apply(&mut world, change.clone());
    }
    world
}

fn touched_by(before: &World, change: &Change) -> Touched {
    let mut after = before.clone();
    index::apply(&mut after, change.clone());
    touched(before, &after, change, BOUND)
}

fn subject(key: ObjectKey) -> TouchedSubject {
    TouchedSubject { tenant: Name::from("a"), subject: key.into() }
}

fn inside(kind: Kind, name: &str) -> TouchedSubject {
    subject(ObjectKey::namespaced(kind, "a-1", name))
}

fn claim(name: &str, spec: &Value) -> Change {
    change(
        Kind::PersistentVolumeClaim,
        &json!({"metadata": {"name": name, "namespace": "a-1"}, "spec": spec}),
    )
}

fn volume(name: &str, spec: &Value) -> Change {
    change(Kind::PersistentVolume, &json!({"metadata": {"name": name}, "spec": spec}))
}

fn stateful(template: &Value) -> Change {
    let spec = json!({"volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": template}]});
    change(Kind::StatefulSet, &json!({"metadata": {"name": "db", "namespace": "a-1"}, "spec": spec}))
}

#[test]
fn a_volume_touches_whoever_names_it_though_it_names_nobody() {
    let naming = json!({"volumeName": "v"});
    let world = world(&[claim("data", &naming), stateful(&naming), claim("other", &json!({}))]);
    let wanted = [inside(Kind::StatefulSet, "db"), inside(Kind::PersistentVolumeClaim, "data")];
    for spec in [json!({}), json!({"claimRef": {"namespace": "b-1", "name": "x"}})] {
        assert_eq!(touched_by(&world, &volume("v", &spec)).subjects, wanted.clone().into(), "{spec}");
    }
}

#[test]
fn a_claim_touches_the_volume_that_is_reserved_for_it_and_the_pods_that_mount_it() {
    let pod = json!({"metadata": {"name": "web", "namespace": "a-1"}, "spec": {"volumes": [
        {"name": "d", "persistentVolumeClaim": {"claimName": "data"}},
    ]}});
    let reserved = volume("v", &json!({"claimRef": {"namespace": "a-1", "name": "data"}}));
    let world = world(&[reserved, change(Kind::Pod, &pod)]);
    let wanted = [
        inside(Kind::Pod, "web"),
        inside(Kind::PersistentVolumeClaim, "data"),
        subject(ObjectKey::cluster(Kind::PersistentVolume, "v")),
    ];
    assert_eq!(touched_by(&world, &claim("data", &json!({}))).subjects, wanted.into());
}

#[test]
fn a_namespace_touches_everything_in_it_and_about_it() {
    let place = json!({"name": "x", "namespace": "a-1"});
    let service = change(Kind::Service, &json!({"metadata": place}));
    let ingress = change(Kind::Ingress, &json!({"metadata": place}));
    let unreadable = Change::Unreadable(ObjectKey::namespaced(Kind::Pod, "a-1", "bad"), Name::from("bad"));
    let reserved = volume("v", &json!({"claimRef": {"namespace": "a-1", "name": "data"}}));
    let point =
        json!({"metadata": {"name": "p", "namespace": "velero"}, "spec": {"includedNamespaces": ["a-*"]}});
    let objects = [service, ingress, unreadable, reserved, change(Kind::VeleroBackup, &point)];
    let mut world = world(&objects);
    index::apply(&mut world, Change::Delete(ObjectKey::cluster(Kind::Namespace, "a-1")));
    let subjects = touched_by(&world, &namespace("a-1")).subjects;
    for wanted in [
        inside(Kind::Service, "x"),
        inside(Kind::Ingress, "x"),
        inside(Kind::Pod, "bad"),
        subject(ObjectKey::cluster(Kind::PersistentVolume, "v")),
        subject(ObjectKey::namespaced(Kind::VeleroBackup, "velero", "p")),
    ] {
        assert!(subjects.contains(&wanted), "{wanted:?} of {subjects:?}");
    }
}

fn owner(uid: &str, image: &str) -> Change {
    let template = json!({"spec": {"containers": [{"name": "app", "image": image}]}});
    let metadata = json!({"name": "web", "namespace": "a-1", "uid": uid});
    change(Kind::ReplicaSet, &json!({"metadata": metadata, "spec": {"template": template}}))
}

#[test]
fn a_controller_touches_its_pods_where_it_comes_goes_or_changes_its_template() {
    let reference = json!({"kind": "ReplicaSet", "name": "web", "uid": "1", "controller": true});
    let metadata = json!({"name": "web-x", "namespace": "a-1", "ownerReferences": [reference]});
    let pod = change(Kind::Pod, &json!({"metadata": metadata}));
    let alone = world(std::slice::from_ref(&pod));
    let owned = world(&[pod, owner("1", "a")]);
    let gone = Change::Delete(ObjectKey::namespaced(Kind::ReplicaSet, "a-1", "web"));
    for (what, before, change, touches) in [
        ("it comes", &alone, owner("1", "a"), true),
        ("it goes", &owned, gone, true),
        ("its template changes", &owned, owner("1", "b"), true),
        ("it is made anew", &owned, owner("2", "a"), true),
        ("its status changes", &owned, owner("1", "a"), false),
    ] {
        let touched = touched_by(before, &change);
        assert_eq!(touched.dependents.contains(&inside(Kind::Pod, "web-x")), touches, "{what}");
        assert!(!touched.subjects.contains(&inside(Kind::Pod, "web-x")), "{what}");
    }
}

#[test]
fn a_location_touches_the_claims_whose_points_lie_there_though_no_schedule_writes_there() {
    let point = json!({"metadata": {"name": "p", "namespace": "velero"},
        "spec": {"includedNamespaces": ["a-1"], "storageLocation": "cold"}});
    let world = world(&[claim("data", &json!({})), change(Kind::VeleroBackup, &point)]);
    for (name, touches) in [("cold", true), ("default", false)] {
        let location = json!({"metadata": {"name": name, "namespace": "velero"}});
        let touched = touched_by(&world, &change(Kind::BackupStorageLocation, &location));
        assert_eq!(
            touched.subjects.contains(&inside(Kind::PersistentVolumeClaim, "data")),
            touches,
            "{name}"
        );
    }
}

#[test]
fn a_location_touches_the_claims_of_the_schedules_that_write_there() {
    let schedule = |template: serde_json::Value| {
        let body = json!({"metadata": {"name": "s", "namespace": "velero"}, "spec": {"template": template}});
        world(&[claim("data", &json!({})), change(Kind::VeleroSchedule, &body)])
    };
    let named = json!({"includedNamespaces": ["a-1"], "storageLocation": "cold"});
    let by_default = json!({"includedNamespaces": ["a-1"]});
    let elsewhere = json!({"includedNamespaces": ["b-1"], "storageLocation": "cold"});
    for (what, template, touches) in [
        ("it is named", named.clone(), true),
        ("it may be the default", by_default, true),
        ("of another namespace", elsewhere, false),
    ] {
        let location = json!({"metadata": {"name": "cold", "namespace": "velero"},
            "spec": {"config": {"s3Url": "http://store"}}});
        let touched = touched_by(&schedule(template), &change(Kind::BackupStorageLocation, &location));
        let data = inside(Kind::PersistentVolumeClaim, "data");
        assert_eq!(touched.subjects.contains(&data), touches, "{what}");
    }
    let other = json!({"metadata": {"name": "other", "namespace": "velero"}});
    let touched = touched_by(&schedule(named), &change(Kind::BackupStorageLocation, &other));
    assert!(touched.subjects.is_empty());
}

#[test]
fn what_is_as_it_was_is_unchanged_but_for_what_surety_may_have_to_mend() {
    let is_unchanged_by = |before: &World, change: &Change| {
        let mut after = before.clone();
        index::apply(&mut after, change.clone());
        is_unchanged(before, &after, &change.key())
    };
    let read_at = |time: &str| {
        change(
            Kind::BackupStorageLocation,
            &json!({"metadata": {"name": "default", "namespace": "velero"}, "status": {"lastSyncedTime": time}}),
        )
    };
    let world = world(&[claim("data", &json!({})), owner("1", "a"), read_at("2026-06-15T12:00:01Z")]);
    let gone = ObjectKey::namespaced(Kind::PersistentVolumeClaim, "a-1", "data");
    let unreadable = ObjectKey::namespaced(Kind::Pod, "a-1", "bad");
    for (what, change, is_unchanged) in [
        ("the same claim", claim("data", &json!({})), true),
        ("another claim", claim("more", &json!({})), false),
        ("the claim changes", claim("data", &json!({"volumeName": "v"})), false),
        ("the claim goes", Change::Delete(gone), false),
        ("a pod cannot be read", Change::Unreadable(unreadable, Name::from("bad")), false),
        ("the same workload", owner("1", "a"), true),
        ("another template", owner("1", "b"), false),
        ("one look more at the location", read_at("2026-06-15T12:01:01Z"), true),
        ("a look ten minutes later", read_at("2026-06-15T12:11:01Z"), false),
        ("the same namespace", namespace("a-1"), false),
        ("the same tenant", tenant("a", &["a-1"]), false),
    ] {
        assert_eq!(is_unchanged_by(&world, &change), is_unchanged, "{what}");
    }
}

#[test]
fn a_namespace_that_a_rule_reaches_shows_the_rules_namespace_in_another_light_and_holds_no_request_to_it() {
    let rule = json!({"from": [{"namespaceSelector": {"matchLabels": {"team": "red"}}}]});
    let gate = change(
        Kind::NetworkPolicy,
        &json!({"metadata": {"name": "gate", "namespace": "a-1"}, "spec": {"ingress": [rule]}}),
    );
    let world = world(&[gate, tenant("b", &["b-1"])]);
    let home = subject(ObjectKey::cluster(Kind::Namespace, "a-1"));
    for (team, touches) in [("red", true), ("blue", false)] {
        let reached =
            change(Kind::Namespace, &json!({"metadata": {"name": "b-1", "labels": {"team": team}}}));
        let touched = touched_by(&world, &reached);
        assert_eq!(touched.dependents.contains(&home), touches, "{team}");
        assert!(!touched.subjects.contains(&home), "{team}");
    }
}

#[test]
fn a_tenant_that_takes_the_engines_namespace_touches_what_the_engine_holds_of_others() {
    let metadata = json!({"name": "p", "namespace": "velero"});
    let point =
        change(Kind::VeleroBackup, &json!({"metadata": metadata, "spec": {"includedNamespaces": ["a-1"]}}));
    let world = world(&[point, namespace("velero")]);
    let wanted = subject(ObjectKey::namespaced(Kind::VeleroBackup, "velero", "p"));
    assert!(touched_by(&world, &tenant("b", &["velero"])).subjects.contains(&wanted));
}

#[test]
fn another_cluster_touches_every_tenant() {
    let touched = touched_by(&world(&[]), &namespace("kube-system"));
    assert_eq!(touched.tenants, [Name::from("a")].into());
}
