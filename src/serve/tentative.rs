//! What this replica has just admitted and not yet seen: for ten seconds it counts as tentative, so that of two requests
//! that only together break a promise the second is refused.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::core::facts::{Change, Name, ObjectKey};

/// How long an admitted change counts unless it is seen.
const LIFETIME: Duration = Duration::from_secs(10);
/// How many are kept; past it the oldest is forgotten.
const CAPACITY: usize = 1_000;

/// Admitted changes that were not seen yet.
#[derive(Debug, Default)]
pub struct Tentative(Mutex<Changes>);

/// Of each object the latest change; what came before it no longer shows. By namespace, because a request asks for its
/// own: that must not cost more when others are busy.
#[derive(Debug, Default)]
struct Changes {
    by_namespace: ByNamespace,
    /// Oldest first. What was admitted again or seen since stands here still, under a number that no longer counts.
    by_age: VecDeque<(Instant, u64, ObjectKey)>,
    last: u64,
    count: usize,
}

type ByNamespace = BTreeMap<Option<Name>, BTreeMap<ObjectKey, Admitted>>;

#[derive(Debug)]
struct Admitted {
    number: u64,
    change: Change,
}

impl Tentative {
    /// A change was admitted.
    pub fn admitted(&self, change: Change, now: Instant) {
        self.lock().add(change, now);
    }

    /// The object was seen: the index knows better now.
    pub fn seen(&self, key: &ObjectKey) {
        self.lock().remove(key);
    }

    /// The changes that may bear on a request about `key`: of its namespace, and of the cluster. In the order in which
    /// they were admitted.
    pub fn bearing_on(&self, key: &ObjectKey, now: Instant) -> Vec<Change> {
        let mut changes = self.lock();
        changes.forget_older_than(LIFETIME, now);
        let mut bearing: Vec<&Admitted> = changes.near(key).map(|(_, admitted)| admitted).collect();
        bearing.sort_by_key(|admitted| admitted.number);
        bearing.into_iter().map(|admitted| admitted.change.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Changes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Changes {
    fn add(&mut self, change: Change, now: Instant) {
        let key = change.key();
        self.remove(&key);
        while self.count >= CAPACITY {
            self.forget_oldest();
        }
        if self.by_age.len() >= 2 * CAPACITY {
            self.forget_numbers_that_no_longer_count();
        }
        self.last += 1;
        self.count += 1;
        let number = self.last;
        self.by_age.push_back((now, number, key.clone()));
        let around = self.by_namespace.entry(key.namespace.clone()).or_default();
        around.insert(key, Admitted { number, change });
    }

    fn remove(&mut self, key: &ObjectKey) {
        let Some(around) = self.by_namespace.get_mut(&key.namespace) else { return };
        self.count -= usize::from(around.remove(key).is_some());
        if around.is_empty() {
            self.by_namespace.remove(&key.namespace);
        }
    }

    fn forget_oldest(&mut self) {
        let Some((_, number, key)) = self.by_age.pop_front() else { return };
        if is_latest(&self.by_namespace, number, &key) {
            self.remove(&key);
        }
    }

    fn forget_numbers_that_no_longer_count(&mut self) {
        let by_namespace = &self.by_namespace;
        self.by_age.retain(|(_, number, key)| is_latest(by_namespace, *number, key));
    }

    fn forget_older_than(&mut self, lifetime: Duration, now: Instant) {
        let is_over = |since: Instant| now.saturating_duration_since(since) >= lifetime;
        while self.by_age.front().is_some_and(|(since, ..)| is_over(*since)) {
            self.forget_oldest();
        }
    }

    /// Of a request on an object of the cluster everything is near.
    fn near<'a>(&'a self, key: &'a ObjectKey) -> impl Iterator<Item = (&'a ObjectKey, &'a Admitted)> {
        let is_of_cluster = key.namespace.is_none();
        let all = is_of_cluster.then_some(&self.by_namespace).into_iter().flat_map(BTreeMap::values);
        let places = (!is_of_cluster).then_some([&None, &key.namespace]).into_iter().flatten();
        let around = places.filter_map(|place| self.by_namespace.get(place));
        all.chain(around).flatten().filter(move |(other, _)| *other != key)
    }
}

fn is_latest(by_namespace: &ByNamespace, number: u64, key: &ObjectKey) -> bool {
    let around = by_namespace.get(&key.namespace);
    around.and_then(|around| around.get(key)).is_some_and(|latest| latest.number == number)
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

    #[test]
    fn of_an_object_only_the_latest_change_counts_and_all_of_them_in_the_order_of_their_admission() {
        let tentative = Tentative::default();
        let start = Instant::now();
        let later = start + Duration::from_secs(1);
        tentative.admitted(deleted("a", "z"), start);
        tentative.admitted(deleted("a", "x"), start);
        tentative.admitted(deleted("a", "z"), later);
        let neighbour = deleted("a", "y").key();
        assert_eq!(tentative.bearing_on(&neighbour, later), [deleted("a", "x"), deleted("a", "z")]);
        assert_eq!(tentative.bearing_on(&neighbour, start + LIFETIME), [deleted("a", "z")]);
        assert!(tentative.bearing_on(&neighbour, later + LIFETIME).is_empty());
    }

    #[test]
    fn what_is_of_the_cluster_bears_on_everything_and_the_other_way_round() {
        let tentative = Tentative::default();
        let now = Instant::now();
        let class = Change::Delete(ObjectKey::cluster(Kind::StorageClass, "fast"));
        tentative.admitted(class.clone(), now);
        tentative.admitted(deleted("a", "x"), now);
        assert_eq!(tentative.bearing_on(&deleted("b", "y").key(), now), [class]);
        let other = ObjectKey::cluster(Kind::StorageClass, "slow");
        assert_eq!(tentative.bearing_on(&other, now).len(), 2);
    }

    #[test]
    fn past_the_capacity_the_oldest_is_forgotten() {
        let tentative = Tentative::default();
        let now = Instant::now();
        for number in 0..=CAPACITY {
            tentative.admitted(deleted("a", &number.to_string()), now);
        }
        let bearing = tentative.bearing_on(&deleted("a", "y").key(), now);
        assert_eq!(bearing.len(), CAPACITY);
        assert!(!bearing.contains(&deleted("a", "0")));
    }

    #[test]
    fn what_was_admitted_again_or_seen_takes_no_place_of_others() {
        let tentative = Tentative::default();
        let now = Instant::now();
        tentative.admitted(deleted("a", "first"), now);
        for number in 0..5 * CAPACITY {
            tentative.admitted(deleted("a", "again"), now);
            tentative.admitted(deleted("a", &number.to_string()), now);
            tentative.seen(&deleted("a", &number.to_string()).key());
        }
        let bearing = tentative.bearing_on(&deleted("a", "y").key(), now);
        assert_eq!(bearing, [deleted("a", "first"), deleted("a", "again")]);
        assert!(tentative.lock().by_age.len() <= 2 * CAPACITY);
    }
}
