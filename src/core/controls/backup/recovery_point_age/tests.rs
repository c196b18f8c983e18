#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod acts;
mod laws;

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
fn an_engine_that_went_silent_hides_no_point_that_is_too_old() {
    for source in [Source::VeleroBackups, Source::VeleroVolumeCopies, Source::VeleroLocations] {
        for (now, state) in [(NOW, State::Error), (DEADLINE, State::Fail)] {
            let silent = with_point(|_| ()).with_source(source, SourceState::Stale(at(LONG_AGO))).now(now);
            let verdict = verdict_of(silent);
            assert_eq!(verdict.state(at(now)), state, "{source} at {now}");
            let since = (state == State::Fail).then(|| at(DEADLINE));
            assert_eq!(verdict.issues[0].since, since, "{source} at {now}");
        }
    }
}

#[test]
fn a_claim_without_a_point_is_found_in_silence_since_its_moment_or_since_the_news_ended() {
    let bound = young("2026-06-10T00:00:00Z");
    let due = "2026-06-11T02:24:00Z";
    for (silent_since, since) in
        [("2026-06-10T12:00:00Z", due), ("2026-06-12T00:00:00Z", "2026-06-12T00:00:00Z")]
    {
        let silent = daily()
            .with(bound.clone())
            .with_source(Source::VeleroBackups, SourceState::Stale(at(silent_since)));
        let verdict = silent.verdict_on(&claim_key().into());
        assert_eq!(verdict.state(at(NOW)), State::Fail);
        assert_eq!(verdict.issues[0].since, Some(at(since)));
    }
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
