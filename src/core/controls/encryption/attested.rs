//! What operators attest of storage, applied to what the table shows: an attestation answers what the table cannot see
//! and adds what it does not show, and never contradicts what it shows.

use jiff::Timestamp;

use super::provisioners::Encryption;
use crate::{
    api::encryption_policy::AttestedStorage,
    core::{
        effective::Effective,
        facts::{PersistentVolume, StorageClass, VolumeBacking},
    },
};

/// By which names an attestation may mean some storage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Provenance<'a> {
    provisioners: Vec<&'a str>,
    class: Option<&'a str>,
}

/// The names of volume plugins, as Kubernetes itself spells them, where no provisioner is at work.
const LOCAL: [&str; 3] =
    ["kubernetes.io/no-provisioner", "kubernetes.io/local-volume", "kubernetes.io/host-path"];
/// Disks of nodes that hold `emptyDir` volumes.
pub(super) const EMPTY_DIR: &str = "kubernetes.io/empty-dir";
/// NFS exports without a provisioner.
pub(super) const NFS: &str = "kubernetes.io/nfs";

impl<'a> Provenance<'a> {
    pub(super) fn of_class(class: &'a StorageClass) -> Self {
        Self { provisioners: vec![&class.provisioner], class: Some(&class.name) }
    }

    pub(super) fn of_provisioner(provisioner: &'a str) -> Self {
        Self { provisioners: vec![provisioner], class: None }
    }

    pub(super) fn of_volume(volume: &'a PersistentVolume) -> Self {
        let mut provisioners: Vec<&str> = volume.provisioned_by.as_deref().into_iter().collect();
        match &volume.backing {
            VolumeBacking::Csi { driver, .. } => provisioners.push(driver),
            VolumeBacking::Local => provisioners.extend(LOCAL),
            VolumeBacking::Nfs => provisioners.push(NFS),
            VolumeBacking::Other(_) => {}
        }
        Self { provisioners, class: volume.storage_class.as_deref() }
    }

    fn is_meant_by(&self, entry: &AttestedStorage) -> bool {
        let names_class = entry.storage_class.as_deref().is_none_or(|name| self.class == Some(name));
        names_class && self.provisioners.contains(&entry.provisioner.as_str())
    }
}

/// What is known with the attestations that count at `now`, and when the first of those used ends.
pub(super) fn with_attested(
    shown: Encryption,
    provenance: &Provenance<'_>,
    effective: &Effective,
    now: Timestamp,
) -> (Encryption, Option<Timestamp>) {
    let mut entries: Vec<&AttestedStorage> = effective
        .attested_storage()
        .filter(|entry| now < entry.until && provenance.is_meant_by(entry))
        .collect();
    // The one that ends last first: what it answers, no other needs to.
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.until));
    entries.into_iter().fold((shown, None), |(shown, until), entry| match added(&shown, entry) {
        Some(known) => (known, Some(until.map_or(entry.until, |until: Timestamp| until.min(entry.until)))),
        None => (shown, until),
    })
}

/// What is known with one attestation more; none where it adds nothing.
fn added(shown: &Encryption, entry: &AttestedStorage) -> Option<Encryption> {
    let Encryption::Encrypted { key, key_id, cipher } = shown else {
        return Some(Encryption::Encrypted { key: entry.key_class, key_id: None, cipher: entry.cipher });
    };
    let (with_key, with_cipher) = (key.or(entry.key_class), cipher.or(entry.cipher));
    let adds = (with_key, with_cipher) != (*key, *cipher);
    adds.then(|| Encryption::Encrypted { key: with_key, key_id: key_id.clone(), cipher: with_cipher })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::{Cipher, KeyClass},
        core::{
            controls::{
                encryption::testkit::{attesting, attesting_for_class, class, effective_with},
                testkit::at,
            },
            facts::Unknown,
        },
    };

    const NOW: &str = "2026-06-15T12:00:00Z";
    const LATER: &str = "2027-01-01T00:00:00Z";

    fn encrypted(key: Option<KeyClass>, cipher: Option<Cipher>) -> Encryption {
        Encryption::Encrypted { key, key_id: None, cipher }
    }

    fn unknown() -> Encryption {
        Encryption::Unknown(Unknown::Undecidable("no matter why".to_owned()))
    }

    fn plain() -> Encryption {
        Encryption::Plain { found: "found".to_owned(), fix: "fix".to_owned() }
    }

    #[test]
    fn an_attestation_answers_for_what_is_unknown_or_plain_until_it_ends() {
        let class = class("slow", "cinder.csi.openstack.org", &[]);
        let effective = effective_with(vec![attesting("cinder.csi.openstack.org", LATER)]);
        for shown in [unknown(), plain()] {
            let (known, until) = with_attested(shown, &Provenance::of_class(&class), &effective, at(NOW));
            assert_eq!((known, until), (encrypted(None, None), Some(at(LATER))));
        }
        let at_the_end = with_attested(unknown(), &Provenance::of_class(&class), &effective, at(LATER));
        assert_eq!(at_the_end, (unknown(), None));
    }

    #[test]
    fn it_counts_for_its_provisioner_and_its_class_alone() {
        let effective = effective_with(vec![attesting_for_class("cinder.csi.openstack.org", "slow", LATER)]);
        for (name, provisioner, counts) in [
            ("slow", "cinder.csi.openstack.org", true),
            ("fast", "cinder.csi.openstack.org", false),
            ("slow", "csi.vsphere.vmware.com", false),
        ] {
            let class = class(name, provisioner, &[]);
            let (known, _) = with_attested(unknown(), &Provenance::of_class(&class), &effective, at(NOW));
            assert_eq!(matches!(known, Encryption::Encrypted { .. }), counts, "{name} of {provisioner}");
        }
    }

    #[test]
    fn it_adds_the_cipher_that_is_not_shown_and_contradicts_nothing() {
        let mut entry = attesting("rbd.csi.ceph.com", LATER);
        entry.cipher = Some(Cipher::Aes256);
        entry.key_class = Some(KeyClass::Customer);
        let effective = effective_with(vec![entry]);
        let provenance = Provenance::of_provisioner("rbd.csi.ceph.com");
        let of = |shown| with_attested(shown, &provenance, &effective, at(NOW)).0;
        assert_eq!(of(encrypted(None, None)), encrypted(Some(KeyClass::Customer), Some(Cipher::Aes256)));
        assert_eq!(
            of(encrypted(Some(KeyClass::Provider), None)),
            encrypted(Some(KeyClass::Provider), Some(Cipher::Aes256))
        );
    }

    #[test]
    fn the_answer_ends_with_the_first_attestation_that_it_needs() {
        let mut with_cipher = attesting("rbd.csi.ceph.com", "2026-07-01T00:00:00Z");
        with_cipher.cipher = Some(Cipher::Aes256);
        let effective = effective_with(vec![with_cipher, attesting("rbd.csi.ceph.com", LATER)]);
        let provenance = Provenance::of_provisioner("rbd.csi.ceph.com");
        let (known, until) = with_attested(plain(), &provenance, &effective, at(NOW));
        assert_eq!(known, encrypted(None, Some(Cipher::Aes256)));
        assert_eq!(until, Some(at("2026-07-01T00:00:00Z")));
        let (_, until) =
            with_attested(encrypted(None, Some(Cipher::Aes256)), &provenance, &effective, at(NOW));
        assert_eq!(until, None);
    }
}
