//! `metadata` of any object.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::{Fault, Nested, Objects, Pairs, Present, Text, from_slice, record};
use crate::core::facts::{Kind, Meta, Name, ObjectKey, Owner};

/// The fields of `metadata` that facts hold. `managedFields` is skipped.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Metadata<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    namespace: Text<'a>,
    generate_name: Text<'a>,
    uid: Text<'a>,
    resource_version: Text<'a>,
    generation: Option<i64>,
    creation_timestamp: Option<Timestamp>,
    deletion_timestamp: Present,
    pub(crate) labels: Pairs<'a>,
    pub(crate) annotations: Pairs<'a>,
    owner_references: Objects<OwnerReference<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OwnerReference<'a> {
    #[serde(borrow)]
    kind: Text<'a>,
    name: Text<'a>,
    uid: Text<'a>,
    controller: Option<bool>,
}

impl Metadata<'_> {
    /// The object's name; what it will start with where the API server has not completed it yet.
    pub(crate) fn name(&self) -> Result<Name, Fault> {
        present_name(&self.name, &self.generate_name).map(Name::from)
    }

    /// Namespace and name of a namespaced object.
    pub(crate) fn place(&self) -> Result<(Name, Name), Fault> {
        Ok((present_namespace(&self.namespace)?, self.name()?))
    }

    /// What facts keep of it.
    pub(crate) fn meta(&self) -> Meta {
        Meta {
            uid: self.uid.to_name(),
            created: self.creation_timestamp.unwrap_or_default(),
            is_deleting: self.deletion_timestamp.is_some(),
            generation: self.generation.unwrap_or_default(),
            owner_references: self.owners(),
        }
    }

    fn owners(&self) -> Arc<[Owner]> {
        super::intern::owners(self.owner_references.iter().map(|owner| owner.owner()).collect())
    }

    /// The name of the first owner of this kind.
    pub(crate) fn owner_of_kind(&self, kind: &str) -> Option<&str> {
        self.owner_references.iter().find(|owner| *owner.kind == *kind).map(|owner| &*owner.name)
    }
}

fn present_name<'a>(name: &'a str, generate_name: &'a str) -> Result<&'a str, Fault> {
    match (name, generate_name) {
        ("", "") => Err(Fault::field("metadata.name", "it is missing; every object needs a name")),
        ("", prefix) => Ok(prefix),
        (name, _) => Ok(name),
    }
}

fn present_namespace(namespace: &str) -> Result<Name, Fault> {
    if namespace.is_empty() {
        return Err(Fault::field("metadata.namespace", "it is missing; objects of this kind live in one"));
    }
    Ok(super::intern::name(namespace))
}

/// The key under which facts of an object stand.
pub(super) fn key(kind: Kind, namespace: &str, name: &str) -> Result<ObjectKey, Fault> {
    if kind == Kind::TenantRecord {
        return Ok(ObjectKey::cluster(kind, record::tenant_of(name)));
    }
    if kind == Kind::ClusterRecord {
        return Ok(ObjectKey::cluster(kind, name));
    }
    if kind.resource().is_namespaced {
        return Ok(ObjectKey::namespaced(kind, present_namespace(namespace)?, name));
    }
    Ok(ObjectKey::cluster(kind, name))
}

impl OwnerReference<'_> {
    fn owner(&self) -> Owner {
        Owner {
            kind: self.kind.intern(),
            name: self.name.intern(),
            uid: self.uid.intern(),
            is_controller: self.controller.unwrap_or_default(),
        }
    }
}

/// What names an object, and no more of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaOnly {
    /// Its key. The name is `generateName` where there is no name yet.
    pub key: ObjectKey,
    /// `metadata.generateName`; empty where there is none.
    pub generate_name: Name,
    /// `metadata.uid`; empty where there is none yet.
    pub uid: Name,
    /// `metadata.resourceVersion`; empty where there is none yet.
    pub resource_version: Name,
}

/// Only what an API server never leaves malformed, so that it can be read of an object that otherwise cannot.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Envelope<'a> {
    #[serde(borrow)]
    metadata: Nested<Identity<'a>>,
}

/// What names an object, borrowed from its bytes.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Identity<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    namespace: Text<'a>,
    generate_name: Text<'a>,
    uid: Text<'a>,
    resource_version: Text<'a>,
}

impl Identity<'_> {
    /// The name, else `generateName`.
    pub(super) fn name(&self) -> Result<&str, Fault> {
        present_name(&self.name, &self.generate_name)
    }

    pub(super) fn key(&self, kind: Kind) -> Result<ObjectKey, Fault> {
        key(kind, &self.namespace, self.name()?)
    }
}

pub(super) fn identity(json: &[u8]) -> Result<Identity<'_>, Fault> {
    Ok(from_slice::<Envelope<'_>>(json)?.metadata.0)
}

/// One label of an object, whatever its kind; none where it cannot be read.
pub(super) fn label(json: &[u8], key: &str) -> Option<Name> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Labelled<'a> {
        #[serde(borrow)]
        metadata: Nested<Metadata<'a>>,
    }
    let object: Labelled<'_> = from_slice(json).ok()?;
    object.metadata.labels.get(key).map(Name::from)
}

pub(super) fn meta_only(kind: Kind, json: &[u8]) -> Result<MetaOnly, Fault> {
    let identity = identity(json)?;
    Ok(MetaOnly {
        key: identity.key(kind)?,
        generate_name: identity.generate_name.to_name(),
        uid: identity.uid.to_name(),
        resource_version: identity.resource_version.to_name(),
    })
}
