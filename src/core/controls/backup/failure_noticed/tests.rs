#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod laws;

use serde_json::json;

use super::*;
use crate::core::{
    controls::{
        backup::testkit::{LONG_AGO, bench, claim, literal, point, policy, schedule},
        testkit::{Bench, NAMESPACE, NOW, at},
    },
    facts::{Fact, Name, Origin, SourceState, VolumeData},
    parameters::Parameter,
    verdict::State,
};

/// Last night's run, and the second at which two nights have been missed.
const TAKEN: &str = "2026-06-15T02:15:00Z";
const DEADLINE: &str = "2026-06-17T02:15:00Z";

fn nightly() -> Bench {
    bench(&CONTROL).with(Fact::Schedule(schedule()))
}

fn run(name: &str, taken_at: &str, state: PointState) -> Fact {
    Fact::RecoveryPoint(RecoveryPoint { state, ..point(name, taken_at) })
}

fn with_run(state: PointState) -> Bench {
    nightly().with(run("p", TAKEN, state))
}

fn verdict_of(bench: Bench) -> Verdict {
    bench.verdict_of(Fact::PersistentVolumeClaim(claim()))
}

fn state_of(bench: Bench) -> State {
    bench.state_of(Fact::PersistentVolumeClaim(claim()))
}

fn undecided(why: &str) -> Problem {
    Problem::Unknown(Unknown::Undecidable(why.to_owned()))
}

#[test]
fn a_last_run_that_ended_well_passes_until_two_periods_are_missed() {
    let verdict = verdict_of(with_run(PointState::Usable));
    assert_eq!(verdict.state(at(NOW)), State::Pass);
    assert_eq!(verdict.evidence.found, "Backup velero/p of Schedule velero/daily ended well");
    assert_eq!(
        (&*verdict.evidence.wanted, &*verdict.evidence.read_from),
        (WANTED, "Backup velero/p status.phase")
    );
    assert_eq!(verdict.next_change(at(NOW)), Some(at(DEADLINE)));
}

#[test]
fn a_last_run_that_failed_wholly_or_in_part_is_a_finding_that_names_it() {
    for (state, how) in [(PointState::Failed, "failed"), (PointState::Partial, "failed in part")] {
        let verdict =
            verdict_of(with_run(state).with(run("older", "2026-06-14T02:15:00Z", PointState::Usable)));
        assert_eq!(verdict.issues.len(), 1);
        let issue = &verdict.issues[0];
        assert_eq!((&issue.problem, issue.field.as_str()), (&Problem::Fail, "Schedule velero/daily"));
        assert_eq!(issue.found, format!("its last run Backup velero/p of 2026-06-15T02:25:00Z {how}"));
        assert_eq!((issue.wanted.as_str(), issue.fix.as_str()), (WANTED, FIX));
        assert_eq!(issue.since, Some(at("2026-06-15T02:25:00Z")));
        assert_eq!(verdict.next_change(at(NOW)), Some(at(DEADLINE)));
    }
}

#[test]
fn a_run_that_never_started_failed_when_it_was_made() {
    let refused = RecoveryPoint {
        state: PointState::Failed,
        taken_at: None,
        ended_at: None,
        meta: crate::core::controls::backup::testkit::meta_of("q", "2026-06-15T03:00:00Z"),
        ..point("q", TAKEN)
    };
    let verdict = verdict_of(with_run(PointState::Usable).with(Fact::RecoveryPoint(refused)));
    assert_eq!(verdict.issues[0].found, "its last run Backup velero/q of 2026-06-15T03:00:00Z failed");
}

#[test]
fn only_the_last_run_that_ended_counts() {
    let later = |state| with_run(PointState::Failed).with(run("later", "2026-06-15T11:00:00Z", state));
    for (state, expected) in [
        (PointState::Usable, State::Pass),
        (PointState::Running, State::Fail),
        (PointState::Deleting, State::Fail),
        (PointState::Unknown(Name::from("Dreaming")), State::Error),
    ] {
        assert_eq!(state_of(later(state.clone())), expected, "{state:?}");
    }
    let word = verdict_of(later(PointState::Unknown(Name::from("Dreaming"))));
    assert_eq!(
        word.issues[0].problem,
        undecided("Backup velero/later is `Dreaming`, which this version does not know")
    );
}

#[test]
fn runs_that_are_not_of_the_schedule_do_not_count() {
    let cases: [fn(&mut RecoveryPoint); 5] = [
        |run| run.schedule = None,
        |run| run.schedule = Some(Name::from("other")),
        |run| run.origin = Origin::Imported,
        |run| run.namespace = Name::from(NAMESPACE),
        |run| run.selection = literal(&["another"]),
    ];
    for change in cases {
        let mut other = RecoveryPoint { state: PointState::Failed, ..point("other", "2026-06-15T11:00:00Z") };
        change(&mut other);
        assert_eq!(state_of(with_run(PointState::Usable).with(Fact::RecoveryPoint(other))), State::Pass);
    }
}

#[test]
fn a_schedule_that_has_stopped_is_found_at_its_second_and_not_a_second_earlier() {
    let now = |now| with_run(PointState::Usable).now(now);
    assert_eq!(state_of(now("2026-06-17T02:14:59Z")), State::Pass);
    let verdict = verdict_of(now(DEADLINE));
    assert_eq!(verdict.state(at(DEADLINE)), State::Fail);
    let issue = &verdict.issues[0];
    assert_eq!((issue.field.as_str(), issue.since), ("Schedule velero/daily", Some(at(DEADLINE))));
    assert_eq!(issue.found, "its last run started at 2026-06-15T02:15:00Z");
    assert_eq!((issue.wanted.as_str(), issue.fix.as_str()), ("a run within 2 periods of 24h", STOPPED));
    assert_eq!(verdict.next_change(at(DEADLINE)), None);
}

#[test]
fn the_longest_gap_of_the_schedule_counts_and_how_many_may_be_missed() {
    let weekdays = Schedule { cron: Name::from("15 2 * * 1-5"), ..schedule() };
    let at_weekdays = |now| with_run(PointState::Usable).with(Fact::Schedule(weekdays.clone())).now(now);
    assert_eq!(state_of(at_weekdays("2026-06-21T02:14:59Z")), State::Pass);
    assert_eq!(state_of(at_weekdays("2026-06-21T02:15:00Z")), State::Fail);
    for (periods, last, first) in [
        (3, "2026-06-18T02:14:59Z", "2026-06-18T02:15:00Z"),
        (1, "2026-06-16T02:14:59Z", "2026-06-16T02:15:00Z"),
        // None at all would be late as soon as it starts.
        (0, "2026-06-16T02:14:59Z", "2026-06-16T02:15:00Z"),
    ] {
        let missing = |now| {
            state_of(
                with_run(PointState::Usable)
                    .with_parameter("missedPeriods", Parameter::Integer(periods))
                    .now(now),
            )
        };
        assert_eq!((missing(last), missing(first)), (State::Pass, State::Fail), "{periods}");
    }
}

#[test]
fn a_run_that_goes_on_is_no_failure_until_it_has_kept_others_from_starting() {
    let stuck = |now| state_of(with_run(PointState::Running).now(now));
    assert_eq!(stuck("2026-06-16T12:00:00Z"), State::Pending);
    assert_eq!(stuck(DEADLINE), State::Fail);
    let after_a_good_one =
        with_run(PointState::Running).with(run("older", "2026-06-14T02:15:00Z", PointState::Usable));
    assert_eq!(state_of(after_a_good_one.now("2026-06-17T02:14:59Z")), State::Pass);
}

#[test]
fn a_new_schedule_has_two_periods_for_its_first_run() {
    let made = crate::core::controls::backup::testkit::meta_of("schedule-2", "2026-06-15T11:00:00Z");
    let new = || bench(&CONTROL).with(Fact::Schedule(Schedule { meta: made.clone(), ..schedule() }));
    let verdict = verdict_of(new());
    assert_eq!(verdict.issues[0].problem, Problem::Pending { due: at("2026-06-17T11:00:00Z") });
    let late = verdict_of(new().now("2026-06-17T11:00:00Z"));
    assert_eq!(late.issues.len(), 1);
    assert_eq!((&late.issues[0].problem, late.issues[0].found.as_str()), (&Problem::Fail, "it has no run"));
}

#[test]
fn several_schedules_are_judged_each() {
    let second = |state| {
        let of_second = RecoveryPoint {
            state,
            schedule: Some(Name::from("second")),
            ..point("q", "2026-06-15T03:15:00Z")
        };
        [
            Fact::Schedule(Schedule {
                name: Name::from("second"),
                cron: Name::from("15 3 * * *"),
                ..schedule()
            }),
            Fact::RecoveryPoint(of_second),
        ]
    };
    let good = second(PointState::Usable).into_iter().fold(with_run(PointState::Usable), Bench::with);
    let verdict = verdict_of(good);
    assert_eq!(
        verdict.evidence.found,
        "Backup velero/p of Schedule velero/daily ended well; Backup velero/q of Schedule velero/second ended well"
    );
    assert_eq!(verdict.next_change(at(NOW)), Some(at(DEADLINE)));
    let bad = second(PointState::Failed).into_iter().fold(with_run(PointState::Partial), Bench::with);
    let fields: Vec<String> = verdict_of(bad).issues.into_iter().map(|issue| issue.field).collect();
    assert_eq!(fields, ["Schedule velero/daily", "Schedule velero/second"]);
}

#[test]
fn where_no_schedule_serves_it_nothing_can_be_missed_and_that_is_no_pass() {
    let why = "no schedule that runs takes it in, so no run of it can be missed";
    let changes: [fn(&mut Schedule); 6] = [
        |schedule| schedule.is_paused = true,
        |schedule| schedule.invalid = Some(Name::from("bad cron")),
        |schedule| schedule.meta.is_deleting = true,
        |schedule| schedule.volume_data = VolumeData::None,
        |schedule| schedule.selection = literal(&["another"]),
        |schedule| schedule.namespace = Name::from(NAMESPACE),
    ];
    for change in changes {
        let mut idle = schedule();
        change(&mut idle);
        let alone = bench(&CONTROL).with(Fact::Schedule(idle)).with(run("p", TAKEN, PointState::Usable));
        assert_eq!(verdict_of(alone).issues[0].problem, undecided(why));
    }
}

#[test]
fn what_cannot_be_told_is_unknown() {
    let cron = |cron: &str| {
        let schedule = Schedule { cron: Name::from(cron), ..schedule() };
        verdict_of(with_run(PointState::Usable).with(Fact::Schedule(schedule))).issues[0].problem.clone()
    };
    assert_eq!(
        cron("CRON_TZ=Mars/Olympus 0 2 * * *"),
        undecided(
            "Schedule velero/daily: `CRON_TZ=Mars/Olympus 0 2 * * *` names the time zone `Mars/Olympus`, which is not known \
             here; write it in UTC"
        )
    );
    let absent = with_run(PointState::Usable).with_source(Source::VeleroSchedules, SourceState::Absent);
    assert_eq!(
        verdict_of(absent).issues[0].problem,
        undecided("engine-missing: the cluster does not have the kinds of the backup engine Velero")
    );
    let files = nightly().with_source(Source::VeleroBackups, SourceState::FilesOnly);
    assert_eq!(state_of(files), State::Error);
    let ahead = verdict_of(nightly().with(run("p", "2026-06-15T12:05:01Z", PointState::Usable)));
    assert_eq!(
        ahead.issues[0].problem,
        undecided(
            "clock skew: Schedule velero/daily started a run at 2026-06-15T12:05:01Z, which is still to come"
        )
    );
    assert_eq!(ahead.next_change(at(NOW)), Some(at("2026-06-15T12:00:01Z")));
    assert_eq!(state_of(nightly().with(run("p", "2026-06-15T12:05:00Z", PointState::Usable))), State::Pass);
}

#[test]
fn a_run_whose_end_is_still_to_come_by_its_own_clock_is_found_since_then_once_it_has_come() {
    let mut run = point("p", "2026-06-15T11:59:00Z");
    (run.state, run.ended_at) = (PointState::Failed, Some(at("2026-06-15T12:01:00Z")));
    let seen_at = |now| verdict_of(nightly().with(Fact::RecoveryPoint(run.clone())).now(now));
    let early = seen_at(NOW);
    assert_eq!(early.state(at(NOW)), State::Fail);
    assert_eq!(early.issues[0].since, None);
    assert_eq!(early.next_change(at(NOW)), Some(at("2026-06-15T12:01:00Z")));
    for now in ["2026-06-15T12:01:00Z", "2026-06-15T12:30:00Z"] {
        assert_eq!(seen_at(now).issues[0].since, Some(at("2026-06-15T12:01:00Z")), "{now}");
    }
}

#[test]
fn an_engine_that_went_silent_hides_no_run_that_is_missing() {
    let silent = |now| {
        with_run(PointState::Usable)
            .with_source(Source::VeleroBackups, SourceState::Stale(at(LONG_AGO)))
            .now(now)
    };
    assert_eq!(state_of(silent(NOW)), State::Error);
    assert_eq!(state_of(silent(DEADLINE)), State::Fail);
}

#[test]
fn a_claim_that_is_not_bound_or_left_out_is_not_applicable() {
    let unbound = PersistentVolumeClaim { is_bound: false, ..claim() };
    assert_eq!(nightly().state_of(Fact::PersistentVolumeClaim(unbound)), State::NotApplicable);
    let exempt = policy("a", json!({"exempt": {"storageClasses": ["scratch"]}}));
    let scratch = PersistentVolumeClaim { storage_class: Some(Name::from("scratch")), ..claim() };
    assert_eq!(nightly().with(exempt).state_of(Fact::PersistentVolumeClaim(scratch)), State::NotApplicable);
}
