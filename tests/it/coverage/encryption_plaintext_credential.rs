//! `encryption.plaintext-credential`: no literal of the promised kinds stands in a template.

use serde_json::{Value, json};
use surety::core::{catalogue::Strength, controls::encryption::plaintext_credential::DETECTORS, facts::Kind};

use super::{
    attempt,
    case::{Breach, Cases, Refusal},
    policies,
    promise::Promise,
    workloads,
};

pub static CASES: Cases =
    Cases { prevent: Some(prevent), detect: Some(detect), ..Cases::of("encryption.plaintext-credential") };

/// The detectors that the promise names; all but that of card numbers where it names none.
fn detectors(promise: &Promise) -> Vec<&'static str> {
    let named = promise.parameters("encryption.plaintext-credential").list("detectors").to_vec();
    let is_meant = |detector: &&str| {
        named.iter().any(|name| *name == **detector) || (named.is_empty() && *detector != "card-number")
    };
    DETECTORS.into_iter().filter(is_meant).collect()
}

/// A variable whose value a detector finds. None of them opens anything.
fn literal(detector: &str) -> Value {
    let (name, value) = match detector {
        "cloud-key" => ("KEY_ID", format!("AKIA{}", "QJ4X7ZT2MNB5VCD3")),
        "token" => ("ACCESS", format!("ghp_{}", "a1b2c3d4e5".repeat(4))),
        "private-key" => ("SIGNING", format!("-----BEGIN {0}-----\nMIIE\n-----END {0}-----", "PRIVATE KEY")),
        "url-password" => ("STORE", format!("postgres://app:{}@db:5432/app", "horse7staple")),
        "password" => ("DB_PASSWORD", "horse7staple".to_owned()),
        "card-number" => ("TEST_CARD", format!("4111 {0} {0} {0}", "1111")),
        other => panic!("no literal for {other}"),
    };
    json!([{"name": name, "value": value}])
}

/// The same variable, read from a Secret.
fn reference(detector: &str) -> Value {
    let name = literal(detector)[0]["name"].clone();
    json!([{"name": name, "valueFrom": {"secretKeyRef": {"name": "app", "key": "value"}}}])
}

fn prevent(promise: &Promise) -> Vec<Refusal> {
    let named = detectors(promise);
    let literals = named.iter().flat_map(|detector| {
        let offence = |pod: &mut Value| pod["containers"][0]["env"] = literal(detector);
        let twin = |pod: &mut Value| pod["containers"][0]["env"] = reference(detector);
        workloads::refusals(promise, &format!("has a literal {detector}"), &offence, &twin)
    });
    // A password within a URL is a password too, so that a policy which looks for these alone looks for neither.
    let other = if named.contains(&"card-number") { "token" } else { "card-number" };
    let weak = policies::weak(
        promise,
        Kind::EncryptionPolicy,
        "looks for something else",
        json!({"credentials": {"detectors": [other]}}),
        json!({"credentials": {"detectors": named}}),
    );
    let release = policies::release(promise, Kind::EncryptionPolicy, json!({"credentials": {}}));
    literals.chain([weak, release]).collect()
}

fn detect(promise: &Promise) -> Vec<Breach> {
    detectors(promise)
        .into_iter()
        .flat_map(|detector| {
            let breach = |pod: &mut Value| pod["containers"][0]["env"] = literal(detector);
            let twin = |pod: &mut Value| pod["containers"][0]["env"] = reference(detector);
            workloads::breaches(promise, &format!("has a literal {detector}"), &breach, &twin)
        })
        .collect()
}

#[test]
fn literal_credentials_are_refused_at_every_door() {
    attempt(&CASES, Strength::Prevent);
}

#[test]
fn literal_credentials_are_found() {
    attempt(&CASES, Strength::Detect);
}
