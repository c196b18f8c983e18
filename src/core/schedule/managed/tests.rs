#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "a test may stop at the first surprise, and takes what json! makes"
)]

use serde_json::{Value, json};

use super::*;
use crate::core::{
    controls::{
        backup::testkit::{LONG_AGO, bench, meta_of, policy},
        testkit::{Bench, TENANT, profile_demanding},
    },
    facts::{Labels, RecoveryPoint},
    world::World,
};

fn control() -> &'static crate::core::control::Control {
    crate::core::controls::all().iter().find(|control| control.id == "backup.covered").unwrap()
}

fn namespace(name: &str) -> Namespace {
    Namespace { name: Name::from(name), meta: meta_of(name, LONG_AGO), labels: Labels::default() }
}

fn namespaces() -> Vec<Namespace> {
    vec![namespace("acme-test"), namespace("acme-prod")]
}

fn written(world: &World, name: &str, namespaces: &[Namespace]) -> Result<ManagedSchedule, Unmanageable> {
    let policy = world.backup_policies().find(|policy| policy.name == *name).unwrap();
    managed_schedule(world.plan(TENANT).unwrap(), policy, namespaces.iter(), Some(&Name::from("cluster-1")))
}

fn with_policy(fields: Value) -> Bench {
    let mut all = json!({"management": "Managed"});
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    bench(control()).with(policy("daily", all))
}

fn schedule_of(fields: Value) -> Result<ManagedSchedule, Unmanageable> {
    written(&with_policy(fields).world, "daily", &namespaces())
}

#[test]
fn it_says_everything_that_the_policy_and_the_promises_ask() {
    let fields = json!({
        "schedule": "15 2 * * *", "every": "1d",
        "retention": {"atLeast": "30d", "atMost": "30d"},
        "engine": {"namespace": "backups", "storageLocation": "away", "snapshotMoveData": true},
    });
    assert_eq!(
        schedule_of(fields).unwrap(),
        ManagedSchedule {
            tenant: Name::from(TENANT),
            policy: Name::from("daily"),
            cluster: Some(Name::from("cluster-1")),
            engine: EngineName::Velero,
            engine_namespace: Name::from("backups"),
            cron: "15 2 * * *".to_owned(),
            namespaces: vec![Name::from("acme-prod"), Name::from("acme-test")],
            time_to_live: Some(SignedDuration::from_hours(756)),
            location: Some(Name::from("away")),
            moves_snapshots: true,
            reads_files_by_default: false,
        }
    );
}

#[test]
fn it_runs_as_often_as_is_asked_at_a_time_of_its_own() {
    for (fields, period) in [
        (json!({"every": "1d"}), "1d"),
        (json!({"every": "1h"}), "1h"),
        (json!({"every": "5h"}), "4h"),
        (json!({"every": "1mo"}), "1mo"),
        (json!({"every": "30s"}), "1m"),
        // The longest period that keeps the age, its allowance included.
        (json!({"maxRecoveryPointAge": "27h"}), "1d"),
        (json!({"maxRecoveryPointAge": "26h"}), "12h"),
        (json!({"maxRecoveryPointAge": "5m"}), "1m"),
    ] {
        let cron = schedule_of(fields.clone()).unwrap().cron;
        assert_eq!(cron, spread(period.parse().unwrap(), TENANT, "daily").unwrap(), "{fields}");
    }
}

#[test]
fn where_the_policy_says_nothing_the_strictest_promise_counts() {
    let bench =
        with_policy(json!({})).with(profile_demanding("backup.recovery-point-age", &json!({"every": "6h"})));
    let schedule = written(&bench.world, "daily", &namespaces()).unwrap();
    assert_eq!(schedule.cron, spread("6h".parse().unwrap(), TENANT, "daily").unwrap());
    let bench = with_policy(json!({"every": "1d"}))
        .with(profile_demanding("backup.retention", &json!({"atLeast": "90d"})));
    let schedule = written(&bench.world, "daily", &namespaces()).unwrap();
    assert_eq!(schedule.time_to_live, Some(SignedDuration::from_hours(91 * 24)));
}

#[test]
fn its_points_live_as_all_policies_of_the_tenant_ask() {
    let bench = with_policy(json!({"every": "1d", "retention": {"atLeast": "7d"}}))
        .with(policy("other", json!({"retention": {"atLeast": "30d"}})));
    let schedule = written(&bench.world, "daily", &namespaces()).unwrap();
    assert_eq!(schedule.time_to_live, Some(SignedDuration::from_hours(31 * 24)));
}

#[test]
fn namespaces_that_end_or_are_exempt_are_left_out_and_never_is_the_list_empty() {
    let mut ending = namespace("acme-old");
    ending.meta.is_deleting = true;
    let test = Namespace { labels: Labels::from([("tier", "test")]), ..namespace("acme-test") };
    let fields = json!({"every": "1d", "exempt": {"namespaceSelector": {"matchLabels": {"tier": "test"}}}});
    let bench = with_policy(fields);
    let all = [ending.clone(), test.clone(), namespace("acme-prod")];
    assert_eq!(written(&bench.world, "daily", &all).unwrap().namespaces, ["acme-prod"].map(Name::from));
    let error = written(&bench.world, "daily", &[ending, test]).unwrap_err();
    assert_eq!(error.to_string(), "tenant acme holds no namespace that BackupPolicy daily backs up");
}

#[test]
fn what_cannot_be_written_says_what_to_set() {
    let observed = bench(control()).with(policy("daily", json!({"every": "1d"})));
    for (result, sentence) in [
        (
            written(&observed.world, "daily", &namespaces()),
            "BackupPolicy daily is Observed: set spec.management to Managed if Surety is to write schedules",
        ),
        (
            schedule_of(json!({})),
            "BackupPolicy daily says neither spec.schedule nor spec.every nor spec.maxRecoveryPointAge, and no promise \
             of tenant acme does: set one of them",
        ),
        (
            schedule_of(json!({"schedule": "15 25 * * *"})),
            "BackupPolicy daily: spec.schedule `15 25 * * *` is no schedule: hour `25` is not between 0 and 23; write \
             five fields such as `15 2 * * *`, or `@daily`, or `@every 1h`",
        ),
    ] {
        assert_eq!(result.unwrap_err().to_string(), sentence);
    }
}

#[test]
fn a_usual_run_is_the_longest_of_the_last_five_that_ended() {
    let run = |day: i32, minutes: Option<i64>| {
        let point =
            crate::core::controls::backup::testkit::point("p", &format!("2026-06-{day:02}T00:00:00Z"));
        let ended_at = minutes
            .map(|minutes| point.taken_at.unwrap().checked_add(SignedDuration::from_mins(minutes)).unwrap());
        RecoveryPoint { ended_at, ..point }
    };
    let usual = |runs: &[RecoveryPoint]| crate::core::schedule::usual_duration(runs.iter()).as_mins();
    assert_eq!(usual(&[]), 0);
    let runs = [
        run(1, Some(600)),
        run(2, Some(10)),
        run(3, Some(30)),
        run(4, Some(20)),
        run(5, Some(-5)),
        run(6, Some(10)),
        run(7, None),
    ];
    assert_eq!(usual(&runs), 30);
}
