//! Acts by which points go early, or are set to go early or late.

use super::*;

/// A world in which a profile promises thirty days, with a point of 10 June.
fn promised() -> Bench {
    bench(&CONTROL)
        .with(profile_demanding("backup.retention", &json!({"atLeast": "30d", "atMost": "30d"})))
        .with(Fact::PersistentVolumeClaim(claim()))
        .with(Fact::Schedule(schedule()))
        .with(Fact::RecoveryPoint(point("p", TAKEN)))
}

#[test]
fn a_young_point_is_not_deleted_by_hand() {
    let bench = promised();
    let old = Fact::RecoveryPoint(point("p", TAKEN));
    let deed = |now| Deed::in_world(&bench.world).at(now);
    let issues = deed(NOW).deletes(&CONTROL, &old);
    assert_eq!(
        (issues[0].found.as_str(), issues[0].wanted.as_str(), issues[0].fix.as_str()),
        (
            "Backup velero/p deleted at 2026-06-15T12:00:00Z",
            "kept until 2026-07-10T02:15:00Z (at least 30d)",
            "delete it after 2026-07-10T02:15:00Z, or ask for a waiver"
        )
    );
    assert_eq!(deed("2026-07-10T02:14:59Z").deletes(&CONTROL, &old).len(), 1);
    assert!(deed(KEPT_UNTIL).deletes(&CONTROL, &old).is_empty());
    assert_eq!(deed(NOW).by(SURETY).deletes(&CONTROL, &old).len(), 1);
}

#[test]
fn the_engine_is_not_kept_from_removing_the_object_of_what_is_gone() {
    let bench = promised();
    let old = Fact::RecoveryPoint(point("p", TAKEN));
    assert!(Deed::in_world(&bench.world).by(ENGINE).deletes(&CONTROL, &old).is_empty());
}

#[test]
fn nobody_asks_the_engine_to_delete_a_young_point_the_engine_neither() {
    let bench = promised();
    for user in ["someone@example.com", ENGINE, SURETY] {
        let deed = |now| Deed::in_world(&bench.world).by(user).at(now);
        let issues = deed(NOW).requests_deletion(&CONTROL, &point("p", TAKEN));
        assert_eq!(fields(&issues), ["spec.backupName"], "{user}");
        assert!(deed(KEPT_UNTIL).requests_deletion(&CONTROL, &point("p", TAKEN)).is_empty(), "{user}");
    }
}

#[test]
fn what_holds_no_data_of_a_tenant_may_go() {
    let cases: [fn(&mut RecoveryPoint); 4] = [
        |p| p.state = PointState::Failed,
        |p| p.state = PointState::Running,
        |p| p.state = PointState::Deleting,
        |p| p.selection = literal(&["another"]),
    ];
    for change in cases {
        let mut changed = point("p", TAKEN);
        change(&mut changed);
        let bench = promised().with(Fact::RecoveryPoint(changed.clone()));
        assert!(Deed::in_world(&bench.world).deletes(&CONTROL, &Fact::RecoveryPoint(changed)).is_empty());
    }
    let unpromised = bench(&CONTROL).with(Fact::RecoveryPoint(point("p", TAKEN)));
    assert!(
        Deed::in_world(&unpromised.world)
            .deletes(&CONTROL, &Fact::RecoveryPoint(point("p", TAKEN)))
            .is_empty()
    );
}

#[test]
fn a_point_of_an_unknown_state_or_a_partial_one_is_kept() {
    for state in [PointState::Partial, PointState::Unknown(Name::from("Dreaming"))] {
        let kept = RecoveryPoint { state, ..point("p", TAKEN) };
        let bench = promised().with(Fact::RecoveryPoint(kept.clone()));
        assert_eq!(Deed::in_world(&bench.world).deletes(&CONTROL, &Fact::RecoveryPoint(kept)).len(), 1);
    }
}

#[test]
fn a_point_that_is_not_in_view_is_not_deleted_on_doubt() {
    let missing = point("missing", TAKEN);
    let unsynced = promised().with_source(Source::VeleroBackups, SourceState::Pending);
    let issues = Deed::in_world(&unsynced.world).requests_deletion(&CONTROL, &missing);
    assert!(matches!(issues[0].problem, Problem::Unknown(Unknown::NotKnown(_))), "{issues:?}");
    assert!(Deed::in_world(&promised().world).requests_deletion(&CONTROL, &missing).is_empty());
}

#[test]
fn a_policy_protects_without_any_promise_and_the_latest_bound_of_all_tenants_counts() {
    let bench = bench(&CONTROL)
        .with(policy("a", json!({"retention": {"atLeast": "10d"}})))
        .with(policy("b", json!({"retention": {"atLeast": "60d"}})))
        .with(Fact::RecoveryPoint(point("p", TAKEN)));
    let issues = Deed::in_world(&bench.world).deletes(&CONTROL, &Fact::RecoveryPoint(point("p", TAKEN)));
    assert_eq!(issues[0].wanted, "kept until 2026-08-09T02:15:00Z (at least 60d)");
}

#[test]
fn only_the_engine_writes_when_a_point_expires_and_why_it_could_not_delete_it() {
    let bench = promised();
    let old = Fact::RecoveryPoint(point("p", TAKEN));
    let extended = Fact::RecoveryPoint(expiring("2036-01-01T00:00:00Z"));
    let stuck = RecoveryPoint { deletion_failure: Some(Name::from("BSLReadOnly")), ..point("p", TAKEN) };
    let stuck = Fact::RecoveryPoint(stuck);
    let deed = || Deed::in_world(&bench.world);
    assert_eq!(fields(&deed().updates(&CONTROL, &old, &extended)), ["status.expiration"]);
    assert_eq!(fields(&deed().updates(&CONTROL, &stuck, &old)), ["metadata.labels"]);
    assert!(deed().by(ENGINE).updates(&CONTROL, &old, &extended).is_empty());
}

fn owned_by(uid: &str, point: RecoveryPoint) -> RecoveryPoint {
    let owner = Owner {
        kind: Name::from("Schedule"),
        name: Name::from("daily"),
        uid: Name::from(uid),
        is_controller: true,
    };
    RecoveryPoint { meta: Meta { owner_references: Arc::from([owner]), ..point.meta }, ..point }
}

#[test]
fn a_young_point_gets_no_owner_with_which_it_would_go() {
    let bench = promised();
    let old = Fact::RecoveryPoint(point("p", TAKEN));
    let owned = Fact::RecoveryPoint(owned_by("dead", point("p", TAKEN)));
    let deed = |now| Deed::in_world(&bench.world).at(now);
    assert_eq!(fields(&deed(NOW).updates(&CONTROL, &old, &owned)), ["metadata.ownerReferences"]);
    assert!(deed(KEPT_UNTIL).updates(&CONTROL, &old, &owned).is_empty());
    // To lose one makes nothing go.
    assert!(deed(NOW).updates(&CONTROL, &owned, &old).is_empty());
}

#[test]
fn a_schedule_that_owns_young_points_is_deleted_only_without_them() {
    let bench = promised().with(Fact::RecoveryPoint(owned_by("schedule-1", point("p", TAKEN))));
    let schedule = Fact::Schedule(schedule());
    let issues = Deed::in_world(&bench.world).deletes(&CONTROL, &schedule);
    assert_eq!(
        issues[0].fix,
        "delete the schedule with `--cascade=orphan`, or pause it until 2026-07-10T02:15:00Z"
    );
    assert!(Deed::in_world(&bench.world).orphans(&CONTROL, &schedule).is_empty());
    assert!(Deed::in_world(&promised().world).deletes(&CONTROL, &schedule).is_empty());
}

fn living(hours: i64) -> Schedule {
    Schedule { time_to_live: Some(SignedDuration::from_hours(hours)), ..schedule() }
}

#[test]
fn a_schedule_whose_points_go_too_early_or_stay_too_long_is_refused() {
    let bench = promised();
    let deed = Deed::in_world(&bench.world);
    for (hours, found) in [
        (720, Some(("720h0m0s", "more than 720h0m0s (at least 30d)"))),
        (721, None),
        (756, None),
        (792, None),
        (793, Some(("793h0m0s", "at most 792h0m0s (30d and its allowance)"))),
    ] {
        let new = Fact::Schedule(Schedule { name: Name::from("new"), ..living(hours) });
        let issues = deed.creates(&CONTROL, &new);
        let first = issues.first().map(|issue| (issue.found.as_str(), issue.wanted.as_str()));
        assert_eq!(first, found, "{hours}");
        assert!(issues.iter().all(|issue| issue.field == "spec.template.ttl"));
    }
    let short = deed.updates(&CONTROL, &Fact::Schedule(schedule()), &Fact::Schedule(living(24)));
    assert_eq!(
        short[0].fix,
        "set `spec.template.ttl` to 756h0m0s: Velero sets the expiry before the run starts"
    );
}

#[test]
fn a_schedule_that_was_so_before_may_be_changed_otherwise() {
    let bench = promised().with(Fact::Schedule(living(24)));
    let paused = Fact::Schedule(Schedule { is_paused: true, ..living(24) });
    let deed = Deed::in_world(&bench.world);
    assert!(deed.updates(&CONTROL, &Fact::Schedule(living(24)), &paused).is_empty());
    assert_eq!(deed.updates(&CONTROL, &Fact::Schedule(living(24)), &Fact::Schedule(living(25))).len(), 1);
    // It took in nobody's namespace before.
    let elsewhere = Fact::Schedule(Schedule { selection: literal(&["another"]), ..living(24) });
    assert_eq!(deed.updates(&CONTROL, &elsewhere, &Fact::Schedule(living(24))).len(), 1);
}

#[test]
fn a_schedule_of_surety_or_of_nobody_is_not_judged_by_its_time_to_live() {
    let bench = promised();
    let old = Fact::Schedule(schedule());
    assert!(
        Deed::in_world(&bench.world)
            .by(SURETY)
            .updates(&CONTROL, &old, &Fact::Schedule(living(24)))
            .is_empty()
    );
    let elsewhere = Fact::Schedule(Schedule { selection: literal(&["another"]), ..living(24) });
    assert!(Deed::in_world(&bench.world).creates(&CONTROL, &elsewhere).is_empty());
}

#[test]
fn a_copy_is_no_recovery_point() {
    let mut bench = promised();
    index::apply(&mut bench.world, Change::Apply(Fact::VolumeCopy(copy("p"))));
    assert!(Deed::in_world(&bench.world).deletes(&CONTROL, &Fact::VolumeCopy(copy("p"))).is_empty());
}
