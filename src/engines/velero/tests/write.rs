//! The Schedule that Surety writes, and that it reads it back as it meant it.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::fact;
use crate::{
    api::keys,
    core::facts::{Kind, Labels, Name, NamespacePattern, Schedule, VolumeData},
    decode::object,
    engines::velero::{ScheduleRequest, schedule_name, schedule_object},
};

fn request() -> ScheduleRequest {
    ScheduleRequest {
        namespace: Name::from("velero"),
        tenant: Name::from("acme"),
        policy: Name::from("daily"),
        cluster: Name::from("0b0f1c9e-5c0f-4a0b-9a51-1f2f3e4d5c6b"),
        cron: Name::from("17 2 * * *"),
        namespaces: ["acme-prod", "acme-db", "acme-prod"].map(Name::from).to_vec(),
        time_to_live: SignedDuration::from_hours(840),
        location: Some(Name::from("offsite")),
        snapshot_move_data: true,
        default_volumes_to_fs_backup: false,
    }
}

fn read_back(value: &Value) -> Schedule {
    fact!(Schedule, object(Kind::VeleroSchedule, value.to_string().as_bytes()).unwrap())
}

#[test]
fn the_object_holds_what_surety_owns_and_nothing_else() {
    assert_eq!(
        schedule_object(&request()).unwrap(),
        json!({
            "apiVersion": "velero.io/v1",
            "kind": "Schedule",
            "metadata": {
                "name": "surety-acme-daily",
                "namespace": "velero",
                "labels": {
                    "surety.dev/tenant": "acme", "surety.dev/policy": "daily", "app.kubernetes.io/managed-by": "surety",
                },
            },
            "spec": {
                "schedule": "CRON_TZ=UTC 17 2 * * *",
                "paused": false,
                "useOwnerReferencesInBackup": false,
                "template": {
                    "metadata": {"labels": {
                        "surety.dev/policy": "daily", "surety.dev/cluster": "0b0f1c9e-5c0f-4a0b-9a51-1f2f3e4d5c6b",
                    }},
                    "includedNamespaces": ["acme-db", "acme-prod"],
                    "storageLocation": "offsite",
                    "ttl": "840h0m0s",
                    "snapshotMoveData": true,
                    "defaultVolumesToFsBackup": false,
                },
            },
        })
    );
}

#[test]
fn what_is_written_is_read_back_as_it_was_meant() {
    let request = request();
    let schedule = read_back(&schedule_object(&request).unwrap());
    assert_eq!((&*schedule.name, &*schedule.namespace), ("surety-acme-daily", "velero"));
    assert_eq!(
        (&*schedule.cron, schedule.is_paused, schedule.invalid),
        ("CRON_TZ=UTC 17 2 * * *", false, None)
    );
    let included = ["acme-db", "acme-prod"].map(|name| NamespacePattern::Literal(Name::from(name)));
    assert_eq!(schedule.selection.included, included);
    assert_eq!((schedule.selection.excluded.len(), schedule.selection.narrowed_by), (0, None));
    assert_eq!(schedule.volume_data, VolumeData::Moved);
    assert_eq!((schedule.time_to_live, schedule.location), (Some(request.time_to_live), request.location));
    assert_eq!(schedule.labels.get(keys::TENANT), Some("acme"));
    let run_labels = [(keys::CLUSTER, "0b0f1c9e-5c0f-4a0b-9a51-1f2f3e4d5c6b"), (keys::POLICY, "daily")];
    assert_eq!(schedule.run_labels, Labels::from(run_labels));
}

#[test]
fn without_a_location_veleros_default_is_left_to_it() {
    let object = schedule_object(&ScheduleRequest { location: None, ..request() }).unwrap();
    assert_eq!(object["spec"]["template"].get("storageLocation"), None);
}

#[test]
fn without_namespaces_there_is_no_schedule() {
    let request = ScheduleRequest { namespaces: Vec::new(), ..request() };
    assert_eq!(schedule_object(&request), None, "Velero would take an empty list for all namespaces");
}

#[test]
fn the_order_of_namespaces_changes_nothing() {
    let mut turned = request();
    turned.namespaces.reverse();
    assert_eq!(schedule_object(&turned), schedule_object(&request()));
}

#[test]
fn names_stay_short_and_no_two_pairs_share_one() {
    let long = "x".repeat(60);
    let pairs = [
        ("acme", "daily"),
        ("acme-prod", "daily"),
        ("acme", "prod-daily"),
        (&long, "daily"),
        (&long, "hourly"),
        ("acme", &long),
    ];
    let names: Vec<String> = pairs.iter().map(|(tenant, policy)| schedule_name(tenant, policy)).collect();
    for (index, name) in names.iter().enumerate() {
        assert!(name.len() <= 63 && name.starts_with("surety-"), "{name}");
        assert!(!names[..index].contains(name), "{name}");
    }
    assert_eq!(names[0], "surety-acme-daily");
    assert_eq!(names[2], "surety-acme-prod-daily");
    assert!(names[1].starts_with("surety-acme-prod-daily-"), "{}", names[1]);
    assert_eq!(schedule_name(&long, "daily"), names[3], "the same pair has the same name for ever");
}

#[test]
fn labels_of_long_names_stay_within_bounds() {
    let request = ScheduleRequest {
        tenant: Name::from("t".repeat(200)),
        policy: Name::from("p".repeat(200)),
        ..request()
    };
    let object = schedule_object(&request).unwrap();
    for labels in [&object["metadata"]["labels"], &object["spec"]["template"]["metadata"]["labels"]] {
        for value in labels.as_object().unwrap().values() {
            assert!(value.as_str().unwrap().len() <= 63, "{value}");
        }
    }
}
