//! The one loop that owns the book: events in, verdicts kept, metrics and writes out. Every replica runs it; only the
//! leader's writes pass.

mod outcomes;
mod settle;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use ahash::{HashMap, HashSet};
use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::{mpsc, watch},
    time::{MissedTickBehavior, interval, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{book::Book, desired, reported::Reported, withdrawals::Withdrawals, writes::Writes};
use crate::{
    core::{
        facts::{Change, Fact, HeldData, Kind, Name, ObjectKey, Source, SourceState},
        world::{Proofs, World},
    },
    index::Snapshots,
    serve::{health::Readiness, metrics::Metrics},
    watch::{Clock, Event, WatchError, Watches},
    write::{EventRecorder, Notice, Outcome, Target},
};

/// How soon after a change its tenant is reported. Changes in between are reported together.
const SETTLE: Duration = Duration::from_millis(200);
/// The longest sleep: the wall clock may be set, and machines sleep.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// Surety's part of an object: the object, and the field manager.
type Part = (Target, &'static str);

/// How often it is asked what nothing wants any more.
const UNWANTED: Duration = Duration::from_secs(10);
/// How often everything is evaluated again, to heal what was missed.
pub const FULL_PASS: SignedDuration = SignedDuration::from_mins(10);
/// The condition of `/readyz` that every required source has been listed.
pub const SYNCED: &str = "sources";

/// What the engine is given.
pub struct Parts {
    /// The watches.
    pub watches: Watches,
    /// Where worlds are published.
    pub snapshots: Snapshots,
    /// Told at each publication.
    pub published: watch::Sender<u64>,
    /// Where writes go.
    pub writes: Writes,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// Readiness.
    pub readiness: Readiness,
    /// Surety's own namespace.
    pub own_namespace: String,
    /// Since when the registration is in force, as it is found.
    pub enforcing_since: watch::Receiver<Option<Timestamp>>,
    /// How each entry of the registration stands, as it is proved.
    pub proofs: watch::Receiver<Arc<Proofs>>,
    /// Changes that were admitted and seen come here, so that tentative ones are forgotten.
    pub seen: mpsc::Sender<ObjectKey>,
    /// Who leads.
    pub leadership: watch::Receiver<crate::write::Leadership>,
    /// The time of day.
    pub clock: Clock,
    /// Tells changes in Events.
    pub events: Arc<EventRecorder>,
    /// What came of queued writes.
    pub outcomes: mpsc::Receiver<Outcome>,
    /// Stops the engine.
    pub shutdown: CancellationToken,
}

/// The loop and its memory.
pub struct Engine {
    parts: Parts,
    book: Book,
    reported: BTreeMap<Name, Reported>,
    declarations_changed: bool,
    exported: BTreeSet<Name>,
    written: HashMap<Target, BTreeSet<&'static str>>,
    looked_at: HashSet<Part>,
    disputed: HashMap<Part, String>,
    withdrawals: Withdrawals,
    /// The data of each tenant as it was sent last, while this replica leads.
    held: HashMap<Name, BTreeMap<Name, HeldData>>,
}

impl Engine {
    /// An engine that starts with `world`.
    pub fn new(parts: Parts, world: World) -> Self {
        Self {
            parts,
            book: Book::new(world),
            reported: BTreeMap::new(),
            declarations_changed: true,
            exported: BTreeSet::new(),
            written: HashMap::default(),
            looked_at: HashSet::default(),
            disputed: HashMap::default(),
            withdrawals: Withdrawals::default(),
            held: HashMap::default(),
        }
    }

    /// Runs until shutdown. An error is the end of the process.
    pub async fn run(mut self) -> Result<(), WatchError> {
        let mut settle = interval(SETTLE);
        settle.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut full_pass = interval(Duration::try_from(FULL_PASS).unwrap_or(Duration::from_mins(10)));
        full_pass.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut unwanted = interval(UNWANTED);
        unwanted.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let shutdown = self.parts.shutdown.clone();
        loop {
            let pause = self.pause();
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                batch = self.parts.watches.next() => match batch? {
                    Some(batch) => self.take_in(batch),
                    None => return Ok(()),
                },
                () = sleep(pause) => self.tick(),
                _ = settle.tick() => self.settle(),
                _ = full_pass.tick() => self.full_pass(),
                _ = unwanted.tick() => self.withdraw(),
                Ok(()) = self.parts.enforcing_since.changed() => self.note_enforcement(),
                Ok(()) = self.parts.proofs.changed() => self.note_proofs(),
                Ok(()) = self.parts.leadership.changed() => self.leadership_changed(),
                Some(outcome) = self.parts.outcomes.recv() => self.learn(&outcome),
            }
        }
    }

    fn now(&self) -> Timestamp {
        (self.parts.clock)()
    }

    /// How long until the next moment at which a verdict changes.
    fn pause(&mut self) -> Duration {
        let now = self.now();
        let Some(moment) = self.book.next_moment() else { return LONGEST_SLEEP };
        let until = now.duration_until(moment);
        Duration::try_from(until).unwrap_or(Duration::ZERO).min(LONGEST_SLEEP)
    }

    fn tick(&mut self) {
        let now = self.now();
        if self.book.is_open() && self.book.next_moment().is_some_and(|moment| moment <= now) {
            self.book.tick(now);
            self.settle();
        }
    }

    fn take_in(&mut self, batch: Vec<Event>) {
        let now = self.now();
        for event in batch {
            self.take_in_one(event, now);
        }
        if !self.book.is_open() && self.book.can_open() {
            tracing::info!("every required source has been listed");
            self.book.open(now);
            self.parts.readiness.hold(SYNCED);
        }
        self.watch_required_sources();
        self.parts.snapshots.publish(self.book.world().clone());
        self.parts.published.send_modify(|number| *number += 1);
    }

    fn take_in_one(&mut self, event: Event, now: Timestamp) {
        match event {
            Event::Change(_, change) => {
                self.note_managed(&change);
                self.note_end_of_namespace(&change);
                let key = change.key();
                self.declarations_changed |= key.kind.is_declaration();
                self.book.apply(change, now);
                // Full means that the other end sheds by age anyway.
                drop(self.parts.seen.try_send(key));
            }
            Event::Replace { stream, seen } => {
                let seen: BTreeSet<ObjectKey> = seen.into_iter().collect();
                self.book.replace(stream.kind, &seen, |key| stream.covers(key), now);
            }
            Event::Gone { stream } => {
                self.book.replace(stream.kind, &BTreeSet::new(), |key| stream.covers(key), now);
            }
            Event::State(source, state) => {
                tracing::debug!(%source, ?state, "source");
                self.book.set_source(source, state, now);
            }
        }
    }

    /// What Surety wrote and somebody changed or deleted is looked at again.
    fn note_managed(&mut self, change: &Change) {
        let key = change.key();
        match key.kind {
            Kind::Namespace | Kind::NetworkPolicy => self.look_again(&key),
            Kind::VeleroSchedule => {
                self.look_again(&key);
                let now = match change {
                    Change::Apply(Fact::Schedule(schedule)) => desired::tenant_of_schedule(schedule),
                    _ => None,
                };
                let before = self
                    .book
                    .world()
                    .schedule(&key)
                    .and_then(|schedule| desired::tenant_of_schedule(schedule));
                for tenant in now.into_iter().chain(before) {
                    self.book.mark(tenant);
                }
            }
            _ => {}
        }
    }

    /// Says something in an Event, unless its namespace ends: nothing more is taken in there.
    fn tell(&self, notice: Notice) {
        let world = self.book.world();
        let namespace = notice.regarding.target.namespace.as_deref();
        let ends =
            namespace.and_then(|name| world.namespace(name)).is_some_and(|found| found.meta.is_deleting);
        if !ends {
            self.parts.events.record(notice);
        }
    }

    /// What waits to be said in a namespace that ends is not said.
    fn note_end_of_namespace(&self, change: &Change) {
        let ended = match change {
            Change::Apply(Fact::Namespace(namespace)) if namespace.meta.is_deleting => &namespace.name,
            Change::Delete(key) if key.kind == Kind::Namespace => &key.name,
            _ => return,
        };
        self.parts.events.forget_namespace(ended);
    }

    fn look_again(&mut self, key: &ObjectKey) {
        let target = self.parts.writes.look_again(key);
        for manager in self.written.get(&target).into_iter().flatten() {
            self.looked_at.insert((target.clone(), *manager));
        }
    }

    fn watch_required_sources(&self) {
        let world = self.book.world();
        let untrusted =
            Source::ALL.iter().copied().filter(|source| source.is_required()).find_map(|source| {
                let state = world.source_state(source);
                (!matches!(state, SourceState::Synced | SourceState::Unreadable(_) | SourceState::Absent))
                    .then(|| format!("{source}: {state:?}"))
            });
        match untrusted {
            Some(reason) => self.parts.readiness.fail(SYNCED, reason),
            None if self.book.is_open() => self.parts.readiness.hold(SYNCED),
            None => {}
        }
    }

    /// Another may have written meanwhile: what is in the API counts again, and everything is reported.
    fn leadership_changed(&mut self) {
        self.held.clear();
        self.declarations_changed = true;
    }

    fn note_enforcement(&mut self) {
        let now = self.now();
        let since = *self.parts.enforcing_since.borrow_and_update();
        self.book.set_enforcing_since(since, now);
    }

    fn note_proofs(&mut self) {
        let now = self.now();
        let proofs = Arc::clone(&self.parts.proofs.borrow_and_update());
        self.book.set_proofs(proofs, now);
    }

    fn full_pass(&mut self) {
        if self.book.is_open() {
            let now = self.now();
            self.book.evaluate_all(now);
            self.declarations_changed = true;
        }
    }
}
