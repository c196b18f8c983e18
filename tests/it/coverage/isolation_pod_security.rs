//! `isolation.pod-security`: templates keep to the promised level, and so does the namespace's label.

use serde_json::{Value, json};
use surety::core::{catalogue::Strength, facts::Kind};

use super::{
    attempt,
    case::{Breach, Cases, Drift, Refusal},
    ground::{Event, Ground},
    isolation::{managed, observed, release},
    objects::*,
    promise::Promise,
    request::Request,
    workloads,
};

pub static CASES: Cases = Cases {
    prevent: Some(prevent),
    repair: Some(repair),
    detect: Some(detect),
    ..Cases::of("isolation.pod-security")
};

fn run_privileged(pod: &mut Value) {
    pod["containers"][0]["securityContext"] = json!({"privileged": true});
}

fn run_as_user(pod: &mut Value) {
    pod["containers"][0]["securityContext"]["runAsUser"] = json!(1000);
}

fn levelled(namespace: &Value, level: &Value) -> Value {
    with(namespace, json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": level}}}))
}

fn prevent(promise: &Promise) -> Vec<Refusal> {
    let ground = Ground::of(promise);
    let namespace = ground.get(Kind::Namespace, NAMESPACE);
    let update = |level: &str| Request::update(namespace.clone(), levelled(&namespace, &json!(level)));
    let lowered =
        Refusal::new("the namespace's level is lowered", &ground, update("privileged"), update("restricted"));
    let pod = workload(Kind::Pod, "running", &pod_spec());
    let debugged = |security: Value| {
        let container =
            json!({"name": "debug", "image": "registry.example.com/tools:1", "securityContext": security});
        let new = with(&pod, json!({"spec": {"ephemeralContainers": [container]}}));
        Request::update(pod.clone(), new).through("ephemeralcontainers")
    };
    let ephemeral = Refusal::new(
        "a privileged ephemeral container joins a pod",
        &ground.put(pod.clone()),
        debugged(json!({"privileged": true})),
        debugged(json!({"allowPrivilegeEscalation": false})),
    );
    let mut refusals = workloads::refusals(promise, "runs privileged", &run_privileged, &run_as_user);
    refusals.extend([lowered, ephemeral, release(promise)]);
    refusals
}

fn detect(promise: &Promise) -> Vec<Breach> {
    let ground = Ground::of(promise);
    let namespace = ground.get(Kind::Namespace, NAMESPACE);
    let put = |level: &str| vec![Event::Put(levelled(&namespace, &json!(level)))];
    let lowered =
        Breach::at_once("the namespace's level is low", &ground, put("privileged"), put("restricted"));
    let mut breaches = workloads::breaches(promise, "runs privileged", &run_privileged, &run_as_user);
    breaches.push(lowered);
    breaches
}

fn repair(promise: &Promise) -> Vec<Drift> {
    let ground = managed(promise).settled();
    let namespace = ground.get(Kind::Namespace, NAMESPACE);
    let drifts = [
        ("the namespace's level is lowered", json!("privileged")),
        ("the namespace's level is taken away", Value::Null),
    ];
    let drift = |(what, level): (&str, Value)| Drift {
        what: what.to_owned(),
        ground: ground.clone(),
        events: vec![Event::Put(levelled(&namespace, &level))],
        wanted: (Kind::Namespace, NAMESPACE),
        observed: observed(promise),
    };
    drifts.map(drift).into_iter().collect()
}

#[test]
fn pods_above_the_level_are_refused_at_every_door() {
    attempt(&CASES, Strength::Prevent);
}

#[test]
fn pods_above_the_level_are_found() {
    attempt(&CASES, Strength::Detect);
}

#[test]
fn the_level_of_a_namespace_is_written_back() {
    attempt(&CASES, Strength::Repair);
}
