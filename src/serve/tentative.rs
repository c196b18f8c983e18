//! What this replica has just admitted and not yet seen: for ten seconds it counts as tentative, so that of two requests
//! that only together break a promise the second is refused.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::core::facts::{Change, ObjectKey};

/// How long an admitted change counts unless it is seen.
const LIFETIME: Duration = Duration::from_secs(10);
/// How many are kept; past it the oldest is forgotten.
const CAPACITY: usize = 1_000;

/// Admitted changes that were not seen yet.
#[derive(Debug, Default)]
pub struct Tentative(Mutex<VecDeque<(Instant, Change)>>);

impl Tentative {
    /// A change was admitted.
    pub fn admitted(&self, change: Change, now: Instant) {
        let mut changes = self.lock();
        if changes.len() >= CAPACITY {
            changes.pop_front();
        }
        changes.push_back((now, change));
    }

    /// The object was seen: the index knows better now.
    pub fn seen(&self, key: &ObjectKey) {
        self.lock().retain(|(_, change)| change.key() != *key);
    }

    /// The changes that may bear on a request about `key`: of its namespace, and of the cluster.
    pub fn bearing_on(&self, key: &ObjectKey, now: Instant) -> Vec<Change> {
        let mut changes = self.lock();
        changes.retain(|(since, _)| now.saturating_duration_since(*since) < LIFETIME);
        let bears = |change: &Change| {
            let other = change.key();
            other != *key
                && (other.namespace.is_none() || key.namespace.is_none() || other.namespace == key.namespace)
        };
        changes.iter().map(|(_, change)| change).filter(|change| bears(change)).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Instant, Change)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::facts::Kind;

    fn deleted(namespace: &str, name: &str) -> Change {
        Change::Delete(ObjectKey::namespaced(Kind::NetworkPolicy, namespace, name))
    }

    #[test]
    fn what_was_admitted_bears_on_its_neighbours_until_it_is_seen_or_old() {
        let tentative = Tentative::default();
        let start = Instant::now();
        tentative.admitted(deleted("a", "x"), start);
        let neighbour = deleted("a", "y").key();
        assert_eq!(tentative.bearing_on(&neighbour, start).len(), 1);
        assert!(tentative.bearing_on(&deleted("b", "y").key(), start).is_empty());
        assert!(tentative.bearing_on(&deleted("a", "x").key(), start).is_empty());
        assert!(tentative.bearing_on(&neighbour, start + LIFETIME).is_empty());
        tentative.admitted(deleted("a", "x"), start);
        tentative.seen(&deleted("a", "x").key());
        assert!(tentative.bearing_on(&neighbour, start).is_empty());
    }
}
