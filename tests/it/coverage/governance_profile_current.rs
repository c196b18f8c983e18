//! `governance.profile-current`: the document is dated, logged and reviewed in time.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Value, json};
use surety::core::{catalogue::Strength, facts::Kind};

use super::{
    attempt,
    case::{Breach, Cases},
    ground::{Event, Ground},
    objects::with,
    promise::Promise,
};

pub static CASES: Cases = Cases { detect: Some(detect), ..Cases::of("governance.profile-current") };

fn midnight(day: &str) -> Timestamp {
    day.parse::<Date>().unwrap().to_zoned(TimeZone::UTC).unwrap().timestamp()
}

fn detect(promise: &Promise) -> Vec<Breach> {
    let ground = Ground::of(promise);
    let profile = ground.get(Kind::Profile, promise.profile);
    let log = profile["spec"]["changeLog"].clone();
    let put = |spec: Value| vec![Event::Put(with(&profile, json!({"spec": spec})))];
    let logged = |version: &str| {
        let mut longer = log.clone();
        let entry = json!({"version": version, "date": "2027-01-15", "summary": "A figure was raised."});
        longer.as_array_mut().unwrap().insert(0, entry);
        longer
    };
    let unlogged = Breach::at_once(
        "a version has no entry in the change log",
        &ground,
        put(json!({"version": "2.0"})),
        put(json!({"version": "2.0", "changeLog": logged("2.0")})),
    );
    let written = log[0]["date"].as_str().unwrap();
    let within = promise.parameters("governance.profile-current").span("reviewWithin").unwrap();
    let overdue = Breach::at_once(
        "nobody reviews the document in time",
        &ground,
        Vec::new(),
        put(json!({"version": "2.0", "changeLog": logged("2.0")})),
    );
    vec![unlogged, overdue.opening(within.after(midnight(written)))]
}

#[test]
fn a_document_that_is_out_of_date_is_found_at_its_second() {
    attempt(&CASES, Strength::Detect);
}
