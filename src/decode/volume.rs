//! Volumes of a pod.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};

use super::{Nested, Pairs, Present, Text, claim};
use crate::core::facts::{PodVolume, VolumeSource};

/// A volume as it stands in a pod: its type is the name of a field.
#[derive(Debug, Default)]
pub(super) struct Object<'a> {
    name: Text<'a>,
    source: Option<Source<'a>>,
}

#[derive(Debug)]
enum Source<'a> {
    /// Configuration and secrets: no data, no way into the node.
    Configuration,
    Claim(Nested<Claim<'a>>),
    Ephemeral(Box<Nested<Ephemeral<'a>>>),
    EmptyDir(Nested<EmptyDir<'a>>),
    HostPath(Nested<HostPath<'a>>),
    Csi(Nested<Csi<'a>>),
    Other(Text<'a>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Claim<'a> {
    #[serde(borrow)]
    claim_name: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Ephemeral<'a> {
    #[serde(borrow)]
    volume_claim_template: Nested<claim::Template<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EmptyDir<'a> {
    #[serde(borrow)]
    medium: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct HostPath<'a> {
    #[serde(borrow)]
    path: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Csi<'a> {
    #[serde(borrow)]
    driver: Text<'a>,
    volume_attributes: Pairs<'a>,
}

impl Object<'_> {
    /// None for configuration and secrets. A volume without a type is an `emptyDir`, as the API server defaults it.
    pub(super) fn fact(&self) -> Option<PodVolume> {
        let source = match &self.source {
            Some(source) => source.fact(&self.name)?,
            None => VolumeSource::EmptyDir { is_memory: false },
        };
        Some(PodVolume { name: self.name.intern(), source })
    }
}

impl Source<'_> {
    fn fact(&self, volume: &Text<'_>) -> Option<VolumeSource> {
        Some(match self {
            Self::Configuration => return None,
            Self::Claim(claim) => VolumeSource::Claim(claim.claim_name.intern()),
            Self::Ephemeral(ephemeral) => {
                VolumeSource::Ephemeral(ephemeral.volume_claim_template.with_name(volume.intern()))
            }
            Self::EmptyDir(directory) => VolumeSource::EmptyDir { is_memory: directory.is_memory() },
            Self::HostPath(host) => VolumeSource::HostPath(host.path.intern()),
            Self::Csi(csi) => {
                VolumeSource::Csi { driver: csi.driver.intern(), attributes: csi.volume_attributes.intern() }
            }
            Self::Other(field) => VolumeSource::Other(field.intern()),
        })
    }
}

impl EmptyDir<'_> {
    fn is_memory(&self) -> bool {
        &*self.medium == "Memory" || self.medium.starts_with("HugePages")
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for ObjectVisitor<'a> {
    type Value = Object<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a volume")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut object = Object::default();
        while let Some(field) = map.next_key::<Text<'a>>()? {
            if &*field == "name" {
                object.name = map.next_value()?;
            } else if let Some(source) = source(field, &mut map)? {
                object.source = Some(source);
            }
        }
        Ok(object)
    }
}

fn source<'de: 'a, 'a, A: MapAccess<'de>>(
    field: Text<'a>,
    map: &mut A,
) -> Result<Option<Source<'a>>, A::Error> {
    Ok(match &*field {
        "configMap" | "secret" | "projected" | "downwardAPI" => {
            map.next_value::<Present>()?.map(|_: IgnoredAny| Source::Configuration)
        }
        "persistentVolumeClaim" => map.next_value::<Option<_>>()?.map(Source::Claim),
        "ephemeral" => map.next_value::<Option<_>>()?.map(Source::Ephemeral),
        "emptyDir" => map.next_value::<Option<_>>()?.map(Source::EmptyDir),
        "hostPath" => map.next_value::<Option<_>>()?.map(Source::HostPath),
        "csi" => map.next_value::<Option<_>>()?.map(Source::Csi),
        _ => map.next_value::<Present>()?.map(|_| Source::Other(field)),
    })
}
