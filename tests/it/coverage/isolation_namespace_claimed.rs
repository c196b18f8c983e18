//! `isolation.namespace-claimed`: a namespace does not change hands, and what says whose it is comes back.

use serde_json::{Value, json};
use surety::core::{catalogue::Strength, facts::Kind};

use super::{
    attempt,
    case::{Breach, Cases, Drift, Refusal},
    ground::{Event, Ground, tenant},
    isolation::{managed, observed, release},
    objects::*,
    promise::Promise,
    request::Request,
};

pub static CASES: Cases = Cases {
    prevent: Some(prevent),
    repair: Some(repair),
    detect: Some(detect),
    ..Cases::of("isolation.namespace-claimed")
};

fn labelled(namespace: &Value, labels: &Value) -> Value {
    with(namespace, json!({"metadata": {"labels": labels}}))
}

/// What somebody may do to the tenant's label, and a change of another.
fn moves(ground: &Ground) -> [(&'static str, Value, Value); 2] {
    let namespace = ground.get(Kind::Namespace, NAMESPACE);
    let harmless = labelled(&namespace, &json!({"team": "web"}));
    [
        (
            "its namespace is labelled as another tenant's",
            labelled(&namespace, &json!({"surety.dev/tenant": NEIGHBOUR})),
            harmless.clone(),
        ),
        (
            "the tenant's label is taken off its namespace",
            labelled(&namespace, &json!({"surety.dev/tenant": null})),
            harmless,
        ),
    ]
}

fn prevent(promise: &Promise) -> Vec<Refusal> {
    let ground = Ground::of(promise);
    let namespace = ground.get(Kind::Namespace, NAMESPACE);
    let moved = moves(&ground).map(|(what, offence, twin)| {
        let update = |new| Request::update(namespace.clone(), new);
        Refusal::new(what, &ground, update(offence), update(twin))
    });
    let nobodys = tenant("nobody", promise, &[]);
    let ground = ground.put(nobodys.clone());
    let holder = Request::delete(ground.get(Kind::Tenant, TENANT));
    let deleted =
        Refusal::new("a Tenant that holds namespaces is deleted", &ground, holder, Request::delete(nobodys));
    moved.into_iter().chain([deleted, release(promise)]).collect()
}

fn detect(promise: &Promise) -> Vec<Breach> {
    let ground = Ground::of(promise);
    let relabelled = |(what, breach, twin)| {
        Breach::at_once(what, &ground, vec![Event::Put(breach)], vec![Event::Put(twin)])
    };
    // The label is Surety's to write until the namespace has settled; this one has long.
    let moved = moves(&ground).map(relabelled);
    let neighbour = |namespace: &str| vec![Event::Put(tenant(NEIGHBOUR, promise, &[namespace]))];
    let contested = Breach::at_once(
        "another Tenant asks for its namespace",
        &ground,
        neighbour(NAMESPACE),
        neighbour("globex-prod"),
    );
    moved.into_iter().chain([contested]).collect()
}

fn repair(promise: &Promise) -> Vec<Drift> {
    let ground = managed(promise).settled();
    let drift = |(what, drift, _): (&'static str, Value, Value)| Drift {
        what: what.to_owned(),
        ground: ground.clone(),
        events: vec![Event::Put(drift)],
        wanted: (Kind::Namespace, NAMESPACE),
        observed: observed(promise),
    };
    moves(&ground).map(drift).into_iter().chain([without_policies(promise)]).collect()
}

/// The label is what brings requests to the webhook, so it is written wherever no policy says to observe only.
fn without_policies(promise: &Promise) -> Drift {
    let ground = Ground::of(promise).settled();
    let [_, (_, unlabelled, _)] = moves(&ground);
    Drift {
        what: "the tenant's label is taken off, and there is no policy".to_owned(),
        ground,
        events: vec![Event::Put(unlabelled)],
        wanted: (Kind::Namespace, NAMESPACE),
        observed: observed(promise),
    }
}

#[test]
fn a_namespace_that_would_change_hands_is_refused() {
    attempt(&CASES, Strength::Prevent);
}

#[test]
fn a_namespace_that_changed_hands_is_found() {
    attempt(&CASES, Strength::Detect);
}

#[test]
fn the_claim_on_a_namespace_is_written_back() {
    attempt(&CASES, Strength::Repair);
}
