//! Copies of single volumes.

use serde_json::{Value, json};

use super::{decode, fact};
use crate::core::facts::{Kind, VolumeCopy};

fn file_backup(status: &Value) -> VolumeCopy {
    let json = json!({
        "metadata": {
            "labels": {"velero.io/backup-name": "daily-1", "velero.io/pvc-uid": "u-1"},
            "annotations": {"velero.io/pvc-name": "data"},
        },
        "spec": {"pod": {"kind": "Pod", "namespace": "shop", "name": "db-0"}, "volume": "data", "backupStorageLocation": "default"},
        "status": status,
    });
    fact!(VolumeCopy, decode(Kind::PodVolumeBackup, json))
}

fn upload(status: &Value) -> VolumeCopy {
    let json = json!({
        "metadata": {"labels": {"velero.io/backup-name": "daily-1", "velero.io/pvc-uid": "u-1"}},
        "spec": {"sourceNamespace": "shop", "sourcePVC": "data", "snapshotType": "CSI", "csiSnapshot": {}},
        "status": status,
    });
    fact!(VolumeCopy, decode(Kind::DataUpload, json))
}

#[test]
fn both_kinds_name_claim_and_run() {
    for copy in [file_backup(&json!({})), upload(&json!({}))] {
        assert_eq!(
            (&*copy.claim_namespace, &*copy.claim_name, copy.claim_uid.as_deref()),
            ("shop", "data", Some("u-1"))
        );
        assert_eq!(copy.point, "daily-1");
        assert!(!copy.is_complete && !copy.is_empty);
    }
}

#[test]
fn only_a_completed_copy_counts() {
    let data = json!({"totalBytes": 10, "bytesDone": 10});
    for phase in [
        "",
        "New",
        "Accepted",
        "Prepared",
        "InProgress",
        "Canceling",
        "Canceled",
        "Failed",
        "Invented",
        "Completed",
    ] {
        let status = json!({"phase": phase, "snapshotID": "s", "progress": data});
        for copy in [file_backup(&status), upload(&status)] {
            assert_eq!(copy.is_complete, phase == "Completed", "{phase}");
            assert!(!copy.is_empty);
        }
    }
}

#[test]
fn a_file_backup_that_stored_nothing_is_not_complete() {
    assert!(!file_backup(&json!({"phase": "Completed"})).is_complete);
    assert!(upload(&json!({"phase": "Completed"})).is_complete);
}

#[test]
fn a_complete_copy_of_nothing_is_flagged() {
    let status = json!({"phase": "Completed", "snapshotID": "s", "progress": {}});
    assert!(file_backup(&status).is_empty && upload(&status).is_empty);
}

#[test]
fn the_owner_names_the_run_where_the_label_is_cut() {
    let long = "a-very-long-name-of-a-schedule-that-somebody-once-thought-of-20260102021703";
    let json = json!({
        "metadata": {
            "labels": {"velero.io/backup-name": "a-very-long-name-of-a-schedule-that-somebody-once-thoua1b2c3"},
            "ownerReferences": [{"apiVersion": "velero.io/v1", "kind": "Backup", "name": long, "uid": "u"}],
        },
        "spec": {"sourceNamespace": "shop", "sourcePVC": "data"},
    });
    assert_eq!(fact!(VolumeCopy, decode(Kind::DataUpload, json)).point, long);
}

#[test]
fn a_copy_without_claim_has_no_claims_name_and_one_without_run_is_unreadable() {
    let json = json!({"metadata": {"labels": {"velero.io/backup-name": "b"}}, "spec": {"pod": {"namespace": "shop"}}});
    let copy = fact!(VolumeCopy, decode(Kind::PodVolumeBackup, json));
    assert_eq!((&*copy.claim_name, copy.claim_uid), ("", None));
    let stray = json!({"metadata": {"name": "x", "namespace": "velero"}});
    assert!(crate::decode::object(Kind::PodVolumeBackup, stray.to_string().as_bytes()).is_err());
}
