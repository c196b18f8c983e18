//! The one loop that owns the book: events in, verdicts kept, metrics and writes out. Every replica runs it; only the
//! leader's writes pass.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior, interval, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{book::Book, desired, figures, record, status, writes::Writes};
use crate::{
    core::{
        effective::PolicyReference,
        facts::{Change, Fact, Kind, Name, ObjectKey, Source, SourceState},
        plan::Plan,
        result::TenantResult,
        world::World,
    },
    index::Snapshots,
    serve::{health::Readiness, metrics::Metrics},
    watch::{Clock, Event, WatchError, Watches},
    write::{Outcome, WriteError, Written},
};

/// How soon after a change its tenant is reported. Changes in between are reported together.
const SETTLE: Duration = Duration::from_millis(200);
/// The longest sleep: the wall clock may be set, and machines sleep.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
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
    /// Changes that were admitted and seen come here, so that tentative ones are forgotten.
    pub seen: mpsc::Sender<ObjectKey>,
    /// Who leads.
    pub leadership: watch::Receiver<crate::write::Leadership>,
    /// The time of day.
    pub clock: Clock,
    /// What came of queued writes.
    pub outcomes: mpsc::Receiver<Outcome>,
    /// Stops the engine.
    pub shutdown: CancellationToken,
}

/// The loop and its memory.
pub struct Engine {
    parts: Parts,
    book: Book,
    results: BTreeMap<Name, TenantResult>,
    declarations_changed: bool,
    exported: BTreeSet<Name>,
}

impl Engine {
    /// An engine that starts with `world`.
    pub fn new(parts: Parts, world: World) -> Self {
        Self {
            parts,
            book: Book::new(world),
            results: BTreeMap::new(),
            declarations_changed: true,
            exported: BTreeSet::new(),
        }
    }

    /// Runs until shutdown. An error is the end of the process.
    pub async fn run(mut self) -> Result<(), WatchError> {
        let mut settle = interval(SETTLE);
        settle.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut full_pass = interval(Duration::try_from(FULL_PASS).unwrap_or(Duration::from_mins(10)));
        full_pass.set_missed_tick_behavior(MissedTickBehavior::Delay);
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
                Ok(()) = self.parts.enforcing_since.changed() => self.note_enforcement(),
                Ok(()) = self.parts.leadership.changed() => self.declarations_changed = true,
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
            Kind::Namespace | Kind::NetworkPolicy => self.parts.writes.look_again(&key),
            Kind::VeleroSchedule => {
                self.parts.writes.look_again(&key);
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

    /// A report's status may overtake the report; it is written again.
    fn learn(&mut self, outcome: &Outcome) {
        let target = &outcome.key.target;
        match &outcome.result {
            Err(WriteError::NotFound { .. }) if target.resource == Kind::ComplianceReport.resource() => {
                self.book.mark(target.name.clone());
            }
            Err(error) => tracing::warn!(object = %target, %error, "a write was given up"),
            Ok(Written::Contested { retry_after }) => {
                tracing::warn!(object = %target, ?retry_after, "somebody changes it again and again; it is left alone");
            }
            Ok(_) => {}
        }
    }

    fn note_enforcement(&mut self) {
        let now = self.now();
        let since = *self.parts.enforcing_since.borrow_and_update();
        self.book.set_enforcing_since(since, now);
    }

    fn full_pass(&mut self) {
        if self.book.is_open() {
            let now = self.now();
            self.book.evaluate_all(now);
            self.declarations_changed = true;
        }
    }

    /// Reports what changed: metrics on every replica, writes where this one leads.
    fn settle(&mut self) {
        if !self.book.is_open() {
            return;
        }
        let now = self.now();
        let started = Instant::now();
        let dirty = self.book.take_dirty();
        if dirty.is_empty() && !self.declarations_changed {
            return;
        }
        for tenant in &dirty {
            self.settle_tenant(tenant, now);
        }
        if self.parts.writes.is_leading() {
            if std::mem::take(&mut self.declarations_changed) {
                self.report_all_tenants(now, &dirty);
            }
            self.report_declarations(now);
        }
        tracing::trace!(tenants = dirty.len(), elapsed = ?started.elapsed(), "settled");
    }

    fn settle_tenant(&mut self, tenant: &Name, now: Timestamp) {
        let Some(result) = self.book.result(tenant, now) else {
            self.results.remove(tenant);
            if self.exported.remove(tenant) {
                self.parts.metrics.tenants.remove(tenant);
            }
            return;
        };
        let Some(plan) = self.book.world().plan(tenant).cloned() else { return };
        let oldest = oldest_point(self.book.world(), &plan, now);
        let exported = figures::figures(&plan, &result, oldest, FULL_PASS, now);
        self.parts.metrics.tenants.set(tenant, exported);
        self.exported.insert(tenant.clone());
        if self.parts.writes.is_leading() {
            self.write_tenant(&plan, &result, oldest, now);
        }
        self.results.insert(tenant.clone(), result);
    }

    /// A new leader reports what its predecessor may have left.
    fn report_all_tenants(&mut self, now: Timestamp, done: &BTreeSet<Name>) {
        let names: Vec<Name> = self.book.tenants().filter(|name| !done.contains(*name)).cloned().collect();
        for name in names {
            self.settle_tenant(&name, now);
        }
    }

    fn write_tenant(&self, plan: &Plan, result: &TenantResult, oldest: Option<Timestamp>, now: Timestamp) {
        let world = self.book.world();
        let writes = &self.parts.writes;
        let next = record::next(world, &plan.tenant, result.memory.clone());
        if world.record(&plan.tenant.name).map(AsRef::as_ref) != Some(&next) {
            match record::config_map(&self.parts.own_namespace, &next) {
                Ok(desired) => writes.object(desired),
                Err(error) => {
                    tracing::error!(%error, tenant = %plan.tenant.name, "a record cannot be serialized");
                }
            }
        }
        writes.status(status::of_tenant(world, &plan.tenant, result, oldest, now));
        match status::report_of(&plan.tenant.name, result) {
            Ok((object, report)) => {
                writes.object(object);
                writes.status(report);
            }
            Err(error) => {
                tracing::error!(%error, tenant = %plan.tenant.name, "a report cannot be serialized");
            }
        }
        for desired in desired::of_tenant(world, plan) {
            writes.object(desired);
        }
    }

    fn report_declarations(&self, now: Timestamp) {
        let world = self.book.world();
        let standings = status::standings(world, self.results.values());
        for fact in status::declarations(world) {
            let key = fact.key();
            let reference = PolicyReference::new(key.kind, &key.name);
            let standing = standings.get(&reference).cloned().unwrap_or_default();
            if let Some(desired) = status::of_declaration(&fact, &standing, now) {
                self.parts.writes.status(desired);
            }
        }
    }
}

/// Of the tenant's volumes the oldest newest recovery point.
fn oldest_point(world: &World, plan: &Plan, now: Timestamp) -> Option<Timestamp> {
    let _ = (world, plan, now);
    None
}
