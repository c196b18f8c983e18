//! The book: the world, the verdicts of every tenant, and the moments at which they change by themselves. One writer
//! owns it. Synchronous; `now` is an argument.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;

use super::deadlines::Deadlines;
use crate::{
    core::{
        evaluation::Evaluation,
        facts::{Change, Kind, Name, ObjectKey, Source, SourceState},
        result::{TenantResult, result},
        standings::{SharedVerdicts, Standings},
        subject::SubjectKey,
        world::{Proofs, World},
    },
    index::{self, Touched, TouchedSubject},
};

/// How many subjects of one change are told apart; past it the tenants that own them are evaluated whole.
const SUBJECTS_TOLD_APART: usize = 50_000;
/// On how many threads the first evaluation is made at most.
const MOST_WORKERS: usize = 8;
/// How many tenants they judge before what they found is taken in.
const TENANTS_AT_ONCE: usize = 1_024;

/// The world and what was concluded from it.
#[derive(Debug)]
pub struct Book {
    world: World,
    standings: BTreeMap<Name, Standings>,
    shared: SharedVerdicts,
    deadlines: Deadlines,
    dirty: BTreeSet<Name>,
    is_open: bool,
}

impl Book {
    /// A closed book: changes are taken in, nothing is evaluated yet.
    pub fn new(world: World) -> Self {
        Self {
            world,
            standings: BTreeMap::new(),
            shared: SharedVerdicts::default(),
            deadlines: Deadlines::default(),
            dirty: BTreeSet::new(),
            is_open: false,
        }
    }

    /// The world.
    pub const fn world(&self) -> &World {
        &self.world
    }

    /// Whether verdicts are kept.
    pub const fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether every required source has been listed.
    pub fn can_open(&self) -> bool {
        let required = Source::ALL.iter().filter(|source| source.is_required());
        required.copied().all(|source| {
            !matches!(self.world.source_state(source), SourceState::Pending | SourceState::Forbidden)
        })
    }

    /// Evaluates every tenant, and from then on what changes. On every core: nobody is served before.
    pub fn open(&mut self, now: Timestamp) {
        self.is_open = true;
        let mut tenants: Vec<Name> = self.world.tenants().map(|tenant| tenant.name.clone()).collect();
        let workers = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_WORKERS);
        while !tenants.is_empty() {
            let round = tenants.split_off(tenants.len().saturating_sub(TENANTS_AT_ONCE));
            for (tenant, judged) in judge_side_by_side(&self.world, round, workers, now) {
                self.keep(&tenant, judged);
            }
        }
    }

    /// Evaluates every tenant again: the slow full pass that heals.
    pub fn evaluate_all(&mut self, now: Timestamp) {
        let names: Vec<Name> = self.world.tenants().map(|tenant| tenant.name.clone()).collect();
        for name in names {
            self.evaluate_tenant(&name, now);
        }
    }

    /// Takes in one change and evaluates what it touches.
    pub fn apply(&mut self, change: Change, now: Timestamp) {
        if !self.is_open {
            index::apply(&mut self.world, change);
            return;
        }
        if index::is_known(&self.world, &change) {
            self.look_again(&change.key());
            return;
        }
        let before = self.world.clone();
        index::apply(&mut self.world, change.clone());
        if index::is_unchanged(&before, &self.world, &change.key()) {
            return;
        }
        let touched = index::touched(&before, &self.world, &change, SUBJECTS_TOLD_APART);
        self.evaluate_touched(touched, now);
    }

    /// Surety writes parts of namespaces and network policies that are no facts: whether they still stand is asked though no
    /// verdict differs.
    fn look_again(&mut self, key: &ObjectKey) {
        let namespace = match key.kind {
            Kind::Namespace => Some(&key.name),
            Kind::NetworkPolicy => key.namespace.as_ref(),
            _ => None,
        };
        self.dirty.extend(namespace.and_then(|name| self.world.owner_of(name)).cloned());
    }

    /// Takes in the end of a complete list: what it did not show is gone.
    pub fn replace(
        &mut self,
        kind: Kind,
        seen: &BTreeSet<ObjectKey>,
        covers: impl Fn(&ObjectKey) -> bool,
        now: Timestamp,
    ) {
        for key in index::missing(&self.world, kind, seen).into_iter().filter(covers) {
            self.apply(Change::Delete(key), now);
        }
    }

    /// Something of the tenant is to be reported and written again.
    pub fn mark(&mut self, tenant: Name) {
        self.dirty.insert(tenant);
    }

    /// Takes in how far a source can be trusted.
    pub fn set_source(&mut self, source: Source, state: SourceState, now: Timestamp) {
        if self.world.source_state(source) == state {
            return;
        }
        index::set_source(&mut self.world, source, state);
        if self.is_open {
            self.evaluate_all(now);
        }
    }

    /// Takes in since when the registration is in force.
    pub fn set_enforcing_since(&mut self, since: Option<Timestamp>, now: Timestamp) {
        if self.world.enforcing_since() == since {
            return;
        }
        index::set_enforcing_since(&mut self.world, since);
        if self.is_open {
            self.evaluate_all(now);
        }
    }

    /// Takes in how each entry of the registration stands. Only what is judged of tenants as such depends on it.
    pub fn set_proofs(&mut self, proofs: Arc<Proofs>, now: Timestamp) {
        if *self.world.proofs() == *proofs {
            return;
        }
        index::set_proofs(&mut self.world, proofs);
        if self.is_open {
            let tenants: Vec<Name> = self.world.tenants().map(|tenant| tenant.name.clone()).collect();
            for tenant in tenants {
                let subject = ObjectKey::cluster(Kind::Tenant, tenant.clone()).into();
                self.evaluate_subject(&tenant, &subject, now);
            }
        }
    }

    /// Evaluates every subject whose moment has come.
    pub fn tick(&mut self, now: Timestamp) {
        for TouchedSubject { tenant, subject } in self.deadlines.due(now) {
            self.evaluate_subject(&tenant, &subject, now);
        }
    }

    /// The next moment at which a verdict changes by itself.
    pub fn next_moment(&mut self) -> Option<Timestamp> {
        self.deadlines.earliest()
    }

    /// The tenants whose verdicts may have changed since this was last asked; those that are gone too.
    pub fn take_dirty(&mut self) -> BTreeSet<Name> {
        std::mem::take(&mut self.dirty)
    }

    /// The result of a tenant.
    pub fn result(&self, tenant: &str, now: Timestamp) -> Option<TenantResult> {
        let standings = self.standings.get(tenant)?;
        Some(result(standings, self.world.record(tenant).map(Arc::as_ref), now))
    }

    /// The verdicts of a tenant with all their evidence, evaluated anew.
    pub fn evaluation(&self, tenant: &str, now: Timestamp) -> Option<Evaluation> {
        let plan = self.world.plan(tenant)?;
        Some(Evaluation::of(&self.world, plan, index::subjects_of(&self.world, plan), index::resolve, now))
    }

    /// The verdicts of a tenant.
    pub fn standings(&self, tenant: &str) -> Option<&Standings> {
        self.standings.get(tenant)
    }

    /// The tenants that have verdicts, in order of names.
    pub fn tenants(&self) -> impl Iterator<Item = &Name> {
        self.standings.keys()
    }

    fn evaluate_touched(&mut self, touched: Touched, now: Timestamp) {
        let mut whole = touched.tenants;
        if touched.is_cut_short {
            whole.extend(touched.subjects.iter().map(|touched| touched.tenant.clone()));
        }
        for tenant in &whole {
            self.evaluate_tenant(tenant, now);
        }
        for TouchedSubject { tenant, subject } in touched.subjects.into_iter().chain(touched.dependents) {
            if !whole.contains(&tenant) {
                self.evaluate_subject(&tenant, &subject, now);
            }
        }
    }

    fn evaluate_subject(&mut self, tenant: &Name, subject: &SubjectKey, now: Timestamp) {
        self.dirty.insert(tenant.clone());
        let is_owned = index::is_of_tenant(&self.world, tenant, subject);
        let Some(standings) = self.standings.get_mut(tenant) else { return };
        let next = if is_owned && index::is_subject(&self.world, subject) {
            standings.evaluate(&self.world, subject, index::resolve, &mut self.shared, now)
        } else {
            standings.forget(subject);
            None
        };
        self.deadlines.set(TouchedSubject { tenant: tenant.clone(), subject: subject.clone() }, next);
    }

    fn evaluate_tenant(&mut self, tenant: &Name, now: Timestamp) {
        let judged = judge_tenant(&self.world, tenant, &mut self.shared, now);
        self.keep(tenant, judged);
    }

    /// Keeps what was judged of a tenant as a whole, and the moments at which it changes by itself.
    fn keep(&mut self, tenant: &Name, judged: Option<JudgedTenant>) {
        self.dirty.insert(tenant.clone());
        let (standings, moments) = judged.map_or((None, Vec::new()), |(new, moments)| (Some(new), moments));
        let former = match standings {
            Some(standings) => self.standings.insert(tenant.clone(), standings),
            None => self.standings.remove(tenant),
        };
        let has_moment = |subject: &SubjectKey| moments.binary_search_by(|(of, _)| of.cmp(subject)).is_ok();
        for subject in former.iter().flat_map(Standings::subjects).filter(|subject| !has_moment(subject)) {
            self.deadlines.set(TouchedSubject { tenant: tenant.clone(), subject: subject.clone() }, None);
        }
        for (subject, moment) in moments {
            self.deadlines.set(TouchedSubject { tenant: tenant.clone(), subject }, Some(moment));
        }
    }
}

/// The verdicts on all of a tenant's subjects, and the moments at which they change by themselves, in order of subjects.
type JudgedTenant = (Standings, Vec<(SubjectKey, Timestamp)>);

/// Judges a tenant as a whole; none where it is gone.
fn judge_tenant(
    world: &World,
    tenant: &Name,
    shared: &mut SharedVerdicts,
    now: Timestamp,
) -> Option<JudgedTenant> {
    let plan = Arc::clone(world.plan(tenant)?);
    let subjects = index::subjects_of(world, &plan);
    Some(Standings::of(world, plan, subjects, index::resolve, shared, now))
}

/// The same of many, each by whichever thread is free.
fn judge_side_by_side(
    world: &World,
    tenants: Vec<Name>,
    workers: usize,
    now: Timestamp,
) -> Vec<(Name, Option<JudgedTenant>)> {
    let waiting = Mutex::new(tenants.into_iter());
    let work = || {
        let mut shared = SharedVerdicts::default();
        let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
        std::iter::from_fn(next)
            .map(|tenant| {
                let judged = judge_tenant(world, &tenant, &mut shared, now);
                (tenant, judged)
            })
            .collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..workers).map(|_| scope.spawn(work)).collect();
        let mut judged = work();
        for other in others {
            match other.join() {
                Ok(more) => judged.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        judged
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
    use super::*;
    use crate::core::{
        controls::{self, testkit},
        facts::{Fact, Labels, PodTemplate},
    };

    fn open_book_with(fact: Fact) -> Book {
        let bench = testkit::Bench::new(controls::all()[0]).with(fact);
        let mut book = Book::new(bench.world);
        book.open(testkit::at(testkit::NOW));
        book.take_dirty();
        book
    }

    #[test]
    fn what_is_listed_again_as_it_was_is_no_news_but_what_surety_writes_into_is_looked_at() {
        let pod = || testkit::pod("web", PodTemplate::default());
        let namespace = || testkit::namespace(Labels::default());
        for (fact, dirty) in
            [(pod as fn() -> Fact, vec![]), (namespace as fn() -> Fact, vec![Name::from(testkit::TENANT)])]
        {
            let mut book = open_book_with(fact());
            book.apply(Change::Apply(fact()), testkit::at(testkit::NOW));
            assert_eq!(book.take_dirty().into_iter().collect::<Vec<_>>(), dirty);
        }
    }

    #[test]
    fn what_could_not_be_read_and_is_listed_as_it_was_is_news() {
        let pod = testkit::pod("web", PodTemplate::default());
        let mut book = open_book_with(pod.clone());
        book.apply(Change::Unreadable(pod.key(), Name::from("broken")), testkit::at(testkit::NOW));
        book.apply(Change::Apply(pod.clone()), testkit::at(testkit::NOW));
        assert!(book.world().unreadable().next().is_none());
        assert!(!book.take_dirty().is_empty());
    }
}
