//! Conditions: `Ready` (we reconciled) and `Compliant` (requirements met), kept apart. Reasons are constants and part of
//! the API; values go into messages. `lastTransitionTime` moves only when `status` changes.

use std::fmt;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::core::{effective::Conflict, result::TenantResult, verdict::State};

/// A condition as it is now, without its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// `Ready`, `Compliant`, `Conflict`, `Live`.
    pub condition_type: &'static str,
    /// Whether it holds; none is Unknown.
    pub holds: Option<bool>,
    /// A constant.
    pub reason: &'static str,
    /// What is to be known.
    pub message: String,
}

/// The conditions to write: `observed`, with the transition times of `current` where the status did not change.
pub fn merged(
    current: &[Condition],
    observed: Vec<Observed>,
    generation: i64,
    now: Timestamp,
) -> Vec<Condition> {
    let merge = |observed: Observed| {
        let status = match observed.holds {
            Some(true) => "True",
            Some(false) => "False",
            None => "Unknown",
        };
        let known = current.iter().find(|condition| condition.type_ == observed.condition_type);
        let since = known
            .filter(|condition| condition.status == status)
            .map(|condition| condition.last_transition_time.clone());
        Condition {
            type_: observed.condition_type.to_owned(),
            status: status.to_owned(),
            reason: observed.reason.to_owned(),
            message: observed.message,
            observed_generation: Some(generation),
            last_transition_time: since.unwrap_or(Time(now)),
        }
    };
    observed.into_iter().map(merge).collect()
}

/// The conditions of a tenant.
pub fn of_tenant(result: &TenantResult, contested: &[String], disputes: &[String]) -> Vec<Observed> {
    vec![ready_tenant(contested, disputes), compliant(result)]
}

fn ready_tenant(contested: &[String], disputes: &[String]) -> Observed {
    if contested.is_empty() && disputes.is_empty() {
        return ready();
    }
    if contested.is_empty() {
        let message = super::compliance::shortened(&disputes.join("; "));
        return Observed {
            condition_type: "Ready",
            holds: Some(false),
            reason: "FieldsOwnedByOthers",
            message,
        };
    }
    let message = format!("other tenants ask for its namespaces too: {}", contested.join(", "));
    Observed { condition_type: "Ready", holds: Some(false), reason: "NamespacesContested", message }
}

/// Taken in.
pub fn ready() -> Observed {
    Observed { condition_type: "Ready", holds: Some(true), reason: "Reconciled", message: String::new() }
}

/// Not taken in, because its form is wrong.
pub fn malformed(message: String) -> Observed {
    Observed { condition_type: "Ready", holds: Some(false), reason: "Malformed", message }
}

/// Commitments and the tenant's policies count alike: a tenant without a profile is judged by its policies.
fn compliant(result: &TenantResult) -> Observed {
    let commitments = Tally::of(result.commitments.iter().map(|commitment| commitment.state));
    let policies = Tally::of(result.policies.values().map(|(state, _)| *state));
    let (holds, reason) = if commitments.is_broken() {
        (Some(false), "CommitmentsBroken")
    } else if policies.is_broken() {
        (Some(false), "RequirementsBroken")
    } else if commitments.is_evaluated() {
        (Some(true), "CommitmentsKept")
    } else if policies.is_evaluated() {
        (Some(true), "RequirementsMet")
    } else {
        (None, "NothingEvaluated")
    };
    let mut message = commitments.to_string();
    if !policies.0.is_empty() && (policies.is_broken() || !commitments.is_evaluated()) {
        let separator = if message.is_empty() { "" } else { "; " };
        message = format!("{message}{separator}policies: {policies}");
    }
    Observed { condition_type: "Compliant", holds, reason, message }
}

/// How many are in each state.
struct Tally(Vec<(State, usize)>);

impl Tally {
    fn of(states: impl Iterator<Item = State>) -> Self {
        let states: Vec<State> = states.collect();
        let count = |state: &State| states.iter().filter(|found| *found == state).count();
        let counts = State::ALL.iter().map(|state| (*state, count(state)));
        Self(counts.filter(|(_, count)| *count > 0).collect())
    }

    fn is_broken(&self) -> bool {
        self.0.iter().any(|(state, _)| matches!(state, State::Fail | State::Error | State::Stale))
    }

    fn is_evaluated(&self) -> bool {
        self.0.iter().any(|(state, _)| *state != State::NotApplicable)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(|(state, count)| format!("{count} {state}")).collect();
        f.write_str(&words.join(", "))
    }
}

/// The `Compliant` condition of a policy, from the worst state over its tenants.
pub fn policy_compliant(state: Option<State>, failing: i32) -> Observed {
    let (holds, reason, message) = match state {
        None | Some(State::NotApplicable) => (None, "NothingEvaluated", String::new()),
        Some(State::Pending) => (None, "Pending", "something is still to be supplied".to_owned()),
        Some(State::Fail | State::Error | State::Stale | State::Manual) => {
            (Some(false), "RequirementsBroken", format!("{failing} findings stand against it"))
        }
        Some(State::Pass | State::Waived) => (Some(true), "RequirementsMet", String::new()),
    };
    Observed { condition_type: "Compliant", holds, reason, message }
}

/// The `Conflict` condition of a policy.
pub fn conflict(conflicts: &[&Conflict]) -> Observed {
    let Some(first) = conflicts.first() else {
        let message = String::new();
        return Observed { condition_type: "Conflict", holds: Some(false), reason: "Agreement", message };
    };
    Observed {
        condition_type: "Conflict",
        holds: Some(true),
        reason: "Contradiction",
        message: first.message.clone(),
    }
}

/// The `Live` condition of a waiver or attestation.
pub fn live(ends_at: Timestamp, now: Timestamp) -> Observed {
    let (holds, reason) = if now < ends_at { (Some(true), "Valid") } else { (Some(false), "Expired") };
    Observed { condition_type: "Live", holds, reason, message: format!("until {ends_at:.0}") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
    use std::collections::BTreeMap;

    use super::*;
    use crate::core::{effective::PolicyReference, facts::Kind, result::CommitmentState, score::Weights};

    fn result(commitments: &[State], policies: &[State]) -> TenantResult {
        let commitment = |state: &State| CommitmentState {
            profile: "p".into(),
            id: "c".into(),
            promise: String::new(),
            state: *state,
            weight: 1,
            reason: None,
        };
        let policy = |(index, state): (usize, &State)| {
            (PolicyReference::new(Kind::BackupPolicy, &format!("p-{index}").into()), (*state, 1))
        };
        TenantResult {
            tenant: "acme".into(),
            commitments: commitments.iter().map(commitment).collect(),
            findings: Vec::new(),
            policies: policies.iter().enumerate().map(policy).collect(),
            weights: Weights::default(),
            weights_by_profile: BTreeMap::new(),
            used_waivers: std::collections::BTreeSet::new(),
            memory: BTreeMap::new(),
        }
    }

    #[test]
    fn a_tenant_complies_when_neither_a_commitment_nor_a_policy_is_broken_and_something_was_evaluated() {
        use State::{Error, Fail, Manual, NotApplicable, Pass, Stale, Waived};
        type Case = (&'static [State], &'static [State], Option<bool>, &'static str, &'static str);
        let cases: &[Case] = &[
            (&[], &[], None, "NothingEvaluated", ""),
            (&[], &[NotApplicable], None, "NothingEvaluated", "policies: 1 NotApplicable"),
            (&[], &[Fail, Pass], Some(false), "RequirementsBroken", "policies: 1 Fail, 1 Pass"),
            (&[], &[Error], Some(false), "RequirementsBroken", "policies: 1 Error"),
            (&[], &[Stale], Some(false), "RequirementsBroken", "policies: 1 Stale"),
            (&[], &[Pass, Pass], Some(true), "RequirementsMet", "policies: 2 Pass"),
            (&[], &[Waived, Manual], Some(true), "RequirementsMet", "policies: 1 Manual, 1 Waived"),
            (&[Pass], &[Fail], Some(false), "RequirementsBroken", "1 Pass; policies: 1 Fail"),
            (&[Pass], &[Pass], Some(true), "CommitmentsKept", "1 Pass"),
            (&[Fail, Pass], &[Pass], Some(false), "CommitmentsBroken", "1 Fail, 1 Pass"),
            (&[NotApplicable], &[Pass], Some(true), "RequirementsMet", "1 NotApplicable; policies: 1 Pass"),
        ];
        for (commitments, policies, holds, reason, message) in cases {
            let observed = compliant(&result(commitments, policies));
            let found = (observed.holds, observed.reason, observed.message.as_str());
            assert_eq!(found, (*holds, *reason, *message), "{commitments:?} {policies:?}");
        }
    }

    #[test]
    fn the_transition_time_moves_only_with_the_status() {
        let (first, later): (Timestamp, Timestamp) =
            ("2026-01-01T00:00:00Z".parse().unwrap(), "2026-01-02T00:00:00Z".parse().unwrap());
        let then = merged(&[], vec![ready()], 1, first);
        let same = Observed { message: "again".to_owned(), ..ready() };
        let kept = merged(&then, vec![same], 2, later);
        assert_eq!(kept[0].last_transition_time, Time(first));
        assert_eq!(kept[0].message, "again");
        let moved = merged(&then, vec![malformed("no".to_owned())], 2, later);
        assert_eq!(moved[0].last_transition_time, Time(later));
    }
}
