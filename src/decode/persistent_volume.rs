//! Volumes.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};

use super::{Fault, Metadata, Nested, Pairs, Present, Text, annotations::OLD_STORAGE_CLASS, from_slice};
use crate::core::facts::{ClaimReference, Name, PersistentVolume, VolumeBacking};

/// Names the provisioner that made a volume.
pub(super) const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";

/// Types of volumes that have no reading of their own (k8s.io/api: core/v1 PersistentVolumeSource). `spec` holds other
/// fields beside them, so an unknown field is no type.
const OTHER_TYPES: &[&str] = &[
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "glusterfs",
    "iscsi",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
    "vsphereVolume",
];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Nested<Metadata<'a>>,
    spec: Nested<Spec<'a>>,
    status: Nested<Status<'a>>,
}

#[derive(Debug, Default)]
struct Spec<'a> {
    storage_class_name: Text<'a>,
    reclaim_policy: Text<'a>,
    claim: Option<Nested<Claim<'a>>>,
    backing: Option<VolumeBacking>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Claim<'a> {
    #[serde(borrow)]
    namespace: Text<'a>,
    name: Text<'a>,
    uid: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Csi<'a> {
    #[serde(borrow)]
    driver: Text<'a>,
    volume_attributes: Pairs<'a>,
    node_publish_secret_ref: Present,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status<'a> {
    #[serde(borrow)]
    phase: Text<'a>,
}

pub(super) fn decode(json: &[u8]) -> Result<PersistentVolume, Fault> {
    let Object { metadata, spec, status } = from_slice(json)?;
    let name = metadata.name()?;
    Ok(PersistentVolume {
        name,
        meta: metadata.meta(),
        storage_class: storage_class(&metadata, &spec),
        provisioned_by: metadata.annotations.get(PROVISIONED_BY).map(super::intern::name),
        claim: spec.claim.as_ref().map(|claim| claim.reference()),
        is_retained: &*spec.reclaim_policy == "Retain",
        is_released: &*status.phase == "Released",
        backing: spec.0.backing.unwrap_or_default(),
    })
}

fn storage_class(metadata: &Metadata<'_>, spec: &Spec<'_>) -> Option<Name> {
    match metadata.annotations.get(OLD_STORAGE_CLASS) {
        Some(old) if !old.is_empty() => Some(super::intern::name(old)),
        _ => spec.storage_class_name.intern_some(),
    }
}

impl Claim<'_> {
    fn reference(&self) -> ClaimReference {
        ClaimReference {
            namespace: self.namespace.intern(),
            name: self.name.intern(),
            uid: self.uid.some_name(),
        }
    }
}

impl Csi<'_> {
    fn backing(&self) -> VolumeBacking {
        VolumeBacking::Csi {
            driver: self.driver.intern(),
            attributes: self.volume_attributes.intern(),
            has_node_publish_secret: self.node_publish_secret_ref.is_some(),
        }
    }
}

/// By hand, since the type of a volume is the name of a field.
impl<'de: 'a, 'a> Deserialize<'de> for Spec<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SpecVisitor(PhantomData))
    }
}

struct SpecVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for SpecVisitor<'a> {
    type Value = Spec<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the spec of a volume")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut spec = Spec::default();
        while let Some(field) = map.next_key::<Text<'de>>()? {
            match &*field {
                "storageClassName" => spec.storage_class_name = map.next_value()?,
                "persistentVolumeReclaimPolicy" => spec.reclaim_policy = map.next_value()?,
                "claimRef" => spec.claim = map.next_value()?,
                _ => spec.backing = backing(&field, &mut map)?.or(spec.backing),
            }
        }
        Ok(spec)
    }
}

fn backing<'de, A: MapAccess<'de>>(field: &str, map: &mut A) -> Result<Option<VolumeBacking>, A::Error> {
    if field == "csi" {
        return Ok(map.next_value::<Option<Nested<Csi<'_>>>>()?.map(|csi| csi.backing()));
    }
    let backing = match field {
        "hostPath" | "local" => VolumeBacking::Local,
        "nfs" => VolumeBacking::Nfs,
        other if OTHER_TYPES.contains(&other) => VolumeBacking::Other(super::intern::name(other)),
        _ => return map.next_value::<IgnoredAny>().map(|_| None),
    };
    Ok(map.next_value::<Present>()?.map(|_| backing))
}
