//! Every row of the table, in both directions and with every spelling that matters.
#![allow(clippy::panic, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
use super::*;
use crate::core::{
    controls::testkit::at,
    facts::{Ignorance, Meta, Source},
};

type Pairs<'a> = &'a [(&'a str, &'a str)];

/// What is expected, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// Encrypted with AES-256 under the provider's key.
    ByProvider,
    /// Encrypted with AES-256 under the customer's key of this name.
    ByCustomer(&'static str),
    /// Encrypted with AES-256; who keeps the key is not shown.
    ByCloud,
    /// Encrypted inside the cluster.
    ByCluster,
    /// Encrypted inside the cluster, with a named key.
    ByClusterKey(&'static str),
    Plain,
    Unknown,
}

fn shown(encryption: &Encryption) -> Shown {
    let Encryption::Encrypted { key, key_id, cipher } = encryption else {
        return if matches!(encryption, Encryption::Plain { .. }) { Shown::Plain } else { Shown::Unknown };
    };
    let id = key_id.as_ref().map(|id| id.to_string().leak() as &'static str);
    match (key, id, cipher) {
        (Some(KeyClass::Provider), None, Some(Cipher::Aes256)) => Shown::ByProvider,
        (Some(KeyClass::Customer), Some(id), Some(Cipher::Aes256)) => Shown::ByCustomer(id),
        (Some(KeyClass::Customer), None, Some(Cipher::Aes256)) => Shown::ByCustomer(""),
        (None, None, Some(Cipher::Aes256)) => Shown::ByCloud,
        (None, None, None) => Shown::ByCluster,
        (None, Some(id), None) => Shown::ByClusterKey(id),
        other => panic!("no row of the table says {other:?}"),
    }
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    let owned = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Labels::from(owned.collect::<std::collections::BTreeMap<_, _>>())
}

fn class(provisioner: &str, parameters: &[(&str, &str)]) -> StorageClass {
    StorageClass {
        name: "c".into(),
        meta: Meta { created: at("2026-01-01T00:00:00Z"), ..Meta::default() },
        provisioner: provisioner.into(),
        parameters: labels(parameters),
        is_default: false,
    }
}

const LONGHORN_SECRETS: [(&str, &str); 6] = [
    ("csi.storage.k8s.io/provisioner-secret-name", "s"),
    ("csi.storage.k8s.io/provisioner-secret-namespace", "n"),
    ("csi.storage.k8s.io/node-stage-secret-name", "s"),
    ("csi.storage.k8s.io/node-stage-secret-namespace", "n"),
    ("csi.storage.k8s.io/node-publish-secret-name", "s"),
    ("csi.storage.k8s.io/node-publish-secret-namespace", "n"),
];

#[test]
fn every_class_of_every_provisioner_shows_what_the_table_says() {
    let longhorn = [("encrypted", "true")].into_iter().chain(LONGHORN_SECRETS).collect::<Vec<_>>();
    let hetzner = &LONGHORN_SECRETS[4..];
    let rows: &[(&str, Pairs<'_>, Shown)] = &[
        ("ebs.csi.aws.com", &[("encrypted", "true")], Shown::ByProvider),
        ("ebs.csi.aws.com", &[("Encrypted", "true"), ("KMSKEYID", "arn:k")], Shown::ByCustomer("arn:k")),
        ("ebs.csi.aws.com", &[("encrypted", "true"), ("kmsKeyId", "")], Shown::ByProvider),
        ("ebs.csi.aws.com", &[("encrypted", "True")], Shown::Plain),
        ("ebs.csi.aws.com", &[("encrypted", "1")], Shown::Plain),
        ("ebs.csi.aws.com", &[("encrypted", "false")], Shown::Plain),
        ("ebs.csi.aws.com", &[("ext4EncryptionSupport", "true")], Shown::Unknown),
        ("ebs.csi.aws.com", &[("kmsKeyId", "arn:k")], Shown::Unknown),
        ("kubernetes.io/aws-ebs", &[("encrypted", "true")], Shown::ByProvider),
        ("kubernetes.io/aws-ebs", &[], Shown::Unknown),
        ("pd.csi.storage.gke.io", &[], Shown::ByProvider),
        ("pd.csi.storage.gke.io", &[("enable-confidential-storage", "true")], Shown::ByProvider),
        ("pd.csi.storage.gke.io", &[("disk-encryption-kms-key", "p/k")], Shown::ByCustomer("p/k")),
        ("kubernetes.io/gce-pd", &[], Shown::ByProvider),
        ("disk.csi.azure.com", &[], Shown::ByProvider),
        ("disk.csi.azure.com", &[("diskEncryptionSetID", "des")], Shown::ByCustomer("des")),
        ("disk.csi.azure.com", &[("diskencryptionsetid", "des")], Shown::ByCustomer("des")),
        (
            "disk.csi.azure.com",
            &[("diskEncryptionType", "EncryptionAtRestWithCustomerKey")],
            Shown::ByCustomer(""),
        ),
        (
            "disk.csi.azure.com",
            &[
                ("diskEncryptionType", "EncryptionAtRestWithPlatformAndCustomerKeys"),
                ("diskEncryptionSetID", "des"),
            ],
            Shown::ByCustomer("des"),
        ),
        (
            "disk.csi.azure.com",
            &[("diskEncryptionType", "EncryptionAtRestWithPlatformKey")],
            Shown::ByProvider,
        ),
        ("file.csi.azure.com", &[], Shown::ByProvider),
        ("file.csi.azure.com", &[("requireInfraEncryption", "true")], Shown::ByProvider),
        ("rbd.csi.ceph.com", &[("encrypted", "true")], Shown::ByCluster),
        (
            "rbd.csi.ceph.com",
            &[("encrypted", "True"), ("encryptionKMSID", "vault")],
            Shown::ByClusterKey("vault"),
        ),
        ("rbd.csi.ceph.com", &[("encrypted", "1"), ("encryptionType", "file")], Shown::ByCluster),
        ("rbd.csi.ceph.com", &[("encrypted", "t")], Shown::ByCluster),
        ("rbd.csi.ceph.com", &[("encrypted", "yes")], Shown::Plain),
        ("rbd.csi.ceph.com", &[("encrypted", "0")], Shown::Plain),
        ("rbd.csi.ceph.com", &[("Encrypted", "true")], Shown::Plain),
        ("rbd.csi.ceph.com", &[("encryptionKMSID", "vault")], Shown::Plain),
        ("cephfs.csi.ceph.com", &[("encrypted", "TRUE"), ("encryptionKMSID", "v")], Shown::ByClusterKey("v")),
        ("cephfs.csi.ceph.com", &[], Shown::Plain),
        ("driver.longhorn.io", &longhorn, Shown::ByCluster),
        ("driver.longhorn.io", &longhorn[..6], Shown::Plain),
        ("driver.longhorn.io", &[("encrypted", "true")], Shown::Plain),
        ("driver.longhorn.io", &LONGHORN_SECRETS, Shown::Plain),
        ("io.openebs.csi-mayastor", &[("encrypted", "true")], Shown::ByCluster),
        ("io.openebs.csi-mayastor", &[("encrypted", "1")], Shown::Plain),
        ("io.openebs.csi-mayastor", &[], Shown::Plain),
        ("pxd.portworx.com", &[("secure", "true")], Shown::ByCluster),
        ("pxd.portworx.com", &[("secure", "yes")], Shown::Plain),
        ("kubernetes.io/portworx-volume", &[("secure", "true")], Shown::ByCluster),
        ("kubernetes.io/portworx-volume", &[], Shown::Plain),
        ("csi.hetzner.cloud", hetzner, Shown::ByCluster),
        ("csi.hetzner.cloud", &hetzner[..1], Shown::Plain),
        ("csi.hetzner.cloud", &[], Shown::Plain),
        ("cinder.csi.openstack.org", &[("type", "luks")], Shown::Unknown),
        ("kubernetes.io/cinder", &[], Shown::Unknown),
        ("csi.vsphere.vmware.com", &[("storagepolicyname", "encrypted")], Shown::Unknown),
        ("kubernetes.io/vsphere-volume", &[], Shown::Unknown),
        ("efs.csi.aws.com", &[("encryptInTransit", "true")], Shown::Unknown),
        ("nfs.csi.k8s.io", &[], Shown::Plain),
        ("cluster.local/files-nfs-subdir-external-provisioner", &[], Shown::Plain),
        ("rancher.io/local-path", &[("encrypted", "true")], Shown::Plain),
        ("kubernetes.io/no-provisioner", &[], Shown::Plain),
        ("kubernetes.io/host-path", &[], Shown::Plain),
        ("docker.io/hostpath", &[], Shown::Plain),
        ("microk8s.io/hostpath", &[], Shown::Plain),
        ("k8s.io/minikube-hostpath", &[], Shown::Plain),
        ("hostpath.csi.k8s.io", &[], Shown::Plain),
        ("openebs.io/local", &[], Shown::Plain),
        ("zfs.csi.openebs.io", &[], Shown::Plain),
        ("local.csi.openebs.io", &[], Shown::Plain),
        ("storage.example.com", &[("encrypted", "true")], Shown::Unknown),
    ];
    for (provisioner, parameters, expected) in rows {
        let found = class_encryption(&class(provisioner, parameters));
        assert_eq!(shown(&found), *expected, "{provisioner} {parameters:?}: {found}");
    }
}

fn volume(backing: VolumeBacking) -> PersistentVolume {
    PersistentVolume {
        name: "v".into(),
        meta: Meta { created: at("2026-02-01T00:00:00Z"), ..Meta::default() },
        storage_class: Some("c".into()),
        backing,
        provisioned_by: Some("p".into()),
        ..PersistentVolume::default()
    }
}

fn csi(driver: &str, attributes: &[(&str, &str)]) -> PersistentVolume {
    volume(VolumeBacking::Csi {
        driver: driver.into(),
        attributes: labels(attributes),
        has_node_publish_secret: false,
    })
}

fn made_by_hand(volume: PersistentVolume) -> PersistentVolume {
    PersistentVolume { provisioned_by: None, ..volume }
}

#[test]
fn a_volume_shows_itself_by_the_attributes_that_its_driver_acts_on() {
    let rows: &[(&str, Pairs<'_>, Shown)] = &[
        ("rbd.csi.ceph.com", &[("encrypted", "true"), ("encryptionKMSID", "v")], Shown::ByClusterKey("v")),
        ("rbd.csi.ceph.com", &[("encrypted", "1")], Shown::ByCluster),
        ("rbd.csi.ceph.com", &[], Shown::Plain),
        ("cephfs.csi.ceph.com", &[("encrypted", "true")], Shown::ByCluster),
        ("cephfs.csi.ceph.com", &[], Shown::Plain),
        ("disk.csi.azure.com", &[], Shown::ByProvider),
        ("disk.csi.azure.com", &[("diskEncryptionSetID", "des")], Shown::ByCustomer("des")),
        ("file.csi.azure.com", &[], Shown::ByProvider),
        ("driver.longhorn.io", &[("encrypted", "true")], Shown::ByCluster),
        ("driver.longhorn.io", &[], Shown::Plain),
        ("io.openebs.csi-mayastor", &[("encrypted", "true")], Shown::ByCluster),
        ("pxd.portworx.com", &[("secure", "true")], Shown::ByCluster),
        ("efs.csi.aws.com", &[("encryptInTransit", "true")], Shown::Unknown),
        ("cinder.csi.openstack.org", &[], Shown::Unknown),
        ("csi.vsphere.vmware.com", &[], Shown::Unknown),
        ("nfs.csi.k8s.io", &[], Shown::Plain),
        ("storage.example.com", &[], Shown::Unknown),
    ];
    for (driver, attributes, expected) in rows {
        let found = volume_encryption(&csi(driver, attributes), Known::Absent);
        assert_eq!(shown(&found), *expected, "{driver} {attributes:?}: {found}");
    }
}

#[test]
fn luks_of_hetzner_is_shown_by_the_reference_to_its_secret() {
    let of = |has_node_publish_secret| {
        let backing = VolumeBacking::Csi {
            driver: "csi.hetzner.cloud".into(),
            attributes: Labels::default(),
            has_node_publish_secret,
        };
        shown(&volume_encryption(&volume(backing), Known::Absent))
    };
    assert_eq!((of(true), of(false)), (Shown::ByCluster, Shown::Plain));
}

#[test]
fn nodes_and_exports_are_plain_whatever_their_class_says() {
    let encrypted = class("ebs.csi.aws.com", &[("encrypted", "true")]);
    for backing in [VolumeBacking::Local, VolumeBacking::Nfs] {
        let found = volume_encryption(&volume(backing), Known::Known(&encrypted));
        assert_eq!(shown(&found), Shown::Plain, "{found}");
    }
}

#[test]
fn what_a_volume_does_not_show_its_class_of_that_day_shows() {
    let rows: &[(PersistentVolume, &str, Pairs<'_>, Shown)] = &[
        (csi("ebs.csi.aws.com", &[]), "ebs.csi.aws.com", &[("encrypted", "true")], Shown::ByProvider),
        (csi("ebs.csi.aws.com", &[]), "ebs.csi.aws.com", &[("encrypted", "false")], Shown::Plain),
        (csi("pd.csi.storage.gke.io", &[]), "pd.csi.storage.gke.io", &[], Shown::ByProvider),
        (
            csi("io.openebs.csi-mayastor", &[]),
            "io.openebs.csi-mayastor",
            &[("encrypted", "true")],
            Shown::ByCluster,
        ),
        (csi("io.openebs.csi-mayastor", &[]), "io.openebs.csi-mayastor", &[], Shown::Plain),
        (csi("pxd.portworx.com", &[]), "pxd.portworx.com", &[("secure", "true")], Shown::ByCluster),
        (
            volume(VolumeBacking::Other("awsElasticBlockStore".into())),
            "kubernetes.io/aws-ebs",
            &[("encrypted", "true")],
            Shown::ByProvider,
        ),
        (
            volume(VolumeBacking::Other("azureDisk".into())),
            "kubernetes.io/azure-disk",
            &[],
            Shown::ByProvider,
        ),
        (
            volume(VolumeBacking::Other("iscsi".into())),
            "ebs.csi.aws.com",
            &[("encrypted", "true")],
            Shown::Unknown,
        ),
    ];
    for (volume, provisioner, parameters, expected) in rows {
        let class = class(provisioner, parameters);
        let found = volume_encryption(volume, Known::Known(&class));
        assert_eq!(shown(&found), *expected, "{provisioner} {parameters:?}: {found}");
    }
}

fn why_unknown(encryption: &Encryption) -> String {
    assert_eq!(shown(encryption), Shown::Unknown);
    encryption.to_string()
}

#[test]
fn a_class_that_was_not_in_force_then_shows_nothing() {
    let ebs = csi("ebs.csi.aws.com", &[]);
    let mut class = class("ebs.csi.aws.com", &[("encrypted", "true")]);
    assert_eq!(
        why_unknown(&volume_encryption(&made_by_hand(ebs.clone()), Known::Known(&class))),
        "a static volume: nothing shows how its disk was made"
    );
    assert_eq!(
        why_unknown(&volume_encryption(&ebs, Known::Absent)),
        "StorageClass `c`, by which it was made, is gone"
    );
    class.meta.created = at("2026-03-01T00:00:00Z");
    assert_eq!(
        why_unknown(&volume_encryption(&ebs, Known::Known(&class))),
        "StorageClass `c` was made anew after the volume"
    );
}

#[test]
fn a_class_that_is_not_known_is_not_known_and_not_undecidable() {
    let why = Unknown::NotKnown(Ignorance::NotInTheseFiles(Source::StorageClasses));
    let found = volume_encryption(&csi("ebs.csi.aws.com", &[]), Known::Unknown(why.clone()));
    assert_eq!(found, Encryption::Unknown(why));
}

#[test]
fn what_a_driver_always_does_holds_for_static_volumes_too_but_not_whose_key_it_is() {
    for (driver, expected) in [
        ("pd.csi.storage.gke.io", Shown::ByCloud),
        ("disk.csi.azure.com", Shown::ByCloud),
        ("file.csi.azure.com", Shown::ByProvider),
        ("rbd.csi.ceph.com", Shown::Plain),
        ("driver.longhorn.io", Shown::Unknown),
        ("ebs.csi.aws.com", Shown::Unknown),
    ] {
        let found = volume_encryption(&made_by_hand(csi(driver, &[])), Known::Absent);
        assert_eq!(shown(&found), expected, "{driver}: {found}");
    }
    let by_hand = made_by_hand(csi("driver.longhorn.io", &[("encrypted", "true")]));
    assert_eq!(shown(&volume_encryption(&by_hand, Known::Absent)), Shown::Unknown);
}

#[test]
fn what_is_plain_says_what_was_found_and_which_line_to_add() {
    let found = class_encryption(&class("ebs.csi.aws.com", &[("encrypted", "True")]));
    assert_eq!(
        found,
        plain(
            "`encrypted` is \"True\", which its driver does not take for on",
            "`encrypted: \"true\"` in the parameters of its StorageClass",
        )
    );
}
