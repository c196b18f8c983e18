//! How far apart the runs of a schedule can lie.
//!
//! Counted by days, not by runs: on an ordinary day the times of day decide, so that a schedule of every minute costs no
//! more than one of every day. Only on days on which the clock changes are the runs themselves enumerated.

use jiff::{SignedDuration, Timestamp, civil::Date};

use super::cadence::Calendar;
use croner::time::Weekday;

const HORIZON_DAYS: i32 = 400;
/// 29 February can be eight years away (1896 to 1904, 2096 to 2104).
const FURTHEST_DAY: usize = 366 * 8 + 2;
/// One run a minute on a day of 25 hours, and some.
const MOST_RUNS_A_DAY: usize = 2_000;

/// The first and last run of a day, and the longest time between two of its runs.
#[derive(Clone, Copy)]
struct Day {
    first: Timestamp,
    last: Timestamp,
    longest_gap: SignedDuration,
}

/// The longest time between two runs that follow each other.
pub(super) fn longest(calendar: &Calendar, now: Timestamp) -> Option<SignedDuration> {
    let ordinary = OrdinaryDay::of(calendar)?;
    let mut date = calendar.date_of(now);
    let horizon = date.checked_add(jiff::Span::new().days(HORIZON_DAYS)).ok()?;
    let mut longest: Option<SignedDuration> = None;
    let mut last_run: Option<Timestamp> = None;
    while let Some(found) = calendar.next_day(date) {
        if let Some(day) = runs_on(calendar, &ordinary, found) {
            let since_last = last_run.map(|last| day.first.duration_since(last));
            longest = longest.max(since_last);
            if found > horizon && longest.is_some() {
                break;
            }
            longest = longest.max((day.longest_gap > SignedDuration::ZERO).then_some(day.longest_gap));
            last_run = Some(day.last);
        }
        date = found.tomorrow().ok()?;
    }
    longest
}

/// The runs of a day on which the clock does not change, from its midnight on.
struct OrdinaryDay {
    first: SignedDuration,
    last: SignedDuration,
    longest_gap: SignedDuration,
}

impl OrdinaryDay {
    fn of(calendar: &Calendar) -> Option<Self> {
        let pattern = &calendar.cron.pattern;
        let hours = (0..24_u32).filter(|hour| pattern.hour_match(*hour).unwrap_or(false));
        let minutes = |hour: u32| {
            let minutes = (0..60_u32).filter(|minute| pattern.minute_match(*minute).unwrap_or(false));
            minutes.map(move |minute| SignedDuration::from_mins(i64::from(hour * 60 + minute)))
        };
        let mut times = hours.flat_map(minutes);
        let first = times.next()?;
        let (last, longest_gap) = times.fold((first, SignedDuration::ZERO), |(last, longest), time| {
            (time, longest.max(time.saturating_sub(last)))
        });
        Some(Self { first, last, longest_gap })
    }
}

/// The runs of a day; none where the clock jumps over all of them.
fn runs_on(calendar: &Calendar, ordinary: &OrdinaryDay, date: Date) -> Option<Day> {
    let start = date.to_zoned(calendar.zone.clone()).ok()?;
    let end = date.tomorrow().ok()?.to_zoned(calendar.zone.clone()).ok()?;
    let length = end.timestamp().duration_since(start.timestamp());
    if length == SignedDuration::from_hours(24) && start.offset() == end.offset() {
        let midnight = start.timestamp();
        let at = |time: SignedDuration| midnight.checked_add(time).ok();
        return Some(Day {
            first: at(ordinary.first)?,
            last: at(ordinary.last)?,
            longest_gap: ordinary.longest_gap,
        });
    }
    let mut runs = Vec::new();
    let mut next = calendar.cron.find_next_occurrence(&start, true);
    while let Ok(run) = next {
        if run >= end || runs.len() >= MOST_RUNS_A_DAY {
            break;
        }
        next = calendar.cron.find_next_occurrence(&run, false);
        runs.push(run.timestamp());
    }
    let gaps = runs.iter().zip(runs.iter().skip(1)).map(|(run, next)| next.duration_since(*run));
    Some(Day {
        first: *runs.first()?,
        last: *runs.last()?,
        longest_gap: gaps.max().unwrap_or(SignedDuration::ZERO),
    })
}

impl Calendar {
    /// The date in the schedule's own time zone.
    pub(super) fn date_of(&self, instant: Timestamp) -> Date {
        instant.to_zoned(self.zone.clone()).date()
    }

    /// The first day from `date` on, that day included, on which it runs; none where there is none within eight years.
    pub(super) fn next_day(&self, date: Date) -> Option<Date> {
        date.series(jiff::Span::new().days(1)).take(FURTHEST_DAY).find(|date| self.runs_on_day(*date))
    }

    fn runs_on_day(&self, date: Date) -> bool {
        let (Ok(month), Ok(day)) = (u32::try_from(date.month()), u32::try_from(date.day())) else {
            return false;
        };
        let weekday = u32::try_from(date.weekday().to_sunday_zero_offset()).unwrap_or(0);
        let pattern = &self.cron.pattern;
        let weekday = Weekday::from_days_from_sunday(weekday);
        pattern.month_match(month).unwrap_or(false)
            && pattern.day_match(i32::from(date.year()), month, day, weekday).unwrap_or(false)
    }
}
