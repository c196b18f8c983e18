//! `encryption.tls-required`: endpoints speak TLS only, and plain HTTP redirects.

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
    Cases { prevent: Some(prevent), detect: Some(detect), ..Cases::of("encryption.tls-required") };

/// An Ingress without certificate, one for another host, one that serves plain HTTP too, each with what makes it so.
fn plain_ingresses(known: &Value) -> [(&'static str, Value); 3] {
    let annotation = |value: &str| json!({"nginx.ingress.kubernetes.io/force-ssl-redirect": null, "nginx.ingress.kubernetes.io/ssl-redirect": value});
    [
        ("an Ingress has no certificate", with(known, json!({"spec": {"tls": null}}))),
        (
            "an Ingress has the certificate of another host",
            with(known, json!({"spec": {"tls": [{"hosts": ["other.example.com"], "secretName": "other"}]}})),
        ),
        (
            "an Ingress serves plain HTTP too",
            with(known, json!({"metadata": {"annotations": annotation("false")}})),
        ),
    ]
}

/// A load balancer of AWS with TLS at every port, and at one of two.
fn load_balancers() -> (Value, Value) {
    let balancer = |tls_ports: &str| {
        let annotations = json!({
            "service.beta.kubernetes.io/aws-load-balancer-ssl-cert": "arn:aws:acm:eu-central-1:111122223333:certificate/acme",
            "service.beta.kubernetes.io/aws-load-balancer-ssl-ports": tls_ports,
        });
        let ports = json!([{"name": "https", "port": 443}, {"name": "http", "port": 80}]);
        let spec = json!({"type": "LoadBalancer", "selector": {"app": "web"}, "ports": ports});
        object(Kind::Service, "balancer", json!({"metadata": {"annotations": annotations}, "spec": spec}))
    };
    (balancer("443"), balancer("443,80"))
}

fn prevent(promise: &Promise) -> Vec<Refusal> {
    let ground = Ground::of(promise);
    let known = ground.get(Kind::Ingress, "web");
    let labelled = with(&known, json!({"spec": {"tls": [{"secretName": "web-tls"}]}}));
    let changed = plain_ingresses(&known).map(|(what, offence)| {
        let update = |new: &Value| Request::update(known.clone(), new.clone());
        Refusal::new(format!("changed: {what}"), &ground, update(&offence), update(&labelled))
    });
    let created = plain_ingresses(&ingress("shop")).map(|(what, offence)| {
        Refusal::new(
            format!("new: {what}"),
            &ground,
            Request::create(offence),
            Request::create(ingress("shop")),
        )
    });
    let (plain, secure) = load_balancers();
    let balancer = Refusal::new(
        "a load balancer speaks plain text at a port",
        &ground,
        Request::create(plain),
        Request::create(secure),
    );
    let weak = policies::weak(
        promise,
        Kind::EncryptionPolicy,
        "lets plain HTTP stand",
        json!({"inTransit": {"redirect": false}}),
        json!({"inTransit": {"redirect": true}}),
    );
    let release = policies::release(promise, Kind::EncryptionPolicy, json!({"inTransit": {}}));
    changed.into_iter().chain(created).chain([balancer, weak, release]).collect()
}

fn detect(promise: &Promise) -> Vec<Breach> {
    let ground = Ground::of(promise);
    let put = |object| vec![Event::Put(object)];
    let ingresses = plain_ingresses(&ingress("shop"))
        .map(|(what, breach)| Breach::at_once(what, &ground, put(breach), put(ingress("shop"))));
    let (plain, secure) = load_balancers();
    let balancer =
        Breach::at_once("a load balancer speaks plain text at a port", &ground, put(plain), put(secure));
    ingresses.into_iter().chain([balancer]).collect()
}

#[test]
fn plain_endpoints_are_refused() {
    attempt(&CASES, Strength::Prevent);
}

#[test]
fn plain_endpoints_are_found() {
    attempt(&CASES, Strength::Detect);
}
