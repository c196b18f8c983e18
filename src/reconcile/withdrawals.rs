//! When what is not wanted any more goes: after it was so for a while without a break, and once. Pure; `now` is an
//! argument.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tokio::time::Instant;

use super::unwanted::Unwanted;
use crate::core::facts::ObjectKey;

/// How long nothing must want an object before it goes: watches that lag, and whoever replaces a policy, get this time.
const GRACE: Duration = Duration::from_secs(30);
/// How long after it was sent a withdrawal is sent again, where the object is still there or cannot be seen.
const AGAIN: Duration = Duration::from_hours(1);

/// Since when each object is not wanted, and when its withdrawal was last sent.
#[derive(Debug, Default)]
pub(super) struct Withdrawals {
    since: BTreeMap<ObjectKey, Instant>,
    sent: BTreeMap<ObjectKey, Instant>,
}

impl Withdrawals {
    /// Of what is not wanted now, what is to be withdrawn now.
    pub(super) fn due(&mut self, unwanted: Vec<Unwanted>, now: Instant) -> Vec<Unwanted> {
        let keys: BTreeSet<&ObjectKey> = unwanted.iter().map(|unwanted| &unwanted.key).collect();
        self.since.retain(|key, _| keys.contains(key));
        self.sent.retain(|key, _| keys.contains(key));
        unwanted.into_iter().filter(|unwanted| self.is_due(&unwanted.key, now)).collect()
    }

    fn is_due(&mut self, key: &ObjectKey, now: Instant) -> bool {
        let since = *self.since.entry(key.clone()).or_insert(now);
        let was_sent = self.sent.get(key).is_some_and(|sent| now.duration_since(*sent) < AGAIN);
        let is_due = now.duration_since(since) >= GRACE && !was_sent;
        if is_due {
            self.sent.insert(key.clone(), now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::facts::Kind;

    fn unwanted() -> Vec<Unwanted> {
        let key = ObjectKey::cluster(Kind::ComplianceReport, "acme");
        vec![Unwanted { key, manager: "surety/status", tenant: "acme".into() }]
    }

    #[test]
    fn what_is_not_wanted_goes_after_a_while_and_once() {
        let (mut withdrawals, start) = (Withdrawals::default(), Instant::now());
        let mut is_sent =
            |seconds: u64| !withdrawals.due(unwanted(), start + Duration::from_secs(seconds)).is_empty();
        let found = [0, 29, 30, 31, 3_629, 3_630].map(&mut is_sent);
        assert_eq!(found, [false, false, true, false, false, true]);
    }

    #[test]
    fn what_is_wanted_in_between_waits_anew() {
        let (mut withdrawals, start) = (Withdrawals::default(), Instant::now());
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        assert_eq!(withdrawals.due(unwanted(), at(0)), []);
        assert_eq!(withdrawals.due(Vec::new(), at(20)), []);
        assert_eq!(withdrawals.due(unwanted(), at(40)), []);
        assert_eq!(withdrawals.due(unwanted(), at(70)), unwanted());
    }
}
