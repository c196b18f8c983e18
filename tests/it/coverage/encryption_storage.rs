//! `encryption.storage`: every way to a new volume leads to encrypted storage.

use serde_json::{Value, json};
use surety::core::{catalogue::Strength, facts::Kind};

use super::{
    attempt,
    case::{Breach, Cases, Refusal},
    ground::{Event, Ground},
    objects::*,
    policies,
    promise::Promise,
    request::Request,
};

pub static CASES: Cases =
    Cases { prevent: Some(prevent), detect: Some(detect), ..Cases::of("encryption.storage") };

/// A class that encrypts, with a cipher that it does not show.
const CIPHER_NOT_SHOWN: &str = "cipher-not-shown";

/// Every object that asks for a new volume of a class.
fn ways(class: &str) -> [(&'static str, Value); 4] {
    let template = json!({"metadata": {"name": "data"}, "spec": claim_spec(class)});
    let mut stateful = workload(Kind::StatefulSet, "db", &pod_spec());
    stateful["spec"]["volumeClaimTemplates"] = json!([template]);
    let ephemeral = |kind: Kind| {
        let mut workload = workload(kind, "scratch", &pod_spec());
        let source = json!({"volumeClaimTemplate": {"spec": claim_spec(class)}});
        pod_spec_of(&mut workload)["volumes"] = json!([{"name": "scratch", "ephemeral": source}]);
        workload
    };
    [
        ("a claim", claim("more", class)),
        ("a claim template of a StatefulSet", stateful),
        ("an ephemeral volume of a Deployment", ephemeral(Kind::Deployment)),
        ("an ephemeral volume of a Pod", ephemeral(Kind::Pod)),
    ]
}

fn pairs() -> impl Iterator<Item = (&'static str, Value, Value)> {
    let twins = ways(ENCRYPTED_CLASS).map(|(_, twin)| twin);
    ways(PLAIN_CLASS).into_iter().zip(twins).map(|((what, offence), twin)| (what, offence, twin))
}

/// A volume that somebody made by hand and reserved for a claim; `backing` says on what it lies.
fn reserved_volume(backing: &Value) -> Value {
    let spec = json!({
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "",
        "persistentVolumeReclaimPolicy": "Retain", "claimRef": {"namespace": NAMESPACE, "name": "by-hand"},
    });
    let volume = object(Kind::PersistentVolume, "by-hand", json!({"spec": spec}));
    with(&volume, json!({"spec": backing}))
}

/// On a disk that nobody encrypts, and on one that is encrypted in any case.
fn volumes_by_hand() -> (Value, Value) {
    let on_nfs = json!({"nfs": {"server": "files.example.com", "path": "/exports/acme"}});
    let on_azure = json!({"csi": {"driver": "disk.csi.azure.com", "volumeHandle": "acme"}});
    (reserved_volume(&on_nfs), reserved_volume(&on_azure))
}

fn prevent(promise: &Promise) -> Vec<Refusal> {
    let ground = Ground::of(promise);
    let on_plain_class = pairs().map(|(what, offence, twin)| {
        let what = format!("{what} asks for a plain class");
        Refusal::new(what, &ground, Request::create(offence), Request::create(twin))
    });
    let (plain, encrypted) = volumes_by_hand();
    let pre_bound = Refusal::new(
        "a plain volume is reserved for a claim",
        &ground,
        Request::create(plain),
        Request::create(encrypted),
    );
    let release = policies::release(promise, Kind::EncryptionPolicy, json!({"atRest": {}}));
    on_plain_class.chain([pre_bound, release]).chain(cipher(promise)).collect()
}

/// Where a cipher is promised and what is not shown is refused, encryption alone does not do.
fn cipher(promise: &Promise) -> Option<Refusal> {
    promise.parameters("encryption.storage").text("cipher")?;
    let parameters = json!({"encrypted": "true", "numberOfReplicas": "3"});
    let class = json!({"provisioner": "driver.longhorn.io", "parameters": parameters});
    let strict = policy(
        Kind::EncryptionPolicy,
        "strict",
        json!({"atRest": {"cipher": "AES-256"}, "onUnknown": "Deny"}),
    );
    let ground = Ground::of(promise).put(object(Kind::StorageClass, CIPHER_NOT_SHOWN, class)).put(strict);
    let create = |class| Request::create(claim("more", class));
    Some(Refusal::new(
        "a claim asks for a class that does not show its cipher",
        &ground,
        create(CIPHER_NOT_SHOWN),
        create(ENCRYPTED_CLASS),
    ))
}

fn detect(promise: &Promise) -> Vec<Breach> {
    let ground = Ground::of(promise);
    let put = |object| vec![Event::Put(object)];
    let in_place = pairs().map(|(what, breach, twin)| {
        Breach::at_once(format!("{what} is on a plain class"), &ground, put(breach), put(twin))
    });
    let (plain, encrypted) = volumes_by_hand();
    let by_hand = Breach::at_once("a volume made by hand is plain", &ground, put(plain), put(encrypted));
    in_place.chain([by_hand]).collect()
}

#[test]
fn ways_to_plain_storage_are_refused() {
    attempt(&CASES, Strength::Prevent);
}

#[test]
fn ways_to_plain_storage_are_found() {
    attempt(&CASES, Strength::Detect);
}
