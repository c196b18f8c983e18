//! CustomResourceDefinitions. Their schemas, hundreds of kilobytes, are skipped.

use serde::Deserialize;

use super::{Fault, Metadata, Nested, Objects, Text, from_slice};
use crate::core::facts::{Definition, Name};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Nested<Metadata<'a>>,
    spec: Nested<Spec<'a>>,
    status: Nested<Status<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Spec<'a> {
    #[serde(borrow)]
    group: Text<'a>,
    names: Nested<Names<'a>>,
    versions: Objects<Version<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Names<'a> {
    #[serde(borrow)]
    plural: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Version<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    served: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status<'a> {
    #[serde(borrow)]
    conditions: Objects<Condition<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Condition<'a> {
    #[serde(borrow, rename = "type")]
    condition_type: Text<'a>,
    status: Text<'a>,
}

pub(super) fn decode(json: &[u8]) -> Result<Definition, Fault> {
    let Object { metadata, spec, status } = from_slice(json)?;
    Ok(Definition {
        name: metadata.name()?,
        meta: metadata.meta(),
        group: spec.group.intern(),
        plural: spec.names.plural.intern(),
        served_versions: served(&spec.versions),
        is_established: status.conditions.iter().any(|condition| condition.is_established()),
    })
}

fn served(versions: &Objects<Version<'_>>) -> Vec<Name> {
    let served = versions.iter().filter(|version| version.served == Some(true));
    served.map(|version| version.name.intern()).collect()
}

impl Condition<'_> {
    fn is_established(&self) -> bool {
        &*self.condition_type == "Established" && &*self.status == "True"
    }
}
