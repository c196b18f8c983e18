//! Compares the registration that is there with the one that is wanted, so that nothing is written when nothing
//! changed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::api::keys;

/// How far ahead an operator may pause enforcement.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(4);

/// How the registration differs from what is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Not at all.
    None,
    /// In what Surety applies: applying it again is enough.
    Applied,
    /// By an entry or a condition that somebody added. Lists with keys keep what others add when Surety applies, so
    /// the object has to be replaced.
    Added,
}

/// Whether anything has to be written; [`difference`] says how.
pub fn diff(current: &Value, wanted: &Value) -> bool {
    difference(current, wanted) != Difference::None
}

/// How `current` differs from `wanted`: modulo what the API server fills in, the order of entries and conditions, and
/// metadata but for the owner. `caBundle` and the owner count only where `wanted` has one.
pub fn difference(current: &Value, wanted: &Value) -> Difference {
    let owned = if has_owners_of(current, wanted) { Difference::None } else { Difference::Applied };
    let (current, wanted) = (entries(current), entries(wanted));
    if current.keys().any(|name| !wanted.contains_key(name)) {
        return Difference::Added;
    }
    let differences = wanted.iter().map(|(name, wanted)| match current.get(name) {
        Some(current) => entry_difference(current, wanted),
        None => Difference::Applied,
    });
    differences.fold(owned, worse)
}

/// Until when an operator has paused enforcement, by the annotation `surety.dev/paused-until`; none where that is
/// unreadable, or no [`pause`].
pub fn paused_until(current: &Value, now: Timestamp) -> Option<Timestamp> {
    let annotations = current.get("metadata")?.get("annotations")?;
    pause(annotations.get(keys::PAUSED_UNTIL)?.as_str()?.trim().parse().ok()?, now)
}

/// A pause that counts: none once it is past, and none more than four hours ahead, for it must not become a habit.
pub fn pause(until: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let latest = now.saturating_add(LONGEST_PAUSE).ok()?;
    (now < until && until <= latest).then_some(until)
}

/// Whether `current` goes away with everything that `wanted` goes away with.
fn has_owners_of(current: &Value, wanted: &Value) -> bool {
    let owners = |object: &Value| -> BTreeSet<String> {
        let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
        let uids = owners.into_iter().flatten().filter_map(|owner| owner.get("uid")?.as_str());
        uids.map(str::to_owned).collect()
    };
    owners(wanted).is_subset(&owners(current))
}

const fn worse(one: Difference, other: Difference) -> Difference {
    match (one, other) {
        (Difference::Added, _) | (_, Difference::Added) => Difference::Added,
        (Difference::Applied, _) | (_, Difference::Applied) => Difference::Applied,
        (Difference::None, Difference::None) => Difference::None,
    }
}

fn entry_difference(current: &Value, wanted: &Value) -> Difference {
    let (current, wanted) = (normal(current, wanted), normal(wanted, wanted));
    if current == wanted {
        return Difference::None;
    }
    let (conditions, wanted_conditions) = (conditions(&current), conditions(&wanted));
    if conditions.keys().any(|name| !wanted_conditions.contains_key(name)) {
        return Difference::Added;
    }
    Difference::Applied
}

fn entries(object: &Value) -> BTreeMap<&str, &Value> {
    by_name(object.get("webhooks"))
}

fn conditions(entry: &Map<String, Value>) -> BTreeMap<&str, &Value> {
    by_name(entry.get("matchConditions"))
}

fn by_name(list: Option<&Value>) -> BTreeMap<&str, &Value> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| Some((item.get("name")?.as_str()?, item))).collect()
}

/// An entry with the API server's defaults filled in and its conditions in order.
fn normal(entry: &Value, wanted: &Value) -> Map<String, Value> {
    let mut entry = entry.as_object().cloned().unwrap_or_default();
    let defaults = [
        ("failurePolicy", json!("Fail")),
        ("matchPolicy", json!("Equivalent")),
        ("namespaceSelector", json!({})),
        ("objectSelector", json!({})),
        ("timeoutSeconds", json!(10)),
        ("rules", json!([])),
        ("matchConditions", json!([])),
    ];
    for (field, default) in defaults {
        entry.entry(field).or_insert(default);
    }
    for rule in entry.get_mut("rules").and_then(Value::as_array_mut).into_iter().flatten() {
        default_field(rule, "scope", json!("*"));
    }
    if let Some(client) = entry.get_mut("clientConfig") {
        normalise_client(client, wanted.pointer("/clientConfig/caBundle").is_some());
    }
    if let Some(Value::Array(conditions)) = entry.get_mut("matchConditions") {
        conditions.sort_by_key(|condition| condition.get("name").and_then(Value::as_str).map(str::to_owned));
    }
    entry
}

fn normalise_client(client: &mut Value, bundle_counts: bool) {
    if let Some(service) = client.get_mut("service") {
        default_field(service, "port", json!(443));
    }
    if let Some(fields) = client.as_object_mut().filter(|_| !bundle_counts) {
        fields.remove("caBundle");
    }
}

fn default_field(object: &mut Value, field: &str, default: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.entry(field).or_insert(default);
    }
}
