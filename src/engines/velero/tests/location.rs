//! Storage locations.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{decode, fact, sample};
use crate::core::facts::{Kind, Known, Location, Unknown};

fn location(spec: &Value, status: &Value) -> Location {
    fact!(Location, decode(Kind::BackupStorageLocation, json!({"spec": spec, "status": status})))
}

#[test]
fn locations_of_a_running_velero_are_read_whole() {
    let default = fact!(Location, sample("bsl-available.yaml"));
    assert!(default.is_default && default.is_writable);
    assert_eq!((default.is_available, default.message), (Known::Known(true), None));
    assert_eq!((&*default.bucket, default.sync_period), ("backups", SignedDuration::from_mins(1)));
    assert_eq!(default.last_synced, Some("2026-11-23T00:30:00Z".parse().unwrap()));
    let locked = fact!(Location, sample("bsl-available-kms.yaml"));
    assert_eq!((&*locked.bucket, locked.sync_period), ("prod/tenant-a", SignedDuration::from_secs(10)));
    assert_eq!((locked.last_synced, locked.is_default), (None, false));
    assert!(!fact!(Location, sample("bsl-readonly.yaml")).is_writable);
}

#[test]
fn one_look_more_at_a_location_is_no_news_and_ten_minutes_without_are() {
    let read_at = |time: &str| location(&json!({}), &json!({"lastSyncedTime": time}));
    let first = read_at("2026-11-23T00:20:01Z");
    for (time, is_news) in [
        ("2026-11-23T00:21:01Z", false),
        ("2026-11-23T00:30:00Z", false),
        ("2026-11-23T00:30:01Z", true),
        ("2026-11-23T00:20:00Z", true),
    ] {
        assert_eq!(read_at(time) != first, is_news, "{time}");
    }
}

#[test]
fn a_location_that_is_not_reached_says_why_and_not_which_request_it_was() {
    for (name, reason) in [
        ("bsl-unavailable-credentials.yaml", "InvalidAccessKeyId"),
        ("bsl-unavailable-no-bucket.yaml", "NoSuchBucket"),
    ] {
        let location = fact!(Location, sample(name));
        assert_eq!(location.is_available, Known::Known(false));
        let message = location.message.unwrap();
        assert!(
            message.contains(reason) && !message.contains("RequestID") && !message.contains("HostID"),
            "{message}"
        );
        assert!(message.chars().count() <= 256);
    }
}

#[test]
fn an_untried_location_is_absent_and_an_invented_phase_unknown() {
    assert_eq!(location(&json!({}), &json!({})).is_available, Known::Absent);
    let unknown = location(&json!({}), &json!({"phase": "Sleeping"})).is_available;
    assert!(matches!(unknown, Known::Unknown(Unknown::Undecidable(why)) if why.contains("Sleeping")));
}

#[test]
fn the_destination_is_everything_that_decides_where_data_goes_and_whether_it_is_found_again() {
    let spec = |bucket: &str, prefix: &str, config: Value| json!({"provider": "aws", "objectStorage": {"bucket": bucket, "prefix": prefix}, "config": config});
    let base = spec("b", "p", json!({"region": "eu-1", "s3Url": "http://store"}));
    let of = |spec: &Value| location(spec, &json!({})).destination;
    let reordered = json!({"config": {"s3Url": "http://store", "region": "eu-1"}, "objectStorage": {"prefix": "p", "bucket": "b"}, "provider": "aws"});
    assert_eq!(of(&base), of(&reordered));
    for other in [
        spec("c", "p", json!({"region": "eu-1", "s3Url": "http://store"})),
        spec("b", "q", json!({"region": "eu-1", "s3Url": "http://store"})),
        spec("b", "p", json!({"region": "us-1", "s3Url": "http://store"})),
        spec("b", "p", json!({"region": "eu-1"})),
        spec("b", "p", json!({"region": "eu-1", "s3Url": "http://other"})),
        spec("b", "p", json!({"region": "eu-1", "s3Url": "http://store", "customerKeyEncryptionFile": "/k"})),
        spec("bp", "", json!({"region": "eu-1", "s3Url": "http://store"})),
    ] {
        assert_ne!(of(&base), of(&other), "{other}");
    }
    let mut gcp = base.clone();
    gcp["provider"] = json!("gcp");
    assert_ne!(of(&base), of(&gcp));
    let mut busy = base.clone();
    busy["backupSyncPeriod"] = json!("5m");
    assert_eq!(of(&base), of(&busy), "how often it is read changes nothing");
    let protected = spec(
        "b",
        "p",
        json!({"region": "eu-1", "s3Url": "https://store", "kmsKeyId": "k", "serverSideEncryption": "aws:kms",
            "insecureSkipTLSVerify": "false"}),
    );
    assert_eq!(of(&base), of(&protected), "what lies there is found as well by a better way");
}

#[test]
fn a_location_that_is_never_read_again_has_no_period() {
    assert_eq!(location(&json!({"backupSyncPeriod": "0s"}), &json!({})).sync_period, SignedDuration::ZERO);
}
