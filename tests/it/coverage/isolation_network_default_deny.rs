//! `isolation.network-default-deny`: the fence stands, in the promised directions.

use jiff::SignedDuration;
use serde_json::{Value, json};
use surety::core::{catalogue::Strength, facts::Kind};

use super::{
    attempt,
    case::{Breach, Cases, Drift, Refusal},
    ground::{Event, Ground, tenant},
    isolation::{managed, observed, release},
    objects::*,
    policies,
    promise::Promise,
    request::Request,
};

pub static CASES: Cases = Cases {
    prevent: Some(prevent),
    repair: Some(repair),
    detect: Some(detect),
    ..Cases::of("isolation.network-default-deny")
};

const FENCE: &str = "default-deny";

/// How long a new namespace may wait for its fence.
const SETTLE: SignedDuration = SignedDuration::from_mins(5);

/// The promised directions, as policies spell them.
fn directions(promise: &Promise) -> Vec<String> {
    let parameters = promise.parameters("isolation.network-default-deny");
    parameters.list("directions").iter().map(ToString::to_string).collect()
}

/// A NetworkPolicy whose rule in one direction names no peer, or names one.
fn opening(direction: &str, peers: &Value) -> Value {
    let (rules, peer) = if direction == "Ingress" { ("ingress", "from") } else { ("egress", "to") };
    let rule = if peers.is_null() { json!({}) } else { json!({peer: peers}) };
    let spec = json!({"podSelector": {}, "policyTypes": [direction], rules: [rule]});
    object(Kind::NetworkPolicy, "opening", json!({"spec": spec}))
}

/// The namespace of another tenant.
const NEXT_DOOR: &str = "globex-prod";

fn peer(namespace: &str) -> Value {
    json!([{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}])
}

fn peers() -> Value {
    peer("ingress-nginx")
}

/// A cluster with another tenant in it.
fn shared(promise: &Promise) -> Ground {
    let labels = json!({"metadata": {"labels": {"surety.dev/tenant": NEIGHBOUR}}});
    let ground = Ground::of(promise).put(tenant(NEIGHBOUR, promise, &[NEXT_DOOR]));
    ground.put(with(&namespace(NEXT_DOOR), labels))
}

/// The fence as it is after somebody let it leave out a direction.
fn without_direction(fence: &Value, direction: &str) -> Value {
    let others: Vec<&str> = ["Ingress", "Egress"].into_iter().filter(|other| *other != direction).collect();
    with(fence, json!({"spec": {"policyTypes": others}}))
}

fn prevent(promise: &Promise) -> Vec<Refusal> {
    let ground = Ground::of(promise);
    let standing = ground.get(Kind::NetworkPolicy, FENCE);
    let annotated = with(&standing, json!({"spec": {"podSelector": {"matchLabels": null}}}));
    let second = fence("second");
    let deleted = Refusal::unless(
        "the fence is deleted",
        ground.clone(),
        Request::delete(standing.clone()),
        ground.clone().put(second),
    );
    let each = directions(promise).into_iter().flat_map(|direction| {
        let lowered = without_direction(&standing, &direction);
        let update = |new| Request::update(standing.clone(), new);
        let create = |peers| Request::create(opening(&direction, &peers));
        let others: Vec<String> =
            directions(promise).into_iter().filter(|other| *other != direction).collect();
        [
            Refusal::new(
                format!("the fence leaves out {direction}"),
                &ground,
                update(lowered),
                update(annotated.clone()),
            ),
            Refusal::new(
                format!("{direction} is opened to everything"),
                &ground,
                create(Value::Null),
                create(peers()),
            ),
            Refusal::new(
                format!("{direction} is opened to another tenant"),
                &shared(promise),
                create(peer(NEXT_DOOR)),
                create(peers()),
            ),
            policies::weakened(
                promise,
                Kind::IsolationPolicy,
                &format!("its fence leaves out {direction}"),
                json!({"network": {"directions": others}}),
                json!({"network": {"directions": directions(promise)}}),
            ),
        ]
    });
    each.chain([deleted, release(promise)]).collect()
}

fn detect(promise: &Promise) -> Vec<Breach> {
    let ground = Ground::of(promise);
    let standing = ground.get(Kind::NetworkPolicy, FENCE);
    let gone = || Event::Gone(standing.clone());
    let deleted = Breach::at_once(
        "the fence is gone",
        &ground,
        vec![gone()],
        vec![gone(), Event::Put(fence("second"))],
    );
    let created = json!({"metadata": {"creationTimestamp": text_of(ground.now())}});
    let new = with(&namespace(NEW_NAMESPACE), created);
    let fence_of_new = with(&fence(FENCE), json!({"metadata": {"namespace": NEW_NAMESPACE}}));
    let unfenced = Breach::at_once(
        "a new namespace gets no fence",
        &ground,
        vec![Event::Put(new.clone())],
        vec![Event::Put(new), Event::Put(fence_of_new)],
    );
    let shared = shared(promise);
    let each = directions(promise).into_iter().flat_map(|direction| {
        let put = |peers| vec![Event::Put(opening(&direction, &peers))];
        let to_everything = format!("{direction} is open to everything");
        let to_another = format!("{direction} is open to another tenant");
        [
            Breach::at_once(to_everything, &ground, put(Value::Null), put(peers())),
            Breach::at_once(to_another, &shared, put(peer(NEXT_DOOR)), put(peers())),
        ]
    });
    each.chain([deleted, unfenced.opening(ground.now() + SETTLE)]).collect()
}

fn repair(promise: &Promise) -> Vec<Drift> {
    // The tenant's own fence would hide that Surety's is gone.
    let fenced_by_surety = |ground: Ground| ground.without(Kind::NetworkPolicy, FENCE);
    let ground = fenced_by_surety(managed(promise).settled());
    let written = ground.get(Kind::NetworkPolicy, "surety-default-deny");
    let deleted = ("the fence is deleted".to_owned(), Event::Gone(written.clone()));
    let each = directions(promise).into_iter().map(|direction| {
        let lowered = without_direction(&written, &direction);
        (format!("the fence leaves out {direction}"), Event::Put(lowered))
    });
    let drift = |(what, event)| Drift {
        what,
        ground: ground.clone(),
        events: vec![event],
        wanted: (Kind::NetworkPolicy, "surety-default-deny"),
        observed: fenced_by_surety(observed(promise)),
    };
    each.chain([deleted]).map(drift).collect()
}

#[test]
fn a_fence_that_would_be_opened_or_removed_is_refused() {
    attempt(&CASES, Strength::Prevent);
}

#[test]
fn a_fence_that_is_open_or_missing_is_found_at_its_second() {
    attempt(&CASES, Strength::Detect);
}

#[test]
fn a_fence_is_put_up_again() {
    attempt(&CASES, Strength::Repair);
}
