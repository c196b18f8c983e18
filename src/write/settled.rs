//! Whether an apply would change nothing. Pure.
//!
//! A leader that has just begun remembers no write of its predecessor. The object itself does: `managedFields` say which
//! fields the last apply of a manager had, and whoever changes such a field takes it away from that manager. So an apply
//! changes nothing exactly when it has the fields that are owned, with the values that are there.

use serde_json::{Map, Value};

use super::Part;
use crate::api::keys;

/// What `managedFields` never list, because it names the object.
const IDENTITY: [&str; 5] = ["name", "namespace", "uid", "resourceVersion", "managedFields"];

/// Whether an apply of `body` by `manager` would leave `live` as it is.
pub(super) fn is_settled(live: &Value, body: &Value, manager: &str, part: Part) -> bool {
    let wanted = wanted(body);
    let Some(owned) = owned_fields(live, body, manager, part) else { return wanted.is_empty() };
    is_same_object(body, live) && matches(owned, live, &Value::Object(wanted))
}

/// Whether an apply of this body owns nothing.
pub(super) fn wants_nothing(body: &Value) -> bool {
    wanted(body).is_empty()
}

/// The fields that a body asks for.
fn wanted(body: &Value) -> Map<String, Value> {
    let fields = body.as_object().into_iter().flatten();
    fields
        .filter(|(field, _)| !matches!(field.as_str(), "apiVersion" | "kind"))
        .filter_map(|(field, value)| Some((field.clone(), without_identity(field, value)?)))
        .collect()
}

/// `metadata` without what names the object; none where nothing else is in it.
fn without_identity(field: &str, value: &Value) -> Option<Value> {
    let (Value::Object(metadata), "metadata") = (value, field) else { return Some(value.clone()) };
    let rest: Map<String, Value> = metadata
        .iter()
        .filter(|(name, _)| !IDENTITY.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    (!rest.is_empty()).then_some(Value::Object(rest))
}

/// Whether the body asks for this very object, where it gives a UID.
fn is_same_object(body: &Value, live: &Value) -> bool {
    let uid = body.pointer("/metadata/uid");
    uid.is_none() || uid == live.pointer("/metadata/uid")
}

fn owned_fields<'a>(live: &'a Value, body: &Value, manager: &str, part: Part) -> Option<&'a Value> {
    let subresource = match part {
        Part::Object => None,
        Part::Status => Some("status"),
    };
    let entries = live.pointer("/metadata/managedFields")?.as_array()?;
    let text = |entry: &'a Value, field: &str| entry.get(field).and_then(Value::as_str);
    let mine = entries.iter().find(|entry| {
        text(entry, "manager") == Some(manager)
            && text(entry, "operation") == Some("Apply")
            && text(entry, "subresource").filter(|name| !name.is_empty()) == subresource
            && entry.get("apiVersion") == body.get("apiVersion")
    })?;
    mine.get("fieldsV1")
}

/// Whether `wanted` has exactly the fields `owned`, with the values of `live`.
fn matches(owned: &Value, live: &Value, wanted: &Value) -> bool {
    let Some(children) = children(owned) else { return holds(live, wanted) };
    match wanted {
        Value::Object(fields) => {
            children.len() == fields.len()
                && children.iter().all(|(path, owned)| {
                    let Some(name) = path.strip_prefix("f:") else { return false };
                    let (live, wanted) = (live.get(name), fields.get(name));
                    live.zip(wanted).is_some_and(|(live, wanted)| matches(owned, live, wanted))
                })
        }
        Value::Array(items) => {
            children.len() == items.len()
                && children.iter().all(|(path, owned)| {
                    let (live, wanted) = (item(live, path), item(wanted, path));
                    live.zip(wanted).is_some_and(|(live, wanted)| matches(owned, live, wanted))
                })
        }
        _ => false,
    }
}

/// The fields below an owned one; none where it is owned as a whole.
fn children(owned: &Value) -> Option<Vec<(&str, &Value)>> {
    let fields = owned.as_object()?.iter().filter(|(path, _)| *path != ".");
    let children: Vec<_> = fields.map(|(path, owned)| (path.as_str(), owned)).collect();
    (!children.is_empty()).then_some(children)
}

/// The item of a list that `k:{…}` or `v:…` names.
fn item<'a>(list: &'a Value, path: &str) -> Option<&'a Value> {
    let (kind, text) = path.split_at_checked(2)?;
    let key: Value = serde_json::from_str(text).ok()?;
    list.as_array()?.iter().find(|item| match kind {
        "v:" => **item == key,
        // A key that the body leaves out has its default there.
        "k:" => key.as_object().is_some_and(|key| {
            key.iter().all(|(name, value)| item.get(name).is_none_or(|found| found == value))
        }),
        _ => false,
    })
}

/// Whether `live` has all that is wanted; what the API server added by default does not count.
fn holds(live: &Value, wanted: &Value) -> bool {
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) => {
            wanted.iter().all(|(name, wanted)| live.get(name).is_some_and(|live| holds(live, wanted)))
        }
        (Value::Array(live), Value::Array(wanted)) => {
            live.len() == wanted.len() && live.iter().zip(wanted).all(|(live, wanted)| holds(live, wanted))
        }
        _ => live == wanted,
    }
}

/// Whether a manager has applied the object before: its entry stays even where others took fields from it.
pub(super) fn was_applied(live: &Value, manager: &str) -> bool {
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array);
    entries.into_iter().flatten().any(|entry| {
        let text = |field: &str| entry.get(field).and_then(Value::as_str);
        text("manager") == Some(manager) && text("operation") == Some("Apply")
    })
}

/// Whether the labels say that Surety keeps the object, and for this tenant.
pub(super) fn is_written_for(live: &Value, tenant: &str) -> bool {
    let label = |key: &str| live.get("metadata")?.get("labels")?.get(key)?.as_str();
    label(keys::MANAGED_BY) == Some(keys::MANAGED_BY_SURETY) && label(keys::TENANT) == Some(tenant)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;

    /// A policy as the API server gives it back: defaults added, others' fields beside ours.
    fn live() -> Value {
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {
                "name": "deny", "namespace": "acme", "uid": "u1", "resourceVersion": "9", "generation": 2,
                "labels": {"a": "1", "theirs": "x"},
                "managedFields": [
                    {"manager": "kubectl", "operation": "Update", "apiVersion": "networking.k8s.io/v1",
                     "fieldsV1": {"f:metadata": {"f:labels": {"f:theirs": {}}}}},
                    {"manager": "surety/network", "operation": "Apply", "apiVersion": "networking.k8s.io/v1",
                     "fieldsV1": {"f:metadata": {"f:labels": {"f:a": {}}},
                                  "f:spec": {"f:podSelector": {}, "f:policyTypes": {}, "f:egress": {}}}},
                    {"manager": "surety/network", "operation": "Apply", "apiVersion": "networking.k8s.io/v1",
                     "subresource": "status",
                     "fieldsV1": {"f:status": {"f:conditions": {"k:{\"type\":\"Ready\"}":
                        {".": {}, "f:type": {}, "f:status": {}}}, "f:names": {"v:\"x\"": {}}}}},
                ],
            },
            "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"],
                     "egress": [{"ports": [{"port": 53, "protocol": "TCP"}]}]},
            "status": {"names": ["w", "x"], "conditions": [
                {"type": "Other", "status": "True"},
                {"type": "Ready", "status": "True", "message": "theirs"}]},
        })
    }

    fn body() -> Value {
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "deny", "namespace": "acme", "labels": {"a": "1"}},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "egress": [{"ports": [{"port": 53}]}]},
        })
    }

    fn with(mut value: Value, pointer: &str, new: Value) -> Value {
        *value.pointer_mut(pointer).unwrap() = new;
        value
    }

    #[test]
    fn an_apply_is_settled_exactly_when_nothing_would_change() {
        let labels = "/metadata/labels";
        let cases = [
            ("the same", live(), body(), true),
            (
                "with its uid",
                live(),
                with(body(), "/metadata", json!({"uid": "u1", "labels": {"a": "1"}})),
                true,
            ),
            (
                "of another uid",
                live(),
                with(body(), "/metadata", json!({"uid": "u2", "labels": {"a": "1"}})),
                false,
            ),
            ("another value", live(), with(body(), labels, json!({"a": "2"})), false),
            ("one field more", live(), with(body(), labels, json!({"a": "1", "b": "2"})), false),
            (
                "a field that another owns",
                live(),
                with(body(), labels, json!({"a": "1", "theirs": "x"})),
                false,
            ),
            ("one field less", live(), with(body(), "/metadata", json!({"name": "deny"})), false),
            ("a shorter list", live(), with(body(), "/spec/policyTypes", json!(["Ingress"])), false),
            ("another order", live(), with(body(), "/spec/policyTypes", json!(["Egress", "Ingress"])), false),
            (
                "changed by another",
                with(
                    live(),
                    "/metadata/managedFields/1/fieldsV1",
                    json!({"f:spec": {"f:podSelector": {}, "f:policyTypes": {}, "f:egress": {}}}),
                ),
                body(),
                false,
            ),
            ("value gone", with(live(), "/spec", json!({})), body(), false),
            ("no managed fields", with(live(), "/metadata/managedFields", json!([])), body(), false),
            ("another version", live(), with(body(), "/apiVersion", json!("networking.k8s.io/v2")), false),
        ];
        for (what, live, body, expected) in cases {
            assert_eq!(is_settled(&live, &body, "surety/network", Part::Object), expected, "{what}");
        }
        assert!(!is_settled(&live(), &body(), "surety/other", Part::Object), "another manager");
    }

    #[test]
    fn items_of_lists_are_ours_one_by_one() {
        let status = |status: Value| {
            json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                   "metadata": {"name": "deny"}, "status": status})
        };
        let ready = json!({"type": "Ready", "status": "True"});
        let cases = [
            ("the same", json!({"conditions": [ready], "names": ["x"]}), true),
            (
                "another status",
                json!({"conditions": [{"type": "Ready", "status": "False"}], "names": ["x"]}),
                false,
            ),
            (
                "a field more",
                json!({"conditions": [{"type": "Ready", "status": "True", "message": "theirs"}], "names": ["x"]}),
                false,
            ),
            (
                "another item",
                json!({"conditions": [ready, {"type": "New", "status": "True"}], "names": ["x"]}),
                false,
            ),
            ("another value", json!({"conditions": [ready], "names": ["w"]}), false),
            ("an item less", json!({"conditions": [ready], "names": []}), false),
            ("no list", json!({"conditions": "x", "names": ["x"]}), false),
        ];
        for (what, wanted, expected) in cases {
            let settled = is_settled(&live(), &status(wanted), "surety/network", Part::Status);
            assert_eq!(settled, expected, "{what}");
        }
    }
}
