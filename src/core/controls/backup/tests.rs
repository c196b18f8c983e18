//! Objects that a real Velero wrote, judged.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

use super::{
    covered, recovery_point_age, retention,
    testkit::{bench, claim, copy},
};
use crate::{
    core::{
        controls::testkit::{Bench, NAMESPACE, at},
        facts::{Fact, VolumeCopy},
        verdict::{State, Verdict},
    },
    decode,
};

const SCHEDULE: &str = include_str!("../../../../tests/data/velero/schedule-enabled.yaml");
const PAUSED: &str = include_str!("../../../../tests/data/velero/schedule-paused.yaml");
const REFUSED: &str = include_str!("../../../../tests/data/velero/schedule-failedvalidation.yaml");
const COMPLETED: &str = include_str!("../../../../tests/data/velero/backup-completed.yaml");
const AVAILABLE: &str = include_str!("../../../../tests/data/velero/bsl-available.yaml");
const UNAVAILABLE: &str = include_str!("../../../../tests/data/velero/bsl-unavailable-no-bucket.yaml");

/// Half a minute after the location was read last.
const THEN: &str = "2026-11-23T00:26:00Z";

/// What is kept of an object, made to be about the bench's tenant.
fn fact(yaml: &str) -> Fact {
    let own = yaml.replace("tenant-a", NAMESPACE);
    let manifest = decode::manifests("velero.yaml", &own, "default").unwrap().remove(0);
    decode::object(manifest.kind.unwrap(), &manifest.json).unwrap()
}

fn with(bench: Bench, objects: &[&str]) -> Bench {
    objects.iter().map(|yaml| fact(yaml)).fold(bench.now(THEN), Bench::with)
}

fn verdict_on_claim(bench: Bench) -> Verdict {
    bench.verdict_of(Fact::PersistentVolumeClaim(claim()))
}

#[test]
fn a_schedule_as_velero_keeps_it_covers_and_leaves_volumes_to_the_default() {
    let verdict = verdict_on_claim(with(bench(&covered::CONTROL), &[SCHEDULE, AVAILABLE]));
    assert_eq!(verdict.state(at(THEN)), State::Pass);
    assert_eq!(
        verdict.evidence.found,
        "Schedule velero/acme-prod-daily takes it in; to copy volumes is left to the engine's default"
    );
}

#[test]
fn a_paused_and_a_refused_schedule_do_not() {
    let verdict = verdict_on_claim(with(bench(&covered::CONTROL), &[PAUSED, REFUSED, AVAILABLE]));
    assert_eq!(
        verdict.issues[0].found,
        "Schedule velero/bad-cron is refused by the engine: invalid schedule: end of range (61) above maximum (59): \
         \"61\"; Schedule velero/paused is paused"
    );
}

#[test]
fn a_completed_backup_that_copied_no_volume_holds_none() {
    let age = || with(bench(&recovery_point_age::CONTROL).with_span("every", "1d"), &[COMPLETED, AVAILABLE]);
    assert_eq!(verdict_on_claim(age()).state(at(THEN)), State::Fail);
    let own = VolumeCopy { point: "acme-prod-1".into(), ..copy("acme-prod-1") };
    let verdict = verdict_on_claim(age().with(Fact::VolumeCopy(own)));
    assert_eq!(verdict.state(at(THEN)), State::Pass);
    // The location's own answer comes first: read in the ten minutes until 00:30, every minute.
    assert_eq!(verdict.next_change(at(THEN)), Some(at("2026-11-23T00:33:00Z")));
}

#[test]
fn a_location_that_velero_does_not_reach_leaves_it_unknown() {
    let unreached = UNAVAILABLE.replace("name: missing-bucket", "name: default");
    let age = bench(&recovery_point_age::CONTROL).with_span("every", "1d");
    let verdict =
        verdict_on_claim(with(age, &[COMPLETED, &unreached]).with(Fact::VolumeCopy(copy("acme-prod-1"))));
    assert_eq!(verdict.state(at(THEN)), State::Error);
    assert!(verdict.issues[0].found.contains("location-unreachable"), "{}", verdict.issues[0].found);
}

#[test]
fn a_backup_of_72_hours_is_kept_three_days_and_not_thirty() {
    let retention = |at_least: &str| {
        let bench = bench(&retention::CONTROL).with_span("atLeast", at_least).now(THEN);
        bench.state_of(fact(COMPLETED))
    };
    assert_eq!(retention("3d"), State::Pass);
    assert_eq!(retention("30d"), State::Fail);
}
