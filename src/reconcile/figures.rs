//! From a tenant's result to the figures that metrics export.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::{
    core::{plan::Plan, result::TenantResult, schedule::age_limit, verdict::State, waiver},
    serve::metrics::tenants::{AgeLimit, Figures, ProfileFigures, WaiverState},
};

/// The figures of a tenant.
pub fn figures(
    plan: &Plan,
    result: &TenantResult,
    oldest_point: Option<Timestamp>,
    interval: SignedDuration,
    now: Timestamp,
) -> Figures {
    Figures {
        profiles: profiles(plan, result),
        policies: policies(result),
        last_evaluation: Some(now),
        evaluation_interval: Some(interval),
        backups: backups_of(plan, oldest_point),
        waivers: waivers(plan, result, now),
        waiver_expiries: plan
            .waivers
            .iter()
            .map(|waiver| (waiver.name.to_string(), waiver.spec.expires_at))
            .collect(),
    }
}

fn profiles(plan: &Plan, result: &TenantResult) -> BTreeMap<String, ProfileFigures> {
    let of_profile = |name: &crate::core::facts::Name| {
        let weights = result.weights_by_profile.get(name).copied().unwrap_or_default();
        let mut commitments: BTreeMap<State, i64> = BTreeMap::new();
        for commitment in result.commitments.iter().filter(|commitment| commitment.profile == *name) {
            *commitments.entry(commitment.state).or_default() += 1;
        }
        ProfileFigures { score: weights.score(), coverage: weights.coverage(), commitments }
    };
    plan.profiles.iter().map(|profile| (profile.name.to_string(), of_profile(&profile.name))).collect()
}

/// What policies ask counts beside commitments: a tenant that no profile reaches has no commitment at all.
fn policies(result: &TenantResult) -> BTreeMap<State, i64> {
    let mut states: BTreeMap<State, i64> = BTreeMap::new();
    for (state, _findings) in result.policies.values() {
        *states.entry(*state).or_default() += 1;
    }
    states
}

/// By policy: of the tenant's volumes the oldest newest recovery point, and how old it may become.
fn backups_of(plan: &Plan, oldest: Option<Timestamp>) -> BTreeMap<String, AgeLimit> {
    let of_policy = |policy: &std::sync::Arc<crate::core::facts::Declared<crate::api::BackupPolicySpec>>| {
        let max_age = age_limit(plan, &policy.spec).map(|limit| limit.nominal());
        (policy.name.to_string(), AgeLimit { last_success: oldest, max_age })
    };
    plan.effective.backup.iter().map(of_policy).collect()
}

fn waivers(plan: &Plan, result: &TenantResult, now: Timestamp) -> BTreeMap<WaiverState, i64> {
    let mut states: BTreeMap<WaiverState, i64> = BTreeMap::new();
    for declared in &plan.waivers {
        let state = if !waiver::is_live(&declared.spec, now) {
            WaiverState::Expired
        } else if result.used_waivers.contains(&declared.name) {
            WaiverState::Used
        } else {
            WaiverState::Unused
        };
        *states.entry(state).or_default() += 1;
    }
    states
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
    use serde_json::{Value, json};

    use super::*;
    use crate::core::{
        controls::{self, testkit},
        effective::PolicyReference,
        facts::{Fact, Kind, Labels},
        score::Weights,
    };

    fn max_age_under(policy: &Value) -> Option<SignedDuration> {
        let control =
            controls::all().iter().find(|control| control.id == "backup.recovery-point-age").unwrap();
        let policy = serde_json::from_value(policy.clone()).unwrap();
        let bench = testkit::Bench::new(control)
            .with(testkit::profile_demanding(control.id, &json!({"every": "2d", "allowance": "1h"})))
            .with(Fact::BackupPolicy(testkit::declared("nightly", Labels::default(), policy)));
        backups_of(bench.world.plan(testkit::TENANT).unwrap(), None)["nightly"].max_age
    }

    #[test]
    fn a_policy_without_an_age_of_its_own_is_held_to_what_is_promised() {
        let hours = |hours| Some(SignedDuration::from_hours(hours));
        let own = json!({"tenantSelector": {}, "engine": {}, "maxRecoveryPointAge": "1d"});
        assert_eq!(max_age_under(&own), hours(24));
        assert_eq!(max_age_under(&json!({"tenantSelector": {}, "engine": {}})), hours(49));
    }

    #[test]
    fn policies_are_counted_by_the_worst_state_under_them() {
        let of = |name: &str, state, findings| {
            (PolicyReference::new(Kind::BackupPolicy, &name.into()), (state, findings))
        };
        let result = TenantResult {
            tenant: "acme".into(),
            commitments: Vec::new(),
            findings: Vec::new(),
            policies: [of("a", State::Fail, 7), of("b", State::Fail, 1), of("c", State::Pass, 0)].into(),
            weights: Weights::default(),
            weights_by_profile: BTreeMap::new(),
            used_waivers: std::collections::BTreeSet::new(),
            memory: BTreeMap::new(),
        };
        assert_eq!(policies(&result), [(State::Fail, 2), (State::Pass, 1)].into());
    }
}
