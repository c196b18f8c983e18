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
    core::facts::{Known, Labels, Name, PersistentVolume, StorageClass, Unknown, VolumeBacking},
};
use drivers::{
    ATTEST_BELOW, Driver, azure_disk_key, by_parameters, driver_of, flag_like_go, keyed_or, luks_by_secret,
    plain, provisioner_of_type, undecidable, unknown_provisioner,
};

mod drivers;

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
        // Azure's disks are encrypted in any case; of a static one it is not shown whose key it is.
        Driver::AzureDisk if is_static => keyed_or(None, azure_disk_key(attributes)),
        Driver::Ceph | Driver::AzureFile | Driver::AzureDisk => by_parameters(driver, attributes),
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
