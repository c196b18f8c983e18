//! Conditions: `Ready` (we reconciled) and `Compliant` (requirements met), kept apart. Reasons are constants and part of
//! the API; values go into messages. `lastTransitionTime` moves only when `status` changes.

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

fn compliant(result: &TenantResult) -> Observed {
    let count = |state: State| result.count(state);
    let against = [State::Fail, State::Error, State::Stale].map(|state| (state, count(state)));
    let evaluated: usize =
        State::ALL.iter().filter(|state| **state != State::NotApplicable).map(|state| count(*state)).sum();
    let (holds, reason) = if against.iter().any(|(_, count)| *count > 0) {
        (Some(false), "CommitmentsBroken")
    } else if evaluated == 0 {
        (None, "NothingEvaluated")
    } else {
        (Some(true), "CommitmentsKept")
    };
    let counts = State::ALL.iter().filter(|state| count(**state) > 0);
    let message = counts.map(|state| format!("{} {state}", count(*state))).collect::<Vec<_>>().join(", ");
    Observed { condition_type: "Compliant", holds, reason, message }
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
