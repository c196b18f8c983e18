//! Laws of schedules.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn cadence(text: &str) -> Cadence {
    Cadence::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn gap(text: &str) -> Option<SignedDuration> {
    cadence(text).longest_gap(at("2026-06-15T12:00:00Z"))
}

#[test]
fn the_next_run_is_the_first_after_now_and_never_now_itself() {
    for (text, now, next) in [
        ("15 2 * * *", "2026-06-15T02:14:59.9Z", "2026-06-15T02:15:00Z"),
        ("15 2 * * *", "2026-06-15T02:15:00Z", "2026-06-16T02:15:00Z"),
        ("@hourly", "2026-06-15T23:59:59Z", "2026-06-16T00:00:00Z"),
        ("@daily", "2026-06-15T12:00:00Z", "2026-06-16T00:00:00Z"),
        ("@midnight", "2026-06-15T12:00:00Z", "2026-06-16T00:00:00Z"),
        ("@weekly", "2026-06-15T12:00:00Z", "2026-06-21T00:00:00Z"),
        ("@monthly", "2026-06-15T12:00:00Z", "2026-07-01T00:00:00Z"),
        ("@annually", "2026-06-15T12:00:00Z", "2027-01-01T00:00:00Z"),
        ("@every 1h30m", "2026-06-15T12:00:00Z", "2026-06-15T13:30:00Z"),
        ("@every 0.5s", "2026-06-15T12:00:00Z", "2026-06-15T12:00:01Z"),
        ("CRON_TZ=Europe/Berlin 0 2 * * *", "2026-06-15T12:00:00Z", "2026-06-16T00:00:00Z"),
        ("TZ=UTC 0 2 * * *", "2026-06-15T12:00:00Z", "2026-06-16T02:00:00Z"),
        ("0 0 29 2 *", "2026-06-15T12:00:00Z", "2028-02-29T00:00:00Z"),
        ("0 0 * JAN MON-wed", "2026-06-15T12:00:00Z", "2027-01-04T00:00:00Z"),
        // Velero: where both fields of days are restricted, either is enough.
        ("0 0 13 * 5", "2026-06-15T12:00:00Z", "2026-06-19T00:00:00Z"),
        // Where one of them is a star, however spelt, the other decides.
        ("0 0 13 * */1", "2026-06-15T12:00:00Z", "2026-07-13T00:00:00Z"),
        ("0 0 13 * ?", "2026-06-15T12:00:00Z", "2026-07-13T00:00:00Z"),
        ("0 0 13 * 5,*", "2026-06-15T12:00:00Z", "2026-07-13T00:00:00Z"),
        ("5/20 12 * * *", "2026-06-15T12:06:00Z", "2026-06-15T12:25:00Z"),
        ("*/90 * * * *", "2026-06-15T12:06:00Z", "2026-06-15T13:00:00Z"),
    ] {
        assert_eq!(cadence(text).next_after(at(now)), Some(at(next)), "{text}");
        assert!(cadence(text).has_next_run(at(now)), "{text}");
    }
}

#[test]
fn what_velero_refuses_is_refused_with_the_offending_text() {
    for (text, reason) in [
        ("", "it has 0 fields, not 5"),
        ("15 2 * *", "it has 4 fields, not 5"),
        ("0 15 2 * * *", "it has 6 fields, not 5"),
        ("15 24 * * *", "hour `24` is not between 0 and 23"),
        ("60 2 * * *", "minute `60` is not between 0 and 59"),
        ("15 2 0 * *", "day of month `0` is not between 1 and 31"),
        ("15 2 * 13 *", "month `13` is not between 1 and 12"),
        ("15 2 * * 7", "day of week `7` is not between 0 and 6"),
        ("15 2 L * *", "day of month `L` is not between 1 and 31"),
        ("15 2 * * 5#2", "day of week `5#2` is not between 0 and 6"),
        ("MON 2 * * *", "minute `MON` is not between 0 and 59"),
        ("15 5-2 * * *", "hour `5-2` runs backwards"),
        ("*/0 2 * * *", "minute has step `0`"),
        ("/5 2 * * *", "minute `` is not between 0 and 59"),
        ("1,,2 2 * * *", "minute `` is not between 0 and 59"),
        ("@fortnightly", "`@fortnightly` is no known shorthand"),
        ("@Daily", "`@Daily` is no known shorthand"),
        ("@every", "`@every` is no known shorthand"),
        ("@every soon", "`soon` is no duration such as 90m or 1h30m"),
        ("@every -1h", "`-1h` is no duration such as 90m or 1h30m"),
        ("@every 1d", "`1d` is no duration such as 90m or 1h30m"),
        ("CRON_TZ=Europe/Berlin", "nothing follows its time zone"),
    ] {
        let error = Cadence::parse(text).unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "`{text}` is no schedule: {reason}; write five fields such as `15 2 * * *`, or `@daily`, or `@every 1h`"
            )
        );
    }
}

#[test]
fn zones_come_from_the_binary_by_any_spelling_and_alias() {
    let now = at("2026-06-15T12:00:00Z");
    for zone in ["Europe/Berlin", "europe/berlin", "Arctic/Longyearbyen"] {
        let run = Cadence::parse(&format!("CRON_TZ={zone} 0 2 * * *")).unwrap().next_after(now);
        assert_eq!(run, Some(at("2026-06-16T00:00:00Z")), "{zone}");
    }
}

#[test]
fn an_unknown_time_zone_is_told_apart_because_the_engine_may_know_it() {
    let error = Cadence::parse("CRON_TZ=Mars/Olympus 0 2 * * *").unwrap_err();
    assert!(matches!(error, CadenceError::UnknownZone { .. }));
    assert_eq!(
        error.to_string(),
        "`CRON_TZ=Mars/Olympus 0 2 * * *` names the time zone `Mars/Olympus`, which is not known here; write it in UTC"
    );
}

#[test]
fn a_long_text_is_quoted_in_part() {
    let error = Cadence::parse(&"*".repeat(10_000)).unwrap_err().to_string();
    assert!(error.len() < 300, "{error}");
}

#[test]
fn a_day_that_never_comes_has_no_run_and_no_gap() {
    for text in ["0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *"] {
        assert!(!cadence(text).has_next_run(at("2026-06-15T12:00:00Z")), "{text}");
        assert_eq!(cadence(text).next_after(at("2026-06-15T12:00:00Z")), None, "{text}");
        assert_eq!(gap(text), None, "{text}");
    }
}

#[test]
fn the_longest_gap_is_the_longest_and_not_an_average() {
    for (text, hours) in [
        ("15 2 * * *", 24),
        ("@hourly", 1),
        ("@every 36h", 36),
        ("0 2 * * 1-5", 72),
        ("0 2 * * 0", 7 * 24),
        ("0 2 1 * *", 31 * 24),
        ("0 2 31 * *", 61 * 24),
        ("0 1,2,3 * * *", 22),
        ("* 8-17 * * *", 14),
        ("0 0 1 1 *", 365 * 24),
        // From 2028 to 2032.
        ("0 0 29 2 *", 1_461 * 24),
        // The clock goes back in autumn.
        ("CRON_TZ=Europe/Berlin 0 12 * * *", 25),
        ("CRON_TZ=Europe/Berlin */30 * * * *", 0),
    ] {
        let found = gap(text).unwrap();
        match hours {
            0 => assert_eq!(found, SignedDuration::from_mins(30), "{text}"),
            hours if text == "* 8-17 * * *" => {
                assert_eq!(found, SignedDuration::from_mins(hours * 60 + 1), "{text}");
            }
            hours => assert_eq!(found, SignedDuration::from_hours(hours), "{text}"),
        }
    }
}

#[test]
fn a_hole_that_only_some_months_have_is_found_even_in_a_schedule_of_every_minute() {
    assert_eq!(gap("* * 1-15 * *"), Some(SignedDuration::from_mins(16 * 24 * 60 + 1)));
}

/// The longest gap as the runs themselves show it.
fn gap_by_runs(text: &str, now: Timestamp, horizon: Timestamp) -> Option<SignedDuration> {
    let cadence = cadence(text);
    // From midnight on, because the first day is taken whole.
    let midnight = now.to_zoned(TimeZone::UTC).start_of_day().unwrap().timestamp();
    let mut run = cadence.next_after(midnight.checked_sub(SignedDuration::from_secs(1)).unwrap())?;
    let mut longest = None;
    while run <= horizon || longest.is_none() {
        let Some(next) = cadence.next_after(run) else { break };
        longest = longest.max(Some(next.duration_since(run)));
        run = next;
    }
    longest
}

fn field(least: u32, greatest: u32) -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just("*".to_owned()),
        3 => (least..=greatest).prop_map(|value| value.to_string()),
        1 => (least..=greatest, least..=greatest).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        1 => (least..=greatest, 1..=greatest).prop_map(|(start, step)| format!("{start}/{step}")),
        1 => (1..=greatest).prop_map(|step| format!("*/{step}")),
        1 => (least..=greatest, least..=greatest).prop_map(|(a, b)| format!("{a},{b}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_longest_gap_is_the_one_that_the_runs_show(
        minute in 0..60_u32,
        hour in field(0, 23),
        day in field(1, 31),
        month in field(1, 12),
        weekday in field(0, 6),
        start in 1_700_000_000_i64..1_900_000_000,
    ) {
        let text = format!("{minute} {hour} {day} {month} {weekday}");
        let now = Timestamp::from_second(start).unwrap();
        // The last day is taken whole too, with its last minute.
        let horizon = now.to_zoned(TimeZone::UTC).start_of_day().unwrap().timestamp()
            .checked_add(SignedDuration::from_mins(401 * 24 * 60 - 1)).unwrap();
        // The first of the runs of a leap day tell nothing of the years between.
        let shows_runs = cadence(&text).next_after(now).is_none_or(|run| run <= horizon);
        prop_assume!(shows_runs);
        prop_assert_eq!(cadence(&text).longest_gap(now), gap_by_runs(&text, now, horizon), "{}", text);
    }

    #[test]
    fn no_two_runs_in_a_zone_with_summer_time_lie_further_apart_than_the_longest_gap(
        minute in 0..60_u32,
        hour in field(0, 23),
        weekday in field(0, 6),
        start in 1_700_000_000_i64..1_900_000_000,
    ) {
        let text = format!("CRON_TZ=America/New_York {minute} {hour} * * {weekday}");
        let cadence = cadence(&text);
        let longest = cadence.longest_gap(Timestamp::from_second(start).unwrap()).unwrap();
        let mut run = cadence.next_after(Timestamp::from_second(start).unwrap()).unwrap();
        for _ in 0..400 {
            let next = cadence.next_after(run).unwrap();
            prop_assert!(next > run && next.duration_since(run) <= longest, "{} {} {}", text, run, next);
            run = next;
            if run.as_second() > start + 399 * 86_400 {
                break;
            }
        }
    }

    #[test]
    fn no_text_makes_reading_it_fail_in_any_other_way(text in "[-0-9*/,@?#LW a-zA-Z=_]{0,40}") {
        if let Ok(cadence) = Cadence::parse(&text) {
            let now = at("2026-06-15T12:00:00Z");
            prop_assert_eq!(cadence.has_next_run(now), cadence.next_after(now).is_some(), "{}", text);
        }
    }
}
