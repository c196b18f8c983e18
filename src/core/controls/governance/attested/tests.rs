//! Attestations that count, are missing, have run out, or say too much.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::*;
use crate::{
    api::{EvidenceDocument, values::Period, waiver::CommitmentReference},
    core::{
        controls::testkit::{Bench, NOW, at, declared, profile_demanding},
        facts::{Fact, Labels, Meta},
        subject::SubjectKey,
        verdict::State,
    },
};

const UNTIL: &str = "2027-06-15T12:00:00Z";

fn spec(valid_until: &str) -> AttestationSpec {
    AttestationSpec {
        commitment: CommitmentReference { profile: "bench".to_owned(), id: "B-1".to_owned() },
        tenant_selector: crate::api::TenantSelector::default(),
        statement: "Passwords are kept as salted hashes.".to_owned(),
        attested_by: "the security officer".to_owned(),
        evidence: vec![EvidenceDocument {
            uri: "https://example.com/proof".to_owned(),
            sha256: "0".repeat(64),
        }],
        period: None,
        valid_until: at(valid_until),
    }
}

fn proving(from: &str, to: &str, valid_until: &str) -> AttestationSpec {
    AttestationSpec { period: Some(Period { from: at(from), to: at(to) }), ..spec(valid_until) }
}

fn attestation(name: &str, spec: AttestationSpec) -> Fact {
    Fact::Attestation(declared(name, Labels::default(), spec))
}

/// A promise that asks for an attestation of a year, and these attestations.
fn bench(attestations: impl IntoIterator<Item = Fact>) -> Bench {
    let profile = profile_demanding(CONTROL.id, &serde_json::json!({"validFor": "1y"}));
    let bench = Bench::new(&CONTROL).with_span("validFor", "1y").with(profile);
    attestations.into_iter().fold(bench, Bench::with)
}

fn verdict_on(bench: &Bench) -> Verdict {
    bench.verdict_on(&SubjectKey::Commitment { profile: "bench".into(), id: "B-1".into() })
}

fn state_of(attestations: impl IntoIterator<Item = Fact>) -> State {
    verdict_on(&bench(attestations)).state(at(NOW))
}

#[test]
fn an_attestation_with_evidence_counts_until_its_end_and_shows_statement_and_person() {
    let verdict = verdict_on(&bench([attestation("hashes", spec(UNTIL))]));
    assert_eq!(verdict.state(at(NOW)), State::Pass);
    assert_eq!(verdict.changes_at, Some(at(UNTIL)));
    assert_eq!(
        verdict.evidence.found,
        "\"Passwords are kept as salted hashes.\", attested by the security officer"
    );
    assert_eq!(verdict.evidence.read_from, "Attestation hashes");
}

#[test]
fn without_an_attestation_it_is_manual_and_says_what_to_apply() {
    let verdict = verdict_on(&bench([]));
    assert_eq!(verdict.state(at(NOW)), State::Manual);
    assert_eq!(
        verdict.issues.first().unwrap().fix,
        "apply an Attestation: `{apiVersion: surety.dev/v1alpha1, kind: Attestation, metadata: {name: ...}, spec: \
         {commitment: {profile: bench, id: B-1}, tenantSelector: {}, statement: ..., attestedBy: ..., evidence: \
         [{uri: ..., sha256: ...}], validUntil: ...}}`, valid for at most 1y"
    );
}

#[test]
fn attest_manual_turns_pass_then_stale_at_its_second() {
    assert_eq!(state_of([]), State::Manual);
    let attested = bench([attestation("hashes", spec(UNTIL))]);
    assert_eq!(verdict_on(&attested).state(at(NOW)), State::Pass);
    let before = attested.now("2027-06-15T11:59:59Z");
    assert_eq!(verdict_on(&before).state(at("2027-06-15T11:59:59Z")), State::Pass);
    let after = verdict_on(&before.now(UNTIL));
    assert_eq!(after.state(at(UNTIL)), State::Stale);
    let expected = Issue::fail(
        "attestations",
        "Attestation `hashes` was valid until 2027-06-15T12:00:00Z",
        "an Attestation that is still valid",
        "prove it anew, and apply an Attestation in place of `hashes` with new evidence and a new validUntil",
    );
    assert_eq!(after.issues, [expected.with_problem(Problem::Stale).since(at(UNTIL))]);
}

#[test]
fn of_several_the_one_that_is_valid_longest_counts() {
    let verdict = verdict_on(&bench([
        attestation("a", spec("2026-12-01T00:00:00Z")),
        attestation("b", spec("2027-01-01T00:00:00Z")),
        attestation("c", spec("2026-01-01T00:00:00Z")),
    ]));
    assert_eq!(verdict.evidence.read_from, "Attestation b");
    assert_eq!(verdict.changes_at, Some(at("2027-01-01T00:00:00Z")));
}

#[test]
fn an_attestation_of_another_commitment_or_of_other_tenants_does_not_count() {
    let other_id = CommitmentReference { profile: "bench".to_owned(), id: "B-2".to_owned() };
    let other_profile = CommitmentReference { profile: "other".to_owned(), id: "B-1".to_owned() };
    for commitment in [other_id, other_profile] {
        let spec = AttestationSpec { commitment, ..spec(UNTIL) };
        assert_eq!(state_of([attestation("hashes", spec)]), State::Manual);
    }
    let labels = [("tier".to_owned(), "gold".to_owned())].into();
    let tenant_selector =
        crate::api::TenantSelector { match_labels: Some(labels), ..crate::api::TenantSelector::default() };
    assert_eq!(
        state_of([attestation("hashes", AttestationSpec { tenant_selector, ..spec(UNTIL) })]),
        State::Manual
    );
}

#[test]
fn an_attestation_without_evidence_or_valid_for_too_long_does_not_count_and_says_why() {
    let bare = AttestationSpec { evidence: Vec::new(), ..spec(UNTIL) };
    let verdict =
        verdict_on(&bench([attestation("bare", bare), attestation("long", spec("2028-01-01T00:00:00Z"))]));
    assert_eq!(verdict.state(at(NOW)), State::Manual);
    let found: Vec<(&str, &str)> =
        verdict.issues.iter().map(|issue| (issue.field.as_str(), issue.fix.as_str())).collect();
    assert_eq!(
        found,
        [
            (
                "attestations[name=bare].spec.evidence",
                "add `{uri: ..., sha256: ...}` of the proof to spec.evidence"
            ),
            (
                "attestations[name=long].spec.validUntil",
                "write `validUntil: 2027-06-15T12:00:00Z` in spec, or an earlier time"
            ),
        ]
    );
    assert_eq!(verdict.changes_at, Some(at(UNTIL)), "then the first of them has run out");
}

#[test]
fn the_time_that_it_may_be_valid_counts_from_the_end_of_its_period_or_from_its_making() {
    let year = Span::new(1, crate::api::Unit::Year);
    let (created, now) = (at("2026-06-01T00:00:00Z"), at("2026-06-15T00:00:00Z"));
    for (spec, latest) in [
        (spec("2027-06-01T00:00:00Z"), None),
        (spec("2027-06-01T00:00:01Z"), Some("2027-06-01T00:00:00Z")),
        (proving("2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"), None),
        (
            proving("2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2027-06-01T00:00:00Z"),
            Some("2027-01-01T00:00:00Z"),
        ),
        // A period to come proves nothing yet, and lengthens nothing.
        (
            proving("2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "2099-12-31T00:00:00Z"),
            Some("2027-06-01T00:00:00Z"),
        ),
    ] {
        let fault = too_long(&spec, year, created, now);
        let expected =
            latest.map(|latest| format!("write `validUntil: {latest}` in spec, or an earlier time"));
        assert_eq!(fault.map(|issue| issue.fix), expected, "{spec:?}");
    }
}

#[test]
fn the_end_of_a_period_to_come_is_a_moment_of_change() {
    let to = "2026-08-01T00:00:00Z";
    let within = "2027-07-01T00:00:00Z";
    let bench = bench([attestation("audit", proving("2026-01-01T00:00:00Z", to, within))]);
    let early = verdict_on(&bench);
    assert_eq!((early.state(at(NOW)), early.changes_at), (State::Manual, Some(at(to))));
    assert_eq!(verdict_on(&bench.now(to)).state(at(to)), State::Pass);
}

#[test]
fn an_attestation_in_a_file_is_made_now() {
    let Fact::Attestation(mut in_file) = attestation("hashes", spec(UNTIL)) else { unreachable!() };
    in_file.meta = Meta::default();
    assert_eq!(state_of([Fact::Attestation(in_file)]), State::Pass);
}

#[test]
fn an_expired_attestation_beside_a_faulty_one_is_stale_and_the_fault_is_told() {
    let verdict = verdict_on(&bench([
        attestation("old", spec("2026-01-01T00:00:00Z")),
        attestation("long", spec("2029-01-01T00:00:00Z")),
    ]));
    assert_eq!(verdict.state(at(NOW)), State::Stale);
    let fields: Vec<&str> = verdict.issues.iter().map(|issue| issue.field.as_str()).collect();
    assert_eq!(fields, ["attestations", "attestations[name=long].spec.validUntil"]);
}

#[test]
fn a_commitment_that_asks_for_another_attestation_is_judged_by_its_own_figures() {
    let bench = Bench::new(&CONTROL)
        .with_span("validFor", "90d")
        .with(profile_demanding(CONTROL.id, &serde_json::json!({"validFor": "1y"})));
    assert_eq!(verdict_on(&bench).state(at(NOW)), State::NotApplicable);
}
