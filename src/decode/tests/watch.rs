//! Watch lines and list pages.

use serde_json::{Value, json};

use super::{bytes, decode};
use crate::{
    core::facts::{Change, Kind, Name, ObjectKey},
    decode::{ListMeta, WatchLine, list_page, watch_line},
};

fn namespace(name: &str) -> Value {
    json!({"metadata": {"name": name, "resourceVersion": "42"}})
}

fn line(event: &str, object: &Value) -> Vec<u8> {
    bytes(&json!({"type": event, "object": object}))
}

#[test]
fn objects_that_come_and_change_carry_their_facts_and_version() {
    let object = namespace("shop");
    let (change, resource_version) = (Change::Apply(decode(Kind::Namespace, &object)), Name::from("42"));
    let added = WatchLine::Added { change: change.clone(), resource_version: resource_version.clone() };
    assert_eq!(watch_line(Kind::Namespace, &line("ADDED", &object)).unwrap(), added);
    let modified = WatchLine::Modified { change, resource_version };
    assert_eq!(watch_line(Kind::Namespace, &line("MODIFIED", &object)).unwrap(), modified);
}

#[test]
fn a_line_may_end_with_its_newline() {
    let mut with_newline = line("ADDED", &namespace("shop"));
    with_newline.push(b'\n');
    assert!(watch_line(Kind::Namespace, &with_newline).is_ok());
}

#[test]
fn of_what_is_gone_only_the_key_is_read() {
    let object = json!({"metadata": {"name": "web", "namespace": "shop", "resourceVersion": "43"}, "spec": "unreadable"});
    let deleted = watch_line(Kind::Pod, &line("DELETED", &object)).unwrap();
    let key = ObjectKey::namespaced(Kind::Pod, "shop", "web");
    assert_eq!(deleted, WatchLine::Deleted { key, resource_version: Name::from("43") });
}

#[test]
fn a_bookmark_carries_the_version() {
    let object = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"resourceVersion": "12746", "creationTimestamp": null}, "spec": {"containers": null}});
    let bookmark = watch_line(Kind::Pod, &line("BOOKMARK", &object)).unwrap();
    assert_eq!(bookmark, WatchLine::Bookmark { resource_version: Name::from("12746") });
}

#[test]
fn an_error_carries_code_and_reason() {
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "too old resource version: 1 (2)", "reason": "Expired", "code": 410});
    let error = watch_line(Kind::Pod, &line("ERROR", &status)).unwrap();
    assert_eq!(error, WatchLine::Error { code: 410, reason: Name::from("Expired") });
}

#[test]
fn an_object_that_cannot_be_read_is_named_and_the_watch_lives() {
    let object = json!({"metadata": {"name": "web", "namespace": "shop", "resourceVersion": "44"}, "spec": {"containers": 5}});
    for event in ["ADDED", "MODIFIED"] {
        let (WatchLine::Added { change, resource_version }
        | WatchLine::Modified { change, resource_version }) =
            watch_line(Kind::Pod, &line(event, &object)).unwrap()
        else {
            panic!("{event}")
        };
        let Change::Unreadable(key, reason) = change else { panic!("{event}") };
        assert_eq!(key, ObjectKey::namespaced(Kind::Pod, "shop", "web"));
        assert!(reason.contains("`spec.containers`"), "{reason}");
        assert_eq!(resource_version, "44");
    }
}

#[test]
fn what_is_no_event_is_an_error() {
    let nameless = line("ADDED", &json!({"metadata": {"name": 5}}));
    let strange = line("RENAMED", &namespace("shop"));
    for text in [
        &b"{}"[..],
        b"",
        b"{\"type\":\"ADDED\"}",
        b"not json",
        b"{\"type\":\"ADDED\",\"object\":",
        &nameless,
        &strange,
    ] {
        assert!(watch_line(Kind::Namespace, text).is_err(), "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn a_record_is_deleted_under_the_key_it_was_applied_with() {
    let object = json!({"metadata": {"name": "surety-tenant-acme", "namespace": "surety-system"}});
    let deleted = watch_line(Kind::TenantRecord, &line("DELETED", &object)).unwrap();
    let key = ObjectKey::cluster(Kind::TenantRecord, "acme");
    assert_eq!(deleted, WatchLine::Deleted { key, resource_version: Name::default() });
}

fn page(kind: Kind, body: &Value) -> (Vec<Change>, ListMeta) {
    let mut changes = Vec::new();
    let meta = list_page(kind, &bytes(body), |change| changes.push(change)).unwrap();
    (changes, meta)
}

#[test]
fn a_page_hands_on_each_item_and_how_to_go_on() {
    let (changes, meta) = page(
        Kind::Namespace,
        &json!({
            "kind": "NamespaceList", "apiVersion": "v1", "items": [namespace("a"), namespace("b")],
            "metadata": {"resourceVersion": "100", "continue": "token", "remainingItemCount": 7},
        }),
    );
    let expected = ["a", "b"].map(|name| Change::Apply(decode(Kind::Namespace, &namespace(name))));
    assert_eq!(changes, expected);
    let token = Some(Name::from("token"));
    assert_eq!(
        meta,
        ListMeta { resource_version: Name::from("100"), continue_token: token, remaining: Some(7) }
    );
}

#[test]
fn the_last_page_has_no_token() {
    let (changes, meta) =
        page(Kind::Pod, &json!({"metadata": {"resourceVersion": "5", "continue": ""}, "items": null}));
    assert_eq!((changes.len(), meta.continue_token, meta.remaining), (0, None, None));
}

#[test]
fn one_item_that_cannot_be_read_does_not_hide_the_others() {
    let bad = json!({"metadata": {"name": "bad"}, "spec": {"tenantSelector": {}}});
    let good = json!({"metadata": {"name": "good"}, "spec": {"tenantSelector": {}, "engine": {}}});
    let (changes, _) = page(Kind::BackupPolicy, &json!({"items": [bad, good]}));
    assert!(matches!(&changes[0], Change::Unreadable(key, _) if key.name == "bad"));
    assert!(matches!(&changes[1], Change::Apply(_)));
}

#[test]
fn a_body_that_is_no_list_is_not_taken_for_an_empty_one() {
    let status = json!({"kind": "Status", "status": "Failure", "code": 500, "metadata": {}});
    let error = list_page(Kind::Pod, &bytes(&status), |_| panic!("nothing to hand on")).unwrap_err();
    assert!(error.to_string().contains("items"), "{error}");
    assert!(list_page(Kind::Pod, b"{\"items\":[{\"metadata\":", |_| panic!("nothing to hand on")).is_err());
}
