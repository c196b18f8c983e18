//! Small worlds as JSON: what tenants promise, what policies say, what is there. Names come from small vocabularies, so
//! that references meet; most objects are well formed, some are not, a few cannot be read.

mod declarations;
mod engine;
mod metadata;
mod network;
mod parameters;
mod pods;
mod requests;
mod storage;
mod words;
mod workloads;

pub(super) use words::{ENGINE_USER, SURETY_USER};

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use surety::core::{
    facts::{Enforcing, Kind, Proof, Source, SourceState},
    world::Proofs,
};

use super::{
    random::Random,
    scenario::{Object, Scenario, name_of},
};

/// Makes one case.
pub(super) struct Maker {
    pub(super) random: Random,
    pub(super) now: Timestamp,
    /// Which tenants there are.
    tenants: Vec<&'static str>,
    /// How many of a hundred details are as they should be.
    care: usize,
}

impl Maker {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        // From 2026 on, at any second, so that months of every length and leap years come up.
        let start = Timestamp::from_second(1_767_225_600).unwrap();
        let offset = random.below(3 * 365 * 86_400);
        let now = start + SignedDuration::from_secs(i64::try_from(offset).unwrap());
        let tenants = words::TENANTS[..random.pick(&[1, 1, 2, 2, 3])].to_vec();
        let care = random.pick(&[100, 90, 70, 40]);
        Self { random, now, tenants, care }
    }

    /// Whether a detail is as it should be.
    fn careful(&mut self) -> bool {
        let care = self.care;
        self.random.chance(care)
    }
}

/// The case of a seed.
pub(super) fn scenario(seed: u64) -> Scenario {
    let mut maker = Maker::new(seed);
    let mut objects = Objects::default();
    maker.add_declarations(&mut objects);
    maker.add_namespaces(&mut objects);
    maker.add_storage(&mut objects);
    maker.add_workloads(&mut objects);
    maker.add_network(&mut objects);
    maker.add_engine(&mut objects);
    let mut objects = objects.into_vec();
    maker.give_history(&mut objects);
    maker.spoil_some(&mut objects);
    let requests = maker.requests(&objects);
    let enforcing_since = maker.random.chance(60).then(|| maker.ago());
    let (sources, proofs) = (maker.sources(), maker.proofs());
    Scenario { seed, now: maker.now, sources, enforcing_since, proofs, objects, requests }
}

impl Maker {
    /// As a cluster shows them; none as files do.
    fn proofs(&mut self) -> Arc<Proofs> {
        let mut proofs = Proofs::new();
        for entry in ["protect-tenant", "protect-cluster", "conform"] {
            if self.random.chance(80) {
                let state =
                    if self.careful() { Enforcing::Enforcing } else { self.random.pick(&Enforcing::ALL) };
                let (since, last_good) = (self.ago(), self.random.chance(50).then(|| self.ago()));
                proofs.insert(entry.into(), Proof { state, since, last_good });
            }
        }
        Arc::new(proofs)
    }
}

/// What is there, each object once.
#[derive(Default)]
struct Objects(BTreeMap<String, (Kind, Value)>);

impl Objects {
    fn add(&mut self, kind: Kind, value: Value) {
        self.0.insert(name_of(kind, &value), (kind, value));
    }

    fn of(&self, kind: Kind) -> Vec<Value> {
        self.0.values().filter(|(of, _)| *of == kind).map(|(_, value)| value.clone()).collect()
    }

    fn into_vec(self) -> Vec<Object> {
        self.0
            .into_values()
            .map(|(kind, value)| Object { kind, now: Some(value), past: Vec::new() })
            .collect()
    }
}

impl Maker {
    /// How far sources can be trusted: mostly all, in every fifth case one not.
    fn sources(&mut self) -> BTreeMap<Source, SourceState> {
        let mut sources: BTreeMap<Source, SourceState> =
            Source::ALL.iter().map(|source| (*source, SourceState::Synced)).collect();
        if self.random.chance(20) {
            let source = self.random.pick(Source::ALL);
            let state = match self.random.below(4) {
                0 => SourceState::Forbidden,
                1 => SourceState::Stale(self.now - SignedDuration::from_mins(2)),
                2 => SourceState::Pending,
                _ => SourceState::FilesOnly,
            };
            sources.insert(source, state);
        }
        if self.random.chance(5) {
            for source in [
                Source::VeleroSchedules,
                Source::VeleroBackups,
                Source::VeleroVolumeCopies,
                Source::VeleroLocations,
            ] {
                sources.insert(source, SourceState::Absent);
            }
        }
        sources
    }

    /// What objects were before, and objects that are gone.
    fn give_history(&mut self, objects: &mut Vec<Object>) {
        for object in objects.iter_mut() {
            for _ in 0..self.random.pick(&[0, 0, 0, 0, 1, 2]) {
                let now = object.now.as_ref().expect("nothing is gone yet");
                object.past.push(self.another(object.kind, now));
            }
        }
        let ghosts: Vec<Object> = objects
            .iter()
            .filter(|_| self.random.chance(6))
            .map(|object| Object { kind: object.kind, now: None, past: object.now.iter().cloned().collect() })
            .collect();
        for mut ghost in ghosts {
            ghost.past[0]["metadata"]["name"] = json!(self.name_of_a_ghost(ghost.kind));
            objects.push(ghost);
        }
        let goes = |random: &mut Random, object: &Object| object.past.is_empty() && random.chance(3);
        for object in objects.iter_mut() {
            if goes(&mut self.random, object) {
                object.past.extend(object.now.take());
            }
        }
        objects.retain(|object| object.now.is_some() || !object.past.is_empty());
        let mut names = std::collections::BTreeSet::new();
        objects.retain(|object| names.insert(object.name()));
    }

    /// Objects that cannot be read: a field of a type that its kind does not have.
    fn spoil_some(&mut self, objects: &mut [Object]) {
        for object in objects {
            if self.random.chance(3)
                && let Some(now) = &mut object.now
            {
                spoil(object.kind, now);
            }
            if self.random.chance(3)
                && let Some(past) = object.past.last_mut()
            {
                spoil(object.kind, past);
            }
        }
    }
}

fn spoil(kind: Kind, value: &mut Value) {
    match kind {
        Kind::StorageClass => value["parameters"] = json!({"size": 3}),
        Kind::Namespace => value["metadata"]["labels"] = json!(["a"]),
        Kind::TenantRecord => value["data"]["record"] = json!("{"),
        _ => value["spec"] = json!("unreadable"),
    }
}
