//! `retention.kept`: data is not ended before its time, to the second.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use surety::{
    api::Span,
    core::{catalogue::Strength, facts::Kind},
};

use super::{
    attempt,
    case::{Breach, Cases, Refusal},
    ground::{Event, Ground, data_class},
    objects::*,
    policies,
    promise::Promise,
    request::Request,
};

pub static CASES: Cases =
    Cases { prevent: Some(prevent), detect: Some(detect), ..Cases::of("retention.kept") };

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// When the tenant's contract ended, where a promise counts from there.
const CONTRACT_END: &str = "2026-12-31T00:00:00Z";

/// Two grounds: a second before the promised time is over, and when it is.
struct Time {
    what: String,
    running: Ground,
    over: Ground,
}

fn times(promise: &Promise) -> Vec<Time> {
    let parameters = promise.parameters("retention.kept");
    let ground = Ground::of(promise);
    let ended = with(&ground.get(Kind::Tenant, TENANT), json!({"spec": {"contract": {"end": CONTRACT_END}}}));
    let ended = ground.clone().put(ended);
    let around = |what: String, ground: Ground, end: Timestamp| Time {
        what,
        running: ground.clone().at(end - SECOND),
        over: ground.at(end),
    };
    let at_least = parameters.span("atLeast");
    let after = parameters.span("afterTermination");
    let mut times = Vec::new();
    if let Some(span) = at_least {
        times.push(around(format!("in less than {span}"), ground, span.after(at(BEGINNING))));
    }
    if let Some(span) = after {
        let end = span.after(at(CONTRACT_END));
        times.push(around(format!("in less than {span} after the contract's end"), ended.clone(), end));
    }
    if parameters.flag("whileActive") && after.is_none() {
        times.push(around("while the contract runs".to_owned(), ended, at(CONTRACT_END)));
    }
    assert!(!times.is_empty(), "{} keeps nothing", promise.id());
    times
}

fn prevent(promise: &Promise) -> Vec<Refusal> {
    let acts = times(promise).into_iter().flat_map(|time| acts(&time));
    let release =
        policies::release(promise, Kind::RetentionPolicy, json!({"classes": [kept_class(promise)]}));
    acts.chain(weak(promise)).chain([release]).collect()
}

/// Every act that ends data: refused while its time runs, admitted when it is over.
fn acts(time: &Time) -> Vec<Refusal> {
    let claim = time.running.get(Kind::PersistentVolumeClaim, "data");
    let volume = time.running.get(Kind::PersistentVolume, "pv-data");
    let namespace = time.running.get(Kind::Namespace, NAMESPACE);
    let owner = json!({"metadata": {"ownerReferences": [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "uid-configmaps-owner"},
    ]}});
    let reclaimed = json!({"spec": {"persistentVolumeReclaimPolicy": "Delete"}});
    let update = |old: &Value, change| Request::update(old.clone(), with(old, change));
    let acts = [
        ("a claim is deleted", Request::delete(claim.clone())),
        ("a volume is deleted", Request::delete(volume.clone())),
        ("the namespace is deleted", Request::delete(namespace)),
        ("a claim gets an owner whose end takes it along", update(&claim, owner)),
        ("a volume's reclaim policy is turned to Delete", update(&volume, reclaimed)),
    ];
    let refusal = |(what, request): (&str, Request)| {
        Refusal::unless(format!("{what} {}", time.what), time.running.clone(), request, time.over.clone())
    };
    acts.map(refusal).into_iter().collect()
}

/// The promised class as a policy names it.
fn kept_class(promise: &Promise) -> Value {
    let parameters = promise.parameters("retention.kept");
    let mut class = json!({"name": data_class(promise)});
    for figure in ["atLeast", "afterTermination"] {
        if let Some(span) = parameters.span(figure) {
            class[figure] = json!(span);
        }
    }
    if parameters.flag("whileActive") {
        class["whileActive"] = json!(true);
    }
    class
}

/// A policy that falls short of each promised figure by one of its unit.
fn weak(promise: &Promise) -> Vec<Refusal> {
    let parameters = promise.parameters("retention.kept");
    let sound = kept_class(promise);
    let mut weak_classes = Vec::new();
    for figure in ["atLeast", "afterTermination"] {
        if let Some(span) = parameters.span(figure) {
            let shorter = shorter(span);
            weak_classes.push((format!("{figure} is {shorter}"), with(&sound, json!({figure: shorter}))));
        }
    }
    if parameters.flag("whileActive") {
        let gone = with(&sound, json!({"whileActive": false}));
        weak_classes.push(("the class may go while the contract runs".to_owned(), gone));
    }
    let refusal = |(what, class): (String, Value)| {
        let spec = |class: &Value| json!({"classes": [class]});
        policies::weakened(promise, Kind::RetentionPolicy, &what, spec(&class), spec(&sound))
    };
    weak_classes.into_iter().map(refusal).collect()
}

/// One day less: what a single figure of one unit allows.
fn shorter(span: Span) -> Span {
    let days = span.nominal_seconds() / 86_400 - 1;
    format!("{days}d").parse().unwrap()
}

fn detect(promise: &Promise) -> Vec<Breach> {
    times(promise)
        .into_iter()
        .flat_map(|time| {
            let claim = time.running.get(Kind::PersistentVolumeClaim, "data");
            let volume = time.running.get(Kind::PersistentVolume, "pv-data");
            let moment = text_of(time.running.now());
            let going = with(&claim, json!({"metadata": {"deletionTimestamp": moment}}));
            let released = |policy: &str| {
                let spec = json!({"persistentVolumeReclaimPolicy": policy});
                with(&volume, json!({"spec": spec, "status": {"phase": "Released"}}))
            };
            [
                Breach::at_once(
                    format!("a claim is being deleted {}", time.what),
                    &time.running,
                    vec![Event::Put(going)],
                    vec![Event::Put(with(&claim, json!({"metadata": {"labels": {"team": "web"}}})))],
                ),
                Breach::at_once(
                    format!("a released volume will be deleted {}", time.what),
                    &time.running,
                    vec![Event::Gone(claim.clone()), Event::Put(released("Delete"))],
                    vec![Event::Gone(claim), Event::Put(released("Retain"))],
                ),
                gone(&time),
            ]
        })
        .collect()
}

/// Data that was ended while nobody was asked: its claim and its volume are gone, and the controller remembers them. In
/// its twin the volume is retained.
fn gone(time: &Time) -> Breach {
    let claim = time.running.get(Kind::PersistentVolumeClaim, "data");
    let volume = time.running.get(Kind::PersistentVolume, "pv-data");
    let retained =
        json!({"spec": {"persistentVolumeReclaimPolicy": "Retain"}, "status": {"phase": "Released"}});
    let retained = Event::Put(with(&volume, retained));
    let claim = Event::Gone(claim);
    let remembered = |events: Vec<Event>| {
        let record = Event::Put(time.running.remembered());
        let after = time.running.clone().after(&[record]).after(&events).remembered();
        events.into_iter().chain([Event::Put(after)]).collect()
    };
    Breach::at_once(
        format!("a claim is gone with its volume {}", time.what),
        &time.running,
        remembered(vec![claim.clone(), Event::Gone(volume)]),
        remembered(vec![claim, retained]),
    )
}

#[test]
fn data_that_would_end_before_its_time_is_refused() {
    attempt(&CASES, Strength::Prevent);
}

#[test]
fn data_that_is_about_to_end_before_its_time_is_found() {
    attempt(&CASES, Strength::Detect);
}
