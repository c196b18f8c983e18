//! What holds of every history.

use super::*;

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
