//! The decision: the difference of two worlds. Pure and synchronous; no HTTP, no clock, no control by name.

mod compare;
mod message;
mod opened;
mod ratchet;
mod reality;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use jiff::Timestamp;

use crate::{
    api::Enforcement,
    core::{
        canary,
        control::Operation,
        facts::{Change, Fact, Ignorance, ObjectKey},
        integrity, intent as declarations,
        transition::{Act, Transition, Trusted},
        verdict::Issue,
        world::World,
    },
    index,
};

pub use message::{explain, warnings};
pub use opened::{COUNTED_SUBJECTS, Opened};

/// How many subjects one request may touch. Past it the failure policy answers.
pub const SUBJECT_BOUND: usize = 2_000;

/// One thing that a request makes worse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The control; empty where no control is at stake.
    pub control: String,
    /// Whose promises or policies it breaks: `profile/commitment`, `BackupPolicy name`.
    pub breaks: Vec<String>,
    /// The first promise in its words; empty where a policy alone asks.
    pub promise: String,
    /// The subject; none where the request's own object is meant.
    pub subject: Option<String>,
    /// What is wrong, and what to do.
    pub issue: Issue,
    /// How strictly it is answered.
    pub enforcement: Enforcement,
    /// Whether a waiver could accept it.
    pub is_waivable: bool,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It may pass.
    Admitted,
    /// It makes these worse.
    Refused(Vec<Violation>),
    /// It cannot be told; the failure policy answers.
    CannotTell(CannotTell),
}

/// Why a request cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CannotTell {
    /// A required source of facts cannot be trusted.
    Ignorant(Ignorance),
    /// It touches more subjects than one request may.
    TooLarge,
}

/// A decision with what is said beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The answer.
    pub outcome: Outcome,
    /// What is worth a warning although it passes: violations under Warn, and what was already failing.
    pub warned: Vec<Violation>,
    /// What is only recorded.
    pub audited: Vec<Violation>,
    /// The findings that an admitted request on intent opens; none where there are none.
    pub opened: Option<Opened>,
}

/// Decides on a request.
pub fn decide(world: &World, act: &Act, trusted: &Trusted, now: Timestamp) -> Decision {
    let (before, after) = worlds(world, act);
    let transition = Transition { before: &before, after: &after, act, trusted, now };
    let mut findings = Findings::default();
    findings.add(integrity::broken_by(&transition).into_iter().map(Violation::of_the_ground));
    match canary::answer(&transition) {
        Some(Ok(refusal)) => findings.add([Violation::of_the_ground(refusal)]),
        Some(Err(ignorance)) => findings.cannot_tell = Some(CannotTell::Ignorant(ignorance)),
        None => {}
    }
    reality::acts(&transition, &mut findings);
    if act.key.kind.is_declaration() {
        let objections = declarations::objections(&transition);
        findings.add(objections.into_iter().map(Violation::of_intent));
    } else if let Some(change) = change_of(act) {
        reality::difference(&transition, &change, &mut findings);
    }
    let decision = findings.decision();
    if decision.outcome != Outcome::Admitted {
        return decision;
    }
    Decision { opened: opened_by(&transition), ..decision }
}

fn opened_by(transition: &Transition<'_>) -> Option<Opened> {
    let is_intent = transition.act.key.kind.is_declaration() && !transition.is_by_surety();
    let change = change_of(transition.act).filter(|_| is_intent)?;
    opened::opened(transition, &change)
}

/// The worlds without and with the request. The object as the API server has it counts, not as the index last saw it;
/// mostly they agree, and then the world without the request is the one that there is.
fn worlds<'w>(world: &'w World, act: &Act) -> (Cow<'w, World>, World) {
    let mut before = Cow::Borrowed(world);
    let told = match &act.old {
        Some(old) => Change::Apply(old.clone()),
        None => Change::Delete(act.key.clone()),
    };
    if !index::is_known(world, &told) {
        let mut restored = world.sketch();
        index::apply(&mut restored, told);
        before = Cow::Owned(restored);
    }
    let mut after = before.sketch();
    if let Some(change) = change_of(act) {
        index::apply(&mut after, change);
    }
    (before, after)
}

fn change_of(act: &Act) -> Option<Change> {
    match (&act.new, act.operation) {
        (_, Operation::Delete) => Some(Change::Delete(act.key.clone())),
        (Some(new), Operation::Create | Operation::Update) => Some(Change::Apply(new.clone())),
        _ => None,
    }
}

/// What was found on the way to a decision.
#[derive(Debug, Default)]
struct Findings {
    violations: Vec<Violation>,
    already_failing: Vec<Violation>,
    cannot_tell: Option<CannotTell>,
}

impl Findings {
    fn add(&mut self, violations: impl IntoIterator<Item = Violation>) {
        for violation in violations {
            add_once(&mut self.violations, violation);
        }
    }

    fn add_already_failing(&mut self, violations: impl IntoIterator<Item = Violation>) {
        for violation in violations {
            add_once(&mut self.already_failing, violation);
        }
    }

    fn decision(self) -> Decision {
        let (mut refused, mut warned, mut audited) = (Vec::new(), Vec::new(), Vec::new());
        for violation in self.violations {
            match violation.enforcement {
                Enforcement::Deny => refused.push(violation),
                Enforcement::Warn => warned.push(violation),
                Enforcement::Audit => audited.push(violation),
            }
        }
        warned.extend(self.already_failing);
        let outcome = match self.cannot_tell {
            _ if !refused.is_empty() => Outcome::Refused(refused),
            Some(why) => Outcome::CannotTell(why),
            None => Outcome::Admitted,
        };
        Decision { outcome, warned, audited, opened: None }
    }
}

/// A promise and a policy that ask for the same, in other parameters, are told in one breath.
fn add_once(violations: &mut Vec<Violation>, violation: Violation) {
    let Some(same) = violations.iter_mut().find(|known| known.says_the_same_as(&violation)) else {
        violations.push(violation);
        return;
    };
    let further = violation.breaks.into_iter().filter(|demander| !same.breaks.contains(demander));
    same.breaks.extend(further.collect::<Vec<_>>());
    if same.promise.is_empty() {
        same.promise = violation.promise;
    }
    same.is_waivable |= violation.is_waivable;
}

impl Violation {
    fn says_the_same_as(&self, other: &Self) -> bool {
        (&self.control, &self.subject, &self.issue, self.enforcement)
            == (&other.control, &other.subject, &other.issue, other.enforcement)
    }

    fn of_the_ground(issue: Issue) -> Self {
        Self {
            control: String::new(),
            breaks: Vec::new(),
            promise: String::new(),
            subject: None,
            issue,
            enforcement: Enforcement::Deny,
            is_waivable: false,
        }
    }

    fn of_intent(objection: declarations::Objection) -> Self {
        let is_waivable = !objection.commitment.is_empty();
        Self {
            control: objection.control.to_owned(),
            breaks: Some(objection.commitment)
                .filter(|commitment| !commitment.is_empty())
                .into_iter()
                .collect(),
            promise: objection.promise,
            subject: None,
            issue: objection.issue,
            enforcement: objection.enforcement,
            is_waivable,
        }
    }
}

/// Whether a fact is of the object that the request is about.
fn is_own(act: &Act, key: &ObjectKey) -> bool {
    act.key == *key || act.new.as_ref().is_some_and(|new: &Fact| new.key() == *key)
}
