//! What the cases of backups share: Velero with its location, a schedule that takes in the tenant, and the point of its
//! last run.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use surety::{api::Span, core::facts::Kind};

use super::{
    ground::Ground,
    objects::{NAMESPACE, at, object, policy, text_of, with},
    promise::Promise,
};

/// The namespace of the backup engine.
pub const ENGINE_NAMESPACE: &str = "velero";
/// The schedule of the tenant's operators.
pub const SCHEDULE: &str = "regular";
/// The point of the last run.
pub const POINT: &str = "regular-last";
/// How long points live: longer than 30 days, and not longer than 33.
pub const TIME_TO_LIVE: SignedDuration = SignedDuration::from_hours(756);

/// How often a backup is promised; every day where nothing is promised of that.
pub fn period(promise: &Promise) -> Span {
    let age = promise.find("backup.recovery-point-age").map(|used| promise.parameters(&used.id));
    age.and_then(|age| age.span("every")).unwrap_or_else(|| "1d".parse().unwrap())
}

/// A schedule that runs that often, at this minute.
pub fn cron(period: Span, minute: u8) -> String {
    match period.nominal_seconds() {
        86_400 => format!("{minute} 2 * * *"),
        3_600 => format!("{minute} * * * *"),
        _ => panic!("no schedule for {period}"),
    }
}

/// When the last run started before the present.
pub fn last_run(promise: &Promise) -> Timestamp {
    let hour = if period(promise).nominal_seconds() == 3_600 { "11" } else { "02" };
    at(&format!("2027-01-15T{hour}:15:00Z"))
}

/// Everything of the engine for a tenant who keeps the promise.
pub fn objects(promise: &Promise) -> Vec<Value> {
    let started = last_run(promise);
    let labels = json!({"kubernetes.io/metadata.name": ENGINE_NAMESPACE});
    let engine = [
        object(Kind::Namespace, ENGINE_NAMESPACE, json!({"metadata": {"labels": labels}})),
        location("default"),
    ];
    let (schedule, point) = (schedule(SCHEDULE, &cron(period(promise), 15)), point(POINT, started));
    let backups = if tells_how_stores_encrypt(promise) {
        let stays = json!({"snapshotMoveData": false});
        vec![with(&schedule, json!({"spec": {"template": stays}})), with(&point, json!({"spec": stays}))]
    } else {
        vec![schedule, point, copy(POINT, started)]
    };
    engine.into_iter().chain(backups).collect()
}

/// Whether it is promised how the store encrypts. Snapshots then stay in the storage system: a location shows nothing of
/// what the data mover keeps there.
fn tells_how_stores_encrypt(promise: &Promise) -> bool {
    let encrypted = promise.find("backup.encrypted").map(|used| promise.parameters(&used.id));
    encrypted.is_some_and(|parameters| !parameters.list("sse").is_empty())
}

fn engine_object(kind: Kind, name: &str, body: Value) -> Value {
    with(&object(kind, name, json!({"metadata": {"namespace": ENGINE_NAMESPACE}})), body)
}

/// A storage location that can be reached and written, encrypted on the way and in the store.
pub fn location(name: &str) -> Value {
    let spec = json!({
        "provider": "aws", "config": {"s3Url": "https://store:9000", "serverSideEncryption": "AES256"}, "objectStorage": {"bucket": format!("{name}-backups")}, "accessMode": "ReadWrite",
        "default": name == "default", "backupSyncPeriod": "0s",
    });
    let body = json!({"spec": spec, "status": {"phase": "Available"}});
    engine_object(Kind::BackupStorageLocation, name, body)
}

fn template() -> Value {
    json!({
        "includedNamespaces": [NAMESPACE], "snapshotMoveData": true, "storageLocation": "default",
        "ttl": hours(TIME_TO_LIVE),
    })
}

/// As Velero spells a duration.
pub fn hours(duration: SignedDuration) -> String {
    format!("{}h0m0s", duration.as_hours())
}

/// A schedule that takes in the tenant's namespace and moves its volumes' snapshots away.
pub fn schedule(name: &str, cron: &str) -> Value {
    let spec = json!({
        "schedule": cron, "paused": false, "useOwnerReferencesInBackup": false, "template": template(),
    });
    engine_object(Kind::VeleroSchedule, name, json!({"spec": spec, "status": {"phase": "Enabled"}}))
}

/// A run that started then and ended well, five minutes later.
pub fn point(name: &str, started: Timestamp) -> Value {
    let metadata = json!({
        "creationTimestamp": text_of(started), "labels": {"velero.io/schedule-name": SCHEDULE},
    });
    let status = json!({
        "phase": "Completed", "startTimestamp": text_of(started),
        "completionTimestamp": text_of(started + SignedDuration::from_mins(5)),
        "expiration": text_of(started + TIME_TO_LIVE),
        "csiVolumeSnapshotsAttempted": 1, "csiVolumeSnapshotsCompleted": 1,
    });
    let body = json!({"metadata": metadata, "spec": template(), "status": status});
    engine_object(Kind::VeleroBackup, name, body)
}

/// The copy that a run made of the tenant's claim.
pub fn copy(point: &str, started: Timestamp) -> Value {
    let labels = json!({
        "velero.io/backup-name": point, "velero.io/pvc-uid": "uid-persistentvolumeclaims-data",
    });
    let body = json!({
        "metadata": {"creationTimestamp": text_of(started), "labels": labels},
        "spec": {"sourceNamespace": NAMESPACE, "sourcePVC": "data"},
        "status": {"phase": "Completed", "progress": {"totalBytes": 4096, "bytesDone": 4096}},
    });
    engine_object(Kind::DataUpload, &format!("{point}-data"), body)
}

/// Somebody asks the engine to delete a point.
pub fn deletion_request(point: &str) -> Value {
    let body = json!({"spec": {"backupName": point}});
    engine_object(Kind::DeleteBackupRequest, &format!("{point}-delete"), body)
}

/// A BackupPolicy with these fields beside its engine.
pub fn backup_policy(fields: Value) -> Value {
    with(&json!({"engine": {"snapshotMoveData": true}}), fields)
}

/// The schedule that Surety writes for [`managed`].
pub const WRITTEN: &str = "surety-acme-backup";

/// The policy inherits the promised period, and says one itself where none is promised.
fn under(promise: &Promise, management: &str) -> Ground {
    let mut spec = backup_policy(json!({"management": management}));
    if promise.find("backup.recovery-point-age").is_none() {
        spec["every"] = json!("1d");
    }
    Ground::of(promise).without(Kind::VeleroSchedule, SCHEDULE).put(policy(
        Kind::BackupPolicy,
        "backup",
        spec,
    ))
}

/// Where Surety has written the schedule.
pub fn managed(promise: &Promise) -> Ground {
    under(promise, "Managed").settled()
}

/// Where Surety only observes, with the schedule that it would have written.
pub fn observed(promise: &Promise) -> Ground {
    let written = managed(promise).get(Kind::VeleroSchedule, WRITTEN);
    under(promise, "Observed").put(written)
}
