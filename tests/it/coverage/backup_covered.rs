//! `backup.covered`: a live schedule takes in every volume.

use serde_json::{Value, json};
use surety::core::{catalogue::Strength, facts::Kind};

use super::{
    attempt,
    backup::{SCHEDULE, WRITTEN, backup_policy, cron, location, managed, observed, period, schedule},
    case::{Breach, Cases, Drift, Refusal},
    ground::{Event, Ground},
    objects::*,
    policies,
    promise::Promise,
    request::Request,
};

pub static CASES: Cases = Cases {
    prevent: Some(prevent),
    repair: Some(repair),
    detect: Some(detect),
    ..Cases::of("backup.covered")
};

fn labelled(object: &Value, label: &str) -> Value {
    with(object, json!({"metadata": {"labels": {label: "true"}}}))
}

/// Objects that opt out of backups, each as it is, as it opts out, and changed otherwise.
fn opt_outs(ground: &Ground) -> [(&'static str, Value, Value, Value); 3] {
    let claim = ground.get(Kind::PersistentVolumeClaim, "data");
    let namespace = ground.get(Kind::Namespace, NAMESPACE);
    let web = ground.get(Kind::Deployment, "web");
    let annotated = |key: &str| {
        let metadata = json!({"annotations": {key: "data"}});
        with(&web, json!({"spec": {"template": {"metadata": metadata}}}))
    };
    let opt_out = "velero.io/exclude-from-backup";
    [
        ("a claim", claim.clone(), labelled(&claim, opt_out), labelled(&claim, "team")),
        ("the namespace", namespace.clone(), labelled(&namespace, opt_out), labelled(&namespace, "team")),
        (
            "a volume of a template",
            web.clone(),
            annotated("backup.velero.io/backup-volumes-excludes"),
            annotated("example.com/volumes"),
        ),
    ]
}

/// Changes of the one schedule after which nothing takes the tenant in, and one that changes nothing of that.
fn changes_of_schedule(promise: &Promise, known: &Value) -> ([(&'static str, Value); 5], Value) {
    let template = |change: Value| with(known, json!({"spec": {"template": change}}));
    let changes = [
        ("is paused", with(known, json!({"spec": {"paused": true}}))),
        ("runs on a day that never comes", with(known, json!({"spec": {"schedule": "0 0 30 2 *"}}))),
        ("takes in another namespace", template(json!({"includedNamespaces": ["elsewhere"]}))),
        ("excludes the namespace", template(json!({"excludedNamespaces": [NAMESPACE]}))),
        (
            "copies no volumes",
            template(
                json!({"snapshotVolumes": false, "snapshotMoveData": false, "defaultVolumesToFsBackup": false}),
            ),
        ),
    ];
    (changes, with(known, json!({"spec": {"schedule": cron(period(promise), 45)}})))
}

fn prevent(promise: &Promise) -> Vec<Refusal> {
    let ground = Ground::of(promise);
    let opting_out = opt_outs(&ground).map(|(what, known, offence, twin)| {
        let update = |new| Request::update(known.clone(), new);
        Refusal::new(format!("{what} opts out"), &ground, update(offence), update(twin))
    });
    let known = ground.get(Kind::VeleroSchedule, SCHEDULE);
    let (changes, twin) = changes_of_schedule(promise, &known);
    let by_change = changes.map(|(what, offence)| {
        let update = |new| Request::update(known.clone(), new);
        Refusal::new(format!("the schedule {what}"), &ground, update(offence), update(twin.clone()))
    });
    let deleted = Refusal::unless(
        "the schedule is deleted",
        ground.clone(),
        Request::delete(known),
        ground.clone().put(schedule("second", &cron(period(promise), 30))),
    );
    let others = [deleted, taken_in_by_nobody(&ground), release(promise)];
    opting_out
        .into_iter()
        .chain(by_change)
        .chain(others)
        .chain(closed_locations(&ground))
        .chain(exemptions(promise))
        .collect()
}

fn release(promise: &Promise) -> Refusal {
    policies::release(promise, Kind::BackupPolicy, backup_policy(json!({})))
}

fn taken_in_by_nobody(ground: &Ground) -> Refusal {
    let elsewhere = json!({"metadata": {"namespace": NEW_NAMESPACE}});
    let inside = claim("more", ENCRYPTED_CLASS);
    Refusal::new(
        "a claim is made where no schedule looks",
        &ground.clone().put(namespace(NEW_NAMESPACE)),
        Request::create(with(&inside, elsewhere)),
        Request::create(inside),
    )
}

/// The place where points lie is closed, moved or deleted.
fn closed_locations(ground: &Ground) -> Vec<Refusal> {
    let spare = location("spare");
    let ground = ground.clone().put(spare.clone());
    let known = ground.get(Kind::BackupStorageLocation, "default");
    let update = |spec: Value| Request::update(known.clone(), with(&known, json!({"spec": spec})));
    let twin = || update(json!({"validationFrequency": "5m"}));
    vec![
        Refusal::new("the location is closed", &ground, update(json!({"accessMode": "ReadOnly"})), twin()),
        Refusal::new(
            "the location is pointed elsewhere",
            &ground,
            update(json!({"objectStorage": {"bucket": "another"}})),
            twin(),
        ),
        Refusal::new(
            "the location is deleted",
            &ground,
            Request::delete(known.clone()),
            Request::delete(spare),
        ),
    ]
}

/// Policies that leave out what the promise does not.
fn exemptions(promise: &Promise) -> Vec<Refusal> {
    let of_environment = |name: &str| json!({"exempt": {"namespaceSelector": {"matchLabels": {"surety.dev/environment": name}}}});
    let names_environments = !promise.parameters("backup.covered").list("environments").is_empty();
    let weak = |what, fields, sound| {
        policies::weak(promise, Kind::BackupPolicy, what, backup_policy(fields), backup_policy(sound))
    };
    let sound = if names_environments { of_environment("staging") } else { json!({}) };
    vec![
        weak("leaves out a storage class", json!({"exempt": {"storageClasses": [PLAIN_CLASS]}}), json!({})),
        weak("leaves out a data class", json!({"exempt": {"dataClasses": ["other"]}}), json!({})),
        weak("leaves out namespaces of production", of_environment("production"), sound),
    ]
}

fn detect(promise: &Promise) -> Vec<Breach> {
    let ground = Ground::of(promise);
    let put = |object| vec![Event::Put(object)];
    let opted_out = opt_outs(&ground).map(|(what, _, breach, twin)| {
        Breach::at_once(format!("{what} has opted out"), &ground, put(breach), put(twin))
    });
    let known = ground.get(Kind::VeleroSchedule, SCHEDULE);
    let (changes, twin) = changes_of_schedule(promise, &known);
    let by_change = changes.map(|(what, breach)| {
        Breach::at_once(format!("the schedule {what}"), &ground, put(breach), put(twin.clone()))
    });
    let second = schedule("second", &cron(period(promise), 30));
    let gone = || Event::Gone(known.clone());
    let deleted =
        Breach::at_once("the schedule is gone", &ground, vec![gone()], vec![Event::Put(second), gone()]);
    let default = ground.get(Kind::BackupStorageLocation, "default");
    let mode = |mode: &str| put(with(&default, json!({"spec": {"accessMode": mode}})));
    let closed = Breach::at_once("the location is closed", &ground, mode("ReadOnly"), mode("ReadWrite"));
    opted_out.into_iter().chain(by_change).chain([deleted, closed]).collect()
}

fn repair(promise: &Promise) -> Vec<Drift> {
    let ground = managed(promise);
    let written = ground.get(Kind::VeleroSchedule, WRITTEN);
    let changed = |spec: Value| Event::Put(with(&written, json!({"spec": spec})));
    let drifts = [
        ("the schedule is deleted", Event::Gone(written.clone())),
        ("the schedule is paused", changed(json!({"paused": true}))),
        ("the schedule runs once a year", changed(json!({"schedule": "0 0 1 1 *"}))),
        (
            "the schedule takes in another namespace",
            changed(json!({"template": {"includedNamespaces": ["elsewhere"]}})),
        ),
    ];
    let drift = |(what, event): (&str, Event)| Drift {
        what: what.to_owned(),
        ground: ground.clone(),
        events: vec![event],
        wanted: (Kind::VeleroSchedule, WRITTEN),
        observed: observed(promise),
    };
    drifts.map(drift).into_iter().collect()
}

#[test]
fn what_would_take_a_volume_out_of_backups_is_refused() {
    attempt(&CASES, Strength::Prevent);
}

#[test]
fn a_volume_that_no_live_schedule_takes_in_is_found() {
    attempt(&CASES, Strength::Detect);
}

#[test]
fn the_schedule_of_a_tenant_is_written_back() {
    attempt(&CASES, Strength::Repair);
}
