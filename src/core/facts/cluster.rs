//! Namespaces, volumes, storage classes, definitions.

use super::{Kind, Labels, Meta, Name, ObjectKey};

/// A namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespace {
    /// Its name.
    pub name: Name,
    /// Metadata.
    pub meta: Meta,
    /// Labels, all of them: selectors of tenants and policies read them.
    pub labels: Labels,
}

impl Namespace {
    /// Its key.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::cluster(Kind::Namespace, self.name.clone())
    }
}

/// The claim that a volume is bound to, or reserved for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimReference {
    /// The claim's namespace.
    pub namespace: Name,
    /// The claim's name.
    pub name: Name,
    /// The claim's UID, where it is set.
    pub uid: Option<Name>,
}

/// What a volume is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VolumeBacking {
    /// A CSI volume.
    Csi {
        /// `driver`.
        driver: Name,
        /// `volumeAttributes`.
        attributes: Labels,
        /// Whether a `nodePublishSecretRef` is set.
        has_node_publish_secret: bool,
    },
    /// `hostPath` or `local`.
    Local,
    /// `nfs`.
    Nfs,
    /// Any other type, by its field name.
    Other(Name),
}

impl Default for VolumeBacking {
    fn default() -> Self {
        Self::Other(Name::default())
    }
}

/// A volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersistentVolume {
    /// Its name.
    pub name: Name,
    /// Metadata.
    pub meta: Meta,
    /// `spec.storageClassName`; none where empty.
    pub storage_class: Option<Name>,
    /// What it is made from.
    pub backing: VolumeBacking,
    /// Annotation `pv.kubernetes.io/provisioned-by`: set where a provisioner made it.
    pub provisioned_by: Option<Name>,
    /// `spec.claimRef`.
    pub claim: Option<ClaimReference>,
    /// Whether `spec.persistentVolumeReclaimPolicy` is `Retain`.
    pub is_retained: bool,
    /// Whether `status.phase` is `Released`.
    pub is_released: bool,
}

impl PersistentVolume {
    /// Its key.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::cluster(Kind::PersistentVolume, self.name.clone())
    }
}

/// A storage class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StorageClass {
    /// Its name.
    pub name: Name,
    /// Metadata.
    pub meta: Meta,
    /// `provisioner`.
    pub provisioner: Name,
    /// `parameters`.
    pub parameters: Labels,
    /// Whether it is marked as the default class.
    pub is_default: bool,
}

impl StorageClass {
    /// Its key.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::cluster(Kind::StorageClass, self.name.clone())
    }
}

/// A CustomResourceDefinition, without its schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definition {
    /// Its name, `plural.group`.
    pub name: Name,
    /// Metadata.
    pub meta: Meta,
    /// Its group.
    pub group: Name,
    /// Its plural.
    pub plural: Name,
    /// Versions that are served.
    pub served_versions: Vec<Name>,
    /// Condition `Established`.
    pub is_established: bool,
}

impl Definition {
    /// Its key.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::cluster(Kind::Definition, self.name.clone())
    }
}

/// A boolean as Go's `strconv.ParseBool` reads it, which several drivers use; none where that would be an error.
pub fn parse_bool_like_go(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}
