//! `governance.attested`: a person attests what no cluster shows, with evidence that is still valid.
//!
//! An attestation speaks for its commitment; it lifts no finding of another control.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;

use jiff::Timestamp;

use super::is_asked_by;
use crate::{
    api::{AttestationSpec, Severity, Span},
    core::{
        context::Context,
        control::{Control, Door, Guard, Operation, never_weaker, no_demand, no_transition},
        facts::{Declared, Kind, Name, Sources, Unknown},
        subject::{Subject, SubjectClass},
        verdict::{Issue, Problem, Verdict},
    },
};

/// The control.
pub static CONTROL: Control = Control {
    id: "governance.attested",
    title: "A person attests what no cluster shows",
    why: "Some promises leave no trace in a cluster; somebody must stand for them, with proof, again and again.",
    remediation: "Apply an Attestation of the commitment with a statement, who makes it, evidence with its digest, and \
                  an end within the time that the commitment allows.",
    severity: Severity::Medium,
    subjects: &[SubjectClass::Commitment],
    reads: Sources::NONE,
    guards: &[Guard {
        kind: Kind::Attestation,
        door: Door::ProtectCluster,
        operations: &[Operation::Create, Operation::Update],
    }],
    evaluate,
    demanded: no_demand,
    upheld_by: None,
    weaker: never_weaker,
    transition: no_transition,
};

type Attested = Declared<AttestationSpec>;

fn evaluate(context: &Context<'_>, subject: &Subject<'_>) -> Verdict {
    let Subject::Commitment(profile, commitment) = subject else {
        return Verdict::not_applicable("no commitment");
    };
    if !is_asked_by(commitment, CONTROL.id, context.parameters()) {
        return Verdict::not_applicable("the commitment asks for another attestation or none");
    }
    let Some(valid_for) = context.parameters().span("validFor") else {
        let unknown = Unknown::Undecidable("parameter validFor is not given".to_owned());
        let issue = Issue::fail("validFor", unknown.to_string(), "a span", "give validFor in the profile");
        return Verdict::issue(issue.with_problem(Problem::Unknown(unknown)));
    };
    let attestations = context.plan().attestations.iter().map(|attestation| &**attestation);
    let about: Vec<&Attested> = attestations
        .filter(|attestation| {
            let reference = &attestation.spec.commitment;
            *reference.profile == *profile.name && reference.id == commitment.id
        })
        .collect();
    if about.is_empty() {
        return Verdict::issue(missing(&profile.name, &commitment.id, valid_for));
    }
    verdict_from(&about, valid_for, context.now())
}

fn verdict_from(about: &[&Attested], valid_for: Span, now: Timestamp) -> Verdict {
    let (live, expired): (Vec<&Attested>, Vec<&Attested>) =
        about.iter().partition(|attestation| now < attestation.spec.valid_until);
    let judged: Vec<(&Attested, Vec<Issue>)> =
        live.iter().map(|attestation| (*attestation, faults_of(attestation, valid_for, now))).collect();
    let sound = judged.iter().filter(|(_, faults)| faults.is_empty());
    let verdict = match newest(sound.map(|(attestation, _)| *attestation)) {
        Some(attestation) => counts(attestation, valid_for),
        None => none_counts(&expired, judged),
    };
    // At the end of its period an attestation may come to count: see `too_long`.
    let ends = live.iter().filter_map(|attestation| attestation.spec.period.as_ref()).map(|period| period.to);
    ends.filter(|end| *end > now).fold(verdict, Verdict::changing_at)
}

/// One without a creation date is in a file: it is made now.
fn faults_of(attestation: &Attested, valid_for: Span, now: Timestamp) -> Vec<Issue> {
    let created = attestation.meta.created;
    let created = if created == Timestamp::UNIX_EPOCH { now } else { created };
    faults(&attestation.spec, valid_for, created, now)
}

/// The newest that ran out, and what is wrong with those that have not; these change when they run out.
fn none_counts(expired: &[&Attested], live: Vec<(&Attested, Vec<Issue>)>) -> Verdict {
    let verdict = Verdict::from_issues(newest(expired.iter().copied()).map(stale).into_iter().collect());
    live.into_iter().fold(verdict, |mut verdict, (attestation, faults)| {
        verdict.issues.extend(faults.into_iter().map(|fault| of_attestation(attestation, fault)));
        verdict.changing_at(attestation.spec.valid_until)
    })
}

/// The attestation that is valid longest.
fn newest<'a>(attestations: impl Iterator<Item = &'a Attested>) -> Option<&'a Attested> {
    attestations.max_by_key(|attestation| (attestation.spec.valid_until, Reverse(&attestation.name)))
}

fn counts(attestation: &Attested, valid_for: Span) -> Verdict {
    let spec = &attestation.spec;
    Verdict::pass(format!("\"{}\", attested by {}", spec.statement, spec.attested_by))
        .reading(
            format!("an Attestation that is valid for at most {valid_for}"),
            format!("Attestation {}", attestation.name),
        )
        .changing_at(spec.valid_until)
}

fn stale(attestation: &Attested) -> Issue {
    let name = &attestation.name;
    let until = attestation.spec.valid_until;
    Issue::fail(
        "attestations",
        format!("Attestation `{name}` was valid until {until:.0}"),
        "an Attestation that is still valid",
        format!("prove it anew, and apply an Attestation in place of `{name}` with new evidence and a new validUntil"),
    )
    .with_problem(Problem::Stale)
    .since(until)
}

fn missing(profile: &Name, id: &str, valid_for: Span) -> Issue {
    let fix = format!(
        "apply an Attestation: `{{apiVersion: surety.dev/v1alpha1, kind: Attestation, metadata: {{name: ...}}, spec: \
         {{commitment: {{profile: {profile}, id: {id}}}, tenantSelector: {{}}, statement: ..., attestedBy: ..., \
         evidence: [{{uri: ..., sha256: ...}}], validUntil: ...}}}}`, valid for at most {valid_for}"
    );
    Issue::fail("attestations", "none", "an Attestation with evidence", fix).with_problem(Problem::Manual)
}

fn of_attestation(attestation: &Attested, fault: Issue) -> Issue {
    let field = format!("attestations[name={}].{}", attestation.name, fault.field);
    Issue { field, problem: Problem::Manual, ..fault }
}

/// Why an attestation that was made at `created` does not count for a commitment that allows `valid_for`.
pub fn faults(
    attestation: &AttestationSpec,
    valid_for: Span,
    created: Timestamp,
    now: Timestamp,
) -> Vec<Issue> {
    let evidence = attestation.evidence.is_empty().then(|| {
        let fix = "add `{uri: ..., sha256: ...}` of the proof to spec.evidence";
        Issue::fail("spec.evidence", "none", "at least one document with its digest", fix)
    });
    too_long(attestation, valid_for, created, now).into_iter().chain(evidence).collect()
}

/// The fault of an attestation that is valid for longer than `valid_for` from the end of the period that it proves, or
/// from `created` where it names no period or one that has not ended: a period to come cannot have been proved.
pub fn too_long(
    attestation: &AttestationSpec,
    valid_for: Span,
    created: Timestamp,
    now: Timestamp,
) -> Option<Issue> {
    let ended = attestation.period.as_ref().map(|period| period.to).filter(|end| *end <= now);
    let (start, of_what) =
        ended.map_or((created, "it was made"), |end| (end, "the period that it proves has ended"));
    let latest = valid_for.after(start);
    (attestation.valid_until > latest).then(|| {
        Issue::fail(
            "spec.validUntil",
            format!("{:.0}", attestation.valid_until),
            format!("at most {valid_for} after {of_what}"),
            format!("write `validUntil: {latest:.0}` in spec, or an earlier time"),
        )
    })
}
