//! Manifests for the command line: YAML or JSON text with one or more documents, each as the JSON of one object.
//!
//! The only place that goes by a generic tree: nobody waits for it, and the source lines are wanted.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Map, Value};
use serde_saphyr::Spanned;

use super::{DecodeError, record};
use crate::core::facts::Kind;

/// One object of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The line on which it starts, from 1; for an item of a List its own.
    pub line: usize,
    /// `apiVersion`; empty where it is missing.
    pub api_version: String,
    /// `kind`; empty where it is missing, as in a file of Helm values.
    pub kind_name: String,
    /// The kind, where Surety knows it. The version does not count.
    pub kind: Option<Kind>,
    /// The namespace; none for cluster-scoped and unknown kinds that name none.
    pub namespace: Option<String>,
    /// `metadata.name`; empty where it is missing.
    pub name: String,
    /// The object as JSON, ready for [`super::object`]; with `default_namespace` in it where its kind needs one.
    pub json: Vec<u8>,
}

/// Reads every object of a text. A `List` gives its items; an empty document gives nothing. `file` is named in errors.
pub fn manifests(file: &str, text: &str, default_namespace: &str) -> Result<Vec<Manifest>, DecodeError> {
    let documents: Vec<Spanned<Document>> = serde_saphyr::from_str_multiple_with_options(text, options())
        .map_err(|error| unreadable(file, &error))?;
    let objects = documents.into_iter().flat_map(Document::unfold);
    objects.map(|(line, fields)| manifest(file, line, fields, default_namespace)).collect()
}

/// How manifests are read.
pub(super) fn options() -> serde_saphyr::Options {
    // `0777` is octal to the Kubernetes tools; without this it would become 777.
    // Comments are skipped: their number has a bound of its own, which a licence header would break.
    serde_saphyr::options! { legacy_octal_numbers: true, emit_comments: false }
}

fn unreadable(file: &str, error: &serde_saphyr::Error) -> DecodeError {
    let line = error.location().map_or(1, |location| line_number(location.line()));
    let problem = error.without_snippet().to_string();
    DecodeError::Manifest { file: file.to_owned(), line, problem }
}

pub(super) fn line_number(line: u64) -> usize {
    usize::try_from(line).unwrap_or(usize::MAX)
}

/// A document; what stands under `items` at its top keeps its lines.
#[derive(Debug, Default)]
struct Document {
    fields: Map<String, Value>,
    items: Option<Vec<Spanned<Map<String, Value>>>>,
}

impl Document {
    fn unfold(document: Spanned<Self>) -> Vec<(usize, Map<String, Value>)> {
        let Spanned { value: Self { fields, items }, referenced, .. } = document;
        let Some(items) = items else { return vec![(line_number(referenced.line()), fields)] };
        let each = items.into_iter().map(|item| {
            let line = line_number(item.referenced.line());
            (line, typed(item.value, &fields))
        });
        each.collect()
    }
}

/// Items of a typed list (`DeploymentList`) have no type of their own.
fn typed(mut item: Map<String, Value>, list: &Map<String, Value>) -> Map<String, Value> {
    let kind = text(list, "kind").strip_suffix("List").unwrap_or_default();
    if !kind.is_empty() && !item.contains_key("kind") {
        item.insert("kind".to_owned(), Value::from(kind));
        item.insert("apiVersion".to_owned(), Value::from(text(list, "apiVersion")));
    }
    item
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(DocumentVisitor)
    }
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Kubernetes object: a mapping with apiVersion, kind and metadata")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
        let mut document = Document::default();
        while let Some(field) = map.next_key::<String>()? {
            if field == "items" {
                document.items = Some(map.next_value::<Option<_>>()?.unwrap_or_default());
            } else {
                document.fields.insert(field, map.next_value()?);
            }
        }
        Ok(document)
    }
}

fn manifest(
    file: &str,
    line: usize,
    mut fields: Map<String, Value>,
    default_namespace: &str,
) -> Result<Manifest, DecodeError> {
    let (api_version, kind_name) = (text(&fields, "apiVersion").to_owned(), text(&fields, "kind").to_owned());
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let kind = known_kind(group, &kind_name, metadata_text(&fields, "name"));
    if kind.is_some_and(|kind| kind.resource().is_namespaced) {
        put_into(&mut fields, default_namespace);
    }
    let json = serde_json::to_vec(&fields).map_err(|error| DecodeError::Manifest {
        file: file.to_owned(),
        line,
        problem: format!("the object cannot be written as JSON: {error}"),
    })?;
    let (namespace, name) = (metadata_text(&fields, "namespace"), metadata_text(&fields, "name"));
    Ok(Manifest {
        line,
        kind,
        namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
        name: name.to_owned(),
        api_version,
        kind_name,
        json,
    })
}

/// A ConfigMap is a record of Surety's only by its name.
fn known_kind(group: &str, kind: &str, name: &str) -> Option<Kind> {
    Kind::find(group, kind).filter(|kind| *kind != Kind::TenantRecord || record::is_record(name))
}

fn put_into(fields: &mut Map<String, Value>, default_namespace: &str) {
    if !metadata_text(fields, "namespace").is_empty() {
        return;
    }
    if let Some(Value::Object(metadata)) = fields.get_mut("metadata") {
        metadata.insert("namespace".to_owned(), Value::from(default_namespace));
    }
}

fn text<'a>(fields: &'a Map<String, Value>, field: &str) -> &'a str {
    fields.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn metadata_text<'a>(fields: &'a Map<String, Value>, field: &str) -> &'a str {
    fields
        .get("metadata")
        .and_then(|metadata| metadata.get(field))
        .and_then(Value::as_str)
        .unwrap_or_default()
}
