//! Acts by which recovery points become too few, too rare or invented.

use super::*;

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
fn what_was_too_rare_before_may_be_changed_into_something_else_that_is() {
    let mut bench = promised();
    index::apply(&mut bench.world, Change::Apply(Fact::Schedule(rare())));
    let other = Fact::Schedule(Schedule { cron: Name::from("15 2 * * 1"), ..schedule() });
    assert!(Deed::in_world(&bench.world).updates(&CONTROL, &Fact::Schedule(rare()), &other).is_empty());
}
