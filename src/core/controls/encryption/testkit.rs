//! Builders for tests of encryption: classes, claims, volumes, attestations.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    api::{
        EncryptionPolicySpec, EvidenceDocument,
        encryption_policy::{AttestedStorage, EncryptionAtRest},
    },
    core::{
        controls::testkit::{NAMESPACE, at, declared, meta},
        effective::Effective,
        facts::{
            ClaimReference, Fact, Labels, Name, PersistentVolume, PersistentVolumeClaim, StorageClass,
            VolumeBacking,
        },
    },
};

/// A storage class, older than every volume of [`volume`].
pub fn class(name: &str, provisioner: &str, parameters: &[(&str, &str)]) -> StorageClass {
    let pairs = parameters.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let mut meta = meta(name);
    meta.created = at("2026-01-01T00:00:00Z");
    StorageClass {
        name: name.into(),
        meta,
        provisioner: provisioner.into(),
        parameters: Labels::from(pairs.collect::<BTreeMap<_, _>>()),
        is_default: false,
    }
}

/// A class that leads to encrypted volumes.
pub fn encrypted_class(name: &str) -> StorageClass {
    class(name, "ebs.csi.aws.com", &[("encrypted", "true")])
}

/// A class that leads to plain volumes.
pub fn plain_class(name: &str) -> StorageClass {
    class(name, "rbd.csi.ceph.com", &[])
}

/// The same class as the default.
pub fn default_class(class: StorageClass) -> Fact {
    Fact::StorageClass(StorageClass { is_default: true, ..class })
}

/// A claim `data` in the tenant's namespace.
pub fn claim(class: Option<&str>, volume: Option<&str>) -> PersistentVolumeClaim {
    PersistentVolumeClaim {
        namespace: NAMESPACE.into(),
        name: "data".into(),
        meta: meta("claim-data"),
        storage_class: class.map(Name::from),
        volume_name: volume.map(Name::from),
        ..PersistentVolumeClaim::default()
    }
}

/// A volume `pv-1` of a CSI driver, made for the claim `data` by its provisioner.
pub fn volume(driver: &str, class: &str) -> PersistentVolume {
    PersistentVolume {
        name: "pv-1".into(),
        meta: meta("pv-1"),
        storage_class: Some(class.into()),
        backing: VolumeBacking::Csi {
            driver: driver.into(),
            attributes: Labels::default(),
            has_node_publish_secret: false,
        },
        provisioned_by: Some(driver.into()),
        claim: Some(ClaimReference { namespace: NAMESPACE.into(), name: "data".into(), uid: None }),
        ..PersistentVolume::default()
    }
}

/// The same volume, made by hand.
pub fn static_volume(driver: &str, class: &str) -> PersistentVolume {
    PersistentVolume { provisioned_by: None, ..volume(driver, class) }
}

/// An attestation for every class of a provisioner.
pub fn attesting(provisioner: &str, until: &str) -> AttestedStorage {
    AttestedStorage {
        provisioner: provisioner.to_owned(),
        storage_class: None,
        cipher: None,
        key_class: None,
        evidence: EvidenceDocument { uri: "https://example.com/report".to_owned(), sha256: "0".repeat(64) },
        until: at(until),
    }
}

/// An attestation for one class of a provisioner.
pub fn attesting_for_class(provisioner: &str, class: &str, until: &str) -> AttestedStorage {
    AttestedStorage { storage_class: Some(class.to_owned()), ..attesting(provisioner, until) }
}

/// A policy on storage with these attestations.
pub fn policy(at_rest: EncryptionAtRest, attested: Vec<AttestedStorage>) -> Fact {
    let spec = EncryptionPolicySpec { at_rest: Some(at_rest), attested, ..EncryptionPolicySpec::default() };
    Fact::EncryptionPolicy(declared("at-rest", Labels::default(), spec))
}

/// The effective policy of a tenant that one policy with these attestations reaches.
pub fn effective_with(attested: Vec<AttestedStorage>) -> Effective {
    let Fact::EncryptionPolicy(policy) = policy(EncryptionAtRest::default(), attested) else {
        return Effective::default();
    };
    Effective { encryption: vec![Arc::new(policy)], ..Effective::default() }
}
