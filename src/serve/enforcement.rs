//! Whether what is refused is refused: gaps open when the registration goes, is changed by others or is paused, and end
//! when it is as Surety wants it. Pure: `now` is an argument.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::ledger::{Entry, Series};
use crate::write::{Action, Notice, Reason, Regarding, Severity};

/// Why requests are not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// There is no registration.
    Deleted,
    /// Somebody else changed it.
    Changed,
    /// An operator paused it.
    Paused,
}

/// How the registration was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// As it shall be.
    InForce,
    /// Not in force.
    Open(Cause),
    /// Not as it shall be, because Surety itself wants something new.
    Outdated,
}

/// A time during which requests were not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// When it was last known to be in force.
    pub began: Timestamp,
    /// Why.
    pub cause: Cause,
    /// When it was in force again.
    pub ended: Option<Timestamp>,
}

/// What is known of enforcement.
#[derive(Debug, Default)]
pub struct Enforcement {
    last_in_force: Option<Timestamp>,
    gap: Option<Gap>,
}

impl Enforcement {
    /// Takes in a look. Gives the gap that it opened or ended. What was never in force has no gap, unless it is paused.
    pub fn see(&mut self, seen: Seen, now: Timestamp) -> Option<Gap> {
        match seen {
            Seen::InForce => {
                self.last_in_force = Some(now);
                self.gap.take().map(|gap| Gap { ended: Some(now), ..gap })
            }
            Seen::Open(cause) if self.gap.is_none() => {
                let paused_from_the_start = (cause == Cause::Paused).then_some(now);
                let began = self.last_in_force.or(paused_from_the_start)?;
                self.gap = Some(Gap { began, cause, ended: None });
                self.gap
            }
            Seen::Open(_) | Seen::Outdated => None,
        }
    }
}

impl Cause {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "it was deleted",
            Self::Changed => "somebody changed it",
            Self::Paused => "it is paused by surety.dev/paused-until",
        }
    }
}

impl Gap {
    /// As an Event on the registration.
    pub fn notice(&self, regarding: Regarding) -> Notice {
        let (began, why) = (self.began, self.cause.as_str());
        let (severity, reason, note) = match self.ended {
            None => (
                Severity::Warning,
                Reason::EnforcementGap,
                format!(
                    "requests are not refused since {began:.0}, because of the webhook registration: {why}"
                ),
            ),
            Some(ended) => (
                Severity::Normal,
                Reason::EnforcementRestored,
                format!(
                    "requests are refused again since {ended:.0}; they were not for {}, because of the webhook \
                     registration: {why}",
                    lasting(began.duration_until(ended)),
                ),
            ),
        };
        Notice { regarding, related: None, severity, reason, action: Action::Enforce, note }
    }

    /// As a record that stays. Its end replaces its beginning.
    pub fn entry(&self) -> Entry {
        let seconds = self.ended.map(|ended| self.began.duration_until(ended).as_secs());
        let content = json!({
            "began": self.began.to_string(), "cause": self.cause.as_str(),
            "ended": self.ended.map(|ended| ended.to_string()), "seconds": seconds,
        });
        Entry { series: Series::Gap, at: self.began, content }
    }
}

fn lasting(duration: SignedDuration) -> String {
    format!("{} s", duration.as_secs())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use crate::{core::facts::Kind, write::Target};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn regarding() -> Regarding {
        Regarding { target: Target::cluster(Kind::Tenant.resource(), "x"), uid: "u".into() }
    }

    #[test]
    fn a_gap_begins_at_the_last_good_look_and_is_told_once_and_at_its_end_with_its_duration() {
        let mut enforcement = Enforcement::default();
        assert_eq!(enforcement.see(Seen::InForce, at(10)), None);
        let open = enforcement.see(Seen::Open(Cause::Deleted), at(12)).unwrap();
        assert_eq!((open.began, open.ended), (at(10), None));
        assert_eq!(open.notice(regarding()).reason, Reason::EnforcementGap);
        assert_eq!(enforcement.see(Seen::Open(Cause::Changed), at(14)), None);
        assert_eq!(enforcement.see(Seen::Outdated, at(15)), None);
        let ended = enforcement.see(Seen::InForce, at(16)).unwrap();
        assert_eq!(ended, Gap { began: at(10), cause: Cause::Deleted, ended: Some(at(16)) });
        let notice = ended.notice(regarding());
        assert_eq!(notice.reason, Reason::EnforcementRestored);
        assert!(
            notice.note.contains("not for 6 s") && notice.note.ends_with("it was deleted"),
            "{}",
            notice.note
        );
        assert_eq!(enforcement.see(Seen::InForce, at(18)), None);
        let entry = ended.entry();
        assert_eq!((entry.at, entry.content.pointer("/seconds").unwrap().as_i64()), (at(10), Some(6)));
    }

    #[test]
    fn what_was_never_in_force_has_no_gap_unless_it_is_paused() {
        for (seen, opens) in [
            (Seen::Open(Cause::Deleted), false),
            (Seen::Open(Cause::Changed), false),
            (Seen::Outdated, false),
            (Seen::Open(Cause::Paused), true),
        ] {
            assert_eq!(Enforcement::default().see(seen, at(5)).is_some(), opens, "{seen:?}");
        }
    }
}
