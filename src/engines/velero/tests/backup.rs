//! Backups: state, times, expiry, origin.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{decode, fact, sample};
use crate::{
    api::keys,
    core::facts::{Expiry, Kind, Name, NamespacePattern, Origin, PointState, RecoveryPoint, VolumeData},
};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn point(metadata: &Value, spec: &Value, status: &Value) -> RecoveryPoint {
    fact!(
        RecoveryPoint,
        decode(Kind::VeleroBackup, json!({"metadata": metadata, "spec": spec, "status": status}))
    )
}

fn with_status(status: &Value) -> RecoveryPoint {
    point(&json!({"creationTimestamp": "2026-01-02T02:17:00Z"}), &json!({}), status)
}

#[test]
fn every_phase_has_its_state_and_an_invented_one_is_unknown() {
    use PointState::{Deleting, Failed, Partial, Running, Unknown, Usable};
    for (phase, state) in [
        ("", Running),
        ("New", Running),
        ("Queued", Running),
        ("ReadyToStart", Running),
        ("InProgress", Running),
        ("WaitingForPluginOperations", Running),
        ("WaitingForPluginOperationsPartiallyFailed", Running),
        ("Finalizing", Running),
        ("FinalizingPartiallyFailed", Running),
        ("Completed", Usable),
        ("PartiallyFailed", Partial),
        ("FailedValidation", Failed),
        ("Failed", Failed),
        ("Deleting", Deleting),
        ("completed", Unknown(Name::from("completed"))),
        ("Archived", Unknown(Name::from("Archived"))),
    ] {
        assert_eq!(with_status(&json!({"phase": phase})).state, state, "{phase}");
    }
}

#[test]
fn a_completed_backup_of_a_running_velero_is_read_whole() {
    let point = fact!(RecoveryPoint, sample("backup-completed.yaml"));
    assert_eq!((&*point.namespace, &*point.name), ("velero", "tenant-a-1"));
    assert_eq!((point.state, point.origin), (PointState::Usable, Origin::Local));
    assert_eq!(point.taken_at, Some(at("2026-11-23T00:21:20Z")));
    assert_eq!(point.ended_at, Some(at("2026-11-23T00:21:21Z")));
    assert_eq!(point.expiry, Expiry::At(at("2026-11-26T00:21:20Z")));
    assert_eq!(point.location.as_deref(), Some("default"));
    assert_eq!(point.selection.included, [NamespacePattern::Literal(Name::from("tenant-a"))]);
    assert_eq!(point.selection.narrowed_by, None, "excluding snapshot objects narrows nothing");
    assert_eq!(point.volume_data, VolumeData::Snapshots);
    assert_eq!((point.schedule, point.snapshots, point.deletion_failure), (None, (0, 0), None));
}

#[test]
fn backups_of_a_running_velero_have_the_states_they_ended_in() {
    for (name, state, is_taken, is_ended) in [
        ("backup-completed-kms-locked.yaml", PointState::Usable, true, true),
        ("backup-failed-kms-key-missing.yaml", PointState::Failed, true, false),
        ("backup-failedvalidation-location-readonly.yaml", PointState::Failed, false, false),
        ("backup-failedvalidation-location-unavailable.yaml", PointState::Failed, false, false),
        ("backup-failedvalidation-no-location.yaml", PointState::Failed, false, false),
        ("backup-from-schedule.yaml", PointState::Usable, true, true),
        ("backup-partiallyfailed-namespace-absent.yaml", PointState::Partial, true, true),
    ] {
        let point = fact!(RecoveryPoint, sample(name));
        assert_eq!(point.state, state, "{name}");
        assert_eq!((point.taken_at.is_some(), point.ended_at.is_some()), (is_taken, is_ended), "{name}");
        assert!(matches!(point.expiry, Expiry::At(_)), "{name}");
        assert_eq!(point.origin, Origin::Local, "{name}");
    }
}

#[test]
fn a_run_of_a_schedule_names_it() {
    let point = fact!(RecoveryPoint, sample("backup-from-schedule.yaml"));
    assert_eq!(point.schedule.as_deref(), Some("tenant-a-daily"));
}

#[test]
fn a_backup_without_status_is_running_and_will_expire_when_its_time_to_live_is_over() {
    let fresh = json!({"creationTimestamp": "2026-01-02T02:17:00Z"});
    let point = point(&fresh, &json!({"ttl": "48h0m0s"}), &Value::Null);
    assert_eq!((point.state, point.taken_at, point.ended_at), (PointState::Running, None, None));
    assert_eq!(point.expiry, Expiry::At(at("2026-01-04T02:17:00Z")));
}

#[test]
fn an_ended_backup_without_expiration_is_never_collected() {
    assert_eq!(with_status(&json!({"phase": "Completed"})).expiry, Expiry::Never);
}

#[test]
fn times_are_taken_as_they_stand_even_from_the_future_or_a_day_and_more_apart() {
    let start = "2027-01-02T02:17:03Z";
    let point = with_status(
        &json!({"phase": "Completed", "startTimestamp": start, "completionTimestamp": "2027-01-03T08:17:03Z"}),
    );
    assert_eq!(point.taken_at, Some(at(start)));
    assert_eq!(
        point.ended_at.unwrap().duration_since(point.taken_at.unwrap()),
        SignedDuration::from_hours(30)
    );
}

#[test]
fn an_object_that_was_made_after_its_run_ended_came_from_elsewhere_unless_a_label_decides() {
    let created = "2026-01-05T00:00:00Z";
    let ended = json!({"phase": "Completed", "startTimestamp": "2026-01-02T02:17:03Z", "completionTimestamp": "2026-01-02T02:41:10Z"});
    let imported = point(&json!({"creationTimestamp": created}), &json!({}), &ended);
    assert_eq!((imported.origin, imported.cluster_label), (Origin::Imported, None));
    let labelled = json!({"creationTimestamp": created, "labels": {keys::CLUSTER: "uid-of-kube-system"}});
    let labelled = point(&labelled, &json!({}), &ended);
    assert_eq!(labelled.origin, Origin::Local);
    assert_eq!(labelled.cluster_label.as_deref(), Some("uid-of-kube-system"));
    let running = point(&json!({"creationTimestamp": created}), &json!({}), &json!({"phase": "InProgress"}));
    assert_eq!(running.origin, Origin::Local);
}

#[test]
fn snapshots_of_both_ways_are_counted_together() {
    let status = json!({
        "phase": "Completed", "csiVolumeSnapshotsAttempted": 2, "csiVolumeSnapshotsCompleted": 1,
        "volumeSnapshotsAttempted": 3, "volumeSnapshotsCompleted": 3,
    });
    assert_eq!(with_status(&status).snapshots, (5, 4));
    let absurd = json!({"csiVolumeSnapshotsAttempted": i32::MAX, "volumeSnapshotsAttempted": i32::MAX});
    assert_eq!(with_status(&absurd).snapshots, (i32::MAX, 0));
}

#[test]
fn why_a_backup_that_is_due_was_not_deleted_is_kept() {
    for reason in ["BSLNotFound", "BSLCannotGet", "BSLReadOnly", "BSLUnavailable"] {
        let metadata = json!({"labels": {"velero.io/gc-failure": reason}});
        assert_eq!(point(&metadata, &json!({}), &json!({})).deletion_failure.as_deref(), Some(reason));
    }
}

#[test]
fn a_backup_of_resources_only_says_so() {
    let spec = json!({"snapshotVolumes": false, "defaultVolumesToFsBackup": false});
    assert_eq!(point(&json!({}), &spec, &json!({"phase": "Completed"})).volume_data, VolumeData::None);
}
