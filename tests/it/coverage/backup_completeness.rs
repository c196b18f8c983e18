//! `backup.completeness`: the newest run holds every volume, as its own evidence shows.

use jiff::SignedDuration;
use serde_json::{Value, json};
use surety::core::catalogue::Strength;

use super::{
    attempt,
    backup::{copy, point},
    case::{Breach, Cases},
    ground::{Event, Ground},
    objects::with,
    promise::Promise,
};

pub static CASES: Cases = Cases { detect: Some(detect), ..Cases::of("backup.completeness") };

fn detect(promise: &Promise) -> Vec<Breach> {
    let ground = Ground::of(promise);
    let started = ground.now() - SignedDuration::from_mins(10);
    let ended = started + SignedDuration::from_mins(5);
    let run = |change: Value| Event::Put(with(&point("newest", started), change));
    let copied = |change: Value| Event::Put(with(&copy("newest", started), change));
    let sound = || vec![copied(json!({})), run(json!({}))];
    let breach = |what, events: Vec<Event>| Breach::at_once(what, &ground, events, sound()).since(ended);
    let counts = json!({"csiVolumeSnapshotsAttempted": 0, "csiVolumeSnapshotsCompleted": 0});
    let resources_only =
        json!({"snapshotVolumes": false, "snapshotMoveData": false, "defaultVolumesToFsBackup": false});
    let unread = json!({"status": {"progress": {"totalBytes": 0, "bytesDone": 0}}});
    vec![
        breach("the newest run skips the volume", vec![run(json!({}))]),
        breach(
            "the newest run ends in part, without the volume",
            vec![run(json!({"status": {"phase": "PartiallyFailed"}}))],
        ),
        breach("the newest run copies nothing", vec![run(json!({"status": counts}))]),
        breach(
            "the newest run holds resources only",
            vec![run(json!({"spec": resources_only, "status": counts}))],
        ),
        breach(
            "the copy of the volume fails",
            vec![copied(json!({"status": {"phase": "Failed"}})), run(json!({}))],
        ),
        breach("the copy of the volume read nothing", vec![copied(unread), run(json!({}))]),
    ]
}

#[test]
fn a_run_that_does_not_hold_the_volume_is_found() {
    attempt(&CASES, Strength::Detect);
}
