#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
use super::*;
use crate::{
    api::{Cipher, KeyClass, encryption_policy::EncryptionAtRest},
    core::{
        controls::{
            encryption::testkit::{
                attesting, claim, class, encrypted_class, plain_class, policy, static_volume, volume,
            },
            testkit::{Bench, at, pod, workload},
        },
        facts::{Change, PersistentVolume, PodTemplate, PodVolume, VolumeBacking},
        subject::SubjectKey,
        verdict::{Problem, State},
    },
    index,
};

fn bench() -> Bench {
    Bench::new(&CONTROL)
        .with(Fact::StorageClass(encrypted_class("secret")))
        .with(Fact::StorageClass(plain_class("fast")))
}

fn of(volume: PersistentVolume) -> Fact {
    Fact::PersistentVolume(volume)
}

fn of_type(backing: VolumeBacking) -> PersistentVolume {
    PersistentVolume { backing, ..static_volume("x", "secret") }
}

#[test]
fn a_volume_of_an_encrypted_class_passes_and_says_by_what() {
    let verdict = bench().verdict_of(of(volume("ebs.csi.aws.com", "secret")));
    assert_eq!(verdict.issues, []);
    assert_eq!(verdict.evidence.read_from, "PersistentVolume pv-1");
    assert_eq!(verdict.evidence.found, "encrypted with AES-256, the provider keeps the key");
}

#[test]
fn a_plain_volume_says_where_its_data_can_go() {
    let verdict = bench().verdict_of(of(volume("rbd.csi.ceph.com", "fast")));
    let wanted = Issue::fail(
        "spec",
        "not encrypted: `encrypted` is not set (PersistentVolume pv-1)",
        "encrypted at rest",
        "copy the data to a claim with storageClassName: secret, which is encrypted, and retire this volume",
    );
    assert_eq!(verdict.issues, [wanted]);
}

#[test]
fn disks_of_nodes_and_exports_are_plain_unless_attested() {
    let until = "2026-12-31T00:00:00Z";
    for (backing, provisioner) in [
        (VolumeBacking::Local, "kubernetes.io/local-volume"),
        (VolumeBacking::Local, "kubernetes.io/no-provisioner"),
        (VolumeBacking::Local, "kubernetes.io/host-path"),
        (VolumeBacking::Nfs, "kubernetes.io/nfs"),
    ] {
        let volume = of_type(backing);
        assert_eq!(bench().state_of(of(volume.clone())), State::Fail, "{provisioner}");
        let attested = policy(EncryptionAtRest::default(), vec![attesting(provisioner, until)]);
        let verdict = bench().with(attested).verdict_of(of(volume));
        assert_eq!((verdict.issues.len(), verdict.changes_at), (0, Some(at(until))), "{provisioner}");
    }
}

#[test]
fn a_class_made_anew_since_shows_nothing_of_older_volumes() {
    let mut anew = encrypted_class("secret");
    anew.meta.created = at("2026-06-15T12:00:01Z");
    let verdict = bench().with(Fact::StorageClass(anew)).verdict_of(of(volume("ebs.csi.aws.com", "secret")));
    assert_eq!(verdict.issues[0].found, "StorageClass `secret` was made anew after the volume");
    assert!(matches!(verdict.issues[0].problem, Problem::Unknown(_)));
}

#[test]
fn a_static_volume_is_not_believed_by_the_name_of_its_class() {
    let verdict = bench().verdict_of(of(static_volume("ebs.csi.aws.com", "secret")));
    assert_eq!(verdict.issues[0].found, "a static volume: nothing shows how its disk was made");
    assert_eq!(bench().state_of(of(static_volume("rbd.csi.ceph.com", "secret"))), State::Fail);
}

#[test]
fn a_key_of_so_many_bits_is_demanded_of_the_cipher() {
    let luks = Fact::StorageClass(class("luks", "io.openebs.csi-mayastor", &[("encrypted", "true")]));
    let state = |bits, volume| {
        let bench = bench()
            .with(luks.clone())
            .with_parameter("keyBits", crate::core::parameters::Parameter::Integer(bits));
        bench.state_of(of(volume))
    };
    let ebs = || volume("ebs.csi.aws.com", "secret");
    assert_eq!(state(256, ebs()), State::Pass);
    assert_eq!(state(512, ebs()), State::Fail);
    assert_eq!(state(256, volume("io.openebs.csi-mayastor", "luks")), State::Error);
}

#[test]
fn a_cipher_that_is_not_shown_is_unknown_until_it_is_attested() {
    let luks = Fact::StorageClass(class("luks", "io.openebs.csi-mayastor", &[("encrypted", "true")]));
    let bench = || bench().with(luks.clone()).with_text("cipher", "AES-256");
    let luks_volume = || of(volume("io.openebs.csi-mayastor", "luks"));
    let verdict = bench().verdict_of(luks_volume());
    assert_eq!(verdict.issues[0].problem.clone(), not_shown("its cipher is not shown"));
    let mut entry = attesting("io.openebs.csi-mayastor", "2026-12-31T00:00:00Z");
    entry.cipher = Some(Cipher::Aes256);
    let attested = policy(EncryptionAtRest::default(), vec![entry]);
    assert_eq!(bench().with(attested).state_of(luks_volume()), State::Pass);
}

fn not_shown(why: &str) -> Problem {
    Problem::Unknown(crate::core::facts::Unknown::Undecidable(why.to_owned()))
}

fn scratch(is_memory: bool) -> PodTemplate {
    let volume = PodVolume { name: "cache".into(), source: VolumeSource::EmptyDir { is_memory } };
    PodTemplate { volumes: vec![volume], ..PodTemplate::default() }
}

#[test]
fn scratch_space_on_disk_fails_only_where_it_holds_data() {
    assert_eq!(bench().state_of(pod("web", scratch(false))), State::NotApplicable);
    let bench = || bench().with_flag("emptyDirHoldsData", true);
    assert_eq!(bench().state_of(pod("web", PodTemplate::default())), State::NotApplicable);
    assert_eq!(bench().state_of(pod("web", scratch(true))), State::NotApplicable);
    let verdict = bench().verdict_of(workload(Kind::Deployment, "web", scratch(false)));
    let wanted = Issue::fail(
        "spec.template.spec.volumes[name=cache].emptyDir",
        "not encrypted: it is a directory on the node's disk (emptyDir cache)",
        "encrypted at rest",
        "`medium: Memory`, or an `ephemeral` volume with storageClassName: secret, which is encrypted and available",
    );
    assert_eq!(verdict.issues, [wanted]);
}

#[test]
fn attested_disks_of_nodes_are_good_for_scratch_space() {
    let attested = policy(
        EncryptionAtRest::default(),
        vec![attesting("kubernetes.io/empty-dir", "2026-12-31T00:00:00Z")],
    );
    let bench = bench().with_flag("emptyDirHoldsData", true).with(attested);
    assert_eq!(bench.state_of(pod("web", scratch(false))), State::Pass);
}

#[test]
fn prevent_a_plain_static_volume_for_a_claim_of_the_tenant_is_a_new_subject_that_fails() {
    let mut bench = bench().with(Fact::PersistentVolumeClaim(claim(Some("secret"), None)));
    let before = bench.world.clone();
    let change = Change::Apply(of(static_volume("rbd.csi.ceph.com", "secret")));
    index::apply(&mut bench.world, change.clone());
    let subject = SubjectKey::from(volume("x", "x").key());
    let touched = index::touched(&before, &bench.world, &change, 100);
    assert!(touched.subjects.iter().any(|touched| touched.subject == subject), "{touched:?}");
    assert_eq!(bench.verdict_on(&subject).state(at("2026-06-15T12:00:00Z")), State::Fail);
}

#[test]
fn detect_a_volume_whose_class_was_plain_when_it_was_made() {
    let plain = class("fast", "ebs.csi.aws.com", &[("encrypted", "false")]);
    let verdict = bench().with(Fact::StorageClass(plain)).verdict_of(of(volume("ebs.csi.aws.com", "fast")));
    assert_eq!(verdict.state(at("2026-06-15T12:00:00Z")), State::Fail);
}

#[test]
fn a_policy_is_weaker_only_by_its_key_class() {
    let bench = Bench::new(&CONTROL)
        .with_text("cipher", "AES-256")
        .with_text("keyClass", "customer")
        .with_flag("emptyDirHoldsData", true);
    let rule = |key_class| EncryptionAtRest { key_class, ..EncryptionAtRest::default() };
    for (rule, fields) in [
        (rule(None), vec![]),
        (rule(Some(KeyClass::Customer)), vec![]),
        (rule(Some(KeyClass::Provider)), vec!["spec.atRest.keyClass"]),
    ] {
        assert_eq!(bench.weaker(&policy(rule, vec![])), fields);
    }
}

#[test]
fn the_effective_policy_demands_cipher_and_scratch_space_but_no_keys() {
    let rule = EncryptionAtRest {
        cipher: Some(Cipher::Aes256),
        key_ids: vec!["k1".to_owned()],
        empty_dir_holds_data: true,
        ..EncryptionAtRest::default()
    };
    let bench = Bench::new(&CONTROL).with(policy(rule, vec![]));
    let plan = bench.world.plan("acme").unwrap();
    let requirement = plan.requirements.iter().find(|use_of| use_of.control == &CONTROL).unwrap();
    assert!(requirement.parameters.flag("emptyDirHoldsData"));
    assert_eq!(requirement.parameters.text("cipher"), Some(&Name::from("AES-256")));
    assert_eq!(requirement.parameters.get("keyIds"), None);
}
