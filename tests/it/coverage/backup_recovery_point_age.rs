//! `backup.recovery-point-age`: the newest point is as young as promised, to the second.

use jiff::SignedDuration;
use serde_json::{Value, json};
use surety::{
    api::Span,
    core::{catalogue::Strength, facts::Kind},
};

use super::{
    attempt,
    backup::{
        POINT, SCHEDULE, backup_policy, copy, cron, deletion_request, last_run, period, point, schedule,
    },
    case::{Breach, Cases, Refusal},
    ground::{Event, Ground},
    objects::with,
    policies,
    promise::Promise,
    request::Request,
};

pub static CASES: Cases =
    Cases { prevent: Some(prevent), detect: Some(detect), ..Cases::of("backup.recovery-point-age") };

/// The promised period and the allowance of the larger of ten minutes and a tenth, in minutes.
fn limit_in_minutes(promise: &Promise) -> i64 {
    let every = period(promise).nominal_seconds() / 60;
    every + (every / 10).max(10)
}

/// Twice as rare as promised, as a span and as a schedule.
fn too_rare(promise: &Promise) -> (Span, String) {
    let every = period(promise);
    let twice = Span::new(every.count() * 2, every.unit());
    let cron = if every.nominal_seconds() == 3_600 { "15 */2 * * *" } else { "15 2 */2 * *" };
    (twice, cron.to_owned())
}

fn prevent(promise: &Promise) -> Vec<Refusal> {
    let release = policies::release(promise, Kind::BackupPolicy, backup_policy(json!({})));
    let refusals = schedules(promise).into_iter().chain(weak_policies(promise)).chain(points(promise));
    refusals.chain([release]).collect()
}

fn schedules(promise: &Promise) -> Vec<Refusal> {
    let ground = Ground::of(promise);
    let known = ground.get(Kind::VeleroSchedule, SCHEDULE);
    let update =
        |cron: &str| Request::update(known.clone(), with(&known, json!({"spec": {"schedule": cron}})));
    let changed = Refusal::new(
        "the schedule is made to run half as often",
        &ground,
        update(&too_rare(promise).1),
        update(&cron(period(promise), 45)),
    );
    let rare = schedule("rare", &too_rare(promise).1);
    let left = Refusal::unless(
        "only a schedule that runs half as often is left",
        ground.clone().put(rare.clone()),
        Request::delete(known),
        ground.put(rare).put(schedule("second", &cron(period(promise), 30))),
    );
    vec![changed, left]
}

fn weak_policies(promise: &Promise) -> Vec<Refusal> {
    let (twice, rare) = too_rare(promise);
    let limit = limit_in_minutes(promise);
    let weak = |what: &str, fields: Value, sound: Value| {
        policies::weak(promise, Kind::BackupPolicy, what, backup_policy(fields), backup_policy(sound))
    };
    let age = |minutes: i64| json!({"maxRecoveryPointAge": format!("{minutes}m")});
    let sound = json!({"every": period(promise)});
    vec![
        weak("backs up half as often", json!({"every": twice}), sound.clone()),
        weak("lets points be a minute older", age(limit + 1), age(limit)),
        weak(
            "has a schedule that runs half as often",
            json!({"schedule": rare}),
            json!({"schedule": cron(period(promise), 45)}),
        ),
        policies::weakened(
            promise,
            Kind::BackupPolicy,
            "it backs up half as often",
            backup_policy(json!({"every": twice})),
            backup_policy(sound),
        ),
    ]
}

/// The last point goes, or is forged.
fn points(promise: &Promise) -> Vec<Refusal> {
    let ground = Ground::of(promise);
    let last = ground.get(Kind::VeleroBackup, POINT);
    let later = last_run(promise) + SignedDuration::from_mins(10);
    let with_another = ground.clone().put(point("another", later)).put(copy("another", later));
    let goes = |what, request: Request| Refusal::unless(what, ground.clone(), request, with_another.clone());
    let failed = with(&point("failed", later), json!({"status": {"phase": "Failed"}}));
    let update = |change: Value| Request::update(failed.clone(), with(&failed, change));
    let forged = Refusal::new(
        "a failed run is called a good one",
        &ground.clone().put(failed.clone()),
        update(json!({"status": {"phase": "Completed"}})),
        update(json!({"metadata": {"labels": {"team": "web"}}})),
    );
    vec![
        goes("the last point is deleted", Request::delete(last)),
        goes("the engine is asked to delete the last point", Request::create(deletion_request(POINT))),
        forged,
    ]
}

fn detect(promise: &Promise) -> Vec<Breach> {
    let ground = Ground::of(promise);
    let started = last_run(promise);
    let opens = started + SignedDuration::from_mins(limit_in_minutes(promise));
    let later = ground.now() - SignedDuration::from_mins(30);
    let run = |phase: &str, copies: bool| {
        let attempted = i32::from(copies);
        let status = json!({
            "phase": phase, "csiVolumeSnapshotsAttempted": attempted, "csiVolumeSnapshotsCompleted": attempted,
        });
        let run = with(&point("later", later), json!({"status": status}));
        let copy = copies.then(|| copy("later", later));
        [Some(run), copy].into_iter().flatten().map(Event::Put).collect::<Vec<_>>()
    };
    let schedule_gone = Event::Gone(ground.get(Kind::VeleroSchedule, SCHEDULE));
    let second = Event::Put(schedule("second", &cron(period(promise), 30)));
    let without_schedule = run("Completed", true).into_iter().chain([second, schedule_gone.clone()]);
    vec![
        Breach::at_once("no run follows the last", &ground, Vec::new(), run("Completed", true))
            .opening(opens),
        Breach::at_once("the next run fails", &ground, run("Failed", false), run("Completed", true))
            .opening(opens),
        Breach::at_once(
            "the next run copies nothing of the volume",
            &ground,
            run("Completed", false),
            run("Completed", true),
        )
        .opening(opens),
        Breach::at_once(
            "the schedule is gone, and no run follows",
            &ground,
            vec![schedule_gone],
            without_schedule.collect(),
        )
        .opening(opens),
    ]
}

#[test]
fn what_would_let_points_grow_too_old_is_refused() {
    attempt(&CASES, Strength::Prevent);
}

#[test]
fn a_point_that_grows_too_old_is_found_at_its_second() {
    attempt(&CASES, Strength::Detect);
}
