//! Requests on policies: one that is weaker than the promise, and the release of the last one that upholds it.

use serde_json::{Value, json};
use surety::core::facts::Kind;

use super::{
    case::Refusal,
    ground::Ground,
    objects::{policy, with},
    promise::Promise,
    request::Request,
};

/// A policy that allows less than the promise is created; one that keeps to it is admitted.
pub fn weak(promise: &Promise, kind: Kind, what: &str, weak: Value, sound: Value) -> Refusal {
    let ground = Ground::of(promise);
    let create = |spec| Request::create(policy(kind, "new", spec));
    Refusal::new(format!("a {kind} {what}"), &ground, create(weak), create(sound))
}

/// A policy that keeps to the promise is made to allow less.
pub fn weakened(promise: &Promise, kind: Kind, what: &str, weak: Value, sound: Value) -> Refusal {
    let known = policy(kind, "known", sound);
    let ground = Ground::of(promise).put(known.clone());
    let labelled = with(&known, json!({"metadata": {"labels": {"team": "compliance"}}}));
    let mut offence = policy(kind, "known", weak);
    offence["metadata"]["generation"] = json!(2);
    Refusal::new(
        format!("a {kind} is changed: {what}"),
        &ground,
        Request::update(known.clone(), offence),
        Request::update(known, labelled),
    )
}

/// The last policy that upholds the promise is deleted; one of two may be.
pub fn release(promise: &Promise, kind: Kind, spec: Value) -> Refusal {
    let (last, another) = (policy(kind, "last", spec.clone()), policy(kind, "another", spec));
    let ground = Ground::of(promise).put(last.clone());
    let twin_ground = ground.clone().put(another);
    Refusal::unless(format!("the last {kind} is deleted"), ground, Request::delete(last), twin_ground)
}
