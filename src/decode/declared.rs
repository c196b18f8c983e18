//! Surety's own kinds: the spec is read into its `api` type.

use std::sync::Arc;

use serde::{Deserialize, de::DeserializeOwned};

use super::{Fault, Metadata, Nested, Whole, from_slice};
use crate::core::facts::Declared;

#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "'de: 'a, S: Deserialize<'de>"))]
struct Object<'a, S> {
    #[serde(default)]
    metadata: Nested<Metadata<'a>>,
    spec: Whole<S>,
}

pub(super) fn decode<S: DeserializeOwned>(json: &[u8]) -> Result<Declared<S>, Fault> {
    let Object { metadata, spec } = from_slice(json)?;
    Ok(Declared {
        name: metadata.name()?,
        meta: metadata.meta(),
        labels: metadata.labels.intern(),
        spec: Arc::new(spec.0),
    })
}
