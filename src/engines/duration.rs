//! Durations as Go's `time.ParseDuration` reads and `Duration.String` writes them, which engines use everywhere.

use std::fmt;

use jiff::SignedDuration;
use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

const NANOS_A_SECOND: i128 = 1_000_000_000;

/// Reads `720h0m0s`, `1h30m`, `1.5h`, `-10ms`, `0`. None where Go would refuse it.
pub fn go_duration(text: &str) -> Option<SignedDuration> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let nanos = sum(rest)? * sign;
    // Go counts nanoseconds in 64 bits.
    i64::try_from(nanos).ok().map(SignedDuration::from_nanos)
}

/// Writes what [`go_duration`] reads, in whole seconds: `720h0m0s`, `90s` as `1m30s`.
pub fn to_go_duration(duration: SignedDuration) -> String {
    let (sign, seconds) = (if duration.is_negative() { "-" } else { "" }, duration.as_secs().unsigned_abs());
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, _) => format!("{sign}{minutes}m{seconds}s"),
        _ => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

fn sum(mut rest: &str) -> Option<i128> {
    let mut nanos: i128 = 0;
    while !rest.is_empty() {
        let (part, after) = part(rest)?;
        nanos = nanos.checked_add(part)?;
        rest = after;
    }
    Some(nanos)
}

/// One number with its unit, and what follows.
fn part(text: &str) -> Option<(i128, &str)> {
    let (whole, rest) = split_digits(text);
    let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), split_digits);
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let unit_end =
        rest.find(|character: char| character == '.' || character.is_ascii_digit()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at_checked(unit_end)?;
    let unit = unit_nanos(unit)?;
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    Some((whole.checked_mul(unit)?.checked_add(fraction_nanos(fraction, unit))?, rest))
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// The fraction of a unit, in whole nanoseconds.
fn fraction_nanos(digits: &str, unit: i128) -> i128 {
    let (mut nanos, mut scale) = (0, unit);
    for digit in digits.bytes() {
        nanos += i128::from(digit - b'0') * scale / 10;
        scale /= 10;
    }
    nanos
}

fn unit_nanos(unit: &str) -> Option<i128> {
    match unit {
        "ns" => Some(1),
        "us" | "µs" | "μs" => Some(1_000),
        "ms" => Some(1_000_000),
        "s" => Some(NANOS_A_SECOND),
        "m" => Some(60 * NANOS_A_SECOND),
        "h" => Some(3_600 * NANOS_A_SECOND),
        _ => None,
    }
}

/// A field of the Go type `metav1.Duration`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct GoDuration(pub(super) SignedDuration);

impl<'de> Deserialize<'de> for GoDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // By a visitor of its own, so that an error points at the text and not at the object around it.
        deserializer.deserialize_str(GoDurationVisitor)
    }
}

struct GoDurationVisitor;

impl Visitor<'_> for GoDurationVisitor {
    type Value = GoDuration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as 720h0m0s")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<GoDuration, E> {
        let duration = go_duration(text).map(GoDuration);
        duration.ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, nanos) in [
            ("0", Some(0)),
            ("0s", Some(0)),
            ("720h0m0s", Some(720 * 3_600 * 1_000_000_000)),
            ("1h", Some(3_600 * 1_000_000_000)),
            ("1.5h", Some(5_400 * 1_000_000_000)),
            ("1m6.4s", Some(66_400_000_000)),
            (".5s", Some(500_000_000)),
            ("1.s", Some(1_000_000_000)),
            ("-10ms", Some(-10_000_000)),
            ("+2us", Some(2_000)),
            ("3µs4ns", Some(3_004)),
            ("2562047h", Some(2_562_047 * 3_600 * 1_000_000_000)),
            ("2562048h", None),
            ("99999999999999999999999999999999999999999h", None),
            ("", None),
            ("-", None),
            ("h", None),
            (".", None),
            (".s", None),
            ("30d", None),
            ("1", None),
            ("1h ", None),
            ("1 h", None),
            ("--1h", None),
        ] {
            assert_eq!(go_duration(text), nanos.map(SignedDuration::from_nanos), "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for (seconds, text) in
            [(0, "0s"), (59, "59s"), (90, "1m30s"), (2_592_000, "720h0m0s"), (-3_661, "-1h1m1s")]
        {
            let duration = SignedDuration::from_secs(seconds);
            assert_eq!(to_go_duration(duration), text);
            assert_eq!(go_duration(text), Some(duration));
        }
    }
}
