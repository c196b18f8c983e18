//! The result of a tenant: states of commitments, findings with their dates, score and coverage, all from its verdicts
//! and what is remembered. Pure: equal verdicts, memory and `now` give an equal result.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    effective::PolicyReference,
    evaluation::Verdicts,
    facts::{FindingMemory, Ignorance, Name, TenantRecord, Unknown},
    judge::state_for,
    plan::{Demander, Origin, Plan, Requirement, Unbuilt},
    score::Weights,
    subject::SubjectKey,
    verdict::{Issue, Problem, State, Verdict},
};
use crate::api::{Severity, Span};

/// How many closed findings are remembered for each tenant, so that one that comes back is told apart from a new one.
const CLOSED_REMEMBERED: usize = 500;
/// How many findings are remembered for each tenant. What is beyond is still counted and reported, without its dates.
const OPEN_REMEMBERED: usize = 2_000;

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Finding {
    /// A stable key of control, subject, field and container.
    pub key: Name,
    /// The control.
    pub control: &'static str,
    /// Fail, Error, Stale or Waived.
    pub state: State,
    /// The gravest of those that it breaks.
    pub severity: Severity,
    /// Commitments and policies that it breaks.
    pub breaks: BTreeSet<String>,
    /// The subject.
    pub subject: SubjectKey,
    /// What is wrong, and what to do.
    pub issue: Issue,
    /// The waiver that accepts it.
    pub waiver: Option<Name>,
    /// The moment since which it is true.
    pub since: Timestamp,
    /// The moment at which it was seen first.
    pub seen: Timestamp,
    /// The moment by which it is to be mended.
    pub remediate_by: Timestamp,
    /// The shortest time that any of those grants.
    pub remediate_within: Span,
    /// How often it came back.
    pub regressions: i32,
}

/// The state of a commitment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CommitmentState {
    /// The profile.
    pub profile: Name,
    /// The commitment.
    pub id: Name,
    /// The promise in its words.
    pub promise: String,
    /// The worst of its controls.
    pub state: State,
    /// Its weight.
    pub weight: i32,
    /// Why it is not Pass, in one sentence.
    pub reason: Option<String>,
}

/// The result of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TenantResult {
    /// The tenant.
    pub tenant: Name,
    /// Every commitment, in order of profiles and of the document.
    pub commitments: Vec<CommitmentState>,
    /// Every finding, gravest first, then by subject and field.
    pub findings: Vec<Finding>,
    /// The worst state of each policy that reaches the tenant, and how many findings stand against it.
    pub policies: BTreeMap<PolicyReference, (State, i32)>,
    /// Weights of all commitments by state.
    pub weights: Weights,
    /// The same for each profile.
    pub weights_by_profile: BTreeMap<Name, Weights>,
    /// Waivers that accept something now.
    pub used_waivers: BTreeSet<Name>,
    /// Findings to be remembered.
    pub memory: BTreeMap<Name, FindingMemory>,
}

/// The result of a tenant at `now`.
pub fn result(evaluation: &impl Verdicts, record: Option<&TenantRecord>, now: Timestamp) -> TenantResult {
    let plan = evaluation.plan();
    let mut gathered = Gathered::default();
    for (subject, requirement, verdict) in evaluation.verdicts() {
        gathered.add(plan, subject, requirement, verdict, now);
    }
    let empty = BTreeMap::new();
    let remembered = record.map_or(&empty, |record| &record.findings);
    let findings = finish(gathered.findings, remembered, now);
    let commitments = commitments(plan, &gathered.states, &gathered.reasons);
    let (weights, weights_by_profile) = weigh(&commitments);
    TenantResult {
        tenant: plan.tenant.name.clone(),
        memory: remember(&findings, remembered, now),
        policies: policies(&gathered.states, &findings),
        used_waivers: gathered.used_waivers,
        findings,
        commitments,
        weights,
        weights_by_profile,
    }
}

impl TenantResult {
    /// How many commitments are in a state.
    pub fn count(&self, state: State) -> usize {
        self.commitments.iter().filter(|commitment| commitment.state == state).count()
    }

    /// How many findings are open: not waived.
    pub fn open_findings(&self) -> usize {
        self.findings.iter().filter(|finding| finding.state != State::Waived).count()
    }
}

#[derive(Default)]
struct Gathered {
    states: BTreeMap<Demander, State>,
    reasons: BTreeMap<Demander, String>,
    findings: BTreeMap<Name, Finding>,
    used_waivers: BTreeSet<Name>,
}

impl Gathered {
    fn add(
        &mut self,
        plan: &Plan,
        subject: &SubjectKey,
        requirement: &Requirement,
        verdict: &Verdict,
        now: Timestamp,
    ) {
        for origin in &requirement.origins {
            if !concerns(origin, subject) {
                continue;
            }
            let (state, waiver) = state_for(plan, requirement, origin, subject, verdict, now);
            self.used_waivers.extend(waiver.cloned());
            self.note_state(origin, state, requirement, subject, verdict);
            if matches!(state, State::Fail | State::Error | State::Stale | State::Waived) {
                self.note_findings(requirement, origin, subject, verdict, (state, waiver), now);
            }
        }
    }

    fn note_state(
        &mut self,
        origin: &Origin,
        state: State,
        requirement: &Requirement,
        subject: &SubjectKey,
        verdict: &Verdict,
    ) {
        let known = self.states.entry(origin.demander.clone()).or_insert(State::NotApplicable);
        if state < *known {
            *known = state;
            if let Some(issue) = verdict.issues.first() {
                let reason = format!("{} on {subject}: {}", requirement.control.id, issue.found);
                self.reasons.insert(origin.demander.clone(), reason);
            }
        }
    }

    fn note_findings(
        &mut self,
        requirement: &Requirement,
        origin: &Origin,
        subject: &SubjectKey,
        verdict: &Verdict,
        (state, waiver): (State, Option<&Name>),
        now: Timestamp,
    ) {
        for issue in &verdict.issues {
            let own = issue.state(now);
            if !matches!(own, State::Fail | State::Error | State::Stale) && state != State::Waived {
                continue;
            }
            let own = if state == State::Waived { State::Waived } else { own };
            let key = key_of(requirement.control.id, subject, issue);
            let finding = self.findings.entry(key.clone()).or_insert_with(|| Finding {
                key,
                control: requirement.control.id,
                state: own,
                severity: origin.severity,
                breaks: BTreeSet::new(),
                subject: subject.clone(),
                issue: issue.clone(),
                waiver: None,
                since: now,
                seen: now,
                remediate_by: now,
                remediate_within: origin.remediate_within,
                regressions: 0,
            });
            finding.state = finding.state.min(own);
            finding.severity = finding.severity.max(origin.severity);
            finding.remediate_within = finding.remediate_within.min(origin.remediate_within);
            finding.breaks.insert(origin.demander.to_string());
            finding.waiver = finding.waiver.take().or_else(|| waiver.cloned());
        }
    }
}

/// A control over commitments speaks of the commitment that is its subject, not of the others that name it too.
pub(crate) fn concerns(origin: &Origin, subject: &SubjectKey) -> bool {
    match (subject, &origin.demander) {
        (SubjectKey::Commitment { profile, id }, Demander::Commitment { profile: of, id: other }) => {
            profile == of && id == other
        }
        _ => true,
    }
}

fn key_of(control: &str, subject: &SubjectKey, issue: &Issue) -> Name {
    key_of_parts(control, subject, &issue.field, issue.container.as_ref().map_or("", Name::as_str))
}

/// FNV-1a over what makes a finding the same: stable across restarts and versions, and short.
pub(crate) fn key_of_parts(control: &str, subject: &SubjectKey, field: &str, container: &str) -> Name {
    let parts = [control, &subject.to_string(), field, container].join("\u{0}");
    let hash = parts.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    Name::from(format!("{hash:016x}"))
}

fn finish(
    findings: BTreeMap<Name, Finding>,
    remembered: &BTreeMap<Name, FindingMemory>,
    now: Timestamp,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        findings.into_values().map(|finding| dated(finding, remembered, now)).collect();
    findings.sort_by(|a, b| {
        let order = |finding: &Finding| (finding.state, std::cmp::Reverse(finding.severity));
        order(a)
            .cmp(&order(b))
            .then_with(|| a.subject.cmp(&b.subject))
            .then_with(|| a.control.cmp(b.control))
            .then_with(|| a.issue.field.cmp(&b.issue.field))
            .then_with(|| a.key.cmp(&b.key))
    });
    findings
}

fn dated(mut finding: Finding, remembered: &BTreeMap<Name, FindingMemory>, now: Timestamp) -> Finding {
    let known = remembered.get(&finding.key);
    let open = known.filter(|memory| memory.closed.is_none());
    finding.seen = open.map_or(now, |memory| memory.seen);
    let due = match finding.issue.problem {
        Problem::Pending { due } => Some(due),
        _ => None,
    };
    let since = finding.issue.since.or(due).or_else(|| open.map(|memory| memory.since));
    finding.since = since.unwrap_or(now).min(now);
    finding.regressions = known.map_or(0, |memory| memory.regressions + i32::from(memory.closed.is_some()));
    finding.remediate_by = finding.remediate_within.after(finding.since);
    finding
}

fn remember(
    findings: &[Finding],
    remembered: &BTreeMap<Name, FindingMemory>,
    now: Timestamp,
) -> BTreeMap<Name, FindingMemory> {
    let open = findings.iter().take(OPEN_REMEMBERED).map(|finding| {
        let memory = FindingMemory {
            since: finding.since,
            seen: finding.seen,
            closed: None,
            regressions: finding.regressions,
        };
        (finding.key.clone(), memory)
    });
    let mut memory: BTreeMap<Name, FindingMemory> = open.collect();
    // What cannot be seen is not mended: it stays open, with its date, until it is seen again.
    let closed_now = (!is_blind(findings)).then_some(now);
    let mut closed: Vec<(Name, FindingMemory)> = remembered
        .iter()
        .filter(|(key, _)| !memory.contains_key(*key))
        .map(|(key, known)| {
            (key.clone(), FindingMemory { closed: known.closed.or(closed_now), ..known.clone() })
        })
        .collect();
    closed.sort_by_key(|(_, memory)| (memory.closed.is_some(), std::cmp::Reverse(memory.closed)));
    memory.extend(closed.into_iter().take(CLOSED_REMEMBERED));
    memory
}

/// Whether a whole source that Surety needs cannot be trusted just now, as when the API server has only just started.
fn is_blind(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| match &finding.issue.problem {
        Problem::Unknown(Unknown::NotKnown(why)) => {
            let is_whole =
                matches!(why, Ignorance::NotSynced(_) | Ignorance::Stale(..) | Ignorance::Forbidden(_));
            is_whole && why.source().is_required()
        }
        _ => false,
    })
}

fn commitments(
    plan: &Plan,
    states: &BTreeMap<Demander, State>,
    reasons: &BTreeMap<Demander, String>,
) -> Vec<CommitmentState> {
    let all = plan.profiles.iter().flat_map(|profile| {
        profile.spec.commitments.iter().map(move |commitment| (profile.name.clone(), commitment))
    });
    all.map(|(profile, commitment)| {
        let id = Name::from(&commitment.id);
        let demander = Demander::Commitment { profile: profile.clone(), id: id.clone() };
        let evaluated = states.get(&demander).copied().unwrap_or(State::NotApplicable);
        let reason = reasons.get(&demander).cloned();
        let unbuilt =
            plan.unbuilt.iter().filter(|unbuilt| unbuilt.profile == profile && unbuilt.commitment == id);
        let (state, reason) = unbuilt.fold((evaluated, reason), capped);
        CommitmentState {
            profile,
            id,
            promise: commitment.promise.clone(),
            state,
            weight: commitment.weight,
            reason,
        }
    })
    .collect()
}

/// What this version has not built caps a commitment at Manual, which no attestation lifts; what it cannot take in is
/// an Error.
fn capped((state, reason): (State, Option<String>), unbuilt: &Unbuilt) -> (State, Option<String>) {
    let (cap, why) = match &unbuilt.error {
        None => (State::Manual, format!("{} is not built in this version", unbuilt.control)),
        Some(error) => (State::Error, format!("{}: {error}", unbuilt.control)),
    };
    if cap < state { (cap, Some(why)) } else { (state, reason) }
}

fn weigh(commitments: &[CommitmentState]) -> (Weights, BTreeMap<Name, Weights>) {
    let mut all = Weights::default();
    let mut by_profile: BTreeMap<Name, Weights> = BTreeMap::new();
    for commitment in commitments {
        all.add(commitment.state, commitment.weight);
        by_profile.entry(commitment.profile.clone()).or_default().add(commitment.state, commitment.weight);
    }
    (all, by_profile)
}

fn policies(
    states: &BTreeMap<Demander, State>,
    findings: &[Finding],
) -> BTreeMap<PolicyReference, (State, i32)> {
    let of_policies = states.iter().filter_map(|(demander, state)| match demander {
        Demander::Policy(policy) => Some((policy.clone(), *state)),
        Demander::Commitment { .. } => None,
    });
    of_policies
        .map(|(policy, state)| {
            let name = policy.to_string();
            let against = findings
                .iter()
                .filter(|finding| finding.state != State::Waived && finding.breaks.contains(&name));
            let count = i32::try_from(against.count()).unwrap_or(i32::MAX);
            (policy, (state, count))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
    use super::*;
    use crate::{
        api::Unit,
        core::facts::{Kind, ObjectKey, Source},
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn finding(key: &str, problem: Problem) -> Finding {
        Finding {
            key: Name::from(key),
            control: "isolation.host-access",
            state: State::Fail,
            severity: Severity::High,
            breaks: BTreeSet::new(),
            subject: ObjectKey::namespaced(Kind::Deployment, "acme", "web").into(),
            issue: Issue::fail("spec", "a", "b", "do c").with_problem(problem),
            waiver: None,
            since: at(0),
            seen: at(0),
            remediate_by: at(0),
            remediate_within: Span::new(1, Unit::Day),
            regressions: 0,
        }
    }

    /// A finding, then what takes its place, then the finding again: since when, and how often it came back.
    fn comes_back_after(between: &[Finding]) -> (Timestamp, i32) {
        let fails = || vec![dated(finding("a", Problem::Fail), &BTreeMap::new(), at(1))];
        let memory = remember(&fails(), &BTreeMap::new(), at(1));
        let memory = remember(between, &memory, at(2));
        let again = dated(finding("a", Problem::Fail), &memory, at(3));
        (again.since, again.regressions)
    }

    #[test]
    fn a_finding_keeps_its_date_while_it_cannot_be_seen_and_loses_it_when_it_was_mended() {
        let not_known = |why| vec![finding("b", Problem::Unknown(Unknown::NotKnown(why)))];
        for (what, between, expected) in [
            ("mended", vec![], (at(3), 1)),
            ("another finding", vec![finding("b", Problem::Fail)], (at(3), 1)),
            (
                "one unreadable object",
                not_known(Ignorance::Unreadable(Source::Workloads, "x".into())),
                (at(3), 1),
            ),
            ("an optional source", not_known(Ignorance::Forbidden(Source::VeleroBackups)), (at(3), 1)),
            ("forbidden", not_known(Ignorance::Forbidden(Source::Workloads)), (at(1), 0)),
            ("stale", not_known(Ignorance::Stale(Source::Workloads, at(0))), (at(1), 0)),
        ] {
            assert_eq!(comes_back_after(&between), expected, "{what}");
        }
    }
}
