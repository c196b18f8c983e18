//! `backup.retention`: no point goes early and none stays late, to the second.

use jiff::SignedDuration;
use serde_json::{Value, json};
use surety::{
    api::Span,
    core::{
        catalogue::Strength,
        facts::{Fact, Kind},
    },
};

use super::{
    attempt,
    backup::{
        POINT, SCHEDULE, TIME_TO_LIVE, WRITTEN, backup_policy, deletion_request, hours, last_run, managed,
        observed,
    },
    case::{Breach, Cases, Drift, Refusal},
    ground::{Event, Ground, fact},
    objects::*,
    policies,
    promise::Promise,
    request::Request,
};

pub static CASES: Cases = Cases {
    prevent: Some(prevent),
    repair: Some(repair),
    detect: Some(detect),
    ..Cases::of("backup.retention")
};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

fn bound(promise: &Promise, name: &str) -> Option<Span> {
    promise.parameters("backup.retention").span(name)
}

/// What `atMost` is stretched by: a tenth, at least a day and at most seven.
fn allowance(at_most: Span) -> SignedDuration {
    (at_most.nominal() / 10).clamp(DAY, DAY * 7)
}

fn days(span: Span, more: i64) -> String {
    format!("{}d", span.nominal_seconds() / 86_400 + more)
}

fn prevent(promise: &Promise) -> Vec<Refusal> {
    let mut refusals =
        vec![forged(promise), policies::release(promise, Kind::BackupPolicy, backup_policy(json!({})))];
    if let Some(at_least) = bound(promise, "atLeast") {
        refusals.extend(deletions(promise, at_least));
        refusals.push(too_short(promise, at_least));
        refusals.push(weak(promise, "atLeast", &days(at_least, -1)));
    }
    if let Some(at_most) = bound(promise, "atMost") {
        refusals.push(too_long(promise, at_most));
        refusals.push(weak(promise, "atMost", &days(at_most, 1)));
    }
    refusals
}

/// A point is deleted a second before its time is over, in every way.
fn deletions(promise: &Promise, at_least: Span) -> Vec<Refusal> {
    let until = at_least.after(last_run(promise));
    let ground = Ground::of(promise);
    let point = ground.get(Kind::VeleroBackup, POINT);
    let schedule = ground.get(Kind::VeleroSchedule, SCHEDULE);
    let owner = |kind: &str, uid: &Value| {
        let owner = json!({"apiVersion": "velero.io/v1", "kind": kind, "name": "owner", "uid": uid});
        with(&point, json!({"metadata": {"ownerReferences": [owner]}}))
    };
    let owned_by_schedule = owner("Schedule", &schedule["metadata"]["uid"]);
    let around = |what: &str, ground: &Ground, request: Request| {
        let (running, over) = (ground.clone().at(until - SECOND), ground.clone().at(until));
        Refusal::unless(format!("{what} in less than {at_least}"), running, request, over)
    };
    vec![
        around("a point is deleted", &ground, Request::delete(point.clone())),
        around("the engine is asked to delete a point", &ground, Request::create(deletion_request(POINT))),
        around(
            "a point gets an owner whose end takes it along",
            &ground,
            Request::update(point.clone(), owner("Restore", &json!("uid-restores-owner"))),
        ),
        around(
            "a schedule is deleted that owns a point",
            &ground.clone().put(owned_by_schedule),
            Request::delete(schedule),
        ),
    ]
}

/// The engine's own word on when a point goes is written by somebody else.
fn forged(promise: &Promise) -> Refusal {
    let ground = Ground::of(promise);
    let point = ground.get(Kind::VeleroBackup, POINT);
    let update = |change: Value| Request::update(point.clone(), with(&point, change));
    let tomorrow = text_of(ground.now() + DAY);
    Refusal::new(
        "the expiry of a point is changed by hand",
        &ground,
        update(json!({"status": {"expiration": tomorrow}})),
        update(json!({"metadata": {"labels": {"team": "web"}}})),
    )
}

fn lives(promise: &Promise, what: &str, time_to_live: SignedDuration) -> Refusal {
    let ground = Ground::of(promise);
    let known = ground.get(Kind::VeleroSchedule, SCHEDULE);
    let update = |time_to_live: SignedDuration| {
        let template = json!({"template": {"ttl": hours(time_to_live)}});
        Request::update(known.clone(), with(&known, json!({"spec": template})))
    };
    Refusal::new(what, &ground, update(time_to_live), update(TIME_TO_LIVE - HOUR))
}

/// Velero sets the expiry before the run starts, so that exactly the promised time is too short.
fn too_short(promise: &Promise, at_least: Span) -> Refusal {
    lives(promise, &format!("points live exactly {at_least}"), at_least.nominal())
}

fn too_long(promise: &Promise, at_most: Span) -> Refusal {
    let time_to_live = at_most.nominal() + allowance(at_most) + HOUR;
    lives(promise, &format!("points live longer than {at_most} and its allowance"), time_to_live)
}

/// A policy that is off by a day.
fn weak(promise: &Promise, figure: &str, value: &str) -> Refusal {
    let sound = json!({"retention": {figure: bound(promise, figure)}});
    policies::weakened(
        promise,
        Kind::BackupPolicy,
        &format!("{figure} is {value}"),
        backup_policy(json!({"retention": {figure: value}})),
        backup_policy(sound),
    )
}

fn detect(promise: &Promise) -> Vec<Breach> {
    let mut breaches = Vec::new();
    if let Some(at_least) = bound(promise, "atLeast") {
        let early = at_least.nominal() - HOUR;
        breaches.push(expiring(promise, &format!("a point expires in less than {at_least}"), early));
    }
    if let Some(at_most) = bound(promise, "atMost") {
        let late = at_most.nominal() + allowance(at_most) + HOUR;
        breaches.push(expiring(promise, &format!("a point expires later than {at_most}"), late));
        breaches.push(still_there(promise, at_most));
    }
    let parameters = promise.parameters("backup.retention");
    if parameters.text("afterTermination").is_some_and(|text| *text == "rotation") {
        breaches.push(outlives_the_contract(promise));
    }
    assert!(!breaches.is_empty(), "{} bounds nothing", promise.id());
    breaches
}

/// What an expiry shows is true since the run.
fn expiring(promise: &Promise, what: &str, time_to_live: SignedDuration) -> Breach {
    let ground = Ground::of(promise);
    let point = ground.get(Kind::VeleroBackup, POINT);
    let started = last_run(promise);
    let put = |time_to_live: SignedDuration| {
        let status = json!({"expiration": text_of(started + time_to_live)});
        vec![Event::Put(with(&point, json!({"status": status})))]
    };
    Breach::at_once(what, &ground, put(time_to_live), put(TIME_TO_LIVE - HOUR)).since(started)
}

fn still_there(promise: &Promise, at_most: Span) -> Breach {
    let ground = Ground::of(promise);
    let opens = at_most.after(last_run(promise)) + allowance(at_most);
    let gone = vec![Event::Gone(ground.get(Kind::VeleroBackup, POINT))];
    Breach::at_once(format!("a point is there after {at_most} and its allowance"), &ground, Vec::new(), gone)
        .opening(opens)
}

/// After the contract's end points run out one by one, none a day beyond its expiry.
fn outlives_the_contract(promise: &Promise) -> Breach {
    let ground = Ground::of(promise);
    let tenant = ground.get(Kind::Tenant, TENANT);
    let ended = with(&tenant, json!({"spec": {"contract": {"end": text_of(ground.now() - HOUR)}}}));
    let ground = ground.put(ended);
    let gone = vec![Event::Gone(ground.get(Kind::VeleroBackup, POINT))];
    let opens = last_run(promise) + TIME_TO_LIVE + DAY;
    Breach::at_once("a point of a tenant who has left outlives its expiry", &ground, Vec::new(), gone)
        .opening(opens)
}

fn repair(promise: &Promise) -> Vec<Drift> {
    let ground = managed(promise);
    let written = ground.get(Kind::VeleroSchedule, WRITTEN);
    expect_promised_life(promise, &written);
    let lives = |time_to_live: SignedDuration| {
        let template = json!({"template": {"ttl": hours(time_to_live)}});
        Event::Put(with(&written, json!({"spec": template})))
    };
    let drifts = [
        ("points are to live for a day".to_owned(), lives(DAY)),
        ("points are to live for a year".to_owned(), lives(DAY * 365)),
    ];
    let drift = |(what, event)| Drift {
        what,
        ground: ground.clone(),
        events: vec![event],
        wanted: (Kind::VeleroSchedule, WRITTEN),
        observed: observed(promise),
    };
    drifts.map(drift).into_iter().collect()
}

/// What is written keeps points longer than promised at least, and not longer than promised at most with its allowance.
fn expect_promised_life(promise: &Promise, written: &Value) {
    let Fact::Schedule(schedule) = fact(written) else { panic!("no schedule: {written}") };
    let time_to_live = schedule.time_to_live.unwrap();
    if let Some(at_least) = bound(promise, "atLeast") {
        assert!(time_to_live > at_least.nominal(), "{}: {time_to_live}", promise.id());
    }
    if let Some(at_most) = bound(promise, "atMost") {
        assert!(time_to_live <= at_most.nominal() + allowance(at_most), "{}: {time_to_live}", promise.id());
    }
}

#[test]
fn what_would_let_points_go_early_or_stay_late_is_refused() {
    attempt(&CASES, Strength::Prevent);
}

#[test]
fn points_that_go_early_or_stay_late_are_found_at_their_second() {
    attempt(&CASES, Strength::Detect);
}

#[test]
fn the_life_of_points_is_written_back() {
    attempt(&CASES, Strength::Repair);
}
