//! Path "files": objects as YAML or JSON text, through `decode::manifests` and `decode::object`, into a fresh world.

use std::{fmt::Write as _, sync::Arc};

use serde_json::Value;
use surety::{
    core::{
        controls,
        facts::{Change, Kind, Name, ObjectKey},
        world::World,
    },
    decode, index,
};

use super::{
    random::Random,
    scenario::{Disagreement, Scenario},
};

/// The namespace of manifests that name none.
const DEFAULT_NAMESPACE: &str = "one-prod";

/// What the files show of each object, in the order of the files.
pub(super) fn changes_of(scenario: &Scenario) -> Result<Vec<Change>, Disagreement> {
    let mut random = Random::of(scenario.seed, "files");
    let mut values: Vec<(Kind, Value)> =
        scenario.objects.iter().filter_map(|object| Some((object.kind, object.now.clone()?))).collect();
    random.shuffle(&mut values);
    // Reading YAML is the slow part: most worlds take the short way from here on, which `check` shares.
    if !random.chance(25) {
        return values.iter().map(|(kind, value)| change_of(*kind, value)).collect();
    }
    let mut changes = Vec::new();
    let mut rest = values.as_slice();
    while !rest.is_empty() {
        let (file, later) = rest.split_at(random.between(1, rest.len().min(8)));
        changes.extend(read(&mut random, file)?);
        rest = later;
    }
    Ok(changes)
}

/// What is read of one object.
pub(super) fn change_of(kind: Kind, value: &Value) -> Result<Change, Disagreement> {
    change_in(kind, value.to_string().as_bytes())
}

fn change_in(kind: Kind, json: &[u8]) -> Result<Change, Disagreement> {
    match decode::object(kind, json) {
        Ok(fact) => Ok(Change::Apply(fact)),
        Err(error) => {
            let unnamed = |nameless: decode::DecodeError| {
                Disagreement::new("object without a name", format!("{error}, {nameless}"))
            };
            let meta = decode::meta_only(kind, json).map_err(unnamed)?;
            Ok(Change::Unreadable(meta.key, Name::from(error.to_string())))
        }
    }
}

/// A fresh world of these changes.
pub(super) fn world_of(scenario: &Scenario, changes: &[Change]) -> World {
    let mut world = World::new(controls::all());
    for (source, state) in &scenario.sources {
        index::set_source(&mut world, *source, state.clone());
    }
    index::set_enforcing_since(&mut world, scenario.enforcing_since);
    index::set_proofs(&mut world, Arc::clone(&scenario.proofs));
    for change in changes {
        index::apply(&mut world, change.clone());
    }
    world
}

fn read(random: &mut Random, objects: &[(Kind, Value)]) -> Result<Vec<Change>, Disagreement> {
    let text = write(random, objects);
    let disagree = |what: String| Disagreement::new("manifests", format!("{what}\n{text}"));
    let manifests = decode::manifests("objects.yaml", &text, DEFAULT_NAMESPACE)
        .map_err(|error| disagree(error.to_string()))?;
    if manifests.len() != objects.len() {
        return Err(disagree(format!("{} manifests of {} objects", manifests.len(), objects.len())));
    }
    let each = manifests.iter().zip(objects).map(|(manifest, (kind, _))| {
        if manifest.kind != Some(*kind) {
            return Err(disagree(format!("{:?} is read as {:?}", kind, manifest.kind)));
        }
        change_in(*kind, &manifest.json)
    });
    each.collect()
}

/// Documents of one file in one of the forms that people and tools write.
fn write(random: &mut Random, objects: &[(Kind, Value)]) -> String {
    let values: Vec<Value> = objects.iter().map(|(_, value)| with_defaults_left_out(random, value)).collect();
    match random.below(4) {
        0 => serde_json::json!({"apiVersion": "v1", "kind": "List", "items": values}).to_string(),
        1 => {
            let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": values});
            serde_saphyr::to_string(&list).unwrap()
        }
        2 => values.iter().fold("# written by hand\n".to_owned(), |mut text, value| {
            let _ = write!(text, "---\n{value}\n");
            text
        }),
        _ => values.iter().fold(String::new(), |mut text, value| {
            let _ = write!(text, "---\n# one of many\n{}\n", serde_saphyr::to_string(value).unwrap());
            text
        }),
    }
}

/// Without a namespace that is the default.
fn with_defaults_left_out(random: &mut Random, value: &Value) -> Value {
    let mut value = value.clone();
    let is_default = value["metadata"]["namespace"] == DEFAULT_NAMESPACE;
    if is_default && random.chance(50) {
        value["metadata"].as_object_mut().unwrap().remove("namespace");
    }
    value
}

/// Puts an object into the place of the one of the same key, or takes that away.
pub(super) fn with(changes: &[Change], key: &ObjectKey, now: Option<Change>) -> Vec<Change> {
    let others = changes.iter().filter(|change| change.key() != *key).cloned();
    others.chain(now).collect()
}
