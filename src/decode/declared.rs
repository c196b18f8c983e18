//! Surety's own kinds: the spec is read into its `api` type, and the conditions that stand in its status.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde::{Deserialize, de::DeserializeOwned};

use super::{Fault, List, Metadata, Nested, Whole, from_slice};
use crate::core::facts::Declared;

#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "'de: 'a, S: Deserialize<'de>"))]
struct Object<'a, S> {
    #[serde(default)]
    metadata: Nested<Metadata<'a>>,
    spec: Whole<S>,
    #[serde(default)]
    status: Nested<Status>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    conditions: List<Condition>,
}

pub(super) fn decode<S: DeserializeOwned>(json: &[u8]) -> Result<Declared<S>, Fault> {
    let Object { metadata, spec, status } = from_slice(json)?;
    Ok(Declared {
        name: metadata.name()?,
        meta: metadata.meta(),
        labels: metadata.labels.intern(),
        spec: Arc::new(spec.0),
        conditions: status.conditions.iter().cloned().collect(),
    })
}
