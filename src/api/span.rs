//! Calendar spans: `20s 90m 1h 30d 2w 6mo 7y`, always in UTC, always one unit.
//!
//! The only place where a span is parsed, printed, added to an instant or compared.

use std::{borrow::Cow, fmt, str::FromStr};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// The pattern that the CRD schemas carry, so that the API server refuses a bad span while Surety is down.
pub const SPAN_PATTERN: &str = "^[1-9][0-9]{0,5}(s|m|h|d|w|mo|y)$";

const SECONDS_A_DAY: i64 = 86_400;

/// The unit of a [`Span`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// `s`
    Second,
    /// `m`
    Minute,
    /// `h`
    Hour,
    /// `d`
    Day,
    /// `w`
    Week,
    /// `mo`, a calendar month
    Month,
    /// `y`, a calendar year
    Year,
}

impl Unit {
    const fn suffix(self) -> &'static str {
        match self {
            Self::Second => "s",
            Self::Minute => "m",
            Self::Hour => "h",
            Self::Day => "d",
            Self::Week => "w",
            Self::Month => "mo",
            Self::Year => "y",
        }
    }

    /// Nominal length: a month counts 30 days, a year 365. For allowances and for ordering spans of mixed units only.
    const fn nominal_seconds(self) -> i64 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => SECONDS_A_DAY,
            Self::Week => 7 * SECONDS_A_DAY,
            Self::Month => 30 * SECONDS_A_DAY,
            Self::Year => 365 * SECONDS_A_DAY,
        }
    }
}

/// A positive calendar span of one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    count: i32,
    unit: Unit,
}

/// Why a text is not a span.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "`{text}` is not a span: write one whole number and one unit of s, m, h, d, w, mo, y, such as 30d, 6mo or 7y"
)]
pub struct SpanError {
    text: String,
}

impl Span {
    /// A span of `count` units; counts outside 1..=999999 are clamped into it.
    pub fn new(count: i32, unit: Unit) -> Self {
        Self { count: count.clamp(1, 999_999), unit }
    }

    /// The number of units.
    pub const fn count(self) -> i32 {
        self.count
    }

    /// The unit.
    pub const fn unit(self) -> Unit {
        self.unit
    }

    /// The instant one span after `start`, on the UTC calendar; a shorter month ends at its last day.
    /// Saturates at the end of time that timestamps can hold.
    #[must_use]
    pub fn after(self, start: Timestamp) -> Timestamp {
        let sum = self.to_jiff().and_then(|span| start.to_zoned(TimeZone::UTC).checked_add(span));
        sum.map_or(Timestamp::MAX, |end| end.timestamp())
    }

    /// The instant one span before `end`, on the UTC calendar. Saturates like [`Span::after`].
    #[must_use]
    pub fn before(self, end: Timestamp) -> Timestamp {
        let difference = self.to_jiff().and_then(|span| end.to_zoned(TimeZone::UTC).checked_sub(span));
        difference.map_or(Timestamp::MIN, |start| start.timestamp())
    }

    /// Nominal length in seconds (month 30 days, year 365 days).
    pub fn nominal_seconds(self) -> i64 {
        i64::from(self.count) * self.unit.nominal_seconds()
    }

    /// Nominal length as a duration (month 30 days, year 365 days).
    pub fn nominal(self) -> SignedDuration {
        SignedDuration::from_secs(self.nominal_seconds())
    }

    /// The allowance of an age that comes from `every`: the larger of ten minutes and a tenth of the period.
    pub fn period_allowance(self) -> SignedDuration {
        SignedDuration::from_secs((self.nominal_seconds() / 10).max(600))
    }

    /// The allowance of `atMost`: the larger of one day and a tenth, at most seven days.
    pub fn deletion_allowance(self) -> SignedDuration {
        SignedDuration::from_secs((self.nominal_seconds() / 10).clamp(SECONDS_A_DAY, 7 * SECONDS_A_DAY))
    }

    /// An error where the span is longer than all of time.
    fn to_jiff(self) -> Result<jiff::Span, jiff::Error> {
        let empty = jiff::Span::new();
        match self.unit {
            Unit::Second => empty.try_seconds(self.count),
            Unit::Minute => empty.try_minutes(self.count),
            // Hours as exact time; days and longer follow the calendar, which in UTC has no gaps.
            Unit::Hour => empty.try_hours(self.count),
            Unit::Day => empty.try_days(self.count),
            Unit::Week => empty.try_weeks(self.count),
            Unit::Month => empty.try_months(self.count),
            Unit::Year => empty.try_years(self.count),
        }
    }
}

/// Spans order by nominal length; at equal length the unit decides, so that the order is total.
impl Ord for Span {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.nominal_seconds(), self.unit).cmp(&(other.nominal_seconds(), other.unit))
    }
}

impl PartialOrd for Span {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.count, self.unit.suffix())
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || SpanError { text: text.chars().take(40).collect() };
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, suffix) = text.split_at_checked(digits).ok_or_else(refuse)?;
        let unit = match suffix {
            "s" => Unit::Second,
            "m" => Unit::Minute,
            "h" => Unit::Hour,
            "d" => Unit::Day,
            "w" => Unit::Week,
            "mo" => Unit::Month,
            "y" => Unit::Year,
            _ => return Err(refuse()),
        };
        let has_canonical_digits = (1..=6).contains(&digits) && !number.starts_with('0');
        let count = number.parse().ok().filter(|_| has_canonical_digits).ok_or_else(refuse)?;
        Ok(Self { count, unit })
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": SPAN_PATTERN, "maxLength": 8})
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn span(text: &str) -> Span {
        text.parse().unwrap()
    }

    #[test]
    fn every_unit_is_read_and_printed_unchanged() {
        for text in ["20s", "90m", "1h", "30d", "2w", "6mo", "7y", "999999s"] {
            assert_eq!(span(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_not_one_number_and_one_unit_is_refused_with_the_offending_text() {
        for text in ["", "d", "1d2h", "0d", "01d", "-1d", "1.5h", "1 d", "1D", "1000000s", "1min", "30"] {
            let error = text.parse::<Span>().unwrap_err();
            assert!(error.to_string().starts_with(&format!("`{text}` is not a span")), "{error}");
        }
    }

    #[test]
    fn sums_end_at_the_last_day_of_a_shorter_month() {
        for (start, text, end) in [
            ("2026-01-31T10:00:00Z", "1mo", "2026-02-28T10:00:00Z"),
            ("2028-01-31T10:00:00Z", "1mo", "2028-02-29T10:00:00Z"),
            ("2028-02-29T00:00:00Z", "1y", "2029-02-28T00:00:00Z"),
            ("2026-02-10T00:00:00Z", "1mo", "2026-03-10T00:00:00Z"),
            ("2026-03-29T00:30:00Z", "1d", "2026-03-30T00:30:00Z"),
            ("2026-01-01T00:00:00Z", "2w", "2026-01-15T00:00:00Z"),
        ] {
            assert_eq!(span(text).after(at(start)), at(end), "{start} + {text}");
        }
    }

    #[test]
    fn the_end_of_time_saturates_instead_of_failing() {
        for text in ["999999y", "999999mo", "999999w"] {
            assert_eq!(span(text).after(at("2026-01-01T00:00:00Z")), Timestamp::MAX, "{text}");
        }
        assert_eq!(span("999999y").after(at("2026-01-01T00:00:00Z")), Timestamp::MAX);
        assert_eq!(span("999999y").before(at("2026-01-01T00:00:00Z")), Timestamp::MIN);
    }

    #[test]
    fn allowances_follow_the_rule_of_periods_and_of_deletion() {
        assert_eq!(span("1h").period_allowance(), SignedDuration::from_mins(10));
        assert_eq!(span("1d").period_allowance(), SignedDuration::from_mins(144));
        assert_eq!(span("30d").deletion_allowance(), SignedDuration::from_hours(72));
        assert_eq!(span("2y").deletion_allowance(), SignedDuration::from_hours(7 * 24));
        assert_eq!(span("1d").deletion_allowance(), SignedDuration::from_hours(24));
    }
}
