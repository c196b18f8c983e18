//! Whether what must be refused is refused: proved by canaries, seen in the registration, remembered as gaps.
//!
//! ```text
//! prober  ── a dry run for each entry ──> API server ── review ──> any ready replica, the same decision as ever
//!    └─ `probe::judge` of its answer ──┐
//! registrar ── look at the registration ┴─> `Enforcement` ──> metrics, `World::proofs`
//!                                                └─ gaps ──> the leader: Event, ledger ──> watch ──> `World::gaps`
//! ```
//!
//! *What is asked.* Each entry that can refuse has one object of its own that nobody needs, of a kind and operation that
//! no other entry sees, or the answer would not tell whose it is (`probe::questions`). It is asked to be marked with a
//! nonce, or deleted with the nonce as grace period; `core::canary` refuses that and repeats the nonce. The objects are
//! shipped in `config/canary`; where one is missing the entry is *not known*, never good.
//!
//! *Who asks.* Every replica: a dry run writes nothing, each exports what it saw itself, and a change of leaders leaves
//! no time in which nobody knew. A replica asks the API server that it is connected to, and is answered by any replica:
//! it proves the cluster's door, not its own. Only the leader tells gaps and writes them down.
//!
//! *What a gap is.* It begins at the last good proof (or look), lasts while anything is open, and never overlaps another.
//! What cannot be told opens none. A record has its end added by whoever leads then.
//!
//! This file is the pure part: `now` is an argument.

pub mod probe;
pub mod prober;
pub mod sentry;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use crate::core::{
    facts::{Enforcing, Gap, Name, Proof},
    world::Proofs,
};

/// How many gaps wait to be recorded at most; the oldest go.
const UNRECORDED: usize = 16;

/// Why requests are not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// There is no registration.
    Deleted,
    /// Somebody else changed it.
    Changed,
    /// An operator paused it.
    Paused,
    /// This entry admitted what it must refuse.
    Admitted(&'static str),
}

/// How the registration was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// As it shall be.
    InForce,
    /// Not in force.
    Open(Cause),
    /// Not as it shall be, because Surety itself wants something new.
    Outdated,
}

/// What this replica knows of enforcement.
#[derive(Debug, Default)]
pub struct Enforcement {
    /// What is wrong with the registration; none until the first look.
    registration: Option<Result<(), Cause>>,
    /// When it was last seen in force.
    registration_good: Option<Timestamp>,
    proofs: BTreeMap<&'static str, Proof>,
    /// The last good proof of each entry.
    good: BTreeMap<&'static str, Timestamp>,
    /// Since when nothing is known to be open; none while something is.
    in_force_since: Option<Timestamp>,
    /// When the last gap ended.
    last_end: Option<Timestamp>,
    gap: Option<Gap>,
    unrecorded: VecDeque<Gap>,
}

impl Enforcement {
    /// Knows nothing yet of these entries.
    pub fn new(entries: impl IntoIterator<Item = &'static str>, now: Timestamp) -> Self {
        let unknown = Proof { state: Enforcing::NotKnown, since: now, last_good: None };
        Self { proofs: entries.into_iter().map(|entry| (entry, unknown)).collect(), ..Self::default() }
    }

    /// Takes in a look at the registration.
    pub fn see(&mut self, seen: Seen, now: Timestamp) {
        match seen {
            Seen::InForce => {
                self.registration = Some(Ok(()));
                self.registration_good = Some(now);
            }
            Seen::Open(cause) => self.registration = Some(Err(cause)),
            Seen::Outdated => {}
        }
        self.settle(now);
    }

    /// Takes in a proof of an entry.
    pub fn probed(&mut self, entry: &'static str, state: Enforcing, now: Timestamp) {
        if state.is_good() {
            self.good.insert(entry, now);
        }
        if self.proofs.get(entry).is_none_or(|proof| proof.state != state) {
            let last_good = self.good.get(entry).copied().filter(|_| !state.is_good());
            self.proofs.insert(entry, Proof { state, since: now, last_good });
        }
        self.settle(now);
    }

    /// The cluster has nothing that this entry could refuse.
    pub fn forget(&mut self, entry: &'static str, now: Timestamp) {
        self.proofs.remove(entry);
        self.good.remove(entry);
        self.settle(now);
    }

    /// Takes over the records of whoever led before. What it left open is this replica's to end.
    pub fn adopt(&mut self, recorded: &[Gap]) {
        self.unrecorded.retain(|own| !recorded.iter().any(|gap| overlap(own, gap)));
        for open in recorded.iter().filter(|gap| gap.ended.is_none()) {
            match (&self.gap, self.in_force_since) {
                (None, Some(since)) => {
                    self.note(Gap { ended: Some(since.max(open.began)), ..open.clone() });
                }
                _ => self.gap = Some(open.clone()),
            }
        }
    }

    /// The gaps that opened or ended and are not recorded yet.
    pub fn take_unrecorded(&mut self) -> VecDeque<Gap> {
        std::mem::take(&mut self.unrecorded)
    }

    /// One that could not be recorded waits for the next time, unless it has changed meanwhile.
    pub fn put_back(&mut self, gap: Gap) {
        if !self.unrecorded.iter().any(|waiting| waiting.began == gap.began) {
            self.note(gap);
        }
    }

    /// How each entry stands, as the world has it.
    pub fn proofs(&self) -> Proofs {
        self.proofs.iter().map(|(entry, proof)| (Name::from(*entry), *proof)).collect()
    }

    /// Each entry with its state, and its last good proof.
    pub fn figures(&self) -> impl Iterator<Item = (&'static str, Enforcing, Option<Timestamp>)> + '_ {
        self.proofs.iter().map(|(entry, proof)| (*entry, proof.state, self.good.get(entry).copied()))
    }

    fn settle(&mut self, now: Timestamp) {
        match (self.open_cause(), &self.gap) {
            (Some(cause), None) => {
                self.in_force_since = None;
                if let Some(began) = self.beginning(cause, now) {
                    let gap = Gap { began, cause: cause.to_name(), ended: None };
                    self.gap = Some(gap.clone());
                    self.note(gap);
                }
            }
            (None, _) if self.registration.is_some() => {
                self.in_force_since.get_or_insert(now);
                if let Some(gap) = self.gap.take() {
                    self.last_end = Some(now);
                    self.note(Gap { ended: Some(now), ..gap });
                }
            }
            _ => {}
        }
    }

    fn open_cause(&self) -> Option<Cause> {
        let of_registration = self.registration.and_then(Result::err);
        let mut entries = self.proofs.iter().filter(|(_, proof)| proof.state == Enforcing::Open);
        of_registration.or_else(|| entries.next().map(|(entry, _)| Cause::Admitted(entry)))
    }

    /// What was never in force has no gap, unless it is paused.
    fn beginning(&self, cause: Cause, now: Timestamp) -> Option<Timestamp> {
        let began = match cause {
            Cause::Admitted(entry) => self.good.get(entry).copied(),
            Cause::Paused => self.registration_good.or(Some(now)),
            Cause::Deleted | Cause::Changed => self.registration_good,
        };
        began.map(|began| self.last_end.map_or(began, |end| began.max(end)))
    }

    fn note(&mut self, gap: Gap) {
        self.unrecorded.retain(|waiting| waiting.began != gap.began);
        self.unrecorded.push_back(gap);
        if self.unrecorded.len() > UNRECORDED {
            self.unrecorded.pop_front();
        }
    }
}

fn overlap(one: &Gap, other: &Gap) -> bool {
    let end = |gap: &Gap| gap.ended.unwrap_or(Timestamp::MAX);
    one.began <= end(other) && other.began <= end(one)
}

impl Cause {
    /// In words, as records have it.
    pub fn to_name(self) -> Name {
        match self {
            Self::Deleted => Name::from("the webhook registration was deleted"),
            Self::Changed => Name::from("somebody changed the webhook registration"),
            Self::Paused => Name::from("the webhook registration is paused by surety.dev/paused-until"),
            Self::Admitted(entry) => {
                Name::from(format!("a dry run that webhook entry {entry} must refuse was admitted"))
            }
        }
    }
}
