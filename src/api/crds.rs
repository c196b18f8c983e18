//! The CustomResourceDefinitions of Surety's kinds, as objects and as YAML: what `surety crds` prints and `crds/` holds.
//!
//! Built from the types beside this file and from nothing else; no client, no file.

use std::error::Error;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use kube::CustomResourceExt;
use serde_json::{Number, Value};
use serde_saphyr::{SerializerOptions, ser_options};

use super::{
    Attestation, BackupPolicy, ComplianceReport, EncryptionPolicy, IsolationPolicy, Profile, RetentionPolicy,
    Tenant, Waiver,
};

const HEADER: &str = "# Generated from src/api by `surety crds`; edit the types there.\n";

/// Why the definitions cannot be printed.
#[derive(Debug, thiserror::Error)]
#[error("the CustomResourceDefinition {name} cannot be written as YAML: {source}; this is a bug of Surety")]
pub struct PrintError {
    name: String,
    source: Box<dyn Error + Send + Sync>,
}

/// Every kind of Surety, in the order in which people meet them.
pub fn all() -> Vec<CustomResourceDefinition> {
    [
        Tenant::crd(),
        Profile::crd(),
        BackupPolicy::crd(),
        RetentionPolicy::crd(),
        EncryptionPolicy::crd(),
        IsolationPolicy::crd(),
        Waiver::crd(),
        Attestation::crd(),
        ComplianceReport::crd(),
    ]
    .map(finished)
    .into()
}

/// All kinds as one YAML stream, in the order of [`all`].
pub fn yaml() -> Result<String, PrintError> {
    let documents = files()?.into_iter().map(|(_, text)| text);
    Ok(documents.collect::<Vec<_>>().join("---\n"))
}

/// One file a kind: its name, `<plural>.surety.dev.yaml`, and its content, in the order of [`all`].
pub fn files() -> Result<Vec<(String, String)>, PrintError> {
    all().iter().map(file).collect()
}

fn file(crd: &CustomResourceDefinition) -> Result<(String, String), PrintError> {
    let name = crd.metadata.name.clone().unwrap_or_default();
    match print(crd) {
        Ok(text) => Ok((format!("{name}.yaml"), format!("{HEADER}{text}"))),
        Err(source) => Err(PrintError { name, source }),
    }
}

fn print(crd: &CustomResourceDefinition) -> Result<String, Box<dyn Error + Send + Sync>> {
    let mut value = serde_json::to_value(crd)?;
    print_whole_numbers_as_such(&mut value);
    Ok(serde_saphyr::to_string_with_options(&value, one_line_a_value())?)
}

/// Bounds are `f64` in the Rust type, and `minimum: 0.0` reads as drift where the server shows `minimum: 0`.
fn print_whole_numbers_as_such(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(print_whole_numbers_as_such),
        Value::Array(items) => items.iter_mut().for_each(print_whole_numbers_as_such),
        Value::Number(number) => {
            if let Some(whole) = whole(number) {
                *number = whole;
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

// Through text, because a cast from float to integer would have to be argued for.
fn whole(number: &Number) -> Option<Number> {
    number.to_string().strip_suffix(".0")?.parse::<i64>().ok().map(Number::from)
}

// Folded text moves line ends when one word changes, so that a review sees a paragraph instead of the word.
fn one_line_a_value() -> SerializerOptions {
    ser_options! { prefer_block_scalars: false }
}

fn finished(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    let labels = crd.metadata.labels.get_or_insert_default();
    labels.insert("app.kubernetes.io/name".to_owned(), "surety".to_owned());
    let schemas = crd.spec.versions.iter_mut().filter_map(|version| version.schema.as_mut());
    for schema in schemas.filter_map(|schema| schema.open_api_v3_schema.as_mut()) {
        forbid_null(schema);
    }
    crd
}

/// `Option<T>` is derived as nullable, but an absent value is never written as `null`, and a field that may be both
/// absent and `null` needs two tests in every rule. The API server drops a `null` where a schema does not allow it.
fn forbid_null(schema: &mut JSONSchemaProps) {
    schema.nullable = None;
    schema.properties.iter_mut().flat_map(|properties| properties.values_mut()).for_each(forbid_null);
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &mut schema.items {
        forbid_null(items);
    }
    if let Some(JSONSchemaPropsOrBool::Schema(values)) = &mut schema.additional_properties {
        forbid_null(values);
    }
}
