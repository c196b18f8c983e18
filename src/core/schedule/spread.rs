//! Cron texts for a period, each at a time of its own, so that the schedules of many tenants do not start at once.

use thiserror::Error;

use crate::api::{Span, Unit};

/// A period that the five fields of cron cannot say.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("cron cannot say `every {every}`{}; give one of those, or a schedule", shorter(*.every))]
pub struct NotExpressible {
    /// The period.
    pub every: Span,
}

fn shorter(every: Span) -> String {
    longest_period_within(|period| period <= every)
        .map(|period| format!(", the next shorter period that it can say is {period}"))
        .unwrap_or_default()
}

const MINUTES_AN_HOUR: u64 = 60;
const MINUTES_A_DAY: u64 = 24 * MINUTES_AN_HOUR;
/// Days that every month has.
const SAFE_DAYS: u64 = 28;

/// The cron text, in UTC, of a run every `every`, at a time that depends on tenant and policy alone: it stays the same
/// over restarts and versions, and many tenants spread evenly over the period.
pub fn spread(every: Span, tenant: &str, policy: &str) -> Result<String, NotExpressible> {
    let hash = stable_hash(tenant, policy);
    let refused = NotExpressible { every };
    Ok(match Period::of(every).ok_or(refused)? {
        Period::Minutes(step) => format!("{} * * * *", stepped(hash % step, step, 0, 60)),
        Period::Hours(step) => {
            let time = hash % (step * MINUTES_AN_HOUR);
            let hours = stepped(time / MINUTES_AN_HOUR, step, 0, 24);
            format!("{} {hours} * * *", time % MINUTES_AN_HOUR)
        }
        Period::Day => {
            let (minute, hour, _) = time_within(hash, 1);
            format!("{minute} {hour} * * *")
        }
        Period::Week => {
            let (minute, hour, day) = time_within(hash, 7);
            format!("{minute} {hour} * * {day}")
        }
        Period::Months(step) => {
            let (minute, hour, day) = time_within(hash / step, SAFE_DAYS);
            let months = stepped(hash % step, step, 1, 12);
            format!("{minute} {hour} {} {months} *", day + 1)
        }
    })
}

/// The longest period that cron can say and that `fits`, months left out because they differ in length.
pub fn longest_period_within(fits: impl Fn(Span) -> bool) -> Option<Span> {
    const HOURS: [i32; 7] = [12, 8, 6, 4, 3, 2, 1];
    const MINUTES: [i32; 11] = [30, 20, 15, 12, 10, 6, 5, 4, 3, 2, 1];
    let days = [Span::new(1, Unit::Week), Span::new(1, Unit::Day)].into_iter();
    let hours = HOURS.into_iter().map(|count| Span::new(count, Unit::Hour));
    let minutes = MINUTES.into_iter().map(|count| Span::new(count, Unit::Minute));
    days.chain(hours).chain(minutes).find(|period| fits(*period))
}

/// What cron can say: steps that divide what they step through, so that no gap is longer or shorter.
enum Period {
    Minutes(u64),
    Hours(u64),
    Day,
    Week,
    Months(u64),
}

impl Period {
    fn of(every: Span) -> Option<Self> {
        let count = u64::try_from(every.count()).ok()?;
        match every.unit() {
            Unit::Month => (12 % count == 0).then_some(Self::Months(count)),
            Unit::Year => (count == 1).then_some(Self::Months(12)),
            Unit::Second | Unit::Minute | Unit::Hour | Unit::Day | Unit::Week => {
                let seconds = u64::try_from(every.nominal_seconds()).ok()?;
                (seconds % 60 == 0).then(|| Self::of_minutes(seconds / 60)).flatten()
            }
        }
    }

    fn of_minutes(minutes: u64) -> Option<Self> {
        let hours = minutes / MINUTES_AN_HOUR;
        match minutes {
            MINUTES_A_DAY => Some(Self::Day),
            _ if minutes == 7 * MINUTES_A_DAY => Some(Self::Week),
            1..MINUTES_AN_HOUR if MINUTES_AN_HOUR.is_multiple_of(minutes) => Some(Self::Minutes(minutes)),
            _ if minutes.is_multiple_of(MINUTES_AN_HOUR) && (1..24).contains(&hours) && 24 % hours == 0 => {
                Some(Self::Hours(hours))
            }
            _ => None,
        }
    }
}

/// A field that steps through `count` values from `lowest` on, beginning `offset` above it.
fn stepped(offset: u64, step: u64, lowest: u64, count: u64) -> String {
    let (first, last) = (lowest + offset, lowest + count - 1);
    match step {
        1 => "*".to_owned(),
        step if step >= count => first.to_string(),
        step => format!("{first}-{last}/{step}"),
    }
}

/// Minute, hour and day within so many days.
const fn time_within(hash: u64, days: u64) -> (u64, u64, u64) {
    let minute = hash % (days * MINUTES_A_DAY);
    (minute % MINUTES_AN_HOUR, minute / MINUTES_AN_HOUR % 24, minute / MINUTES_A_DAY)
}

/// FNV-1a, whose values never change; the zero byte keeps (`ab`, `c`) and (`a`, `bc`) apart.
fn stable_hash(tenant: &str, policy: &str) -> u64 {
    let bytes = tenant.bytes().chain([0]).chain(policy.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    // The low bits of FNV-1a are weaker than the high ones.
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use std::collections::BTreeSet;

    use jiff::Timestamp;

    use super::*;
    use crate::core::schedule::Cadence;

    const EXPRESSIBLE: [&str; 22] = [
        "60s", "1m", "5m", "15m", "30m", "60m", "1h", "2h", "3h", "4h", "6h", "8h", "12h", "24h", "1d", "7d",
        "1w", "1mo", "2mo", "3mo", "6mo", "1y",
    ];

    fn span(text: &str) -> Span {
        text.parse().unwrap()
    }

    fn now() -> Timestamp {
        "2026-06-15T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_period_that_cron_can_say_becomes_runs_no_further_apart() {
        for text in EXPRESSIBLE {
            for tenant in ["acme", "globex", "initech"] {
                let cron = spread(span(text), tenant, "daily").unwrap();
                let gap = Cadence::parse(&cron).unwrap().longest_gap(now()).unwrap();
                let longest = match span(text).unit() {
                    Unit::Month => 31 * i64::from(span(text).count()),
                    Unit::Year => 366,
                    _ => 0,
                };
                let longest = (longest * 86_400).max(span(text).nominal_seconds());
                assert!(gap.as_secs() <= longest && gap.as_secs() * 2 > longest, "{text}: {cron}, {gap:?}");
            }
        }
    }

    #[test]
    fn a_period_that_cron_cannot_say_is_refused_with_the_next_shorter_one() {
        for (text, shorter) in [
            ("5h", "4h"),
            ("90m", "1h"),
            ("2d", "1d"),
            ("2w", "1w"),
            ("7m", "6m"),
            ("90s", "1m"),
            ("48h", "1d"),
        ] {
            let error = spread(span(text), "acme", "daily").unwrap_err().to_string();
            assert_eq!(
                error,
                format!(
                    "cron cannot say `every {text}`, the next shorter period that it can say is {shorter}; \
                     give one of those, or a schedule"
                )
            );
        }
        assert!(spread(span("20s"), "acme", "daily").is_err());
        assert!(spread(span("5mo"), "acme", "daily").is_err());
    }

    #[test]
    fn the_time_depends_on_tenant_and_policy_alone_and_never_changes() {
        assert_eq!(
            spread(span("1d"), "acme", "daily").unwrap(),
            spread(span("24h"), "acme", "daily").unwrap()
        );
        assert_eq!(spread(span("1d"), "acme", "daily").unwrap(), "46 14 * * *");
        assert_eq!(spread(span("1w"), "acme", "daily").unwrap(), "46 14 * * 2");
    }

    #[test]
    fn many_tenants_spread_over_the_whole_period() {
        let start = |number: u32| {
            let cron = spread(span("1d"), &format!("tenant-{number}"), "daily").unwrap();
            let mut fields = cron.split(' ').map(str::to_owned);
            (fields.next().unwrap(), fields.next().unwrap())
        };
        let starts: Vec<_> = (0..1_000).map(start).collect();
        let hours: BTreeSet<_> = starts.iter().map(|(_, hour)| hour).collect();
        let minutes: BTreeSet<_> = starts.iter().map(|(minute, _)| minute).collect();
        assert_eq!((hours.len(), minutes.len()), (24, 60));
        let fullest = hours.iter().map(|hour| starts.iter().filter(|(_, own)| own == *hour).count()).max();
        assert!(fullest.unwrap() < 84, "twice the even share: {fullest:?}");
    }
}
