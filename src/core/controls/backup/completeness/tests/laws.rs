//! What holds of every history.

use proptest::prelude::*;

use super::*;

const CREATED: &str = "2026-06-10T00:00:00Z";

fn state() -> impl Strategy<Value = PointState> {
    prop_oneof![
        4 => Just(PointState::Usable),
        2 => Just(PointState::Partial),
        1 => Just(PointState::Failed),
        1 => Just(PointState::Running),
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

/// Minutes between the claim's creation and the start, how it went, which schedule started it, and its copy of the claim:
/// whether it is complete, and empty.
type Started = (i64, PointState, VolumeData, (i32, i32), bool, Option<(bool, bool)>);

fn started() -> impl Strategy<Value = Started> {
    let copied = proptest::option::of((any::<bool>(), any::<bool>()));
    (-3_000..3_000_i64, state(), volume_data(), (0..3_i32, 0..3_i32), any::<bool>(), copied)
}

fn facts_of(runs: &[Started]) -> Vec<Fact> {
    let mut facts = vec![young(CREATED), Fact::Schedule(schedule()), second_schedule(VolumeData::Undecided)];
    for (number, (minutes, state, volume_data, snapshots, is_of_second, copied)) in runs.iter().enumerate() {
        let name = format!("p{number}");
        let taken_at = at(CREATED).checked_add(SignedDuration::from_mins(*minutes)).unwrap();
        facts.push(Fact::RecoveryPoint(RecoveryPoint {
            state: state.clone(),
            volume_data: *volume_data,
            snapshots: *snapshots,
            schedule: Some(Name::from(if *is_of_second { "second" } else { "daily" })),
            ..point(&name, &taken_at.to_string())
        }));
        if let Some((is_complete, is_empty)) = *copied {
            facts.push(Fact::VolumeCopy(VolumeCopy { is_complete, is_empty, ..copy(&name) }));
        }
    }
    facts
}

fn verdict_at(facts: &[Fact], now: Timestamp) -> Verdict {
    let bench = facts.iter().cloned().fold(bench(&CONTROL), Bench::with);
    bench.now(&now.to_string()).verdict_on(&claim().key().into())
}

fn minutes_later(minutes: i64) -> Timestamp {
    at(CREATED).checked_add(SignedDuration::from_mins(minutes)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_order_in_which_an_engine_tells_its_news_changes_nothing(
        (facts, news) in proptest::collection::vec(started(), 0..6).prop_flat_map(|runs| {
            let facts = facts_of(&runs);
            (Just(facts.clone()), Just(facts).prop_shuffle())
        }),
        minutes in 0..6_000_i64,
    ) {
        let now = minutes_later(minutes);
        prop_assert_eq!(verdict_at(&news, now), verdict_at(&facts, now));
    }

    #[test]
    fn a_point_never_covers_a_claim_that_was_made_after_it(
        runs in proptest::collection::vec(started(), 0..6),
        minutes in 0..6_000_i64,
    ) {
        let before: Vec<_> =
            runs.into_iter().map(|(taken, a, b, c, d, e)| (-taken.abs() - 1, a, b, c, d, e)).collect();
        let now = minutes_later(minutes);
        prop_assert_eq!(verdict_at(&facts_of(&before), now), verdict_at(&facts_of(&[]), now));
    }

    #[test]
    fn it_passes_only_where_a_run_that_ended_has_a_complete_copy(
        runs in proptest::collection::vec(started(), 0..6),
        minutes in 0..6_000_i64,
    ) {
        let now = minutes_later(minutes);
        let passes = verdict_at(&facts_of(&runs), now).state(now) == State::Pass;
        let is_held = |(taken, state, .., copied): &Started| {
            *taken >= 0
                && matches!(state, PointState::Usable | PointState::Partial)
                && *copied == Some((true, false))
        };
        prop_assert!(!passes || runs.iter().any(is_held));
    }

    #[test]
    fn a_verdict_holds_until_the_moment_it_names(
        runs in proptest::collection::vec(started(), 0..6),
        minutes in 0..6_000_i64,
    ) {
        let facts = facts_of(&runs);
        let now = minutes_later(minutes);
        let verdict = verdict_at(&facts, now);
        if let Some(next) = verdict.next_change(now) {
            let just_before = next.checked_sub(SignedDuration::from_nanos(1)).unwrap();
            prop_assert_eq!(verdict_at(&facts, just_before).state(just_before), verdict.state(now));
            prop_assert!(verdict_at(&facts, next).next_change(next).is_none_or(|later| later > next));
        } else {
            let much_later = at("2036-01-01T00:00:00Z");
            prop_assert_eq!(verdict_at(&facts, much_later).state(much_later), verdict.state(now));
        }
    }
}
