//! The runner has teeth: a case that is blunted does not pass.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::SignedDuration;
use surety::core::catalogue::Strength;

use super::{
    case::{Attested, Breach, Cases, Drift, Refusal, Unseen},
    governance_attested, governance_profile_current,
    ground::Ground,
    isolation_host_access, isolation_network_default_deny,
    promise::{PROMISES, Promise},
    retention_kept, run,
};

const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn promise(id: &str) -> &'static Promise {
    PROMISES.iter().find(|promise| promise.commitment.id == id).unwrap()
}

/// What a run that must fail says.
fn failure(cases: &Cases, id: &str, strength: Strength) -> String {
    let run = catch_unwind(AssertUnwindSafe(|| run::show(cases, promise(id), strength)));
    let panic = run.expect_err("it passes");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

fn expect_failure(cases: &Cases, id: &str, strength: Strength, wanted: &str) {
    let found = failure(cases, id, strength);
    assert!(found.contains(wanted), "{found}");
}

fn refusals(promise: &Promise) -> Vec<Refusal> {
    isolation_host_access::CASES.prevent.unwrap()(promise)
}

fn blunted(prevent: fn(&Promise) -> Vec<Refusal>) -> Cases {
    Cases { prevent: Some(prevent), ..Cases::of("isolation.host-access") }
}

#[test]
fn an_offence_that_is_admitted_fails() {
    let cases = blunted(|promise| {
        refusals(promise).into_iter().map(|case| Refusal { offence: case.twin.clone(), ..case }).collect()
    });
    expect_failure(&cases, "PRC-13", Strength::Prevent, "admitted");
}

#[test]
fn a_twin_that_is_refused_fails() {
    let cases = blunted(|promise| {
        refusals(promise).into_iter().map(|case| Refusal { twin: case.offence.clone(), ..case }).collect()
    });
    expect_failure(&cases, "PRC-13", Strength::Prevent, "its twin is refused");
}

#[test]
fn a_refusal_for_something_else_fails() {
    let cases = Cases { prevent: Some(refusals), ..Cases::of("isolation.network-default-deny") };
    expect_failure(&cases, "PRC-13", Strength::Prevent, "refused, but not for this promise");
}

fn found_late(promise: &Promise) -> Vec<Breach> {
    let breaches = governance_profile_current::CASES.detect.unwrap()(promise);
    breaches.into_iter().map(|case| case.shifted_by(SECOND)).collect()
}

fn found_early(promise: &Promise) -> Vec<Breach> {
    let breaches = governance_profile_current::CASES.detect.unwrap()(promise);
    let overdue = breaches.into_iter().filter(|case| case.opens > case.ground.now());
    overdue.map(|case| case.shifted_by(-SECOND)).collect()
}

#[test]
fn a_finding_at_another_second_fails() {
    let cases = |detect| Cases { detect: Some(detect), ..Cases::of("governance.profile-current") };
    expect_failure(&cases(found_late), "GRC-35", Strength::Detect, "found a second too early");
    expect_failure(&cases(found_early), "GRC-35", Strength::Detect, "not found");
}

#[test]
fn a_breach_that_is_not_found_and_a_twin_that_is_found_fail() {
    let unbroken = |promise: &Promise| -> Vec<Breach> {
        let breaches = isolation_network_default_deny::CASES.detect.unwrap()(promise);
        breaches.into_iter().map(|case| Breach { events: case.twin.clone(), ..case }).collect()
    };
    let broken = |promise: &Promise| -> Vec<Breach> {
        let breaches = isolation_network_default_deny::CASES.detect.unwrap()(promise);
        breaches.into_iter().map(|case| Breach { twin: case.events.clone(), ..case }).collect()
    };
    let cases = |detect| Cases { detect: Some(detect), ..Cases::of("isolation.network-default-deny") };
    expect_failure(&cases(unbroken), "GRC-28", Strength::Detect, "not found");
    expect_failure(&cases(broken), "GRC-28", Strength::Detect, "in its twin");
}

#[test]
fn drift_that_changes_nothing_of_suretys_own_fails() {
    let repair = |promise: &Promise| -> Vec<Drift> {
        let drifts = isolation_network_default_deny::CASES.repair.unwrap()(promise);
        drifts.into_iter().map(|case| Drift { events: Vec::new(), ..case }).collect()
    };
    let cases = Cases { repair: Some(repair), ..Cases::of("isolation.network-default-deny") };
    expect_failure(&cases, "GRC-28", Strength::Repair, "marks nothing");
}

#[test]
fn a_write_under_a_policy_that_only_observes_fails() {
    let repair = |promise: &Promise| -> Vec<Drift> {
        let drifts = isolation_network_default_deny::CASES.repair.unwrap()(promise);
        drifts.into_iter().map(|case| Drift { observed: case.ground.clone(), ..case }).collect()
    };
    let cases = Cases { repair: Some(repair), ..Cases::of("isolation.network-default-deny") };
    expect_failure(&cases, "GRC-28", Strength::Repair, "only observes");
}

#[test]
fn an_attestation_that_does_not_end_at_its_second_fails() {
    let attest = |promise: &Promise| -> Vec<Attested> {
        let cases = governance_attested::CASES.attest.unwrap()(promise);
        cases.into_iter().map(|case| Attested { until: case.until + SECOND, ..case }).collect()
    };
    let cases = Cases { attest: Some(attest), ..Cases::of("governance.attested") };
    expect_failure(&cases, "MSP-07", Strength::Attest, "wanted Pass");
}

#[test]
fn a_limit_that_is_none_any_more_fails() {
    let unseen = |promise: &Promise| -> Vec<Unseen> {
        let found = retention_kept::CASES.detect.unwrap()(promise).into_iter();
        found
            .map(|Breach { ground, events, .. }| Unseen { why: "finds nothing", ground, breach: events })
            .collect()
    };
    let cases = Cases { unseen: Some(unseen), detect: Some(|_| Vec::new()), ..Cases::of("retention.kept") };
    expect_failure(&cases, "MSP-19", Strength::Detect, "it is no limit any more");
}

#[test]
fn a_breach_that_is_not_seen_is_a_shortfall() {
    let unseen = |promise: &Promise| -> Vec<Unseen> {
        vec![Unseen { why: "sees nothing in nothing", ground: Ground::of(promise), breach: Vec::new() }]
    };
    let cases = Cases { unseen: Some(unseen), ..retention_kept::CASES };
    let shortfall = run::show(&cases, promise("MSP-19"), Strength::Detect).unwrap_err();
    assert!(shortfall.0.ends_with("sees nothing in nothing"), "{shortfall:?}");
}

#[test]
fn a_strength_without_cases_is_a_shortfall_and_not_a_pass() {
    let none = Cases::of("retention.kept");
    let shortfall = run::show(&none, promise("CWS-13"), Strength::Repair).unwrap_err();
    assert_eq!(shortfall.0, "retention.kept repairs nothing in this version");
}

#[test]
fn a_commitment_that_only_warns_prevents_nothing() {
    let promise = promise("GRC-28");
    let shortfall = run::show(&isolation_network_default_deny::CASES, promise, Strength::Prevent);
    assert_eq!(shortfall.unwrap_err().0, "isolation.network-default-deny only warns");
}

impl Breach {
    fn shifted_by(self, shift: SignedDuration) -> Self {
        let opens = self.opens + shift;
        self.opening(opens)
    }
}
