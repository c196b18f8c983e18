//! Claims on volumes, and the templates that make them.

use serde::Deserialize;

use super::{
    Fault, Metadata, Nested, Present, Text,
    annotations::{KEPT, OLD_STORAGE_CLASS},
    from_slice,
};
use crate::core::facts::{ClaimTemplate, Name, PersistentVolumeClaim};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Nested<Metadata<'a>>,
    spec: Nested<Spec<'a>>,
    status: Nested<Status<'a>>,
}

/// A template as StatefulSets and generic ephemeral volumes hold it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Template<'a> {
    #[serde(borrow)]
    metadata: Nested<Metadata<'a>>,
    spec: Nested<Spec<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow)]
    storage_class_name: Option<Text<'a>>,
    volume_name: Text<'a>,
    data_source: Present,
    data_source_ref: Present,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status<'a> {
    #[serde(borrow)]
    phase: Text<'a>,
}

pub(super) fn decode(json: &[u8]) -> Result<PersistentVolumeClaim, Fault> {
    let Object { metadata, spec, status } = from_slice(json)?;
    let (namespace, name) = metadata.place()?;
    Ok(PersistentVolumeClaim {
        namespace,
        name,
        meta: metadata.meta(),
        labels: metadata.labels.intern(),
        annotations: metadata.annotations.intern_only(KEPT),
        storage_class: spec.storage_class(&metadata),
        volume_name: spec.volume_name.intern_some(),
        is_bound: &*status.phase == "Bound",
        has_data_source: spec.has_data_source(),
    })
}

impl Spec<'_> {
    fn storage_class(&self, metadata: &Metadata<'_>) -> Option<Name> {
        let old = metadata.annotations.get(OLD_STORAGE_CLASS).map(super::intern::name);
        old.or_else(|| self.storage_class_name.as_ref().map(Text::intern))
    }

    fn has_data_source(&self) -> bool {
        self.data_source.is_some() || self.data_source_ref.is_some()
    }
}

impl Template<'_> {
    /// The template of a StatefulSet, which has a name of its own.
    pub(super) fn named(&self) -> Result<ClaimTemplate, Fault> {
        Ok(self.with_name(self.metadata.name()?))
    }

    /// The template under a name that comes from elsewhere.
    pub(super) fn with_name(&self, name: Name) -> ClaimTemplate {
        ClaimTemplate {
            name,
            storage_class: self.spec.storage_class(&self.metadata),
            volume_name: self.spec.volume_name.intern_some(),
            labels: self.metadata.labels.intern(),
            annotations: self.metadata.annotations.intern_only(KEPT),
            has_data_source: self.spec.has_data_source(),
        }
    }
}
