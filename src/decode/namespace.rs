//! Namespaces.

use serde::Deserialize;

use super::{Fault, Metadata, Nested, from_slice};
use crate::core::facts::Namespace;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Nested<Metadata<'a>>,
}

pub(super) fn decode(json: &[u8]) -> Result<Namespace, Fault> {
    let Object { metadata } = from_slice(json)?;
    Ok(Namespace { name: metadata.name()?, meta: metadata.meta(), labels: metadata.labels.intern() })
}
