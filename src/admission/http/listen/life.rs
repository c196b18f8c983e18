//! What a connection has done, and when it has been kept for long enough.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::ConnectionLimits;

/// Counts the requests of one connection.
pub(super) struct Life {
    began: Instant,
    /// When the last request ended, in milliseconds since it began.
    rests_since: AtomicU64,
    in_flight: AtomicUsize,
    has_asked: AtomicBool,
    /// Another needs its place.
    pub(super) evicted: CancellationToken,
}

impl Life {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            rests_since: AtomicU64::new(0),
            in_flight: AtomicUsize::new(0),
            has_asked: AtomicBool::new(false),
            evicted: CancellationToken::new(),
        }
    }

    /// A request began.
    pub(super) fn asked(&self) {
        self.has_asked.store(true, Ordering::Relaxed);
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    /// A request ended.
    pub(super) fn answered(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.rests_since.store(now, Ordering::Relaxed);
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn has_asked(&self) -> bool {
        self.has_asked.load(Ordering::Relaxed)
    }

    /// Waits until it has asked nothing for so long that it need not be kept.
    pub(super) async fn is_idle(&self, limits: &ConnectionLimits) {
        loop {
            let left = self.left(limits);
            if left.is_zero() {
                return;
            }
            sleep(left).await;
        }
    }

    fn left(&self, limits: &ConnectionLimits) -> Duration {
        if self.in_flight.load(Ordering::Relaxed) > 0 {
            return limits.head;
        }
        let rests_since = Duration::from_millis(self.rests_since.load(Ordering::Relaxed));
        let allowed = if self.has_asked() { limits.idle } else { limits.head };
        (rests_since + allowed).saturating_sub(self.began.elapsed())
    }
}
