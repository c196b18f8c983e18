//! What is counted of writes. Plain numbers: the metrics room gives them names.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counters of writes.
        #[derive(Debug, Default)]
        pub struct WriteMetrics { $(pub(super) $name: AtomicU64,)* }

        /// The counters at one moment.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct WriteCounts { $($(#[$doc])* pub $name: u64,)* }

        impl WriteMetrics {
            /// What was counted until now.
            pub fn read(&self) -> WriteCounts {
                WriteCounts { $($name: self.$name.load(Relaxed),)* }
            }
        }
    };
}

counters! {
    /// Applies that were sent and taken.
    applied,
    /// Objects that were created, events excluded.
    created,
    /// Objects that were deleted.
    deleted,
    /// Writes that were not sent because nothing would change.
    unchanged,
    /// Writes that were not sent because this replica does not lead.
    skipped,
    /// Applies that were not sent because somebody changes the same field again and again.
    contested,
    /// Writes that failed.
    failed,
    /// Dry runs that were sent.
    dry_runs,
    /// Objects that were read before a first write.
    looked_at,
    /// Queued writes that a newer one replaced.
    coalesced,
    /// Writes that found the queue full.
    dropped,
    /// Outcomes that nobody fetched in time.
    outcomes_dropped,
    /// Events that were created.
    events_sent,
    /// Events that were joined into a later one.
    events_joined,
    /// Events that found the queue full, or too many others open.
    events_dropped,
    /// Events that the API server did not take.
    events_failed,
    /// Renewals of the lease that failed.
    lease_failures,
}

/// Adds one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}
