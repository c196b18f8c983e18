//! `governance.enforcement-continuous`: a gap that lasts too long is found at its second, one that ended in time is not.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use surety::{
    api::keys,
    core::{catalogue::Strength, facts::Kind},
};

use super::{
    attempt,
    case::{Breach, Cases},
    ground::{Event, Ground},
    objects::{object, text_of},
    promise::Promise,
};

pub static CASES: Cases = Cases { detect: Some(detect), ..Cases::of("governance.enforcement-continuous") };

/// What Surety remembers of the cluster: one gap.
fn record(began: Timestamp, ended: Option<Timestamp>) -> Value {
    let gap = json!({
        "began": began.to_string(), "cause": "the webhook registration was deleted",
        "ended": ended.map(|ended| ended.to_string()),
    });
    let metadata = json!({
        "namespace": "surety-system", "labels": {keys::RECORD: keys::RECORD_OF_CLUSTER},
    });
    let key = format!("{}{:016}", keys::RECORD_OF_GAP_PREFIX, began.as_microsecond());
    let body = json!({"metadata": metadata, "data": {key: gap.to_string()}});
    object(Kind::ClusterRecord, keys::RECORD_OF_CLUSTER_NAME, body)
}

fn detect(promise: &Promise) -> Vec<Breach> {
    let ground = Ground::of(promise);
    let longest = promise.parameters(CASES.control).span("maxGap").unwrap();
    let began = ground.now() - SignedDuration::from_secs(30);
    let put = |ended| vec![Event::Put(record(began, ended))];
    let breach = Breach::at_once(
        format!("nothing is refused since {}", text_of(began)),
        &ground,
        put(None),
        put(Some(ground.now())),
    );
    vec![breach.opening(longest.after(began))]
}

#[test]
fn a_gap_in_enforcement_that_lasts_is_found_at_its_second() {
    attempt(&CASES, Strength::Detect);
}
