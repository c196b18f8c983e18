//! From a tenant's result to the figures that metrics export.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::{
    core::{effective::AgeLimit as Limit, plan::Plan, result::TenantResult, verdict::State, waiver},
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
        let max_age = Limit::of_policy(&policy.spec).map(|limit| limit.nominal());
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
