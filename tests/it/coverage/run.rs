//! Runs cases: each through the door of its strength, for one promise, named in every failure.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock},
};

use jiff::{SignedDuration, Timestamp};
use surety::{
    api::Enforcement,
    core::{catalogue::Strength, facts::ObjectKey, result::Finding, verdict::State},
    reconcile::{
        book::Book,
        desired::{self, Desired},
    },
};

use super::{
    case::{Attested, Breach, Cases, Drift, Refusal, Unseen},
    ground::{Ground, fact, tell},
    objects::merge,
    objects::{TENANT, text_of, with},
    promise::Promise,
    request::answer,
};

/// Why a promise is not held in a strength although the control that offers it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortfall(pub String);

type Outcomes = BTreeMap<(&'static str, String, Strength), Arc<OnceLock<Result<(), Shortfall>>>>;

/// The same as [`show`], run once for all who ask.
pub fn outcome(cases: &'static Cases, promise: &Promise, strength: Strength) -> Result<(), Shortfall> {
    static OUTCOMES: Mutex<Outcomes> = Mutex::new(BTreeMap::new());
    let known = {
        let mut outcomes = OUTCOMES.lock().unwrap();
        Arc::clone(outcomes.entry((cases.control, promise.id(), strength)).or_default())
    };
    known.get_or_init(|| show(cases, promise, strength)).clone()
}

/// Shows one control in one strength for one promise. A case that fails ends the test: a shortfall is what the control
/// says of itself.
pub fn show(cases: &Cases, promise: &Promise, strength: Strength) -> Result<(), Shortfall> {
    if !cases.has(strength) {
        let lacking = match strength {
            Strength::Prevent => "refuses nothing",
            Strength::Repair => "repairs nothing",
            Strength::Detect => "finds nothing",
            Strength::Attest => "takes no attestation",
        };
        return Err(Shortfall(format!("{} {lacking} in this version", cases.control)));
    }
    match strength {
        Strength::Prevent => prevent(cases, promise),
        Strength::Repair => repair(cases, promise),
        Strength::Detect => detect(cases, promise),
        Strength::Attest => attest(cases, promise),
    }
}

/// One case, as failures name it.
struct Trial<'a> {
    control: &'a str,
    promise: &'a Promise,
    what: &'a str,
}

impl Trial<'_> {
    fn fail(&self, why: &str) -> ! {
        panic!("{} of {}, {}: {why}", self.control, self.promise.id(), self.what)
    }

    /// The open findings that name the promise.
    fn findings(&self, book: &Book, now: Timestamp) -> Vec<Finding> {
        let mut findings = book.result(TENANT, now).unwrap().findings;
        findings.retain(|finding| finding.breaks.contains(&self.promise.id()));
        findings
    }

    fn finding(&self, book: &Book, now: Timestamp) -> Option<Finding> {
        self.findings(book, now).into_iter().find(|finding| finding.control == self.control)
    }

    fn expect_nothing_found(&self, when: &str, book: &Book, now: Timestamp) {
        if let Some(finding) = self.findings(book, now).first() {
            self.fail(&format!("found {when}: {finding:?}"));
        }
    }

    fn state(&self, book: &Book, now: Timestamp) -> (State, String) {
        let result = book.result(TENANT, now).unwrap();
        let mut commitments = result.commitments.into_iter();
        let commitment = commitments.find(|commitment| *commitment.id == *self.promise.commitment.id);
        let commitment = commitment.unwrap_or_else(|| self.fail("the commitment is not reported"));
        (commitment.state, commitment.reason.unwrap_or_default())
    }

    /// The promise is kept on the ground of a case. Where that reads Manual, this version does not know all of it.
    fn expect_kept(&self, book: &Book, now: Timestamp) -> Result<(), Shortfall> {
        self.expect_nothing_found("where it is kept", book, now);
        match self.state(book, now) {
            (State::Pass, _) => Ok(()),
            (State::Manual, reason) => Err(Shortfall(reason)),
            (state, reason) => self.fail(&format!("{state} where it is kept: {reason}")),
        }
    }

    /// What is wanted of an object, the parts of all field managers together.
    fn desired(&self, book: &Book, key: &ObjectKey) -> Option<Desired> {
        let plan = book.world().plan(TENANT).unwrap_or_else(|| self.fail("there is no plan"));
        let parts = desired::of_tenant(book.world(), plan).into_iter().filter(|desired| desired.key == *key);
        parts.reduce(|mut whole, part| {
            merge(&mut whole.body, part.body);
            whole
        })
    }
}

const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn prevent(cases: &Cases, promise: &Promise) -> Result<(), Shortfall> {
    if promise.enforcement(cases.control) != Enforcement::Deny {
        return Err(Shortfall(format!("{} only warns", cases.control)));
    }
    for case in cases.prevent.unwrap()(promise) {
        refused(&Trial { control: cases.control, promise, what: &case.what }, &case)?;
    }
    Ok(())
}

fn refused(trial: &Trial<'_>, case: &Refusal) -> Result<(), Shortfall> {
    trial.expect_kept(&case.ground.book(), case.ground.now())?;
    if !case.offence.is_asked_about(&case.ground) {
        trial.fail("the API server does not ask about it");
    }
    // Alone in its profile, and among all that the profile promises.
    for ground in [case.ground.clone(), case.ground.clone().with_whole_profile(trial.promise)] {
        let refusal = answer(&ground, &case.offence);
        if refusal.allowed {
            trial.fail(&format!("admitted, with warnings {:?}", refusal.warnings));
        }
        if !names(&refusal.message, trial) {
            trial.fail(&format!("refused, but not for this promise: {}", refusal.message));
        }
    }
    let twin = answer(&case.twin_ground, &case.twin);
    if !twin.allowed {
        trial.fail(&format!("its twin is refused: {}", twin.message));
    }
    Ok(())
}

/// Whether a refusal names control and promise in one of its paragraphs.
fn names(message: &str, trial: &Trial<'_>) -> bool {
    let (control, promise) = (format!("[{}]", trial.control), trial.promise.id());
    message.lines().any(|line| {
        let names_promise = line.split(['(', ')', ',', ' ']).any(|word| word == promise);
        line.contains(&control) && names_promise
    })
}

fn detect(cases: &Cases, promise: &Promise) -> Result<(), Shortfall> {
    for case in cases.detect.unwrap()(promise) {
        found(&Trial { control: cases.control, promise, what: &case.what }, &case)?;
    }
    cases.unseen.map_or_else(Vec::new, |unseen| unseen(promise)).into_iter().try_for_each(|case| {
        overlooked(&Trial { control: cases.control, promise, what: case.why }, &case);
        Err(Shortfall(format!("{} {}", cases.control, case.why)))
    })
}

/// A limit is shown like everything else: where the breach is found after all, it is none.
fn overlooked(trial: &Trial<'_>, case: &Unseen) {
    let mut book = case.ground.book();
    for event in &case.breach {
        tell(&mut book, event, case.ground.now());
    }
    if let Some(finding) = trial.finding(&book, case.ground.now()) {
        trial.fail(&format!("it is no limit any more, what was not seen is found: {finding:?}"));
    }
}

fn found(trial: &Trial<'_>, case: &Breach) -> Result<(), Shortfall> {
    let now = case.ground.now();
    let mut book = case.ground.book();
    trial.expect_kept(&book, now)?;
    for event in &case.events {
        tell(&mut book, event, now);
    }
    if case.opens > now {
        book.tick(case.opens - SECOND);
        if let Some(finding) = trial.finding(&book, case.opens - SECOND) {
            trial.fail(&format!("found a second too early: {finding:?}"));
        }
        book.tick(case.opens);
    }
    let Some(finding) = trial.finding(&book, case.opens) else { trial.fail("not found") };
    if (finding.state, finding.since) != (State::Fail, case.since) {
        trial.fail(&format!("found, but not as failing since {}: {finding:?}", text_of(case.since)));
    }
    let mut book = case.ground.book();
    for event in &case.twin {
        tell(&mut book, event, now);
    }
    book.tick(case.opens);
    trial.expect_nothing_found("in its twin", &book, case.opens);
    Ok(())
}

fn repair(cases: &Cases, promise: &Promise) -> Result<(), Shortfall> {
    for case in cases.repair.unwrap()(promise) {
        restored(&Trial { control: cases.control, promise, what: &case.what }, &case)?;
    }
    Ok(())
}

fn restored(trial: &Trial<'_>, case: &Drift) -> Result<(), Shortfall> {
    let now = case.ground.now();
    let (kind, name) = case.wanted;
    let before = fact(&case.ground.get(kind, name));
    let mut book = case.ground.book();
    trial.expect_kept(&book, now)?;
    let Some(desired) = trial.desired(&book, &before.key()) else { trial.fail("nobody wants it") };
    if fact(&case.ground.applied(&desired)) != before {
        trial.fail("a write is wanted before anything has drifted");
    }
    book.take_dirty();
    for event in &case.events {
        tell(&mut book, event, now);
    }
    if !book.take_dirty().contains(TENANT) {
        trial.fail("the drift marks nothing to be written");
    }
    let drifted = case.ground.clone().after(&case.events);
    let Some(desired) = trial.desired(&book, &before.key()) else { trial.fail("it is not written back") };
    let written = drifted.applied(&desired);
    if drifted.find(kind, name).map(fact).as_ref() == Some(&before) {
        trial.fail("nothing has drifted");
    }
    if fact(&written) != before {
        trial.fail(&format!("what is written differs from what was there: {written}"));
    }
    trial.expect_kept(&drifted.put(written).book(), now)?;
    let observed = case.observed.clone().after(&case.events).book();
    if trial.desired(&observed, &before.key()).is_some() {
        trial.fail("written under a policy that only observes");
    }
    Ok(())
}

fn attest(cases: &Cases, promise: &Promise) -> Result<(), Shortfall> {
    for case in cases.attest.unwrap()(promise) {
        attested(&Trial { control: cases.control, promise, what: "an Attestation" }, &case)?;
    }
    Ok(())
}

fn attested(trial: &Trial<'_>, case: &Attested) -> Result<(), Shortfall> {
    use surety::core::facts::Kind::Attestation;
    let now = case.ground.now();
    let expect = |ground: &Ground, when: Timestamp, wanted: State| {
        let mut book = ground.book();
        book.tick(when);
        let (state, reason) = trial.state(&book, when);
        if state != wanted {
            trial.fail(&format!("{state} at {}, wanted {wanted}: {reason}", text_of(when)));
        }
        book
    };
    expect(&case.ground.clone().without(Attestation, case.name), now, State::Manual);
    let attestation = case.ground.get(Attestation, case.name);
    let too_long = serde_json::json!({"spec": {"validUntil": text_of(case.until + SECOND)}});
    expect(&case.ground.clone().put(with(&attestation, too_long)), now, State::Manual);
    expect(&case.ground, now, State::Pass);
    expect(&case.ground, case.until - SECOND, State::Pass);
    let book = expect(&case.ground, case.until, State::Stale);
    match trial.finding(&book, case.until) {
        Some(finding) if (finding.state, finding.since) == (State::Stale, case.until) => Ok(()),
        finding => trial.fail(&format!("its end is not found at its second: {finding:?}")),
    }
}
