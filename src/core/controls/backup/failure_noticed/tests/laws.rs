//! What holds of every history.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

const BEGINNING: &str = "2026-06-10T00:00:00Z";

fn later(minutes: i64) -> Timestamp {
    at(BEGINNING).checked_add(SignedDuration::from_mins(minutes)).unwrap()
}

fn state() -> impl Strategy<Value = PointState> {
    prop_oneof![
        4 => Just(PointState::Usable),
        1 => Just(PointState::Partial),
        1 => Just(PointState::Failed),
        1 => Just(PointState::Running),
        1 => Just(PointState::Deleting),
    ]
}

fn facts_of(runs: &[(i64, PointState)]) -> Vec<Fact> {
    let every_six_hours = Schedule { cron: Name::from("@every 6h"), ..schedule() };
    let mut facts = vec![Fact::PersistentVolumeClaim(claim()), Fact::Schedule(every_six_hours)];
    let runs = runs.iter().enumerate();
    facts.extend(runs.map(|(number, (minutes, state))| {
        run(&format!("p{number}"), &later(*minutes).to_string(), state.clone())
    }));
    facts
}

fn verdict_at(facts: &[Fact], now: Timestamp) -> Verdict {
    let bench = facts.iter().cloned().fold(bench(&CONTROL), Bench::with);
    bench.now(&now.to_string()).verdict_on(&claim().key().into())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_order_in_which_an_engine_tells_its_news_changes_nothing(
        (facts, news) in proptest::collection::vec((0..3_000_i64, state()), 0..6).prop_flat_map(|runs| {
            let facts = facts_of(&runs);
            (Just(facts.clone()), Just(facts).prop_shuffle())
        }),
        minutes in 0..6_000_i64,
    ) {
        prop_assert_eq!(verdict_at(&news, later(minutes)), verdict_at(&facts, later(minutes)));
    }

    #[test]
    fn a_stopped_schedule_is_found_exactly_two_periods_after_its_newest_start(
        runs in proptest::collection::vec(0..3_000_i64, 1..6),
        nanoseconds in -1..=1_i64,
    ) {
        let newest = *runs.iter().max().unwrap();
        let runs: Vec<_> = runs.into_iter().map(|minutes| (minutes, PointState::Usable)).collect();
        let now = later(newest + 720).checked_add(SignedDuration::from_nanos(nanoseconds)).unwrap();
        let expected = if nanoseconds < 0 { State::Pass } else { State::Fail };
        prop_assert_eq!(verdict_at(&facts_of(&runs), now).state(now), expected);
    }

    #[test]
    fn a_verdict_holds_until_the_moment_it_names(
        runs in proptest::collection::vec((0..3_000_i64, state()), 0..6),
        minutes in 0..6_000_i64,
    ) {
        let (facts, now) = (facts_of(&runs), later(minutes));
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
