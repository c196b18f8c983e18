#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]
use std::sync::Arc;

use super::*;
use crate::{
    api::{Cipher, encryption_policy::EncryptionAtRest},
    core::{
        controls::{
            encryption::testkit::{
                attesting, claim, class, default_class, encrypted_class, plain_class, policy, static_volume,
                volume,
            },
            testkit::{Bench, at, pod, workload},
        },
        facts::{Change, Ignorance, ObjectKey, PodTemplate, SourceState},
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

fn of(claim: PersistentVolumeClaim) -> Fact {
    Fact::PersistentVolumeClaim(claim)
}

fn only_issue(verdict: &Verdict) -> &Issue {
    assert_eq!(verdict.issues.len(), 1, "{verdict:?}");
    &verdict.issues[0]
}

fn why(verdict: &Verdict) -> String {
    match &only_issue(verdict).problem {
        Problem::Unknown(why) => why.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_claim_on_an_encrypted_class_passes_and_says_by_what() {
    let verdict = bench().verdict_of(of(claim(Some("secret"), None)));
    assert_eq!(verdict.issues, []);
    assert_eq!(verdict.evidence.found, "encrypted with AES-256, the provider keeps the key");
    assert_eq!(verdict.evidence.read_from, "StorageClass secret");
}

#[test]
fn a_claim_on_a_plain_class_is_told_which_class_to_name() {
    let verdict = bench().verdict_of(of(claim(Some("fast"), None)));
    let wanted = Issue::fail(
        "spec.storageClassName",
        "not encrypted: `encrypted` is not set (StorageClass fast)",
        "encrypted at rest",
        "storageClassName: secret is encrypted and available",
    );
    assert_eq!(*only_issue(&verdict), wanted);
}

#[test]
fn without_any_encrypted_class_the_fix_is_the_line_that_the_class_lacks() {
    let bench = Bench::new(&CONTROL).with(Fact::StorageClass(plain_class("fast")));
    let verdict = bench.verdict_of(of(claim(Some("fast"), None)));
    assert_eq!(only_issue(&verdict).fix, "`encrypted: \"true\"` in the parameters of its StorageClass");
}

#[test]
fn a_claim_without_a_class_gets_the_default_as_the_api_server_gives_it() {
    for (default, state) in [(encrypted_class("d"), State::Pass), (plain_class("d"), State::Fail)] {
        let bench = bench().with(default_class(default));
        assert_eq!(bench.state_of(of(claim(None, None))), state);
    }
}

#[test]
fn what_no_class_decides_is_undecidable_and_says_why() {
    for (class, reason) in [
        (None, "it names no storage class and the cluster has no default"),
        (Some(""), "it asks for no storage class, and takes any volume that has none"),
        (Some("gone"), "there is no StorageClass `gone`"),
    ] {
        let verdict = bench().verdict_of(of(claim(class, None)));
        assert_eq!(why(&verdict), reason);
        assert!(matches!(only_issue(&verdict).problem, Problem::Unknown(Unknown::Undecidable(_))));
    }
}

#[test]
fn a_class_that_is_not_in_the_files_is_not_known() {
    for class in [None, Some("elsewhere")] {
        let bench = Bench::new(&CONTROL).with_source(Source::StorageClasses, SourceState::FilesOnly);
        let verdict = bench.verdict_of(of(claim(class, None)));
        let not_known = Ignorance::NotInTheseFiles(Source::StorageClasses);
        assert_eq!(only_issue(&verdict).problem, Problem::Unknown(Unknown::NotKnown(not_known)));
    }
}

#[test]
fn a_prebound_claim_is_judged_by_the_static_volume_that_it_names_whatever_its_class_is_called() {
    let bench = bench().with(Fact::PersistentVolume(static_volume("rbd.csi.ceph.com", "secret")));
    for class in [Some("secret"), Some(""), None] {
        let verdict = bench.verdict_on_claim(claim(class, Some("pv-1")));
        assert_eq!(only_issue(&verdict).field, "spec.volumeName", "{class:?}");
        assert_eq!(verdict.state(at("2026-06-15T12:00:00Z")), State::Fail);
    }
}

trait OnClaim {
    fn verdict_on_claim(&self, claim: PersistentVolumeClaim) -> Verdict;
}

impl OnClaim for Bench {
    fn verdict_on_claim(&self, claim: PersistentVolumeClaim) -> Verdict {
        let mut bench = Self::new(&CONTROL);
        bench.world = self.world.clone();
        bench.verdict_of(of(claim))
    }
}

#[test]
fn a_bound_claim_is_judged_by_its_class_and_without_class_by_its_volume() {
    let bench = bench()
        .with(default_class(plain_class("default")))
        .with(Fact::PersistentVolume(volume("ebs.csi.aws.com", "secret")));
    for (class, state) in [(Some("secret"), State::Pass), (None, State::Pass), (Some("fast"), State::Fail)] {
        let bound = PersistentVolumeClaim { is_bound: true, ..claim(class, Some("pv-1")) };
        assert_eq!(bench.verdict_on_claim(bound).state(at("2026-06-15T12:00:00Z")), state, "{class:?}");
    }
}

#[test]
fn a_claim_whose_class_is_gone_is_judged_by_its_volume() {
    let mut azure = volume("disk.csi.azure.com", "gone");
    azure.name = "pv-1".into();
    let bench = bench().with(Fact::PersistentVolume(azure));
    let bound = PersistentVolumeClaim { is_bound: true, ..claim(Some("gone"), Some("pv-1")) };
    assert_eq!(bench.state_of(of(bound)), State::Pass);
}

#[test]
fn a_volume_that_cannot_be_read_decides_nothing() {
    let mut bench = bench();
    let key = ObjectKey::cluster(Kind::PersistentVolume, "pv-1");
    index::apply(&mut bench.world, Change::Unreadable(key, "spec: no object".into()));
    let verdict = bench.verdict_of(of(claim(Some("secret"), Some("pv-1"))));
    assert_eq!(why(&verdict), "pv-1 (spec: no object) of PersistentVolumes cannot be read");
}

#[test]
fn a_static_volume_is_a_way_and_a_provisioned_one_is_not() {
    let state = |volume| bench().state_of(Fact::PersistentVolume(volume));
    assert_eq!(state(static_volume("rbd.csi.ceph.com", "secret")), State::Fail);
    assert_eq!(state(static_volume("ebs.csi.aws.com", "secret")), State::Error);
    assert_eq!(state(volume("rbd.csi.ceph.com", "fast")), State::NotApplicable);
}

fn template(name: &str, class: Option<&str>) -> ClaimTemplate {
    ClaimTemplate { name: name.into(), storage_class: class.map(Name::from), ..ClaimTemplate::default() }
}

fn pod_volume(name: &str, source: VolumeSource) -> PodVolume {
    PodVolume { name: name.into(), source }
}

fn csi(driver: &str) -> VolumeSource {
    VolumeSource::Csi { driver: driver.into(), attributes: Labels::default() }
}

#[test]
fn every_way_of_a_workload_fails_at_its_own_field() {
    let template_with_volumes = PodTemplate {
        volumes: vec![
            pod_volume("scratch", VolumeSource::Ephemeral(template("scratch", Some("fast")))),
            pod_volume("inline", csi("nfs.csi.k8s.io")),
            pod_volume("share", VolumeSource::Other("nfs".into())),
            pod_volume("cache", VolumeSource::EmptyDir { is_memory: false }),
            pod_volume("claim", VolumeSource::Claim("data".into())),
            pod_volume("secrets", csi("secrets-store.csi.k8s.io")),
        ],
        ..PodTemplate::default()
    };
    let Fact::Workload(stateful_set) = workload(Kind::StatefulSet, "db", template_with_volumes) else {
        panic!("a workload")
    };
    let templates = [template("data", Some("fast")), template("log", Some("secret"))];
    let verdict = bench()
        .verdict_of(Fact::Workload(Workload { claim_templates: Arc::from(templates), ..stateful_set }));
    let fields: Vec<&str> = verdict.issues.iter().map(|issue| issue.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "spec.volumeClaimTemplates[name=data].spec.storageClassName",
            "spec.template.spec.volumes[name=scratch].ephemeral.volumeClaimTemplate.spec.storageClassName",
            "spec.template.spec.volumes[name=inline].csi",
            "spec.template.spec.volumes[name=share].nfs",
        ]
    );
}

#[test]
fn a_workload_without_new_volumes_is_out_of_scope_and_one_with_encrypted_ones_passes() {
    assert_eq!(bench().state_of(pod("web", PodTemplate::default())), State::NotApplicable);
    let volumes = vec![
        pod_volume("scratch", VolumeSource::Ephemeral(template("scratch", Some("secret")))),
        pod_volume("share", csi("file.csi.azure.com")),
    ];
    let encrypted = PodTemplate { volumes, ..PodTemplate::default() };
    assert_eq!(bench().state_of(pod("web", encrypted)), State::Pass);
}

#[test]
fn an_inline_volume_of_an_unknown_driver_is_undecidable() {
    let volumes = vec![pod_volume("odd", csi("storage.example.com"))];
    let verdict = bench().verdict_of(pod("web", PodTemplate { volumes, ..PodTemplate::default() }));
    assert_eq!(why(&verdict), "what provisioner `storage.example.com` does about encryption is not known");
}

#[test]
fn cipher_key_class_and_keys_are_demanded_as_promised() {
    let kms = class("kms", "ebs.csi.aws.com", &[("encrypted", "true"), ("kmsKeyId", "k1")]);
    let luks = class("luks", "rbd.csi.ceph.com", &[("encrypted", "true")]);
    let rows: [(&str, &str, &[&str], [State; 3]); 6] = [
        // cipher, key class, keys: of `secret` (the provider's key), `kms` (key k1), `luks` (nothing shown).
        ("AES-256", "any", &[], [State::Pass, State::Pass, State::Error]),
        ("any", "customer", &[], [State::Fail, State::Pass, State::Error]),
        ("any", "provider", &[], [State::Pass, State::Pass, State::Pass]),
        ("any", "any", &["k1", "k2"], [State::Fail, State::Pass, State::Error]),
        ("any", "any", &["k2"], [State::Fail, State::Fail, State::Error]),
        ("AES-256", "customer", &["k1"], [State::Fail, State::Pass, State::Error]),
    ];
    for (cipher, key_class, keys, expected) in rows {
        let found = ["secret", "kms", "luks"].map(|name| {
            let bench = bench().with(Fact::StorageClass(kms.clone())).with(Fact::StorageClass(luks.clone()));
            let bench = bench.with_text("cipher", cipher).with_text("keyClass", key_class);
            bench.with_list("keyIds", keys).state_of(of(claim(Some(name), None)))
        });
        assert_eq!(found, expected, "{cipher} {key_class} {keys:?}");
    }
}

#[test]
fn a_class_is_recommended_only_if_it_meets_the_promise() {
    let kms = class("kms", "ebs.csi.aws.com", &[("encrypted", "true"), ("kmsKeyId", "k1")]);
    let bench = bench().with(Fact::StorageClass(kms)).with_text("keyClass", "customer");
    let verdict = bench.verdict_of(of(claim(Some("secret"), None)));
    let wanted = Issue::fail(
        "spec.storageClassName",
        "encrypted with AES-256, the provider keeps the key (StorageClass secret)",
        "a key that the customer controls",
        "storageClassName: kms is encrypted and available",
    );
    assert_eq!(*only_issue(&verdict), wanted);
}

#[test]
fn an_attestation_counts_until_it_ends_and_the_verdict_says_when() {
    let until = "2026-07-01T00:00:00Z";
    let attested = policy(EncryptionAtRest::default(), vec![attesting("cinder.csi.openstack.org", until)]);
    let cinder = Fact::StorageClass(class("cinder", "cinder.csi.openstack.org", &[]));
    let bench = || bench().with(cinder.clone()).with(attested.clone());
    let verdict = bench().verdict_of(of(claim(Some("cinder"), None)));
    assert_eq!((verdict.issues.len(), verdict.changes_at), (0, Some(at(until))));
    assert_eq!(bench().now(until).state_of(of(claim(Some("cinder"), None))), State::Error);
}

#[test]
fn prevent_a_default_class_that_turns_plain_makes_the_claims_that_ask_for_it_worse() {
    let mut bench = bench().with(default_class(encrypted_class("default"))).with(of(claim(None, None)));
    let subject = SubjectKey::from(claim(None, None).key());
    let before = bench.world.clone();
    assert_eq!(bench.verdict_on(&subject).issues, []);

    let mut newer = plain_class("newer");
    newer.meta.created = at("2026-06-01T00:00:00Z");
    let change = Change::Apply(default_class(newer));
    index::apply(&mut bench.world, change.clone());
    assert_eq!(only_issue(&bench.verdict_on(&subject)).problem, Problem::Fail);
    let touched = index::touched(&before, &bench.world, &change, 100);
    assert!(touched.subjects.iter().any(|touched| touched.subject == subject), "{touched:?}");
}

#[test]
fn detect_a_class_replaced_by_a_plain_one_of_the_same_name_is_found_on_its_claims() {
    let mut bench = bench().with(of(claim(Some("secret"), None)));
    bench.apply(Fact::StorageClass(plain_class("secret")));
    let verdict = bench.verdict_on(&claim(Some("secret"), None).key().into());
    assert_eq!(verdict.state(at("2026-06-15T12:00:00Z")), State::Fail);
}

#[test]
fn a_policy_is_weaker_where_it_allows_a_key_that_was_not_promised() {
    let bench = Bench::new(&CONTROL)
        .with_text("cipher", "AES-256")
        .with_text("keyClass", "customer")
        .with_list("keyIds", &["k1"]);
    let rule = |key_class, keys: &[&str]| EncryptionAtRest {
        key_class,
        key_ids: keys.iter().map(|key| (*key).to_owned()).collect(),
        ..EncryptionAtRest::default()
    };
    for (rule, fields) in [
        (EncryptionAtRest::default(), vec![]),
        (
            EncryptionAtRest { cipher: Some(Cipher::Aes256), ..rule(Some(KeyClass::Customer), &["k1"]) },
            vec![],
        ),
        (rule(Some(KeyClass::Provider), &[]), vec!["spec.atRest.keyClass"]),
        (rule(None, &["k1", "k2"]), vec!["spec.atRest.keyIds"]),
    ] {
        assert_eq!(bench.weaker(&policy(rule, vec![])), fields);
    }
}

#[test]
fn the_effective_policy_demands_the_strictest_figures() {
    let rule = EncryptionAtRest {
        cipher: Some(Cipher::Aes256),
        key_class: Some(KeyClass::Customer),
        key_ids: vec!["k1".to_owned()],
        empty_dir_holds_data: true,
    };
    let bench = Bench::new(&CONTROL).with(policy(rule, vec![]));
    let plan = bench.world.plan("acme").unwrap();
    let requirement = plan.requirements.iter().find(|use_of| use_of.control == &CONTROL).unwrap();
    assert_eq!(requirement.parameters.text("cipher"), Some(&Name::from("AES-256")));
    assert_eq!(requirement.parameters.text("keyClass"), Some(&Name::from("customer")));
    assert_eq!(requirement.parameters.list("keyIds"), [Name::from("k1")]);
    assert_eq!(requirement.parameters.get("emptyDirHoldsData"), None);
}
