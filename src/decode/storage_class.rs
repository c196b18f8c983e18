//! Storage classes.

use serde::Deserialize;

use super::{Fault, Metadata, Nested, Pairs, Text, from_slice};
use crate::core::facts::StorageClass;

/// Either marks the default class (k8s.io/component-helpers: storage/volume/helpers.go).
pub(super) const DEFAULT_MARKS: [&str; 2] =
    ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Nested<Metadata<'a>>,
    provisioner: Text<'a>,
    parameters: Pairs<'a>,
}

pub(super) fn decode(json: &[u8]) -> Result<StorageClass, Fault> {
    let Object { metadata, provisioner, parameters } = from_slice(json)?;
    let is_default = DEFAULT_MARKS.iter().any(|mark| metadata.annotations.get(mark) == Some("true"));
    Ok(StorageClass {
        name: metadata.name()?,
        meta: metadata.meta(),
        provisioner: provisioner.intern(),
        parameters: parameters.intern(),
        is_default,
    })
}
