#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod acts;
mod laws;

use jiff::SignedDuration;
use serde_json::json;

use super::*;
use crate::core::{
    controls::{
        backup::testkit::{
            Case, ENGINE, LONG_AGO, bench, claim, copy, literal, meta_of, point, policy, schedule,
        },
        testkit::{Bench, NAMESPACE, NOW, at},
    },
    facts::{Fact, Name, Origin, SourceState},
    verdict::State,
};

const TAKEN: &str = "2026-06-15T02:15:00Z";
const ENDED: &str = "2026-06-15T02:25:00Z";

/// A schedule that moves data every night.
fn nightly() -> Bench {
    bench(&CONTROL).with(Fact::Schedule(schedule()))
}

fn moved(name: &str, taken_at: &str) -> RecoveryPoint {
    RecoveryPoint { volume_data: VolumeData::Moved, ..point(name, taken_at) }
}

fn with_run(change: impl FnOnce(&mut RecoveryPoint)) -> Bench {
    let mut run = moved("p", TAKEN);
    change(&mut run);
    nightly().with(Fact::RecoveryPoint(run))
}

fn verdict_of(bench: Bench) -> Verdict {
    bench.verdict_of(Fact::PersistentVolumeClaim(claim()))
}

fn state_of(bench: Bench) -> State {
    bench.state_of(Fact::PersistentVolumeClaim(claim()))
}

#[test]
fn a_copy_of_its_own_in_the_newest_run_passes_and_says_which() {
    let verdict = verdict_of(with_run(|_| ()).with(Fact::VolumeCopy(copy("p"))));
    assert_eq!(verdict.state(at(NOW)), State::Pass);
    assert_eq!(verdict.evidence.found, "Backup velero/p of 2026-06-15T02:15:00Z has a copy of it");
    assert_eq!(verdict.evidence.wanted, WANTED);
    assert_eq!(verdict.evidence.read_from, "Backup velero/p");
    let partial = with_run(|run| run.state = PointState::Partial).with(Fact::VolumeCopy(copy("p")));
    assert_eq!(state_of(partial), State::Pass);
}

#[test]
fn a_run_whose_end_is_still_to_come_by_its_own_clock_is_found_since_then_once_it_has_come() {
    let ending = |run: &mut RecoveryPoint| {
        (run.taken_at, run.ended_at) = (Some(at("2026-06-15T11:59:00Z")), Some(at("2026-06-15T12:01:00Z")));
    };
    let seen_at = |now| verdict_of(with_run(ending).now(now));
    let early = seen_at(NOW);
    assert_eq!(early.state(at(NOW)), State::Fail);
    assert_eq!(early.issues[0].since, None);
    assert_eq!(early.next_change(at(NOW)), Some(at("2026-06-15T12:01:00Z")));
    for now in ["2026-06-15T12:01:00Z", "2026-06-15T12:30:00Z"] {
        assert_eq!(seen_at(now).issues[0].since, Some(at("2026-06-15T12:01:00Z")), "{now}");
    }
}

#[test]
fn a_run_that_shows_that_it_does_not_hold_the_claim_is_a_finding() {
    let cases: [Case<RecoveryPoint>; 7] = [
        ("Backup velero/p of 2026-06-15T02:15:00Z moved data and has no copy of it", |_| ()),
        (
            "Backup velero/p of 2026-06-15T02:15:00Z moved data and has no copy of it, narrowed by a label selector",
            |run| run.selection.narrowed_by = Some(Name::from("a label selector")),
        ),
        ("Backup velero/p of 2026-06-15T02:15:00Z failed in part and has no copy of it", |run| {
            run.state = PointState::Partial;
            run.volume_data = VolumeData::Snapshots;
        }),
        ("no-volume-data: Backup velero/p of 2026-06-15T02:15:00Z holds resources only", |run| {
            run.volume_data = VolumeData::None;
            run.snapshots = (0, 0);
        }),
        (
            "no-volume-data: Backup velero/p of 2026-06-15T02:15:00Z attempted no snapshot and has no copy of it",
            |run| run.snapshots = (0, 0),
        ),
        (
            "no-volume-data: Backup velero/p of 2026-06-15T02:15:00Z attempted no snapshot and has no copy of it",
            |run| (run.volume_data, run.snapshots) = (VolumeData::Undecided, (0, 0)),
        ),
        (
            "no-volume-data: Backup velero/p of 2026-06-15T02:15:00Z attempted no snapshot and has no copy of it",
            |run| (run.volume_data, run.snapshots) = (VolumeData::Snapshots, (0, 0)),
        ),
    ];
    for (found, change) in cases {
        let verdict = verdict_of(with_run(change));
        assert_eq!(verdict.state(at(NOW)), State::Fail, "{found}");
        assert_eq!(verdict.issues.len(), 1);
        let issue = &verdict.issues[0];
        assert_eq!((issue.field.as_str(), issue.found.as_str()), ("Schedule velero/daily", found));
        assert_eq!((issue.wanted.as_str(), issue.since), (WANTED, Some(at(ENDED))));
    }
}

#[test]
fn a_copy_that_is_not_of_this_claim_in_this_run_or_not_done_does_not_count() {
    let cases: [Case<VolumeCopy>; 6] = [
        ("has a copy of it that is not complete: DataUpload velero/p-data", |c| c.is_complete = false),
        ("moved data and has no copy of it", |c| c.claim_uid = Some(Name::from("claim-0"))),
        ("moved data and has no copy of it", |c| c.claim_name = Name::from("other")),
        ("moved data and has no copy of it", |c| c.claim_namespace = Name::from("other")),
        ("moved data and has no copy of it", |c| c.point = Name::from("q")),
        ("moved data and has no copy of it", |c| c.namespace = Name::from(NAMESPACE)),
    ];
    for (found, change) in cases {
        let mut changed = copy("p");
        change(&mut changed);
        let verdict = verdict_of(with_run(|_| ()).with(Fact::VolumeCopy(changed)));
        assert_eq!(verdict.state(at(NOW)), State::Fail);
        assert!(verdict.issues[0].found.ends_with(found), "{}", verdict.issues[0].found);
    }
}

#[test]
fn an_empty_copy_is_a_finding_unless_empty_is_fine() {
    let empty = || with_run(|_| ()).with(Fact::VolumeCopy(VolumeCopy { is_empty: true, ..copy("p") }));
    let verdict = verdict_of(empty());
    assert_eq!(verdict.state(at(NOW)), State::Fail);
    assert_eq!(
        verdict.issues[0].found,
        "Backup velero/p of 2026-06-15T02:15:00Z has a copy of it in which nothing was read"
    );
    assert_eq!(state_of(empty().with_flag("emptyIsFine", true)), State::Pass);
    // One of two copies that read something is enough.
    let second = VolumeCopy { name: Name::from("second"), ..copy("p") };
    assert_eq!(state_of(empty().with(Fact::VolumeCopy(second))), State::Pass);
}

#[test]
fn counts_alone_never_pass_whatever_evidence_is_allowed() {
    let counted = |evidence: &str, data: VolumeData, snapshots| {
        let run = with_run(|run| (run.volume_data, run.snapshots) = (data, snapshots));
        verdict_of(run.with_text("evidence", evidence))
    };
    for data in [VolumeData::Snapshots, VolumeData::Undecided] {
        for snapshots in [(1, 1), (2, 1)] {
            for (evidence, why) in [
                ("PerVolume", "Backup velero/p has no per-volume evidence, only counts"),
                (
                    "Manifest",
                    "Backup velero/p has no per-volume evidence, only counts; this version does not read the list in the store",
                ),
            ] {
                let verdict = counted(evidence, data, snapshots);
                let undecidable = Problem::Unknown(Unknown::Undecidable(why.to_owned()));
                assert_eq!(verdict.issues[0].problem, undecidable);
                assert_eq!(
                    verdict.issues[0].fix,
                    "use snapshotMoveData or file backup, so that each volume has a copy of its own"
                );
            }
        }
    }
}

#[test]
fn a_word_of_the_engine_that_is_not_known_is_neither_good_nor_bad() {
    let verdict = verdict_of(with_run(|run| run.state = PointState::Unknown(Name::from("Dreaming"))));
    let why = "Backup velero/p is `Dreaming`, which this version does not know";
    assert_eq!(verdict.issues[0].problem, Problem::Unknown(Unknown::Undecidable(why.to_owned())));
}

#[test]
fn an_engines_clock_may_be_ahead_by_five_minutes_and_no_more() {
    let taken_at =
        |text: &str| with_run(|run| run.taken_at = Some(at(text))).with(Fact::VolumeCopy(copy("p")));
    assert_eq!(state_of(taken_at("2026-06-15T12:05:00Z")), State::Pass);
    let verdict = verdict_of(taken_at("2026-06-15T12:05:01Z"));
    let why = "clock skew: Backup velero/p was taken at 2026-06-15T12:05:01Z, which is still to come";
    assert_eq!(verdict.issues[0].problem, Problem::Unknown(Unknown::Undecidable(why.to_owned())));
    assert_eq!(verdict.next_change(at(NOW)), Some(at("2026-06-15T12:00:01Z")));
}

#[test]
fn only_the_newest_run_that_left_a_point_is_judged() {
    let newer = |change: fn(&mut RecoveryPoint)| {
        let mut newer = moved("newer", "2026-06-15T11:00:00Z");
        change(&mut newer);
        state_of(with_run(|_| ()).with(Fact::VolumeCopy(copy("p"))).with(Fact::RecoveryPoint(newer)))
    };
    assert_eq!(newer(|_| ()), State::Fail);
    let left_out: [Case<RecoveryPoint>; 6] = [
        ("running", |run| run.state = PointState::Running),
        ("failed", |run| run.state = PointState::Failed),
        ("being deleted", |run| run.state = PointState::Deleting),
        ("of another namespace", |run| run.selection = literal(&["another"])),
        ("imported", |run| run.origin = Origin::Imported),
        ("invented beside the engine", |run| run.namespace = Name::from(NAMESPACE)),
    ];
    for (what, change) in left_out {
        assert_eq!(newer(change), State::Pass, "{what}");
    }
}

fn second_schedule(data: VolumeData) -> Fact {
    Fact::Schedule(Schedule { name: Name::from("second"), volume_data: data, ..schedule() })
}

fn run_of_second(change: fn(&mut RecoveryPoint)) -> Fact {
    let mut run =
        RecoveryPoint { schedule: Some(Name::from("second")), ..moved("q", "2026-06-14T03:00:00Z") };
    change(&mut run);
    Fact::RecoveryPoint(run)
}

#[test]
fn every_schedule_is_judged_by_its_own_newest_run() {
    let held = || with_run(|_| ()).with(Fact::VolumeCopy(copy("p"))).with(second_schedule(VolumeData::Moved));
    assert_eq!(state_of(held()), State::Pass);
    let verdict = verdict_of(held().with(run_of_second(|_| ())));
    assert_eq!(verdict.issues.len(), 1);
    assert_eq!(verdict.issues[0].field, "Schedule velero/second");
    assert_eq!(state_of(held().with(run_of_second(|_| ())).with(Fact::VolumeCopy(copy("q")))), State::Pass);
    let both =
        verdict_of(with_run(|_| ()).with(second_schedule(VolumeData::Moved)).with(run_of_second(|_| ())));
    assert_eq!(both.issues.len(), 2);
}

#[test]
fn what_was_run_by_hand_or_by_a_schedule_that_serves_no_more_counts_only_where_nothing_else_does() {
    let beside = || with_run(|_| ()).with(Fact::VolumeCopy(copy("p")));
    assert_eq!(state_of(beside().with(run_of_second(|_| ()))), State::Pass);
    let paused = Fact::Schedule(Schedule { is_paused: true, name: Name::from("second"), ..schedule() });
    assert_eq!(state_of(beside().with(paused).with(run_of_second(|_| ()))), State::Pass);
    assert_eq!(state_of(bench(&CONTROL).with(run_of_second(|_| ()))), State::Fail);
    let held =
        bench(&CONTROL).with(run_of_second(|run| run.schedule = None)).with(Fact::VolumeCopy(copy("q")));
    assert_eq!(state_of(held), State::Pass);
}

#[test]
fn resources_only_is_no_breach_beside_a_run_that_copies_volumes() {
    let resources = |run: &mut RecoveryPoint| {
        run.taken_at = Some(at("2026-06-15T11:00:00Z"));
        run.volume_data = VolumeData::None;
    };
    let held = with_run(|_| ()).with(Fact::VolumeCopy(copy("p"))).with(second_schedule(VolumeData::None));
    assert_eq!(state_of(held.with(run_of_second(resources))), State::Pass);
}

fn young(created: &str) -> Fact {
    Fact::PersistentVolumeClaim(PersistentVolumeClaim { meta: meta_of("claim-1", created), ..claim() })
}

#[test]
fn a_claim_waits_for_its_first_run_until_the_second_is_due() {
    // Made at 11:00, after the night's run: its first is the next night's, which has until the night after it.
    let due = "2026-06-17T02:15:00Z";
    let waiting = |now| with_run(|_| ()).with(Fact::VolumeCopy(copy("p"))).now(now);
    let verdict = waiting(NOW).verdict_of(young("2026-06-15T11:00:00Z"));
    assert_eq!(verdict.issues[0].problem, Problem::Pending { due: at(due) });
    assert_eq!(verdict.next_change(at(NOW)), Some(at(due)));
    assert_eq!(waiting("2026-06-17T02:14:59Z").state_of(young("2026-06-15T11:00:00Z")), State::Pending);
    let late = waiting(due).verdict_of(young("2026-06-15T11:00:00Z"));
    assert_eq!(late.state(at(due)), State::Fail);
    assert_eq!(late.issues[0].found, "no run that should hold it has ended well");
}

#[test]
fn without_a_schedule_a_claim_waits_five_minutes() {
    let alone = |now| bench(&CONTROL).now(now).state_of(young("2026-06-15T11:58:00Z"));
    assert_eq!(alone("2026-06-15T12:02:59Z"), State::Pending);
    assert_eq!(alone("2026-06-15T12:03:00Z"), State::Fail);
}

#[test]
fn what_is_not_expected_is_not_applicable_and_the_engines_choice_changes_nothing() {
    let unbound = PersistentVolumeClaim { is_bound: false, ..claim() };
    assert_eq!(nightly().state_of(Fact::PersistentVolumeClaim(unbound)), State::NotApplicable);
    let exempt = policy("a", json!({"exempt": {"storageClasses": ["scratch"]}}));
    let scratch = PersistentVolumeClaim { storage_class: Some(Name::from("scratch")), ..claim() };
    assert_eq!(nightly().with(exempt).state_of(Fact::PersistentVolumeClaim(scratch)), State::NotApplicable);
    let labels = crate::core::facts::Labels::from([("velero.io/exclude-from-backup", "true")]);
    let opted_out = PersistentVolumeClaim { labels, ..claim() };
    assert_eq!(with_run(|_| ()).state_of(Fact::PersistentVolumeClaim(opted_out)), State::Fail);
}

#[test]
fn a_copy_that_cannot_be_seen_is_no_missing_one() {
    for state in [SourceState::Stale(at(LONG_AGO)), SourceState::FilesOnly] {
        let hidden = with_run(|_| ()).with_source(Source::VeleroVolumeCopies, state);
        assert_eq!(state_of(hidden), State::Error);
    }
    let files = nightly().with_source(Source::VeleroBackups, SourceState::FilesOnly);
    assert_eq!(state_of(files), State::Error);
}
