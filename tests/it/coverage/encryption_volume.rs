//! `encryption.volume`: volumes that exist are encrypted, and scratch space too where it holds data.

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
    workloads,
};

pub static CASES: Cases =
    Cases { prevent: Some(prevent), detect: Some(detect), ..Cases::of("encryption.volume") };

/// A disk of a node, reserved for a claim of the tenant.
fn local_volume() -> Value {
    reserved(&json!({"local": {"path": "/mnt/disks/1"}}))
}

/// A managed disk of Azure, which is encrypted with AES-256 in any case.
fn azure_volume() -> Value {
    reserved(&json!({"csi": {"driver": "disk.csi.azure.com", "volumeHandle": "acme"}}))
}

fn reserved(backing: &Value) -> Value {
    let spec = json!({
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "",
        "persistentVolumeReclaimPolicy": "Retain", "claimRef": {"namespace": NAMESPACE, "name": "by-hand"},
    });
    let volume = object(Kind::PersistentVolume, "by-hand", json!({"spec": spec}));
    with(&volume, json!({"spec": backing}))
}

/// A volume of a class that does not encrypt, as its provisioner made it for a claim.
fn provisioned(class: &str) -> Value {
    volume_of("more", class)
}

fn on_disk(pod: &mut Value) {
    pod["volumes"] = json!([{"name": "fetched", "emptyDir": {}}]);
}

fn in_memory(pod: &mut Value) {
    pod["volumes"] = json!([{"name": "fetched", "emptyDir": {"medium": "Memory"}}]);
}

fn counts_scratch(promise: &Promise) -> bool {
    promise.parameters("encryption.volume").flag("emptyDirHoldsData")
}

fn prevent(promise: &Promise) -> Vec<Refusal> {
    let ground = Ground::of(promise);
    let create = Request::create;
    let mut refusals = vec![
        Refusal::new(
            "a local volume is reserved for a claim",
            &ground,
            create(local_volume()),
            create(azure_volume()),
        ),
        policies::release(promise, Kind::EncryptionPolicy, json!({"atRest": {}})),
    ];
    if counts_scratch(promise) {
        refusals.extend(workloads::refusals(promise, "puts data on the node's disk", &on_disk, &in_memory));
    }
    refusals
}

fn detect(promise: &Promise) -> Vec<Breach> {
    let ground = Ground::of(promise);
    let put = |object| vec![Event::Put(object)];
    let mut breaches = vec![
        Breach::at_once("a local volume is there", &ground, put(local_volume()), put(azure_volume())),
        Breach::at_once(
            "a volume of a plain class is there",
            &ground,
            put(provisioned(PLAIN_CLASS)),
            put(provisioned(ENCRYPTED_CLASS)),
        ),
    ];
    if counts_scratch(promise) {
        breaches.extend(workloads::breaches(promise, "has data on the node's disk", &on_disk, &in_memory));
    }
    breaches
}

#[test]
fn plain_volumes_are_refused() {
    attempt(&CASES, Strength::Prevent);
}

#[test]
fn plain_volumes_are_found() {
    attempt(&CASES, Strength::Detect);
}
