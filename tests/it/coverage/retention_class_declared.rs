//! `retention.class-declared`: data has a class, and none that must not exist.

use serde_json::{Value, json};
use surety::core::{catalogue::Strength, facts::Kind};

use super::{
    attempt,
    case::{Cases, Refusal},
    ground::Ground,
    objects::*,
    policies,
    promise::Promise,
    request::Request,
};

pub static CASES: Cases = Cases { prevent: Some(prevent), ..Cases::of("retention.class-declared") };

fn classed(object: &Value, class: &str) -> Value {
    with(object, json!({"metadata": {"labels": {"surety.dev/data-class": class}}}))
}

/// The classes that were promised not to exist.
fn forbidden(promise: &Promise) -> Vec<String> {
    promise.parameters("retention.class-declared").list("forbidden").iter().map(ToString::to_string).collect()
}

fn prevent(promise: &Promise) -> Vec<Refusal> {
    let forbidden = forbidden(promise);
    assert!(!forbidden.is_empty(), "{} forbids no class", promise.id());
    let by_class = forbidden.iter().flat_map(|class| {
        [
            claim_of(promise, class),
            namespace_of(promise, class),
            template_of(promise, class),
            permitted(promise, class),
        ]
    });
    let release =
        policies::release(promise, Kind::RetentionPolicy, json!({"classes": [{"name": "account"}]}));
    by_class.chain(none(promise)).chain([release]).collect()
}

/// Where the tenant's list lets the class in, the promise still does not.
fn listing(promise: &Promise, class: &str) -> Ground {
    let ground = Ground::of(promise);
    let tenant = ground.get(Kind::Tenant, TENANT);
    let classes = json!(["account", "other", class]);
    ground.put(with(&tenant, json!({"spec": {"dataClasses": classes}})))
}

fn claim_of(promise: &Promise, class: &str) -> Refusal {
    let create = |class: &str| Request::create(classed(&claim("more", ENCRYPTED_CLASS), class));
    Refusal::new(
        format!("a claim declares class {class}"),
        &listing(promise, class),
        create(class),
        create("other"),
    )
}

fn namespace_of(promise: &Promise, class: &str) -> Refusal {
    let ground = listing(promise, class);
    let namespace = ground.get(Kind::Namespace, NAMESPACE);
    let update = |class: &str| Request::update(namespace.clone(), classed(&namespace, class));
    Refusal::new(format!("the namespace declares class {class}"), &ground, update(class), update("other"))
}

fn template_of(promise: &Promise, class: &str) -> Refusal {
    let create = |class: &str| {
        let mut stateful = workload(Kind::StatefulSet, "db", &pod_spec());
        let metadata = json!({"name": "data", "labels": {"surety.dev/data-class": class}});
        stateful["spec"]["volumeClaimTemplates"] =
            json!([{"metadata": metadata, "spec": claim_spec(ENCRYPTED_CLASS)}]);
        Request::create(stateful)
    };
    Refusal::new(
        format!("a claim template declares class {class}"),
        &listing(promise, class),
        create(class),
        create("other"),
    )
}

fn permitted(promise: &Promise, class: &str) -> Refusal {
    policies::weak(
        promise,
        Kind::RetentionPolicy,
        &format!("permits class {class}"),
        json!({"classes": [{"name": class}]}),
        json!({"classes": [{"name": class, "forbidden": true}]}),
    )
}

/// Where a class is required: data without one, and a policy that does without.
fn none(promise: &Promise) -> Vec<Refusal> {
    if !promise.parameters("retention.class-declared").flag("required") {
        return Vec::new();
    }
    let ground = Ground::of(promise);
    let tenant = ground.get(Kind::Tenant, TENANT);
    let without_default = ground.put(with(&tenant, json!({"spec": {"defaultDataClass": null}})));
    let plain = claim("more", ENCRYPTED_CLASS);
    let claim = Refusal::new(
        "a claim declares no class",
        &without_default,
        Request::create(plain.clone()),
        Request::create(classed(&plain, "account")),
    );
    let weak = policies::weak(
        promise,
        Kind::RetentionPolicy,
        "requires no class",
        json!({"requiresClass": false, "classes": [{"name": "account"}]}),
        json!({"requiresClass": true, "classes": [{"name": "account"}]}),
    );
    vec![claim, weak]
}

#[test]
fn forbidden_and_missing_classes_are_refused() {
    attempt(&CASES, Strength::Prevent);
}
