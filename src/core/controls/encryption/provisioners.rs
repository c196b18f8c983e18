//! What storage classes and volumes show about encryption at rest, provisioner by provisioner. The whole table and
//! nothing else: what is demanded, and what people attest, is compared elsewhere.
//!
//! A StorageClass shows what its provisioner will do. A volume is judged by what it shows itself, else by the class in
//! force when it was made; parameters of a class never change, but a class can be deleted and made anew.
//!
//! Sources: the parameter references of each driver (aws-ebs-csi-driver, gcp-compute-persistent-disk-csi-driver,
//! azuredisk-csi-driver, azurefile-csi-driver, ceph-csi, Longhorn, OpenEBS, Portworx, hcloud csi-driver,
//! cloud-provider-openstack, vsphere-csi-driver, aws-efs-csi-driver). The clouds' own encryption is AES-256 by their
//! documentation; LUKS and fscrypt take cipher and key size from settings that no class shows.

use std::fmt;

use crate::{
    api::{Cipher, KeyClass},
    core::facts::{
        Known, Labels, Name, PersistentVolume, StorageClass, Unknown, VolumeBacking, parse_bool_like_go,
    },
};

/// What is known about the encryption of storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// It is encrypted.
    Encrypted {
        /// Who keeps the key; none where it is not shown.
        key: Option<KeyClass>,
        /// The key, as the class or volume names it.
        key_id: Option<Name>,
        /// The cipher; none where it is not shown.
        cipher: Option<Cipher>,
    },
    /// It is not encrypted.
    Plain {
        /// What shows it.
        found: String,
        /// What to do.
        fix: String,
    },
    /// It cannot be told.
    Unknown(Unknown),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Driver {
    Ebs,
    Pd,
    AzureDisk,
    AzureFile,
    Ceph,
    Longhorn,
    Mayastor,
    Portworx,
    Hetzner,
    Cinder,
    Vsphere,
    Efs,
    Unencrypted,
}

/// In-tree names stand for the CSI driver that serves them since their migration.
fn driver_of(provisioner: &str) -> Option<Driver> {
    Some(match provisioner {
        "ebs.csi.aws.com" | "kubernetes.io/aws-ebs" => Driver::Ebs,
        "pd.csi.storage.gke.io" | "kubernetes.io/gce-pd" => Driver::Pd,
        "disk.csi.azure.com" | "kubernetes.io/azure-disk" => Driver::AzureDisk,
        "file.csi.azure.com" | "kubernetes.io/azure-file" => Driver::AzureFile,
        "rbd.csi.ceph.com" | "cephfs.csi.ceph.com" => Driver::Ceph,
        "driver.longhorn.io" => Driver::Longhorn,
        "io.openebs.csi-mayastor" => Driver::Mayastor,
        "pxd.portworx.com" | "kubernetes.io/portworx-volume" => Driver::Portworx,
        "csi.hetzner.cloud" => Driver::Hetzner,
        "cinder.csi.openstack.org" | "kubernetes.io/cinder" => Driver::Cinder,
        "csi.vsphere.vmware.com" | "kubernetes.io/vsphere-volume" => Driver::Vsphere,
        "efs.csi.aws.com" => Driver::Efs,
        other if is_unencrypted(other) => Driver::Unencrypted,
        _ => return None,
    })
}

/// Directories of nodes, exported directories, local volume groups: what encrypts them lies below.
fn is_unencrypted(provisioner: &str) -> bool {
    // The chart of the NFS provisioner puts its release's name into the provisioner's.
    provisioner.ends_with("nfs-subdir-external-provisioner")
        || matches!(
            provisioner,
            "kubernetes.io/no-provisioner"
                | "kubernetes.io/host-path"
                | "rancher.io/local-path"
                | "docker.io/hostpath"
                | "microk8s.io/hostpath"
                | "k8s.io/minikube-hostpath"
                | "hostpath.csi.k8s.io"
                | "nfs.csi.k8s.io"
                | "openebs.io/local"
                | "zfs.csi.openebs.io"
                | "local.csi.openebs.io"
        )
}

/// The provisioner of a volume type that is not CSI, by the type's field name.
fn provisioner_of_type(field: &str) -> Option<&'static str> {
    Some(match field {
        "awsElasticBlockStore" => "kubernetes.io/aws-ebs",
        "gcePersistentDisk" => "kubernetes.io/gce-pd",
        "azureDisk" => "kubernetes.io/azure-disk",
        "azureFile" => "kubernetes.io/azure-file",
        "portworxVolume" => "kubernetes.io/portworx-volume",
        "cinder" => "kubernetes.io/cinder",
        "vsphereVolume" => "kubernetes.io/vsphere-volume",
        _ => return None,
    })
}

/// What a storage class shows of the volumes that it leads to.
pub fn class_encryption(class: &StorageClass) -> Encryption {
    inline_encryption(&class.provisioner, &class.parameters)
}

/// What an inline CSI volume of a pod shows: its attributes are parameters of its driver.
pub fn inline_encryption(driver: &str, attributes: &Labels) -> Encryption {
    match driver_of(driver) {
        Some(driver) => by_parameters(driver, attributes),
        None => unknown_provisioner(driver),
    }
}

/// What a volume shows, with the class that it names, where there is one.
pub fn volume_encryption(volume: &PersistentVolume, class: Known<&StorageClass>) -> Encryption {
    match &volume.backing {
        VolumeBacking::Local => plain("it is a directory or disk of a node", ATTEST_BELOW),
        VolumeBacking::Nfs => plain("it is an NFS export", ATTEST_BELOW),
        VolumeBacking::Other(field) => match provisioner_of_type(field).and_then(driver_of) {
            Some(driver) => by_class_or_driver(driver, volume, class),
            None => Encryption::Unknown(Unknown::Undecidable(format!(
                "a volume of type `{field}` does not show whether it is encrypted"
            ))),
        },
        VolumeBacking::Csi { driver, attributes, has_node_publish_secret } => match driver_of(driver) {
            Some(Driver::Hetzner) => {
                luks_by_secret(*has_node_publish_secret, "spec.csi.nodePublishSecretRef")
            }
            Some(driver) => csi_volume(driver, volume, attributes, class),
            None => unknown_provisioner(driver),
        },
    }
}

/// Drivers that copy a class's parameters to the volume, and act on them there, show themselves.
fn csi_volume(
    driver: Driver,
    volume: &PersistentVolume,
    attributes: &Labels,
    class: Known<&StorageClass>,
) -> Encryption {
    let is_static = volume.provisioned_by.is_none();
    match driver {
        Driver::Ceph | Driver::AzureFile => by_parameters(driver, attributes),
        Driver::AzureDisk if is_static => keyed_or(None, azure_disk_key(attributes)),
        Driver::AzureDisk => by_parameters(driver, attributes),
        // A static volume's attributes are written by hand, and the driver does not act on them.
        Driver::Longhorn if is_static => undecidable("a static volume: only Longhorn's own Volume shows it"),
        Driver::Longhorn => flag_like_go(attributes, None),
        Driver::Mayastor | Driver::Portworx => match by_parameters(driver, attributes) {
            shown @ Encryption::Encrypted { .. } => shown,
            _ => by_class_or_driver(driver, volume, class),
        },
        _ => by_class_or_driver(driver, volume, class),
    }
}

/// By the class in force when the volume was made; without it only what the driver always does is known.
fn by_class_or_driver(driver: Driver, volume: &PersistentVolume, class: Known<&StorageClass>) -> Encryption {
    if matches!(driver, Driver::Cinder | Driver::Vsphere | Driver::Efs | Driver::Unencrypted) {
        return by_parameters(driver, &Labels::default());
    }
    match class_in_force(volume, class) {
        Ok(class) => class_encryption(class),
        Err(_) if matches!(driver, Driver::Pd | Driver::AzureDisk) => keyed_or(None, None),
        Err(_) if driver == Driver::AzureFile => keyed_or(Some(KeyClass::Provider), None),
        Err(why) => Encryption::Unknown(why),
    }
}

fn class_in_force<'a>(
    volume: &PersistentVolume,
    class: Known<&'a StorageClass>,
) -> Result<&'a StorageClass, Unknown> {
    let name = volume.storage_class.as_deref().unwrap_or_default();
    if volume.provisioned_by.is_none() {
        return Err(Unknown::Undecidable("a static volume: nothing shows how its disk was made".to_owned()));
    }
    match class {
        Known::Known(class) if class.meta.created <= volume.meta.created => Ok(class),
        Known::Known(_) => {
            Err(Unknown::Undecidable(format!("StorageClass `{name}` was made anew after the volume")))
        }
        Known::Absent => {
            Err(Unknown::Undecidable(format!("StorageClass `{name}`, by which it was made, is gone")))
        }
        Known::Unknown(why) => Err(why),
    }
}

const ATTEST_BELOW: &str = "use storage that encrypts, or have an operator attest the encryption below it in `spec.attested` of an \
     EncryptionPolicy";

fn by_parameters(driver: Driver, parameters: &Labels) -> Encryption {
    match driver {
        Driver::Ebs => ebs(parameters),
        Driver::Pd => {
            keyed_or(Some(KeyClass::Provider), given_in_any_case(parameters, "disk-encryption-kms-key"))
        }
        Driver::AzureDisk => azure_disk(parameters),
        Driver::AzureFile => keyed_or(Some(KeyClass::Provider), None),
        Driver::Ceph => flag_like_go(parameters, parameters.get("encryptionKMSID")),
        Driver::Longhorn => longhorn(parameters),
        Driver::Mayastor => flag_exact(parameters, "encrypted"),
        Driver::Portworx => flag_exact(parameters, "secure"),
        Driver::Hetzner => hetzner(parameters),
        Driver::Cinder => undecidable("the volume type in OpenStack decides whether it is encrypted"),
        Driver::Vsphere => undecidable("the storage policy in vSphere decides whether it is encrypted"),
        Driver::Efs => undecidable("the EFS file system itself decides whether it is encrypted"),
        Driver::Unencrypted => plain("its provisioner does not encrypt", ATTEST_BELOW),
    }
}

/// Keys in any case, the value exactly `true` (aws-ebs-csi-driver, pkg/driver/controller.go).
fn ebs(parameters: &Labels) -> Encryption {
    match in_any_case(parameters, "encrypted") {
        Some("true") => keyed_or(Some(KeyClass::Provider), given_in_any_case(parameters, "kmsKeyId")),
        Some(other) => off("encrypted", other),
        None => undecidable("`encrypted` is not set: the default of the cloud account decides"),
    }
}

fn azure_disk(parameters: &Labels) -> Encryption {
    let names_customer_key = given_in_any_case(parameters, "diskEncryptionType").is_some_and(|kind| {
        ["EncryptionAtRestWithCustomerKey", "EncryptionAtRestWithPlatformAndCustomerKeys"].contains(&kind)
    });
    let key = if names_customer_key { KeyClass::Customer } else { KeyClass::Provider };
    keyed_or(Some(key), azure_disk_key(parameters))
}

fn azure_disk_key(parameters: &Labels) -> Option<&str> {
    given_in_any_case(parameters, "diskEncryptionSetID")
}

/// A flag that the driver reads with Go's `ParseBool` (ceph-csi, Longhorn); what it cannot read it refuses.
fn flag_like_go(parameters: &Labels, key_id: Option<&str>) -> Encryption {
    match parameters.get("encrypted") {
        Some(value) if parse_bool_like_go(value) == Some(true) => luks(key_id),
        Some(value) => off("encrypted", value),
        None => not_set("encrypted"),
    }
}

fn flag_exact(parameters: &Labels, flag: &str) -> Encryption {
    match parameters.get(flag) {
        Some("true") => luks(None),
        Some(value) => off(flag, value),
        None => not_set(flag),
    }
}

/// Without its secrets the driver has no passphrase.
fn longhorn(parameters: &Labels) -> Encryption {
    let declared = flag_like_go(parameters, None);
    let missing = ["provisioner", "node-stage", "node-publish"]
        .iter()
        .flat_map(|step| ["name", "namespace"].map(|part| format!("csi.storage.k8s.io/{step}-secret-{part}")))
        .find(|key| given(parameters, key).is_none());
    match (declared, missing) {
        (Encryption::Encrypted { .. }, Some(key)) => without_secret(&key),
        (declared, _) => declared,
    }
}

fn hetzner(parameters: &Labels) -> Encryption {
    let keys =
        ["csi.storage.k8s.io/node-publish-secret-name", "csi.storage.k8s.io/node-publish-secret-namespace"];
    match keys.into_iter().find(|key| given(parameters, key).is_none()) {
        Some(key) => without_secret(key),
        None => luks(None),
    }
}

fn luks_by_secret(is_set: bool, field: &str) -> Encryption {
    if is_set { luks(None) } else { without_secret(field) }
}

/// Encrypted with the cloud's AES-256, with the customer's key where one is named, else with a key of `otherwise`.
fn keyed_or(otherwise: Option<KeyClass>, key_id: Option<&str>) -> Encryption {
    let key = if key_id.is_some() { Some(KeyClass::Customer) } else { otherwise };
    Encryption::Encrypted { key, key_id: key_id.map(Name::from), cipher: Some(Cipher::Aes256) }
}

/// Encrypted inside the cluster: neither the key's keeper nor cipher and key size are shown.
fn luks(key_id: Option<&str>) -> Encryption {
    let key_id = key_id.filter(|id| !id.is_empty()).map(Name::from);
    Encryption::Encrypted { key: None, key_id, cipher: None }
}

fn off(flag: &str, value: &str) -> Encryption {
    plain(
        format!("`{flag}` is \"{value}\", which its driver does not take for on"),
        format!("`{flag}: \"true\"` in the parameters of its StorageClass"),
    )
}

fn not_set(flag: &str) -> Encryption {
    plain(format!("`{flag}` is not set"), format!("`{flag}: \"true\"` in the parameters of its StorageClass"))
}

fn without_secret(key: &str) -> Encryption {
    plain(
        format!("`{key}` is not set, so there is no passphrase"),
        format!("`{key}: <the Secret with the passphrase>` in its StorageClass"),
    )
}

fn plain(found: impl Into<String>, fix: impl Into<String>) -> Encryption {
    Encryption::Plain { found: found.into(), fix: fix.into() }
}

fn undecidable(why: &str) -> Encryption {
    Encryption::Unknown(Unknown::Undecidable(why.to_owned()))
}

fn unknown_provisioner(name: &str) -> Encryption {
    Encryption::Unknown(Unknown::Undecidable(format!(
        "what provisioner `{name}` does about encryption is not known"
    )))
}

fn in_any_case<'a>(parameters: &'a Labels, key: &str) -> Option<&'a str> {
    parameters.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
}

fn given_in_any_case<'a>(parameters: &'a Labels, key: &str) -> Option<&'a str> {
    in_any_case(parameters, key).filter(|value| !value.is_empty())
}

fn given<'a>(parameters: &'a Labels, key: &str) -> Option<&'a str> {
    parameters.get(key).filter(|value| !value.is_empty())
}

impl fmt::Display for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain { found, .. } => write!(f, "not encrypted: {found}"),
            Self::Unknown(why) => why.fmt(f),
            Self::Encrypted { key, key_id, cipher } => {
                f.write_str("encrypted")?;
                f.write_str(cipher.map_or("", |Cipher::Aes256| " with AES-256"))?;
                f.write_str(match key {
                    Some(KeyClass::Customer) => ", the customer keeps the key",
                    Some(KeyClass::Provider) => ", the provider keeps the key",
                    None => "",
                })?;
                key_id.as_ref().map_or(Ok(()), |id| write!(f, " (`{id}`)"))
            }
        }
    }
}

#[cfg(test)]
mod tests;
