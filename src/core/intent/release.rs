//! Is the last policy that upholds a promise released? Deleting it, or narrowing its selector, is a loosening.

use super::{Objection, policy_reference, weakness::selector_of};
use crate::{
    api::{Enforcement, ProfileSpec},
    core::{
        facts::{Declared, Kind, Name},
        plan::{Plan, reaches},
        transition::Transition,
        verdict::Issue,
        waiver,
        world::World,
    },
};

pub(super) fn objections(transition: &Transition<'_>) -> Vec<Objection> {
    let Some(old) = &transition.act.old else { return Vec::new() };
    let (Some(reference), Some(selector)) = (policy_reference(old), selector_of(old)) else {
        return Vec::new();
    };
    let still = transition.act.new.as_ref().and_then(selector_of);
    let mut objections = Vec::new();
    for tenant in transition.before.tenants().filter(|tenant| reaches(selector, &tenant.labels)) {
        let is_still_reached = still.is_some_and(|selector| reaches(selector, &tenant.labels));
        let Some(plan) = transition.before.plan(&tenant.name) else { continue };
        if is_still_reached || has_another(plan, reference.kind, &reference.name) {
            continue;
        }
        let cap = plan.tenant.spec.enforcement;
        objections = released(transition, plan, reference.kind, "spec.tenantSelector", cap);
        // One tenant is enough to refuse; naming each would grow with the cluster.
        if objections.iter().any(|objection| objection.enforcement == Enforcement::Deny) {
            break;
        }
    }
    objections
}

fn has_another(plan: &Plan, kind: Kind, own: &Name) -> bool {
    let names: Vec<&Name> = match kind {
        Kind::BackupPolicy => plan.effective.backup.iter().map(|policy| &policy.name).collect(),
        Kind::RetentionPolicy => plan.effective.retention.iter().map(|policy| &policy.name).collect(),
        Kind::EncryptionPolicy => plan.effective.encryption.iter().map(|policy| &policy.name).collect(),
        _ => plan.effective.isolation.iter().map(|policy| &policy.name).collect(),
    };
    names.into_iter().any(|name| name != own)
}

/// The promises of a tenant that a policy of this kind upholds, where a change of `field` leaves it without one.
pub(super) fn released(
    transition: &Transition<'_>,
    plan: &Plan,
    kind: Kind,
    field: &str,
    cap: Enforcement,
) -> Vec<Objection> {
    let uses = plan.profiles.iter().flat_map(|profile| {
        profile.spec.commitments.iter().flat_map(move |commitment| {
            commitment.controls.iter().map(move |control_use| (profile, commitment, control_use))
        })
    });
    let mut objections = Vec::new();
    for (profile, commitment, control_use) in uses {
        let Some(control) = upholding(transition.before, &control_use.id, kind) else { continue };
        if is_waived(plan, profile, &commitment.id, control, transition) {
            continue;
        }
        let enforcement = control_use.enforcement.unwrap_or(commitment.enforcement).min(cap);
        let found = format!("no {kind} would reach tenant {} any more", plan.tenant.name);
        let fix = format!("let another {kind} reach the tenant first, or waive the commitment");
        objections.push(Objection {
            control,
            commitment: format!("{}/{}", profile.name, commitment.id),
            promise: commitment.promise.clone(),
            issue: Issue::fail(field, found, format!("a {kind} that upholds the promise"), fix),
            enforcement,
        });
    }
    objections
}

fn upholding(world: &World, id: &str, kind: Kind) -> Option<&'static str> {
    world.control(id).filter(|control| control.upheld_by == Some(kind)).map(|control| control.id)
}

pub(super) fn is_waived(
    plan: &Plan,
    profile: &Declared<ProfileSpec>,
    commitment: &str,
    control: &str,
    transition: &Transition<'_>,
) -> bool {
    let demander =
        crate::core::plan::Demander::Commitment { profile: profile.name.clone(), id: Name::from(commitment) };
    let subject = crate::core::facts::ObjectKey::cluster(Kind::Tenant, plan.tenant.name.clone()).into();
    waiver::accepting(plan, control, &demander, &subject, transition.now).is_some()
}
