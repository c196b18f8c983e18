//! How long each step of a watch may take.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::BackoffRange;

/// Tells the time of day. Only `serve` and tests make one.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The times of a watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long one page of a list, or the head of a watch's answer, may take.
    pub request: Duration,
    /// How long the API server is asked to keep one watch open. It sends a bookmark about once a minute, and one
    /// two seconds before the end.
    pub watch: Duration,
    /// How long a watch may be silent, bookmarks included, before it is given up and listed anew.
    pub silence: Duration,
    /// How much longer a silent kind counts as synced.
    pub grace: Duration,
    /// A watch that ended sooner than this was cut, and is not opened again at once.
    pub shortest_watch: Duration,
    /// How long to wait between failures.
    pub backoff: BackoffRange,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(30),
            watch: Duration::from_secs(290),
            silence: Duration::from_secs(90),
            grace: Duration::from_secs(30),
            shortest_watch: Duration::from_secs(1),
            backoff: BackoffRange::default(),
        }
    }
}

impl Timing {
    /// How long the next watch is asked to last, when the kind was heard of `age` ago.
    ///
    /// A watch that resumes after a cut is short: its closing bookmark proves within the grace that nothing is
    /// missing, where a long one would show its first bookmark only after a minute.
    pub(super) fn next_watch(&self, age: Duration) -> Duration {
        if age <= self.grace / 3 { self.watch } else { self.grace * 2 / 3 }
    }

    /// The age at which a kind is stale.
    pub(super) fn stale(&self) -> Duration {
        self.silence + self.grace
    }
}
