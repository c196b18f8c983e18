//! `backup.failure-noticed`: a run that fails is told at once, and a schedule that stops at its second.

use jiff::SignedDuration;
use serde_json::json;
use surety::core::catalogue::Strength;

use super::{
    attempt,
    backup::{copy, last_run, period, point},
    case::{Breach, Cases},
    ground::{Event, Ground},
    objects::with,
    promise::Promise,
};

pub static CASES: Cases = Cases { detect: Some(detect), ..Cases::of("backup.failure-noticed") };

fn detect(promise: &Promise) -> Vec<Breach> {
    let ground = Ground::of(promise);
    let started = ground.now() - SignedDuration::from_mins(10);
    let ended = started + SignedDuration::from_mins(5);
    let run = |phase: &str| {
        vec![
            Event::Put(copy("newest", started)),
            Event::Put(with(&point("newest", started), json!({"status": {"phase": phase}}))),
        ]
    };
    let failed = |what, phase| Breach::at_once(what, &ground, run(phase), run("Completed")).since(ended);
    let periods = promise.parameters("backup.failure-noticed").integer("missedPeriods").unwrap();
    let missed = SignedDuration::from_secs(period(promise).nominal_seconds() * periods);
    let before = started - SignedDuration::from_mins(30);
    let stuck = with(&point("stuck", before), json!({"status": {"phase": "InProgress"}}));
    let hangs = Event::Put(stuck);
    let another = run("Completed");
    let and_another = another.iter().cloned().chain([hangs.clone()]).collect();
    vec![
        failed("the newest run fails", "Failed"),
        failed("the newest run fails in part", "PartiallyFailed"),
        failed("the newest run is refused by the engine", "FailedValidation"),
        Breach::at_once("no run follows the last", &ground, Vec::new(), another.clone())
            .opening(last_run(promise) + missed),
        Breach::at_once("the newest run hangs, and no other starts", &ground, vec![hangs], and_another)
            .opening(before + missed),
    ]
}

#[test]
fn a_run_that_fails_or_does_not_start_is_found() {
    attempt(&CASES, Strength::Detect);
}
