//! Conditions: `Ready` (we reconciled) and `Compliant` (requirements met), kept apart. Reasons are constants and part of
//! the API; values go into messages. `lastTransitionTime` moves only when `status` changes.
//!
//! What is not Ready here stays so until somebody acts. Tools that deploy are told by `Stalled`, which is only there then:
//! without it they take Ready False for work in progress, and wait.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::core::{effective::Conflict, result::TenantResult, verdict::State};

/// A condition as it is now, without its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// `Ready`, `Stalled`, `Compliant`, `Conflict`, `Live`.
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
    let stalled = stalled(&observed);
    observed.into_iter().chain(stalled).map(merge).collect()
}

/// `Stalled`, where nothing goes on by itself.
fn stalled(observed: &[Observed]) -> Option<Observed> {
    let ready = observed.iter().find(|condition| condition.condition_type == "Ready")?;
    (ready.holds == Some(false)).then(|| Observed {
        condition_type: "Stalled",
        holds: Some(true),
        ..ready.clone()
    })
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

fn compliant(result: &TenantResult) -> Observed {
    let count = |state: State| result.count(state);
    let against = [State::Fail, State::Error, State::Stale].map(|state| (state, count(state)));
    let evaluated: usize =
        State::ALL.iter().filter(|state| **state != State::NotApplicable).map(|state| count(*state)).sum();
    let broken_policies = broken_policies(result);
    let are_policies_met = result.policies.values().any(|(state, _)| *state != State::NotApplicable);
    let (holds, reason) = if against.iter().any(|(_, count)| *count > 0) {
        (Some(false), "CommitmentsBroken")
    } else if !broken_policies.is_empty() {
        (Some(false), "RequirementsBroken")
    } else if evaluated > 0 {
        (Some(true), "CommitmentsKept")
    } else if are_policies_met {
        (Some(true), "RequirementsMet")
    } else {
        (None, "NothingEvaluated")
    };
    let counts = State::ALL.iter().filter(|state| count(**state) > 0);
    let mut parts: Vec<String> = counts.map(|state| format!("{} {state}", count(*state))).collect();
    if !broken_policies.is_empty() {
        parts.push(format!("not met: {}", broken_policies.join(", ")));
    }
    let message = super::compliance::shortened(&parts.join(", "));
    Observed { condition_type: "Compliant", holds, reason, message }
}

/// The policies that the tenant does not meet. They count beside commitments, which may have asked for less, and alone
/// where no profile reaches the tenant.
fn broken_policies(result: &TenantResult) -> Vec<String> {
    let is_broken = |state: State| matches!(state, State::Fail | State::Error | State::Stale);
    let broken = result.policies.iter().filter(|(_, (state, _))| is_broken(*state));
    broken.map(|(policy, (state, _))| format!("{policy} {state}")).collect()
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
    use super::*;
    use crate::core::{effective::PolicyReference, facts::Kind, result::CommitmentState, score::Weights};

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

    #[test]
    fn a_tenant_that_does_not_meet_a_policy_is_not_compliant_with_or_without_a_profile() {
        let policy = PolicyReference::new(Kind::BackupPolicy, &"nightly".into());
        let cases = [
            (None, None, None, "NothingEvaluated"),
            (None, Some(State::NotApplicable), None, "NothingEvaluated"),
            (None, Some(State::Fail), Some(false), "RequirementsBroken"),
            (None, Some(State::Stale), Some(false), "RequirementsBroken"),
            (None, Some(State::Waived), Some(true), "RequirementsMet"),
            (None, Some(State::Pass), Some(true), "RequirementsMet"),
            (Some(State::Pass), Some(State::Fail), Some(false), "RequirementsBroken"),
            (Some(State::Pass), Some(State::Pass), Some(true), "CommitmentsKept"),
            (Some(State::Manual), None, Some(true), "CommitmentsKept"),
            (Some(State::Fail), Some(State::Pass), Some(false), "CommitmentsBroken"),
        ];
        for (commitment, standing, holds, reason) in cases {
            let observed = compliant(&result(commitment, standing.map(|state| (policy.clone(), state))));
            assert_eq!((observed.holds, observed.reason), (holds, reason), "{commitment:?} {standing:?}");
            let names_it = observed.message.contains(&policy.to_string());
            assert_eq!(names_it, reason == "RequirementsBroken", "{}", observed.message);
        }
    }

    fn result(commitment: Option<State>, policy: Option<(PolicyReference, State)>) -> TenantResult {
        let commitment = commitment.map(|state| CommitmentState {
            profile: "cloud".into(),
            id: "backups".into(),
            promise: "Backups are made.".to_owned(),
            state,
            weight: 1,
            reason: None,
        });
        TenantResult {
            tenant: "acme".into(),
            commitments: commitment.into_iter().collect(),
            findings: Vec::new(),
            policies: policy.into_iter().map(|(policy, state)| (policy, (state, 1))).collect(),
            weights: Weights::default(),
            weights_by_profile: std::collections::BTreeMap::new(),
            used_waivers: std::collections::BTreeSet::new(),
            memory: std::collections::BTreeMap::new(),
        }
    }
}
