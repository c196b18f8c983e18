//! Drivers, and what each one's parameters mean. Spelling is each driver's own: what it would not take for on is off.

use super::Encryption;
use crate::{
    api::{Cipher, KeyClass},
    core::facts::{Labels, Name, Unknown, parse_bool_like_go},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Driver {
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
pub(super) fn driver_of(provisioner: &str) -> Option<Driver> {
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
pub(super) fn provisioner_of_type(field: &str) -> Option<&'static str> {
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

pub(super) const ATTEST_BELOW: &str = "use storage that encrypts, or have an operator attest the encryption below it in `spec.attested` of an \
     EncryptionPolicy";

pub(super) fn by_parameters(driver: Driver, parameters: &Labels) -> Encryption {
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

pub(super) fn azure_disk_key(parameters: &Labels) -> Option<&str> {
    given_in_any_case(parameters, "diskEncryptionSetID")
}

/// A flag that the driver reads with Go's `ParseBool` (ceph-csi, Longhorn); what it cannot read it refuses.
pub(super) fn flag_like_go(parameters: &Labels, key_id: Option<&str>) -> Encryption {
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

pub(super) fn luks_by_secret(is_set: bool, field: &str) -> Encryption {
    if is_set { luks(None) } else { without_secret(field) }
}

/// Encrypted with the cloud's AES-256, with the customer's key where one is named, else with a key of `otherwise`.
pub(super) fn keyed_or(otherwise: Option<KeyClass>, key_id: Option<&str>) -> Encryption {
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

pub(super) fn plain(found: impl Into<String>, fix: impl Into<String>) -> Encryption {
    Encryption::Plain { found: found.into(), fix: fix.into() }
}

pub(super) fn undecidable(why: &str) -> Encryption {
    Encryption::Unknown(Unknown::Undecidable(why.to_owned()))
}

pub(super) fn unknown_provisioner(name: &str) -> Encryption {
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
