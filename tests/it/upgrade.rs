//! Two versions at once: what a newer version wrote is read by this one as far as it goes, and never blocks its start.

use jiff::Timestamp;
use serde_json::{Value, json};
use surety::{
    core::{
        controls,
        facts::{Kind, Source, SourceState},
        verdict::State,
        world::World,
    },
    decode::{self, WatchLine},
    reconcile::book::Book,
};

const NOW: &str = "2027-01-15T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "surety.dev/v1alpha1", "kind": kind, "spec": spec,
        "metadata": {"name": name, "uid": name, "resourceVersion": "1", "creationTimestamp": NOW},
    })
}

/// A promise that is kept by what a later version checks too, and one of this version beside it.
fn profile(controls: &Value) -> Value {
    let commitment =
        |id: &str, controls: &Value| json!({"id": id, "promise": "It is kept.", "controls": controls});
    object(
        "Profile",
        "annex",
        &json!({
            "title": "Annex", "version": "2.0", "effectiveDate": "2027-01-01", "tenantSelector": {},
            "changeLog": [{"version": "2.0", "date": "2027-01-01", "summary": "Of a later version."}],
            "commitments": [commitment("NEW", controls), commitment("OLD", &json!([{"id": "isolation.host-access"}]))],
        }),
    )
}

fn tenant() -> Value {
    object("Tenant", "acme", &json!({"namespaces": {"names": ["acme-prod"]}}))
}

/// The controller that was told of these objects by its watches, every source listed.
fn started(objects: &[(Kind, Value)]) -> Book {
    let mut book = Book::new(World::new(controls::all()));
    for source in Source::ALL {
        book.set_source(*source, SourceState::Synced, now());
    }
    for (kind, object) in objects {
        let line = json!({"type": "ADDED", "object": object}).to_string();
        let WatchLine::Added { change, .. } = decode::watch_line(*kind, line.as_bytes()).unwrap() else {
            panic!("{line}")
        };
        book.apply(change, now());
    }
    assert!(book.can_open(), "nothing that a newer version wrote keeps this one from starting");
    book.open(now());
    book
}

fn states(book: &Book) -> Vec<(String, State)> {
    let commitments = book.result("acme", now()).unwrap().commitments;
    commitments.into_iter().map(|commitment| (commitment.id.to_string(), commitment.state)).collect()
}

#[test]
fn a_control_that_this_version_does_not_know_reads_error_or_manual_and_leaves_the_others_alone() {
    let cases = [
        (
            "outside the catalogue",
            json!([{"id": "quantum.entangled", "parameters": {"qubits": 3}}]),
            State::Error,
        ),
        ("planned and not built", json!([{"id": "access.second-factor"}]), State::Manual),
        (
            "of this version, with a parameter of another",
            json!([{"id": "isolation.host-access", "parameters": {"newly": true}}]),
            State::Error,
        ),
    ];
    for (what, controls, expected) in cases {
        let book = started(&[(Kind::Tenant, tenant()), (Kind::Profile, profile(&controls))]);
        let states = states(&book);
        assert_eq!(states[0], ("NEW".to_owned(), expected), "{what}");
        assert_eq!(states[1].0, "OLD");
        assert_ne!(states[1].1, expected, "{what}: {states:?}");
    }
}

#[test]
fn a_field_that_this_version_does_not_know_changes_nothing() {
    let plain = profile(&json!([{"id": "isolation.host-access"}]));
    let mut newer = plain.clone();
    newer["spec"]["futureField"] = json!({"anything": [1, 2]});
    newer["spec"]["commitments"][0]["futureField"] = json!("x");
    newer["spec"]["commitments"][0]["controls"][0]["futureField"] = json!(true);
    let mut newer_tenant = tenant();
    newer_tenant["spec"]["futureField"] = json!(1);
    newer_tenant["status"] = json!({"futureField": 1, "conditions": []});
    let read = |tenant: Value, profile: Value| {
        let book = started(&[(Kind::Tenant, tenant), (Kind::Profile, profile)]);
        assert_eq!(book.world().unreadable().count(), 0);
        states(&book)
    };
    assert_eq!(read(newer_tenant, newer), read(tenant(), plain));
}

#[test]
fn an_object_that_only_a_newer_version_can_read_does_not_keep_this_one_from_starting() {
    let mut newer = profile(&json!([{"id": "isolation.host-access"}]));
    newer["spec"]["commitments"][0]["enforcement"] = json!("Persuade");
    let book = started(&[(Kind::Tenant, tenant()), (Kind::Profile, newer)]);
    let unreadable: Vec<_> = book.world().unreadable().collect();
    assert_eq!(unreadable.len(), 1);
    assert!(unreadable[0].1.contains("Persuade"), "{unreadable:?}");
    assert!(book.result("acme", now()).is_some());
}

#[test]
fn what_a_newer_version_remembers_is_read_as_far_as_it_goes() {
    let map = |name: &str, label: &str, data: Value| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "data": data,
            "metadata": {"name": name, "namespace": "surety-system", "uid": name, "resourceVersion": "1",
                         "labels": {"surety.dev/record": label}},
        })
    };
    let record = json!({"tenant": "acme", "futureField": {}, "namespaces": {
        "acme-prod": {"uid": "u", "generation": 1, "futureField": 1}}});
    let gap = json!({"began": NOW, "ended": null, "cause": "a cause of a later version", "futureField": 1});
    let cluster = json!({"gap.0000000000000001": gap.to_string(), "future.1": "anything"});
    let book = started(&[
        (Kind::TenantRecord, map("surety-tenant-acme", "tenant", json!({"record": record.to_string()}))),
        (Kind::ClusterRecord, map("surety-cluster", "cluster", cluster)),
    ]);
    assert_eq!(book.world().unreadable().count(), 0);
    assert!(book.world().record("acme").is_some());
    assert_eq!(book.world().gaps().len(), 1);
}
