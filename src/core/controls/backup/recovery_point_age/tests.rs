#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    api::TenantSpec,
    core::{
        controls::{
            backup::testkit::{
                Case, Deed, ENGINE, LONG_AGO, SURETY, VELERO, bench, claim, claim_key, copy, fields, literal,
                location, meta_of, point, policy, schedule, tenant,
            },
            testkit::{Bench, NAMESPACE, NOW, TENANT, at, profile_demanding},
        },
        facts::{
            Change, Declared, Ignorance, Location, Name, Origin, PersistentVolume, PointState, Schedule,
            SourceState, VolumeCopy, VolumeData,
        },
        verdict::State,
    },
    index,
};

/// Every day and an allowance of 144 minutes: taken on the 14th at 14:00, too old on the 15th at 16:24.
const TAKEN: &str = "2026-06-14T14:00:00Z";
const DEADLINE: &str = "2026-06-15T16:24:00Z";

fn daily() -> Bench {
    bench(&CONTROL).with_span("every", "1d")
}

fn with_point(change: impl FnOnce(&mut RecoveryPoint)) -> Bench {
    let mut changed = point("p", TAKEN);
    change(&mut changed);
    daily().with(Fact::RecoveryPoint(changed))
}

fn verdict_of(bench: Bench) -> Verdict {
    bench.verdict_of(Fact::PersistentVolumeClaim(claim()))
}

fn state_of(bench: Bench) -> State {
    bench.state_of(Fact::PersistentVolumeClaim(claim()))
}

#[test]
fn a_young_point_passes_until_its_deadline_and_says_what_shows_it() {
    let verdict = verdict_of(with_point(|_| ()));
    assert_eq!(verdict.state(at(NOW)), State::Pass);
    assert_eq!(verdict.next_change(at(NOW)), Some(at(DEADLINE)));
    assert_eq!(
        verdict.evidence.found,
        "Backup velero/p of 2026-06-14T14:00:00Z holds it, as far as the run's count of snapshots shows"
    );
    assert_eq!(verdict.evidence.wanted, "a usable recovery point not older than 1d and an allowance of 144m");
    let own = verdict_of(with_point(|_| ()).with(Fact::VolumeCopy(copy("p"))));
    assert_eq!(own.evidence.found, "Backup velero/p of 2026-06-14T14:00:00Z holds it, by a copy of its own");
    let empty = VolumeCopy { is_empty: true, ..copy("p") };
    let empty = verdict_of(with_point(|_| ()).with(Fact::VolumeCopy(empty)));
    assert!(
        empty.evidence.found.ends_with("the volume is empty or was not read"),
        "{}",
        empty.evidence.found
    );
}

#[test]
fn the_finding_opens_at_the_deadline_and_not_a_nanosecond_earlier() {
    let just_before = at(DEADLINE).checked_sub(SignedDuration::from_nanos(1)).unwrap().to_string();
    assert_eq!(state_of(with_point(|_| ()).now(&just_before)), State::Pass);
    let verdict = verdict_of(with_point(|_| ()).now(DEADLINE));
    assert_eq!(verdict.state(at(DEADLINE)), State::Fail);
    let issue = &verdict.issues[0];
    assert_eq!(issue.since, Some(at(DEADLINE)));
    assert_eq!(issue.found, "the newest that holds it is Backup velero/p of 2026-06-14T14:00:00Z");
    assert_eq!(issue.wanted, "a usable recovery point not older than 1d and an allowance of 144m");
    assert_eq!(
        issue.fix,
        "see why newer runs are missing: list the newest Backups and the engine's log, mend what failed, start a run"
    );
}

#[test]
fn a_limit_in_months_ends_on_the_points_own_calendar_date() {
    let monthly = |now| {
        let old = point("p", "2026-01-31T10:00:00Z");
        state_of(bench(&CONTROL).with_span("maxAge", "1mo").with(Fact::RecoveryPoint(old)).now(now))
    };
    assert_eq!(monthly("2026-02-28T09:59:59Z"), State::Pass);
    assert_eq!(monthly("2026-02-28T10:00:00Z"), State::Fail);
}

#[test]
fn the_allowance_is_a_figure_of_the_promise() {
    let exact = || with_point(|_| ()).with_span("allowance", "20s");
    assert_eq!(state_of(exact().now("2026-06-15T14:00:19Z")), State::Pass);
    assert_eq!(state_of(exact().now("2026-06-15T14:00:20Z")), State::Fail);
}

#[test]
fn what_is_no_usable_point_of_the_claim_does_not_count() {
    let cases: [Case<RecoveryPoint>; 14] = [
        ("failed", |p| p.state = PointState::Failed),
        ("running", |p| p.state = PointState::Running),
        ("being deleted", |p| p.state = PointState::Deleting),
        ("partial, without a copy of its own", |p| p.state = PointState::Partial),
        ("never started", |p| p.taken_at = None),
        ("of another namespace", |p| p.selection = literal(&["another"])),
        ("excluded", |p| p.selection.excluded = literal(&[NAMESPACE]).included),
        ("resources only", |p| p.volume_data = VolumeData::None),
        ("nothing snapshotted", |p| p.snapshots = (0, 0)),
        ("nothing snapshotted, by default", |p| {
            p.volume_data = VolumeData::Undecided;
            p.snapshots = (0, 0);
        }),
        ("nothing moved", |p| {
            p.volume_data = VolumeData::Moved;
            p.snapshots = (0, 0);
        }),
        ("made elsewhere", |p| p.origin = Origin::Imported),
        ("invented in the tenant's own namespace", |p| p.namespace = Name::from(NAMESPACE)),
        ("taken before the claim was made", |p| p.taken_at = Some(at("2025-12-31T23:59:59Z"))),
    ];
    for (what, change) in cases {
        let verdict = verdict_of(with_point(change));
        assert_eq!(verdict.state(at(NOW)), State::Fail, "{what}");
        assert_eq!(verdict.issues[0].found, "no usable recovery point holds it", "{what}");
        assert_eq!(verdict.issues[0].since, None, "{what}");
    }
}

#[test]
fn where_it_cannot_be_told_whether_a_point_holds_the_claim_it_is_unknown_until_it_is_too_old_anyway() {
    let no_evidence = "Backup velero/p has no per-volume evidence; give Surety read access to the store or use \
                       snapshotMoveData";
    let narrowed = "Backup velero/p is narrowed by spec.labelSelector";
    let cases: [Case<RecoveryPoint>; 5] = [
        (no_evidence, |p| p.snapshots = (2, 1)),
        (no_evidence, |p| p.volume_data = VolumeData::Moved),
        (no_evidence, |p| {
            p.volume_data = VolumeData::Undecided;
            p.snapshots = (2, 1);
        }),
        (narrowed, |p| p.selection.narrowed_by = Some(Name::from("spec.labelSelector"))),
        ("Backup velero/p is `Dreaming`, which this version does not know", |p| {
            p.state = PointState::Unknown(Name::from("Dreaming"));
        }),
    ];
    for (why, change) in cases {
        let verdict = verdict_of(with_point(change));
        let undecidable = Problem::Unknown(Unknown::Undecidable(why.to_owned()));
        assert_eq!(verdict.issues[0].problem, undecidable);
        assert_eq!(verdict.next_change(at(NOW)), Some(at(DEADLINE)));
        assert_eq!(state_of(with_point(change).now(DEADLINE)), State::Fail, "{why}");
        // An older one that is certain and young enough is enough.
        let certain = with_point(change).with(Fact::RecoveryPoint(point("older", "2026-06-14T13:00:00Z")));
        assert_eq!(state_of(certain), State::Pass, "{why}");
    }
}

#[test]
fn a_copy_of_its_own_counts_in_every_run_that_ended() {
    let cases: [fn(&mut RecoveryPoint); 4] = [
        |p| p.state = PointState::Partial,
        |p| p.selection.narrowed_by = Some(Name::from("spec.labelSelector")),
        |p| p.volume_data = VolumeData::None,
        |p| p.snapshots = (2, 1),
    ];
    for change in cases {
        assert_eq!(state_of(with_point(change).with(Fact::VolumeCopy(copy("p")))), State::Pass);
    }
}

#[test]
fn a_copy_that_is_not_of_this_claim_in_this_run_does_not_count() {
    let cases: [Case<VolumeCopy>; 6] = [
        ("incomplete", |c| c.is_complete = false),
        ("of the claim that had its name before", |c| c.claim_uid = Some(Name::from("claim-0"))),
        ("of another claim", |c| c.claim_name = Name::from("other")),
        ("of another run", |c| c.point = Name::from("q")),
        ("of another namespace", |c| c.claim_namespace = Name::from("other")),
        ("invented beside the engine", |c| c.namespace = Name::from(NAMESPACE)),
    ];
    for (what, change) in cases {
        let mut changed = copy("p");
        change(&mut changed);
        let partial = with_point(|p| p.state = PointState::Partial).with(Fact::VolumeCopy(changed));
        assert_eq!(state_of(partial), State::Fail, "{what}");
    }
    let unrecorded = VolumeCopy { claim_uid: None, ..copy("p") };
    let partial = with_point(|p| p.state = PointState::Partial).with(Fact::VolumeCopy(unrecorded));
    assert_eq!(state_of(partial), State::Pass);
}

#[test]
fn an_independent_copy_is_one_that_outlives_the_storage_system() {
    let independent = || with_point(|_| ()).with_flag("independent", true);
    assert_eq!(state_of(independent()), State::Fail);
    assert_eq!(state_of(independent().with(Fact::VolumeCopy(copy("p")))), State::Pass);
}

#[test]
fn an_imported_point_counts_only_where_every_policy_accepts_it() {
    let imported = |accepts: &[bool]| {
        let bench = with_point(|p| p.origin = Origin::Imported);
        let policies = accepts.iter().enumerate();
        policies.fold(bench, |bench, (number, accepts)| {
            bench.with(policy(&format!("policy-{number}"), json!({"acceptsImported": accepts})))
        })
    };
    for (accepts, state) in [
        (&[][..], State::Fail),
        (&[true][..], State::Pass),
        (&[true, true][..], State::Pass),
        (&[true, false][..], State::Fail),
    ] {
        assert_eq!(state_of(imported(accepts)), state, "{accepts:?}");
    }
}

#[test]
fn the_label_of_a_cluster_says_where_a_point_was_made_before_its_times_do() {
    let labelled = |cluster: &str, origin| {
        let system = crate::core::facts::Namespace {
            name: Name::from("kube-system"),
            meta: meta_of("cluster-1", LONG_AGO),
            ..Default::default()
        };
        let bench = with_point(|p| {
            p.cluster_label = Some(Name::from(cluster));
            p.origin = origin;
        });
        state_of(bench.with(Fact::Namespace(system)))
    };
    assert_eq!(labelled("cluster-1", Origin::Imported), State::Pass);
    assert_eq!(labelled("cluster-2", Origin::Local), State::Fail);
}

#[test]
fn while_a_run_goes_on_or_has_failed_the_older_point_counts() {
    for state in [PointState::Running, PointState::Failed, PointState::Partial] {
        let newer = RecoveryPoint { state, ..point("newer", "2026-06-15T11:00:00Z") };
        let bench = || with_point(|_| ()).with(Fact::RecoveryPoint(newer.clone()));
        assert_eq!(verdict_of(bench()).next_change(at(NOW)), Some(at(DEADLINE)));
        assert_eq!(state_of(bench().now(DEADLINE)), State::Fail);
    }
}

#[test]
fn when_a_point_is_deleted_the_deadline_is_counted_from_what_is_left() {
    let mut bench = with_point(|_| ())
        .with(Fact::RecoveryPoint(point("older", "2026-06-14T13:00:00Z")))
        .with(Fact::PersistentVolumeClaim(claim()));
    let next = |bench: &Bench| bench.verdict_on(&claim_key().into()).next_change(at(NOW));
    assert_eq!(next(&bench), Some(at(DEADLINE)));
    index::apply(&mut bench.world, Change::Delete(point("p", TAKEN).key()));
    assert_eq!(next(&bench), Some(at("2026-06-15T15:24:00Z")));
    index::apply(&mut bench.world, Change::Delete(point("older", TAKEN).key()));
    assert_eq!(bench.verdict_on(&claim_key().into()).state(at(NOW)), State::Fail);
}

#[test]
fn an_engines_clock_may_be_ahead_by_five_minutes_and_no_more() {
    let taken_at = |text: &str| with_point(|p| p.taken_at = Some(at(text)));
    assert_eq!(state_of(taken_at("2026-06-15T12:05:00Z")), State::Pass);
    let verdict = verdict_of(taken_at("2026-06-15T12:05:01Z"));
    let why = "clock skew: Backup velero/p was taken at 2026-06-15T12:05:01Z, which is still to come";
    assert_eq!(verdict.issues[0].problem, Problem::Unknown(Unknown::Undecidable(why.to_owned())));
    assert_eq!(verdict.next_change(at(NOW)), Some(at("2026-06-15T12:00:01Z")));
}

#[test]
fn a_location_that_is_not_reached_makes_it_unknown_and_its_deadline_still_comes() {
    let unreached: [Case<Location>; 4] = [
        ("no such bucket", |l| {
            l.is_available = Known::Known(false);
            l.message = Some(Name::from("no such bucket"));
        }),
        ("the engine has not tried it yet", |l| l.is_available = Known::Absent),
        ("it was not read for long", |l| l.sync_period = SignedDuration::from_secs(10)),
        ("there is none of that name", |l| l.is_default = false),
    ];
    for (why, change) in unreached {
        let bench = || {
            let mut changed = location();
            change(&mut changed);
            with_point(|_| ()).with(Fact::Location(changed))
        };
        let verdict = verdict_of(bench());
        let what = Name::from(format!("velero/default (location-unreachable: {why})"));
        let unreadable = Ignorance::Unreadable(Source::VeleroLocations, what);
        assert_eq!(verdict.issues[0].problem, Problem::Unknown(Unknown::NotKnown(unreadable)));
        assert_eq!(verdict.next_change(at(NOW)), Some(at(DEADLINE)), "{why}");
        let late = verdict_of(bench().now(DEADLINE));
        assert_eq!(late.state(at(DEADLINE)), State::Fail, "{why}");
    }
}

#[test]
fn a_location_that_falls_silent_changes_the_answer_by_itself() {
    let bench = |now| {
        let minutely = Location { sync_period: SignedDuration::from_mins(1), ..location() };
        with_point(|_| ()).with(Fact::Location(minutely)).now(now)
    };
    // Read last at 11:59:30, every minute.
    let verdict = verdict_of(bench(NOW));
    assert_eq!(verdict.next_change(at(NOW)), Some(at("2026-06-15T12:02:30Z")));
    assert_eq!(state_of(bench("2026-06-15T12:02:29Z")), State::Pass);
    assert_eq!(state_of(bench("2026-06-15T12:02:30Z")), State::Error);
}

#[test]
fn a_location_that_is_never_read_again_does_not_fall_silent() {
    let unread = Location { sync_period: SignedDuration::ZERO, last_synced: None, ..location() };
    let verdict = verdict_of(with_point(|_| ()).with(Fact::Location(unread)));
    assert_eq!(verdict.next_change(at(NOW)), Some(at(DEADLINE)));
}

fn young(created: &str) -> Fact {
    Fact::PersistentVolumeClaim(PersistentVolumeClaim { meta: meta_of("claim-1", created), ..claim() })
}

#[test]
fn a_claim_without_a_point_waits_until_its_first_is_due() {
    let due = "2026-06-16T13:24:00Z";
    let verdict = daily().verdict_of(young("2026-06-15T11:00:00Z"));
    assert_eq!(verdict.issues[0].problem, Problem::Pending { due: at(due) });
    assert_eq!(verdict.next_change(at(NOW)), Some(at(due)));
    assert_eq!(daily().now("2026-06-16T13:23:59Z").state_of(young("2026-06-15T11:00:00Z")), State::Pending);
    assert_eq!(daily().now(due).state_of(young("2026-06-15T11:00:00Z")), State::Fail);
}

#[test]
fn the_first_point_is_due_by_the_latest_of_claim_volume_tenant_and_demand() {
    let noon = "2026-06-15T12:00:00Z";
    let due = Problem::Pending { due: at("2026-06-16T14:24:00Z") };
    let made_at_noon = meta_of("x", noon);
    let volume = PersistentVolume {
        name: Name::from("pv"),
        meta: made_at_noon.clone(),
        ..PersistentVolume::default()
    };
    let bound = PersistentVolumeClaim { volume_name: Some(Name::from("pv")), ..claim() };
    let Fact::Tenant(tenant) = tenant(TenantSpec::default()) else { unreachable!() };
    let Fact::BackupPolicy(policy) = policy("a", json!({"every": "1d"})) else { unreachable!() };
    let new_tenant = Fact::Tenant(Declared { meta: made_at_noon.clone(), ..tenant });
    let new_policy = Fact::BackupPolicy(Declared { meta: made_at_noon, ..policy });
    for bench in [
        daily().with(Fact::PersistentVolume(volume)).with(Fact::PersistentVolumeClaim(bound)),
        daily().with(new_tenant).with(Fact::PersistentVolumeClaim(claim())),
        daily().with(new_policy).with(Fact::PersistentVolumeClaim(claim())),
        daily()
            .with(profile_demanding("backup.recovery-point-age", &json!({"every": "1d"})))
            .with(Fact::PersistentVolumeClaim(claim())),
    ] {
        assert_eq!(bench.verdict_on(&claim_key().into()).issues[0].problem, due);
    }
}

#[test]
fn a_new_demand_beside_an_old_one_does_not_start_the_clock_again() {
    let bench = daily()
        .with(policy("old", json!({"every": "1d"})))
        .with(profile_demanding("backup.recovery-point-age", &json!({"every": "1d"})));
    assert_eq!(state_of(bench), State::Fail);
}

#[test]
fn a_claim_that_is_not_bound_or_left_out_is_not_applicable() {
    let unbound = PersistentVolumeClaim { is_bound: false, ..claim() };
    assert_eq!(daily().state_of(Fact::PersistentVolumeClaim(unbound)), State::NotApplicable);
    let exempt = policy("a", json!({"exempt": {"storageClasses": ["scratch"]}}));
    let scratch = PersistentVolumeClaim { storage_class: Some(Name::from("scratch")), ..claim() };
    assert_eq!(daily().with(exempt).state_of(Fact::PersistentVolumeClaim(scratch)), State::NotApplicable);
}

#[test]
fn what_surety_cannot_see_is_unknown_and_keeps_the_deadline() {
    for source in [Source::VeleroBackups, Source::VeleroVolumeCopies, Source::VeleroLocations] {
        let verdict = verdict_of(with_point(|_| ()).with_source(source, SourceState::Stale(at(LONG_AGO))));
        assert_eq!(verdict.state(at(NOW)), State::Error, "{source}");
        assert_eq!(verdict.next_change(at(NOW)), Some(at(DEADLINE)), "{source}");
    }
    let files = daily().with_source(Source::VeleroBackups, SourceState::FilesOnly);
    assert_eq!(state_of(files), State::Error);
}

#[test]
fn a_policy_that_allows_a_greater_age_is_weaker() {
    let daily = daily();
    for (fields, weaker) in [
        (json!({"every": "1d"}), &[][..]),
        (json!({"every": "12h"}), &[]),
        (json!({}), &[]),
        (json!({"every": "2d"}), &["spec.every"]),
        (json!({"maxRecoveryPointAge": "26h"}), &[]),
        (json!({"maxRecoveryPointAge": "27h"}), &["spec.maxRecoveryPointAge"]),
        (json!({"schedule": "15 2 * * *"}), &[]),
        (json!({"schedule": "15 2 * * 1-5"}), &["spec.schedule"]),
        // It keeps the promise, but not what the policy says itself.
        (json!({"every": "1h", "schedule": "15 2 * * *"}), &["spec.schedule"]),
    ] {
        assert_eq!(daily.weaker(&policy("a", fields.clone())), weaker, "{fields}");
    }
    let monthly = bench(&CONTROL).with_span("maxAge", "1mo");
    assert_eq!(
        monthly.weaker(&policy("a", json!({"maxRecoveryPointAge": "30d"}))),
        ["spec.maxRecoveryPointAge"]
    );
    assert!(monthly.weaker(&policy("a", json!({"maxRecoveryPointAge": "28d"}))).is_empty());
}

#[test]
fn a_schedule_that_runs_too_rarely_is_refused_with_its_longest_gap() {
    let policy = policy("a", json!({"schedule": "CRON_TZ=Europe/Berlin 0 2 * * *"}));
    let promised = Parameters::default()
        .with("every", crate::core::parameters::Parameter::Span("1d".parse().unwrap()))
        .with("allowance", crate::core::parameters::Parameter::Span("20m".parse().unwrap()));
    let issue = weaker(&policy, &promised).remove(0);
    assert_eq!(
        (issue.field.as_str(), issue.found.as_str(), issue.wanted.as_str()),
        ("spec.schedule", "longest gap 25h", "at most 1460m (1d and an allowance of 20m)")
    );
}

/// A world in which a profile promises a recovery point every day, with a schedule and a point that hold it.
fn promised() -> Bench {
    bench(&CONTROL)
        .with(profile_demanding("backup.recovery-point-age", &json!({"every": "1d"})))
        .with(Fact::PersistentVolumeClaim(claim()))
        .with(Fact::Schedule(schedule()))
        .with(Fact::RecoveryPoint(point("p", TAKEN)))
}

fn rare() -> Schedule {
    Schedule { cron: Name::from("15 2 * * 0"), ..schedule() }
}

#[test]
fn a_schedule_changed_so_that_none_keeps_the_age_is_refused() {
    let bench = promised();
    let old = Fact::Schedule(schedule());
    let issues = Deed::in_world(&bench.world).updates(&CONTROL, &old, &Fact::Schedule(rare()));
    assert_eq!(
        (issues[0].field.as_str(), issues[0].found.as_str(), issues[0].wanted.as_str()),
        (
            "spec.schedule",
            "longest gap 168h and usual run 10m",
            "at most 1584m (1d and an allowance of 144m)"
        )
    );
}

#[test]
fn the_usual_length_of_a_run_counts() {
    let long = RecoveryPoint { ended_at: Some(at("2026-06-14T17:00:00Z")), ..point("p", TAKEN) };
    let bench = promised()
        .with(Fact::RecoveryPoint(long))
        .with(Fact::Schedule(Schedule { cron: Name::from("0 * * * *"), ..schedule() }));
    let hourly = Fact::Schedule(Schedule { cron: Name::from("0 * * * *"), ..schedule() });
    let issues = Deed::in_world(&bench.world).updates(&CONTROL, &hourly, &Fact::Schedule(schedule()));
    assert_eq!(issues[0].found, "longest gap 24h and usual run 3h");
}

#[test]
fn another_schedule_that_keeps_the_age_leaves_the_rest_free() {
    let hourly = Schedule { name: Name::from("hourly"), cron: Name::from("@hourly"), ..schedule() };
    let bench = promised().with(Fact::Schedule(hourly));
    let deed = Deed::in_world(&bench.world);
    assert!(deed.updates(&CONTROL, &Fact::Schedule(schedule()), &Fact::Schedule(rare())).is_empty());
    assert!(
        deed.creates(&CONTROL, &Fact::Schedule(Schedule { name: Name::from("weekly"), ..rare() })).is_empty()
    );
}

#[test]
fn a_rare_schedule_is_refused_where_nothing_else_keeps_the_age_and_none_is_coming() {
    let mut bench = promised();
    index::apply(&mut bench.world, Change::Delete(schedule().key()));
    let weekly = Fact::Schedule(rare());
    assert_eq!(fields(&Deed::in_world(&bench.world).creates(&CONTROL, &weekly)), ["spec.schedule"]);
    let resources = Fact::Schedule(Schedule { volume_data: VolumeData::None, ..rare() });
    assert!(Deed::in_world(&bench.world).creates(&CONTROL, &resources).is_empty());
    let managed = bench.with(policy("a", json!({"management": "Managed", "every": "1d"})));
    assert!(Deed::in_world(&managed.world).creates(&CONTROL, &weekly).is_empty());
}

#[test]
fn deleting_the_schedule_that_keeps_the_age_is_refused_while_a_rare_one_stays() {
    let bench = promised().with(Fact::Schedule(Schedule { name: Name::from("weekly"), ..rare() }));
    assert_eq!(
        fields(&Deed::in_world(&bench.world).deletes(&CONTROL, &Fact::Schedule(schedule()))),
        ["spec.schedule"]
    );
    // Where none stays, backup.covered refuses.
    assert!(Deed::in_world(&promised().world).deletes(&CONTROL, &Fact::Schedule(schedule())).is_empty());
}

#[test]
fn only_the_engine_writes_how_a_run_went() {
    let cases: [Case<RecoveryPoint>; 7] = [
        ("status.phase", |p| p.state = PointState::Failed),
        ("status.startTimestamp", |p| p.taken_at = Some(at(NOW))),
        ("status.completionTimestamp", |p| p.ended_at = Some(at(NOW))),
        ("status.csiVolumeSnapshotsCompleted", |p| p.snapshots = (2, 2)),
        ("spec", |p| p.selection = literal(&[NAMESPACE, "another"])),
        ("spec.storageLocation", |p| p.location = Some(Name::from("away"))),
        ("metadata.labels", |p| p.cluster_label = Some(Name::from("cluster-1"))),
    ];
    let bench = promised();
    let old = Fact::RecoveryPoint(point("p", TAKEN));
    for (field, change) in cases {
        let mut changed = point("p", TAKEN);
        change(&mut changed);
        let new = Fact::RecoveryPoint(changed);
        let deed = || Deed::in_world(&bench.world);
        assert_eq!(fields(&deed().updates(&CONTROL, &old, &new)), [field]);
        assert!(deed().by(ENGINE).updates(&CONTROL, &old, &new).is_empty(), "{field}");
        assert!(deed().by(SURETY).updates(&CONTROL, &old, &new).is_empty(), "{field}");
    }
    let labelled = Fact::RecoveryPoint(RecoveryPoint { meta: meta_of("p", NOW), ..point("p", TAKEN) });
    assert!(Deed::in_world(&bench.world).updates(&CONTROL, &old, &labelled).is_empty());
}

#[test]
fn a_run_is_asked_for_without_a_result() {
    let bench = promised();
    let asked = RecoveryPoint {
        state: PointState::Running,
        taken_at: None,
        ended_at: None,
        snapshots: (0, 0),
        ..point("new", TAKEN)
    };
    assert!(Deed::in_world(&bench.world).creates(&CONTROL, &Fact::RecoveryPoint(asked)).is_empty());
    let invented = Fact::RecoveryPoint(point("new", NOW));
    assert_eq!(
        fields(&Deed::in_world(&bench.world).creates(&CONTROL, &invented)),
        [
            "status.phase",
            "status.startTimestamp",
            "status.completionTimestamp",
            "status.csiVolumeSnapshotsCompleted"
        ]
    );
    assert!(Deed::in_world(&bench.world).by(ENGINE).creates(&CONTROL, &invented).is_empty());
    let of_nobody =
        Fact::RecoveryPoint(RecoveryPoint { selection: literal(&["another"]), ..point("new", NOW) });
    assert!(Deed::in_world(&bench.world).creates(&CONTROL, &of_nobody).is_empty());
}

#[test]
fn only_the_engine_writes_what_was_copied_and_whether_a_location_is_reached() {
    let bench = promised();
    let deed = || Deed::in_world(&bench.world);
    let incomplete = Fact::VolumeCopy(VolumeCopy { is_complete: false, ..copy("p") });
    assert_eq!(fields(&deed().creates(&CONTROL, &Fact::VolumeCopy(copy("p")))), ["status.phase"]);
    assert!(deed().creates(&CONTROL, &incomplete).is_empty());
    assert_eq!(
        fields(&deed().updates(&CONTROL, &incomplete, &Fact::VolumeCopy(copy("p")))),
        ["status.phase"]
    );
    let moved = Fact::VolumeCopy(VolumeCopy { point: Name::from("q"), ..copy("p") });
    assert_eq!(fields(&deed().updates(&CONTROL, &Fact::VolumeCopy(copy("p")), &moved)), ["spec"]);
    assert!(deed().by(ENGINE).creates(&CONTROL, &Fact::VolumeCopy(copy("p"))).is_empty());
    let lost = Fact::Location(Location { is_available: Known::Known(false), ..location() });
    assert_eq!(fields(&deed().updates(&CONTROL, &lost, &Fact::Location(location()))), ["status.phase"]);
    let unpromised = bench_without_promise();
    assert!(Deed::in_world(&unpromised.world).creates(&CONTROL, &Fact::VolumeCopy(copy("p"))).is_empty());
}

fn bench_without_promise() -> Bench {
    bench(&CONTROL).with(Fact::PersistentVolumeClaim(claim()))
}

#[test]
fn the_last_usable_point_of_a_volume_is_neither_deleted_nor_asked_away() {
    let bench = promised();
    let last = Fact::RecoveryPoint(point("p", TAKEN));
    let deed = || Deed::in_world(&bench.world);
    let issues = deed().deletes(&CONTROL, &last);
    assert_eq!(issues[0].found, "Backup velero/p is the last usable recovery point of a volume");
    assert_eq!(fields(&deed().requests_deletion(&CONTROL, &point("p", TAKEN))), ["spec.backupName"]);
    assert!(deed().by(ENGINE).requests_deletion(&CONTROL, &point("p", TAKEN)).is_empty());
    let with_another = promised().with(Fact::RecoveryPoint(point("q", "2026-06-13T14:00:00Z")));
    assert!(Deed::in_world(&with_another.world).deletes(&CONTROL, &last).is_empty());
    // One that holds nothing of it does not stand in for it.
    let failed = RecoveryPoint { state: PointState::Failed, ..point("q", "2026-06-15T02:15:00Z") };
    let with_failed = promised().with(Fact::RecoveryPoint(failed.clone()));
    assert_eq!(Deed::in_world(&with_failed.world).deletes(&CONTROL, &last).len(), 1);
    assert!(Deed::in_world(&with_failed.world).deletes(&CONTROL, &Fact::RecoveryPoint(failed)).is_empty());
}

#[test]
fn a_last_point_that_must_be_gone_may_go() {
    let bench = promised().with(policy("a", json!({"retention": {"atMost": "30d"}})));
    let last = Fact::RecoveryPoint(point("p", TAKEN));
    let deed = |now| Deed::in_world(&bench.world).at(now);
    assert_eq!(deed("2026-07-14T13:59:59Z").deletes(&CONTROL, &last).len(), 1);
    assert!(deed("2026-07-14T14:00:00Z").deletes(&CONTROL, &last).is_empty());
}

#[test]
fn in_a_namespace_that_is_ending_nothing_is_held_back() {
    let mut ending = crate::core::facts::Namespace { name: Name::from(VELERO), ..Default::default() };
    ending.meta.is_deleting = true;
    let bench = promised().with(Fact::Namespace(ending));
    let last = Fact::RecoveryPoint(point("p", TAKEN));
    assert!(Deed::in_world(&bench.world).deletes(&CONTROL, &last).is_empty());
}

#[test]
fn the_strictest_limit_of_all_policies_is_demanded_by_those_that_have_one() {
    let bench = bench(&CONTROL)
        .with(policy("daily", json!({"every": "1d"})))
        .with(policy("hours", json!({"maxRecoveryPointAge": "20h"})))
        .with(policy("none", json!({})));
    let plan = bench.world.plan(TENANT).unwrap();
    let uses: Vec<_> = plan.requirements.iter().filter(|use_of| use_of.control == &CONTROL).collect();
    assert_eq!(uses.len(), 1);
    assert_eq!(uses[0].parameters.span("maxAge"), Some("20h".parse().unwrap()));
    let asking: Vec<String> = uses[0].origins.iter().map(|origin| origin.demander.to_string()).collect();
    assert_eq!(asking, ["BackupPolicy daily", "BackupPolicy hours"]);
}

fn state() -> impl Strategy<Value = PointState> {
    prop_oneof![
        4 => Just(PointState::Usable),
        1 => Just(PointState::Partial),
        1 => Just(PointState::Failed),
        1 => Just(PointState::Running),
        1 => Just(PointState::Deleting),
        1 => Just(PointState::Unknown(Name::from("Dreaming"))),
    ]
}

fn volume_data() -> impl Strategy<Value = VolumeData> {
    prop_oneof![
        Just(VolumeData::None),
        Just(VolumeData::Snapshots),
        Just(VolumeData::Moved),
        Just(VolumeData::Undecided),
    ]
}

/// Minutes between the claim's creation and the start, how it went, and whether there is a copy of the claim.
type Run = (i64, PointState, VolumeData, (i32, i32), bool);

fn run() -> impl Strategy<Value = Run> {
    (-3_000..3_000_i64, state(), volume_data(), (0..3_i32, 0..3_i32), any::<bool>())
}

const CREATED: &str = "2026-06-10T00:00:00Z";

fn facts_of(runs: &[Run]) -> Vec<Fact> {
    let mut facts = vec![young(CREATED)];
    for (number, (minutes, state, volume_data, snapshots, has_copy)) in runs.iter().enumerate() {
        let name = format!("p{number}");
        let taken_at = at(CREATED).checked_add(SignedDuration::from_mins(*minutes)).unwrap();
        facts.push(Fact::RecoveryPoint(RecoveryPoint {
            state: state.clone(),
            volume_data: *volume_data,
            snapshots: *snapshots,
            ..point(&name, &taken_at.to_string())
        }));
        if *has_copy {
            facts.push(Fact::VolumeCopy(copy(&name)));
        }
    }
    facts
}

fn verdict_at(facts: &[Fact], now: Timestamp) -> Verdict {
    let bench = facts.iter().cloned().fold(daily(), Bench::with);
    bench.now(&now.to_string()).verdict_on(&claim_key().into())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_verdict_holds_until_the_moment_it_names_and_then_changes_or_names_another(
        runs in proptest::collection::vec(run(), 0..6),
        minutes in 0..6_000_i64,
    ) {
        let facts = facts_of(&runs);
        let now = at(CREATED).checked_add(SignedDuration::from_mins(minutes)).unwrap();
        let verdict = verdict_at(&facts, now);
        if let Some(next) = verdict.next_change(now) {
            let just_before = next.checked_sub(SignedDuration::from_nanos(1)).unwrap();
            prop_assert_eq!(verdict_at(&facts, just_before).state(just_before), verdict.state(now));
            // Nothing is left that could have been found by asking again at that moment.
            let then = verdict_at(&facts, next);
            prop_assert!(then.next_change(next).is_none_or(|later| later > next));
        } else {
            let much_later = at("2036-01-01T00:00:00Z");
            prop_assert_eq!(verdict_at(&facts, much_later).state(much_later), verdict.state(now));
        }
    }

    #[test]
    fn it_fails_exactly_from_the_deadline_of_the_newest_point_that_holds_the_claim(
        minutes in 0..3_000_i64,
        nanoseconds in -1..=1_i64,
    ) {
        let facts = facts_of(&[(minutes, PointState::Usable, VolumeData::Snapshots, (1, 1), false)]);
        let taken_at = at(CREATED).checked_add(SignedDuration::from_mins(minutes)).unwrap();
        let deadline = taken_at.checked_add(SignedDuration::from_mins(1_584)).unwrap();
        let now = deadline.checked_add(SignedDuration::from_nanos(nanoseconds)).unwrap();
        let expected = if nanoseconds < 0 { State::Pass } else { State::Fail };
        prop_assert_eq!(verdict_at(&facts, now).state(now), expected);
    }

    #[test]
    fn the_order_in_which_an_engine_tells_its_news_changes_nothing(
        (facts, news) in proptest::collection::vec(run(), 0..6).prop_flat_map(|runs| {
            let facts = facts_of(&runs);
            (Just(facts.clone()), Just(facts).prop_shuffle())
        }),
        minutes in 0..6_000_i64,
        repeated in any::<prop::sample::Index>(),
    ) {
        let now = at(CREATED).checked_add(SignedDuration::from_mins(minutes)).unwrap();
        let again = repeated.get(&news).clone();
        let news = [news, vec![again]].concat();
        prop_assert_eq!(verdict_at(&news, now), verdict_at(&facts, now));
    }

    #[test]
    fn a_point_never_holds_a_claim_that_was_made_after_it(
        runs in proptest::collection::vec(run(), 0..6),
        minutes in 0..6_000_i64,
    ) {
        let before: Vec<_> = runs.into_iter().map(|(taken, a, b, c, d)| (-taken.abs() - 1, a, b, c, d)).collect();
        let now = at(CREATED).checked_add(SignedDuration::from_mins(minutes)).unwrap();
        let verdict = verdict_at(&facts_of(&before), now);
        let expected = if minutes < 1_584 { State::Pending } else { State::Fail };
        prop_assert_eq!(verdict.state(now), expected);
        prop_assert_eq!(verdict, verdict_at(&facts_of(&[]), now));
    }
}
