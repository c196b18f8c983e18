#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use proptest::prelude::*;

use super::*;

fn span(text: &str) -> Span {
    text.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn bounds(at_least: &[&str], at_most: &[&str]) -> RetentionBounds {
    let list = |spans: &[&str]| Parameter::List(spans.iter().map(|text| Name::from(*text)).collect());
    let parameters = Parameters::default().with("atLeast", list(at_least)).with("atMost", list(at_most));
    RetentionBounds::of(&parameters)
}

#[test]
fn an_allowance_is_told_in_minutes_and_one_of_seconds_in_seconds() {
    let told = |every: &str, seconds: i64| {
        AgeLimit::Every { every: span(every), allowance: SignedDuration::from_secs(seconds) }.to_string()
    };
    assert_eq!(told("1d", 144 * 60), "1d and an allowance of 144m");
    assert_eq!(told("12s", 3), "12s and an allowance of 3s");
}

#[test]
fn a_schedule_of_surety_lives_between_the_bounds_for_every_date() {
    for (at_least, at_most, hours) in [
        (&["30d"][..], &["30d"][..], Some(756)),
        (&["30d"], &[], Some(31 * 24)),
        (&[], &["30d"], Some(30 * 24)),
        (&["7d"], &["14d"], Some(14 * 24)),
        (&[], &[], None),
        // The longest month, and the shortest with its allowance of three days: no room, so nothing goes early.
        (&["1mo"], &["1mo"], Some(32 * 24)),
        (&["1y"], &["1y"], Some(369 * 24)),
        (&["7d", "30d"], &["1y", "30d"], Some(756)),
    ] {
        let aim = bounds(at_least, at_most).time_to_live();
        assert_eq!(aim, hours.map(SignedDuration::from_hours), "{at_least:?} {at_most:?}");
    }
}

#[test]
fn of_spans_in_months_the_shorter_for_some_date_falls_short() {
    for (shorter, longer, falls_short) in [
        ("30d", "1mo", true),
        ("31d", "1mo", false),
        ("1mo", "30d", true),
        ("1mo", "28d", false),
        ("365d", "1y", true),
        ("366d", "1y", false),
        ("12mo", "1y", false),
        ("30d", "720h", false),
        ("29d", "30d", true),
        ("2mo", "3mo", true),
    ] {
        assert_eq!(can_fall_short(span(shorter), span(longer)), falls_short, "{shorter} {longer}");
    }
}

#[test]
fn an_age_in_months_is_compared_on_the_calendar() {
    for (own, other, exceeds) in
        [("30d", "1mo", true), ("28d", "1mo", false), ("1mo", "31d", false), ("1mo", "30d", true)]
    {
        let (own_limit, other_limit) = (AgeLimit::Age(span(own)), AgeLimit::Age(span(other)));
        assert_eq!(own_limit.can_exceed(&other_limit), exceeds, "{own} {other}");
    }
    assert!(AgeLimit::every(span("1d")).can_exceed(&AgeLimit::Age(span("26h"))));
    assert!(!AgeLimit::every(span("1d")).can_exceed(&AgeLimit::Age(span("27h"))));
}

fn any_span() -> impl Strategy<Value = Span> {
    let unit =
        prop_oneof![Just(Unit::Hour), Just(Unit::Day), Just(Unit::Week), Just(Unit::Month), Just(Unit::Year)];
    (1..40_i32, unit).prop_map(|(count, unit)| Span::new(count, unit))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_surety_aims_at_breaks_no_bound_at_any_date_unless_they_contradict_each_other(
        lower in any_span(),
        upper in any_span(),
        day in 0..1_461_i64,
    ) {
        let bounds = bounds(&[&lower.to_string()], &[&upper.to_string()]);
        let start = at("2024-01-01T02:15:00Z").checked_add(SignedDuration::from_hours(24 * day)).unwrap();
        let expiry = start.checked_add(bounds.time_to_live().unwrap()).unwrap();
        prop_assert!(expiry > bounds.kept_until(start).unwrap().0, "kept long enough in any case");
        let (least, _) = bounds.least_time_to_live().unwrap();
        let (greatest, _) = bounds.greatest_time_to_live().unwrap();
        if least < greatest {
            prop_assert!(expiry <= bounds.removal(start).unwrap().late_from);
        }
    }

    #[test]
    fn the_order_of_candidates_changes_nothing(first in any_span(), second in any_span(), day in 0..1_461_i64) {
        let (a, b) = (first.to_string(), second.to_string());
        let (one, other) = (bounds(&[&a, &b], &[&a, &b]), bounds(&[&b, &a], &[&b, &a]));
        let start = at("2024-01-01T00:00:00Z").checked_add(SignedDuration::from_hours(24 * day)).unwrap();
        prop_assert_eq!(one.kept_until(start), other.kept_until(start));
        prop_assert_eq!(one.removal(start), other.removal(start));
        prop_assert_eq!(one.time_to_live(), other.time_to_live());
    }
}
