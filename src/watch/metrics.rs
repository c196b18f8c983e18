//! What is counted of the watches. Plain numbers: the metrics room gives them names.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

use jiff::Timestamp;

use crate::core::facts::Kind;

const KINDS: usize = Kind::ALL.len();

/// Counters of every kind.
#[derive(Debug)]
pub struct WatchMetrics {
    kinds: [Counters; KINDS],
}

/// The counters of one kind, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindMetrics {
    /// Lists that were begun: the first, and one after each loss of the position.
    pub lists: u64,
    /// Watches that were opened.
    pub watches: u64,
    /// Requests, watches and lines that failed.
    pub failures: u64,
    /// Events of watches, bookmarks excluded.
    pub events: u64,
    /// Objects, listed or watched, that could not be read.
    pub unreadable: u64,
    /// When the kind was heard last: a complete list, an event or a bookmark.
    pub last_heard: Option<Timestamp>,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) lists: AtomicU64,
    pub(super) watches: AtomicU64,
    pub(super) failures: AtomicU64,
    pub(super) events: AtomicU64,
    pub(super) unreadable: AtomicU64,
    last_heard_seconds: AtomicI64,
}

impl Counters {
    pub(super) fn hear(&self, time: Timestamp) {
        self.last_heard_seconds.store(time.as_second(), Relaxed);
    }

    fn read(&self) -> KindMetrics {
        let seconds = self.last_heard_seconds.load(Relaxed);
        KindMetrics {
            lists: self.lists.load(Relaxed),
            watches: self.watches.load(Relaxed),
            failures: self.failures.load(Relaxed),
            events: self.events.load(Relaxed),
            unreadable: self.unreadable.load(Relaxed),
            last_heard: (seconds > 0).then(|| Timestamp::from_second(seconds).ok()).flatten(),
        }
    }
}

/// Adds one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

impl Default for WatchMetrics {
    fn default() -> Self {
        Self { kinds: std::array::from_fn(|_| Counters::default()) }
    }
}

impl WatchMetrics {
    /// What was counted of `kind` until now.
    pub fn of(&self, kind: Kind) -> KindMetrics {
        self.counters(kind).map(Counters::read).unwrap_or_default()
    }

    pub(super) fn counters(&self, kind: Kind) -> Option<&Counters> {
        self.kinds.get(kind as usize)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn every_kind_counts_for_itself_and_starts_at_nothing() {
        let metrics = WatchMetrics::default();
        for kind in Kind::ALL {
            assert_eq!(metrics.of(*kind), KindMetrics::default());
            count(&metrics.counters(*kind).unwrap().events);
        }
        assert!(Kind::ALL.iter().all(|kind| metrics.of(*kind).events == 1));
    }
}
