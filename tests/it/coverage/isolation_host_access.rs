//! `isolation.host-access`: no way into the node that is not allowed.

use serde_json::{Value, json};
use surety::core::{catalogue::Strength, facts::Kind};

use super::{
    attempt,
    case::{Breach, Cases, Refusal},
    isolation::release,
    policies,
    promise::Promise,
    workloads,
};

pub static CASES: Cases =
    Cases { prevent: Some(prevent), detect: Some(detect), ..Cases::of("isolation.host-access") };

/// A way into the node, with what a template says that takes it.
type Way = (&'static str, fn(&mut Value));

/// Every way.
const WAYS: [Way; 5] = [
    ("HostPath", |pod| pod["volumes"] = json!([{"name": "run", "hostPath": {"path": "/var/run"}}])),
    ("HostNetwork", |pod| pod["hostNetwork"] = json!(true)),
    ("HostPID", |pod| pod["hostPID"] = json!(true)),
    ("HostIPC", |pod| pod["hostIPC"] = json!(true)),
    ("HostPort", |pod| pod["containers"][0]["ports"] = json!([{"containerPort": 80, "hostPort": 80}])),
];

/// What takes none of them.
fn stay_inside(pod: &mut Value) {
    pod["hostNetwork"] = json!(false);
    pod["volumes"] = json!([{"name": "run", "emptyDir": {"medium": "Memory"}}]);
    pod["containers"][0]["ports"] = json!([{"containerPort": 80}]);
}

/// The ways that the promise does not allow.
fn forbidden(promise: &Promise) -> impl Iterator<Item = Way> {
    let allowed = promise.parameters("isolation.host-access").list("allowed").to_vec();
    WAYS.into_iter().filter(move |(way, _)| allowed.iter().all(|name| *name != *way))
}

fn prevent(promise: &Promise) -> Vec<Refusal> {
    let by_template = forbidden(promise)
        .flat_map(|(way, take)| workloads::refusals(promise, &format!("takes {way}"), &take, &stay_inside));
    let by_policy = forbidden(promise).map(|(way, _)| {
        policies::weak(
            promise,
            Kind::IsolationPolicy,
            &format!("allows {way}"),
            json!({"hostAccess": {"allowed": [way]}}),
            json!({"hostAccess": {"allowed": []}}),
        )
    });
    by_template.chain(by_policy).chain([release(promise)]).collect()
}

fn detect(promise: &Promise) -> Vec<Breach> {
    forbidden(promise)
        .flat_map(|(way, take)| workloads::breaches(promise, &format!("takes {way}"), &take, &stay_inside))
        .collect()
}

#[test]
fn ways_into_the_node_are_refused_at_every_door() {
    attempt(&CASES, Strength::Prevent);
}

#[test]
fn ways_into_the_node_are_found() {
    attempt(&CASES, Strength::Detect);
}
