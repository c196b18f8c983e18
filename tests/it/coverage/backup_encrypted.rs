//! `backup.encrypted`: backups travel and lie encrypted, as far as locations show it.

use jiff::SignedDuration;
use serde_json::{Value, json};
use surety::core::{catalogue::Strength, facts::Kind};

use super::{
    attempt,
    backup::{SCHEDULE, last_run, location, point},
    case::{Breach, Cases, Refusal, Unseen},
    ground::{Event, Ground},
    objects::with,
    promise::Promise,
    request::Request,
};

pub static CASES: Cases = Cases {
    prevent: Some(prevent),
    detect: Some(detect),
    unseen: Some(unseen),
    ..Cases::of("backup.encrypted")
};

/// A location that is reached in plain text.
const PLAIN: &str = "plain";
/// Another that is like the default one.
const SPARE: &str = "spare";

fn ground(promise: &Promise) -> Ground {
    let plain = with(&location(PLAIN), config("s3Url", "http://store:9000"));
    Ground::of(promise).put(plain).put(location(SPARE))
}

fn config(key: &str, value: &str) -> Value {
    json!({"spec": {"config": {key: value}}})
}

/// A setting of a location.
type Setting = (&'static str, &'static str);

/// Ways to make a location plain, and settings like them that do not.
const WAYS: [(&str, Setting, Setting); 3] = [
    (
        "the location is reached in plain text",
        ("s3Url", "http://store:9000"),
        ("serverSideEncryption", "aws:kms"),
    ),
    (
        "the store's certificate is not verified",
        ("insecureSkipTLSVerify", "true"),
        ("insecureSkipTLSVerify", "false"),
    ),
    (
        "the certificate is skipped in another spelling",
        ("insecureSkipTLSVerify", "1"),
        ("kmsKeyId", "alias/backups"),
    ),
];

fn prevent(promise: &Promise) -> Vec<Refusal> {
    let ground = ground(promise);
    let known = ground.get(Kind::BackupStorageLocation, "default");
    let update = |change: Value| Request::update(known.clone(), with(&known, change));
    let by_way = WAYS.into_iter().map(|(what, (key, value), (sound_key, sound))| {
        Refusal::new(what, &ground, update(config(key, value)), update(config(sound_key, sound)))
    });
    let hidden = Refusal::new(
        "the location asks for no encryption any more",
        &ground,
        update(config("serverSideEncryption", "")),
        update(config("serverSideEncryption", "aws:kms")),
    );
    let schedule = ground.get(Kind::VeleroSchedule, SCHEDULE);
    let writing_to = |name: &str| {
        let template = json!({"spec": {"template": {"storageLocation": name}}});
        Request::update(schedule.clone(), with(&schedule, template))
    };
    let moved = Refusal::new(
        "the schedule writes to a plain location",
        &ground,
        writing_to(PLAIN),
        writing_to(SPARE),
    );
    let run_to = |name: &str| Request::create(run(promise, name));
    let run = Refusal::new("a run writes to a plain location", &ground, run_to(PLAIN), run_to(SPARE));
    by_way.chain([hidden, moved, run]).collect()
}

/// A run that somebody starts by hand.
fn run(promise: &Promise, location: &str) -> Value {
    let mut run = point("by-hand", last_run(promise) + SignedDuration::from_mins(30));
    run["status"] = json!({});
    with(&run, json!({"spec": {"storageLocation": location, "snapshotMoveData": false}}))
}

fn detect(promise: &Promise) -> Vec<Breach> {
    let ground = ground(promise);
    let known = ground.get(Kind::BackupStorageLocation, "default");
    let put = |change: Value| vec![Event::Put(with(&known, change))];
    let by_way = WAYS.into_iter().map(|(what, (key, value), (sound_key, sound))| {
        Breach::at_once(what, &ground, put(config(key, value)), put(config(sound_key, sound)))
    });
    let ran_to = |name: &str| {
        let started = last_run(promise) + SignedDuration::from_mins(30);
        let spec = json!({"spec": {"storageLocation": name, "snapshotMoveData": false}});
        vec![Event::Put(with(&point("by-hand", started), spec))]
    };
    let ran = Breach::at_once("a run wrote to a plain location", &ground, ran_to(PLAIN), ran_to(SPARE));
    by_way.chain([ran]).collect()
}

/// What was written while the location asked for nothing lies there as it was written.
fn unseen(promise: &Promise) -> Vec<Unseen> {
    let ground = ground(promise);
    let known = ground.get(Kind::BackupStorageLocation, "default");
    let started = last_run(promise) + SignedDuration::from_mins(30);
    let run = with(&point("meanwhile", started), json!({"spec": {"snapshotMoveData": false}}));
    let breach = vec![
        Event::Put(with(&known, config("serverSideEncryption", ""))),
        Event::Put(run),
        Event::Put(known),
    ];
    let why = "sees what a location asks for, and neither the objects from before nor the password of the repository";
    vec![Unseen { why, ground, breach }]
}

#[test]
fn what_would_make_backups_plain_is_refused() {
    attempt(&CASES, Strength::Prevent);
}

#[test]
fn backups_that_become_plain_are_found() {
    attempt(&CASES, Strength::Detect);
}
