//! Keeps what is known of enforcement: for metrics and verdicts at once, for Events and the ledger by the leader.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use tokio::sync::{Notify, watch};

use super::{Enforcement, Seen, probe::Judgement};
use crate::{
    core::{
        facts::{Enforcing, Gap, Source, SourceState},
        world::Proofs,
    },
    index::Snapshots,
    serve::{
        ledger::{Ledger, gap_entry},
        metrics::EnforcementMetrics,
        notable::of_gap,
    },
    watch::Clock,
    write::{EventRecorder, Regarding, Writer},
};

/// What a sentry is given.
pub struct Parts {
    /// Says who leads.
    pub writer: Arc<Writer>,
    /// Tells gaps.
    pub events: Arc<EventRecorder>,
    /// Remembers gaps.
    pub ledger: Ledger,
    /// Shows what is remembered.
    pub snapshots: Snapshots,
    /// Where states are exported.
    pub metrics: EnforcementMetrics,
    /// Where verdicts take the states from.
    pub proofs: watch::Sender<Arc<Proofs>>,
    /// The time of day.
    pub clock: Clock,
}

/// Keeps what is known of enforcement.
pub struct Sentry {
    parts: Parts,
    enforcement: Mutex<Enforcement>,
    /// Why each entry stands as it does, as it was logged last.
    told: Mutex<BTreeMap<&'static str, (Enforcing, Option<String>)>>,
    /// Whether the records of whoever led before were taken over.
    has_adopted: Mutex<bool>,
    changed: Notify,
}

impl Sentry {
    /// Knows nothing yet of these entries.
    pub fn new(parts: Parts, entries: &[&'static str]) -> Self {
        let enforcement = Enforcement::new(entries.iter().copied(), (parts.clock)());
        let sentry = Self {
            enforcement: Mutex::new(enforcement),
            told: Mutex::default(),
            has_adopted: Mutex::new(false),
            changed: Notify::new(),
            parts,
        };
        sentry.publish();
        sentry
    }

    /// Waits until the registration has come into force, or is no longer.
    pub async fn registration_changed(&self) {
        self.changed.notified().await;
    }

    /// The registration was written, or somebody changed it.
    pub fn note_change(&self) {
        self.changed.notify_one();
    }

    /// Takes in a look at the registration.
    pub fn saw(&self, seen: Seen) {
        let now = self.now();
        lock(&self.enforcement).see(seen, now);
    }

    /// Takes in what the answer of an entry meant.
    pub fn judged(&self, entry: &'static str, judgement: Judgement) {
        let now = self.now();
        match judgement {
            Judgement::NothingToRefuse => lock(&self.enforcement).forget(entry, now),
            Judgement::Stands(state, why) => {
                lock(&self.enforcement).probed(entry, state, now);
                self.log(entry, state, why);
            }
        }
        self.publish();
    }

    /// Tells and records what is new, where this replica leads. What cannot be recorded waits.
    pub async fn record(&self, regarding: &Regarding) {
        if !self.parts.writer.is_leading() {
            *lock(&self.has_adopted) = false;
            return;
        }
        if !self.adopt() {
            return;
        }
        let unrecorded = lock(&self.enforcement).take_unrecorded();
        for gap in unrecorded {
            self.record_one(gap, regarding).await;
        }
    }

    async fn record_one(&self, gap: Gap, regarding: &Regarding) {
        if let Err(error) = self.parts.ledger.add(&gap_entry(&gap)).await {
            tracing::error!(%error, ?gap, "a gap in enforcement could not be recorded; it is tried again");
            lock(&self.enforcement).put_back(gap);
            return;
        }
        let notice = of_gap(&gap, regarding.clone());
        tracing::warn!(note = notice.note, "enforcement");
        self.parts.events.record(notice);
    }

    /// Whether the records of whoever led before have been taken over; they must have been read for that.
    fn adopt(&self) -> bool {
        let mut has_adopted = lock(&self.has_adopted);
        let world = self.parts.snapshots.current();
        let is_read = matches!(
            world.source_state(Source::Records),
            SourceState::Synced | SourceState::Unreadable(_) | SourceState::Absent
        );
        if !*has_adopted && is_read {
            lock(&self.enforcement).adopt(world.gaps());
            *has_adopted = true;
        }
        *has_adopted
    }

    fn publish(&self) {
        let (figures, proofs) = {
            let enforcement = lock(&self.enforcement);
            (enforcement.figures().collect(), enforcement.proofs())
        };
        self.parts.metrics.set(figures);
        self.parts.proofs.send_if_modified(|known| {
            let is_new = **known != proofs;
            if is_new {
                *known = Arc::new(proofs);
            }
            is_new
        });
    }

    /// Once for each state and reason.
    fn log(&self, entry: &'static str, state: Enforcing, why: Option<String>) {
        let now = (state, why);
        let mut told = lock(&self.told);
        if told.get(entry) == Some(&now) {
            return;
        }
        let (why, state_text) = (now.1.as_deref().unwrap_or_default(), state.as_str());
        if state == Enforcing::Enforcing {
            tracing::info!(entry, "proved: what must be refused is refused");
        } else {
            tracing::warn!(entry, state = state_text, why, "what must be refused was not refused by Surety");
        }
        told.insert(entry, now);
    }

    fn now(&self) -> Timestamp {
        (self.parts.clock)()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
