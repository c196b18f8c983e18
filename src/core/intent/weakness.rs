//! Is a policy weaker than a promise? Every (policy, profile) pair that shares a tenant is compared, by the control's own
//! comparison.

use std::collections::BTreeMap;

use super::{Objection, policy_reference};
use crate::{
    api::{Enforcement, TenantSelector, profile::Commitment},
    core::{
        catalogue,
        facts::{Declared, Fact},
        plan::reaches,
        transition::Transition,
        verdict::Issue,
        world::World,
    },
};

pub(super) fn objections(transition: &Transition<'_>) -> Vec<Objection> {
    let Some(new) = &transition.act.new else { return Vec::new() };
    if policy_reference(new).is_none() {
        return Vec::new();
    }
    let before: Vec<Objection> =
        transition.act.old.as_ref().map_or_else(Vec::new, |old| against(transition.after, old));
    let was_there = |objection: &Objection| {
        before.iter().any(|old| {
            old.control == objection.control
                && old.commitment == objection.commitment
                && old.issue.field == objection.issue.field
                && old.issue.found == objection.issue.found
        })
    };
    let mut objections = against(transition.after, new);
    for objection in &mut objections {
        // Ratcheting: what was weak before stays a finding, and a warning.
        if was_there(objection) {
            objection.enforcement = objection.enforcement.min(Enforcement::Warn);
        }
    }
    objections
}

/// Where a policy is weaker than the promises made to the tenants that it reaches.
pub fn against(world: &World, policy: &Fact) -> Vec<Objection> {
    let Some(selector) = selector_of(policy) else { return Vec::new() };
    let mut objections = Vec::new();
    for profile in world.profiles() {
        let Some(cap) = shared_cap(world, selector, &profile.spec.tenant_selector) else { continue };
        for commitment in &profile.spec.commitments {
            objections.extend(weaknesses(world, policy, profile, commitment, cap));
        }
    }
    objections
}

fn weaknesses(
    world: &World,
    policy: &Fact,
    profile: &Declared<crate::api::ProfileSpec>,
    commitment: &Commitment,
    cap: Enforcement,
) -> Vec<Objection> {
    let mut found: BTreeMap<String, Objection> = BTreeMap::new();
    for control_use in &commitment.controls {
        let Some(control) = world.control(&control_use.id) else { continue };
        let Ok(promised) = catalogue::parameters(control.id, &control_use.parameters) else { continue };
        let enforcement = control_use.enforcement.unwrap_or(commitment.enforcement).min(cap);
        for issue in (control.weaker)(policy, &promised) {
            let objection = Objection {
                control: control.id,
                commitment: format!("{}/{}", profile.name, commitment.id),
                promise: commitment.promise.clone(),
                issue,
                enforcement,
            };
            found.entry(key_of(&objection.issue)).or_insert(objection);
        }
    }
    found.into_values().collect()
}

fn key_of(issue: &Issue) -> String {
    format!("{}\u{0}{}", issue.field, issue.found)
}

/// The highest enforcement cap of the tenants that both selectors reach; none where they share no tenant.
pub(super) fn shared_cap(world: &World, a: &TenantSelector, b: &TenantSelector) -> Option<Enforcement> {
    let shared = world.tenants().filter(|tenant| reaches(a, &tenant.labels) && reaches(b, &tenant.labels));
    shared.map(|tenant| tenant.spec.enforcement).max()
}

/// The tenant selector of a policy.
pub(super) fn selector_of(policy: &Fact) -> Option<&TenantSelector> {
    match policy {
        Fact::BackupPolicy(policy) => Some(&policy.spec.tenant_selector),
        Fact::RetentionPolicy(policy) => Some(&policy.spec.tenant_selector),
        Fact::EncryptionPolicy(policy) => Some(&policy.spec.tenant_selector),
        Fact::IsolationPolicy(policy) => Some(&policy.spec.tenant_selector),
        _ => None,
    }
}
