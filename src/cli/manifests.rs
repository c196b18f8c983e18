//! From texts to facts, by the decoder that watch and webhook use, and where each object stands.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{CliError, input::Text};
use crate::{
    api::keys,
    core::facts::{Fact, Kind},
    decode::{self, Manifest},
    report::{check::Place, table::counted},
};

/// An object, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Object {
    pub(super) place: Place,
    pub(super) fact: Fact,
}

/// What texts hold.
#[derive(Debug, Default)]
pub(super) struct Objects {
    pub(super) judged: Vec<Object>,
    /// How many objects there are of each kind that Surety does not judge.
    pub(super) not_judged: BTreeMap<String, usize>,
}

/// More problems than these are counted.
const PROBLEMS_TOLD: usize = 20;

/// Reads every object of the texts as it would be created at `now`: with that time as its creation where it has none.
pub(super) fn decode(texts: &[Text], default_namespace: &str, now: Timestamp) -> Result<Objects, CliError> {
    let mut objects = Objects::default();
    let mut problems = Vec::new();
    for text in texts {
        match decode::manifests(&text.name, &text.content, default_namespace) {
            Ok(manifests) => {
                for manifest in manifests {
                    objects.add(text, &manifest, now).unwrap_or_else(|problem| problems.push(problem));
                }
            }
            Err(error) => problems.push(format!("{error}{}", hint(&text.content))),
        }
    }
    if problems.is_empty() { Ok(objects) } else { Err(CliError::Input(bounded(problems))) }
}

fn bounded(mut problems: Vec<String>) -> Vec<String> {
    let more = problems.len().saturating_sub(PROBLEMS_TOLD);
    if more > 0 {
        problems.truncate(PROBLEMS_TOLD);
        problems.push(format!("and {}", counted(more, "more problem", "more problems")));
    }
    problems
}

fn hint(content: &str) -> &'static str {
    if content.contains("{{") {
        "; it looks like a template: render it first, as in `helm template . | surety check -`"
    } else {
        ""
    }
}

impl Objects {
    fn add(&mut self, text: &Text, manifest: &Manifest, now: Timestamp) -> Result<(), String> {
        let Some(kind) = manifest.kind.filter(|kind| is_judged(*kind)) else {
            let kind = if manifest.kind_name.is_empty() { "no kind" } else { &manifest.kind_name };
            *self.not_judged.entry(kind.to_owned()).or_default() += 1;
            return Ok(());
        };
        let place = Place { file: text.name.clone(), line: manifest.line };
        let wrong = |problem: String| format!("{place}: {problem}");
        if manifest.name.is_empty() {
            return Err(wrong(format!("{kind} has no metadata.name: give it one")));
        }
        let json =
            completed(kind, &manifest.name, &manifest.json, now).map_err(|error| wrong(error.to_string()))?;
        let fact = decode::object(kind, &json).map_err(|error| wrong(error.to_string()))?;
        self.judged.push(Object { place, fact });
        Ok(())
    }
}

/// What is only seen at admission, is written by Surety itself, or is a record of it, is not judged in files.
const fn is_judged(kind: Kind) -> bool {
    kind.source().is_some() && !matches!(kind, Kind::TenantRecord | Kind::ClusterRecord)
}

/// As the API server completes an object that is created: with its creation time, and a namespace with its name as label.
fn completed(kind: Kind, name: &str, json: &[u8], now: Timestamp) -> Result<Vec<u8>, serde_json::Error> {
    let mut object: Value = serde_json::from_slice(json)?;
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.entry("creationTimestamp").or_insert(Value::Null);
        if metadata.get("creationTimestamp").is_some_and(Value::is_null) {
            metadata.insert("creationTimestamp".to_owned(), Value::from(format!("{now:.0}")));
        }
        if kind == Kind::Namespace {
            label(metadata, keys::NAMESPACE_NAME, name);
        }
    }
    serde_json::to_vec(&object)
}

fn label(metadata: &mut Map<String, Value>, key: &str, value: &str) {
    let labels = metadata.entry("labels").or_insert(Value::Null);
    if labels.is_null() {
        *labels = Value::Object(Map::new());
    }
    if let Value::Object(labels) = labels {
        labels.insert(key.to_owned(), Value::from(value));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

    use super::*;

    const NOW: &str = "2026-06-15T12:00:00Z";

    fn decoded(content: &str) -> Result<Objects, CliError> {
        let text = Text { name: "a.yaml".to_owned(), content: content.to_owned() };
        decode(&[text], "default", NOW.parse().unwrap())
    }

    #[test]
    fn an_object_stands_where_it_begins_and_is_as_young_as_can_be() {
        let objects = decoded("# first\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n").unwrap();
        let [object] = objects.judged.as_slice() else { panic!("{objects:?}") };
        assert_eq!(object.place.file, "a.yaml");
        let Fact::Namespace(namespace) = &object.fact else { panic!("{object:?}") };
        assert_eq!(namespace.meta.created, NOW.parse().unwrap());
        assert_eq!(namespace.labels.get(keys::NAMESPACE_NAME), Some("a"));
    }

    #[test]
    fn a_creation_time_that_is_given_is_kept() {
        let given = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  creationTimestamp: '2020-01-01T00:00:00Z'\n";
        let objects = decoded(given).unwrap();
        let created = objects.judged.iter().map(|object| object.fact.meta().unwrap().created);
        assert_eq!(created.collect::<Vec<_>>(), ["2020-01-01T00:00:00Z".parse().unwrap()]);
    }

    #[test]
    fn what_is_not_judged_is_counted_by_kind() {
        let objects =
            decoded("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\nreplicas: 1\n").unwrap();
        assert!(objects.judged.is_empty());
        let expected = [("ConfigMap".to_owned(), 1), ("no kind".to_owned(), 1)];
        assert_eq!(objects.not_judged, BTreeMap::from(expected));
    }

    #[test]
    fn a_template_is_recognised() {
        let error = decoded("apiVersion: v1\nkind: {{ .Kind }}\n").unwrap_err();
        assert!(error.to_string().contains("render it first"), "{error}");
        assert!(error.to_string().starts_with("a.yaml:"), "{error}");
    }

    #[test]
    fn every_problem_is_told_up_to_a_bound() {
        let nameless = "apiVersion: v1\nkind: Namespace\nmetadata: {}\n---\n".repeat(25);
        let CliError::Input(problems) = decoded(&nameless).unwrap_err() else { panic!() };
        assert_eq!(problems.len(), PROBLEMS_TOLD + 1);
        assert_eq!(problems.last().unwrap(), "and 5 more problems");
    }
}
