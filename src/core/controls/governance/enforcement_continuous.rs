//! `governance.enforcement-continuous`: what must be refused is refused, without a gap that is longer than promised.
//!
//! Facts of enforcement are what canaries show, as each replica sees it, and the recorded gaps. Closed is no gap: nothing
//! gets in. A gap that is over leaves no finding, for nothing can be done about it any more: it stays recorded, and the
//! evidence tells of the last one. What is not proved is never taken for enforced: when the last proof is older than a gap
//! may be, it is stale. In files there is nothing of this.

#[cfg(test)]
mod tests;

use jiff::Timestamp;

use crate::{
    api::{Severity, Span},
    core::{
        context::Context,
        control::{Control, never_weaker, no_demand, no_transition},
        facts::{Enforcing, Gap, Ignorance, Proof, Source, Sources, Unknown},
        subject::{Subject, SubjectClass},
        verdict::{Issue, Problem, Verdict},
    },
};

/// The control.
pub static CONTROL: Control = Control {
    id: "governance.enforcement-continuous",
    title: "What must be refused is refused without a gap",
    why: "What gets in while nothing is refused is found only afterwards, if at all.",
    remediation: "See what surety_enforcement and the Events of the webhook registration say; take the pause off, or restore \
                  the registration, the replicas or the canaries of config/canary.",
    severity: Severity::High,
    subjects: &[SubjectClass::Tenant],
    reads: Sources::of(&[Source::Records]),
    guards: &[],
    evaluate,
    demanded: no_demand,
    upheld_by: None,
    weaker: never_weaker,
    transition: no_transition,
};

/// Where a gap of the registration as a whole is told.
const REGISTRATION: &str = "webhooks";

fn evaluate(context: &Context<'_>, subject: &Subject<'_>) -> Verdict {
    let Subject::Tenant(_) = subject else { return Verdict::not_applicable("no tenant") };
    let Some(longest) = context.parameters().span("maxGap") else {
        return unknown(
            Unknown::Undecidable("parameter maxGap is not given".to_owned()),
            "give maxGap in the profile",
        );
    };
    if context.proofs().is_empty() {
        let unseen = Unknown::NotKnown(Ignorance::NotInTheseFiles(Source::Records));
        return unknown(unseen, "ask a Surety that runs in the cluster");
    }
    let limits = limits(context, longest);
    let (over, to_come): (Vec<Limit>, Vec<Limit>) =
        limits.into_iter().partition(|limit| limit.at <= context.now());
    let mut verdict = if over.is_empty() && to_come.iter().all(|limit| limit.is_proved) {
        Verdict::pass(told(context.gaps()))
            .reading(wanted(longest), "dry runs of canaries, ConfigMap surety-cluster")
    } else {
        Verdict::from_issues(over.iter().map(|limit| limit.issue(longest)).collect())
    };
    for limit in to_come {
        if !limit.is_proved {
            let due = Problem::Pending { due: limit.at };
            verdict.issues.push(limit.issue(longest).with_problem(due));
        }
        verdict = verdict.changing_at(limit.at);
    }
    verdict
}

/// Something that is not good, and when it has lasted for too long.
struct Limit {
    at: Timestamp,
    field: String,
    found: String,
    fix: &'static str,
    problem: Problem,
    /// Whether it was good before: until the limit the last proof holds.
    is_proved: bool,
}

impl Limit {
    fn issue(&self, longest: Span) -> Issue {
        Issue::fail(self.field.clone(), self.found.clone(), wanted(longest), self.fix)
            .with_problem(self.problem.clone())
            .since(self.at)
    }
}

/// Of several gaps that are recorded as open the first counts.
fn limits(context: &Context<'_>, longest: Span) -> Vec<Limit> {
    let open = context.gaps().iter().find(|gap| gap.ended.is_none()).map(|gap| recorded(gap, longest));
    let unproved = context.proofs().iter().filter_map(|(entry, proof)| of_proof(entry, *proof, longest));
    open.into_iter().chain(unproved).collect()
}

fn recorded(gap: &Gap, longest: Span) -> Limit {
    Limit {
        at: longest.after(gap.began),
        field: REGISTRATION.to_owned(),
        found: format!("a gap since {:.0}: {}", gap.began, gap.cause),
        fix: "restore the registration; Surety does so by itself unless it is paused or no replica lives",
        problem: Problem::Fail,
        is_proved: true,
    }
}

/// None where nothing that must be refused gets in by the entry.
fn of_proof(entry: &str, proof: Proof, longest: Span) -> Option<Limit> {
    let since = proof.last_good.unwrap_or(proof.since);
    let (found, fix, problem) = match proof.state {
        Enforcing::Enforcing | Enforcing::Closed => return None,
        Enforcing::Open => (
            format!("what must be refused is admitted since {since:.0}"),
            "see why the API server does not ask Surety: the registration, an exemption, a pause",
            Problem::Fail,
        ),
        Enforcing::NotKnown => (
            format!("nothing proves since {since:.0} that it refuses"),
            "see the log of Surety for what its dry runs were answered; apply config/canary and config/rbac",
            Problem::Stale,
        ),
    };
    let is_proved = proof.state == Enforcing::Open || proof.last_good.is_some();
    let (at, field) = (longest.after(since), format!("{REGISTRATION}[name={entry}]"));
    Some(Limit { at, field, found, fix, problem, is_proved })
}

fn wanted(longest: Span) -> String {
    format!("no gap longer than {longest}, proved again and again")
}

/// What is recorded, told so that it does not change with time alone.
fn told(gaps: &[Gap]) -> String {
    let Some((last, ended)) = gaps.iter().rev().find_map(|gap| Some((gap, gap.ended?))) else {
        return "proved without a recorded gap".to_owned();
    };
    let lasted = last.began.duration_until(ended).as_secs();
    format!("proved; {} gaps are recorded, the last of {lasted} s until {ended:.0}", gaps.len())
}

fn unknown(why: Unknown, fix: &str) -> Verdict {
    let issue = Issue::fail(REGISTRATION, why.to_string(), "proof that what must be refused is refused", fix);
    Verdict::issue(issue.with_problem(Problem::Unknown(why)))
}
