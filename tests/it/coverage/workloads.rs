//! What the cases over pod templates share: every door by which a template comes in, and templates that are there.

use serde_json::Value;
use surety::core::facts::Kind;

use super::{
    case::{Breach, Refusal},
    ground::{Event, Ground},
    objects::{pod_spec, pod_spec_of, workload},
    promise::Promise,
    request::Request,
};

/// The kinds by which templates come in.
const DOORS: [Kind; 6] =
    [Kind::Pod, Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet, Kind::Job, Kind::CronJob];

/// A change of a pod's spec.
pub type Change<'a> = &'a dyn Fn(&mut Value);

fn changed(mut workload: Value, change: Change<'_>) -> Value {
    change(pod_spec_of(&mut workload));
    workload
}

/// Templates that offend are refused at every door where they are created, and where one is changed.
pub fn refusals(promise: &Promise, what: &str, offence: Change<'_>, twin: Change<'_>) -> Vec<Refusal> {
    let ground = Ground::of(promise);
    let created = DOORS.map(|kind| {
        let create = |change| Request::create(changed(workload(kind, "new", &pod_spec()), change));
        Refusal::new(format!("a new {kind} {what}"), &ground, create(offence), create(twin))
    });
    let web = ground.get(Kind::Deployment, "web");
    let update = |change| Request::update(web.clone(), changed(web.clone(), change));
    let updated = Refusal::new(format!("a Deployment {what}"), &ground, update(offence), update(twin));
    created.into_iter().chain([updated]).collect()
}

/// Templates that offend are found where they are.
pub fn breaches(promise: &Promise, what: &str, breach: Change<'_>, twin: Change<'_>) -> Vec<Breach> {
    let ground = Ground::of(promise);
    let found = DOORS.map(|kind| {
        let put = |change| vec![Event::Put(changed(workload(kind, "new", &pod_spec()), change))];
        Breach::at_once(format!("a {kind} {what}"), &ground, put(breach), put(twin))
    });
    found.into_iter().collect()
}
