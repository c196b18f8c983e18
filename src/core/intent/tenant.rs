//! Is a promise made to a tenant released by changing the Tenant? Its labels may take it out of reach of a profile or of
//! the last policy of a kind; its contract or its classes may free data that must be kept.

use super::{Objection, release};
use crate::{
    api::{Enforcement, ProfileSpec, TenantSpec, profile::Commitment},
    core::{
        controls::retention,
        facts::{Declared, Fact, Kind, ObjectKey},
        plan::{Demander, Origin, Plan, Requirement},
        transition::Transition,
        verdict::Issue,
        waiver,
    },
};

/// The kinds of policy that can uphold a promise.
const POLICIES: [Kind; 4] =
    [Kind::BackupPolicy, Kind::RetentionPolicy, Kind::EncryptionPolicy, Kind::IsolationPolicy];

pub(super) fn objections(transition: &Transition<'_>) -> Vec<Objection> {
    let (Some(Fact::Tenant(old)), Some(Fact::Tenant(new))) = (&transition.act.old, &transition.act.new)
    else {
        return Vec::new();
    };
    let (Some(before), Some(after)) = (transition.before.plan(&old.name), transition.after.plan(&new.name))
    else {
        return Vec::new();
    };
    let mut objections: Vec<Objection> = profiles_lost(before, after)
        .filter_map(|profile| released(transition, before, after, profile))
        .collect();
    let lost = POLICIES.into_iter().filter(|kind| before.has_policy(*kind) && !after.has_policy(*kind));
    objections.extend(lost.flat_map(|kind| {
        let cap = before.tenant.spec.enforcement;
        release::released(transition, after, kind, "metadata.labels", cap)
    }));
    objections.extend(freed(transition, before, &new.spec));
    objections
}

fn profiles_lost<'p>(
    before: &'p Plan,
    after: &'p Plan,
) -> impl Iterator<Item = &'p Declared<ProfileSpec>> + 'p {
    let is_lost =
        |profile: &&Declared<ProfileSpec>| after.profiles.iter().all(|still| still.name != profile.name);
    before.profiles.iter().map(AsRef::as_ref).filter(is_lost)
}

/// The strictest of the commitments of a profile that the tenant would be without; none where others promise the same, or
/// where all are waived.
fn released(
    transition: &Transition<'_>,
    before: &Plan,
    after: &Plan,
    profile: &Declared<ProfileSpec>,
) -> Option<Objection> {
    let lost = profile.spec.commitments.iter().filter_map(|commitment| {
        let cap = before.tenant.spec.enforcement;
        let enforcement = strictest_lost(transition, (before, after), profile, commitment)?;
        Some((enforcement.min(cap), commitment))
    });
    let lost: Vec<(Enforcement, &Commitment)> = lost.collect();
    let enforcement = lost.iter().map(|(enforcement, _)| *enforcement).max()?;
    let (_, told) = lost.iter().find(|(of, _)| *of == enforcement)?;
    let commitments = if lost.len() == 1 { "commitment" } else { "commitments" };
    let found = format!(
        "labels that Profile {} does not select: {} {commitments} released",
        profile.name,
        lost.len()
    );
    let fix = "keep the labels, let a profile that promises the same reach the tenant first, or waive the commitments";
    Some(Objection {
        control: "",
        commitment: format!("{}/{}", profile.name, told.id),
        promise: told.promise.clone(),
        issue: Issue::fail("metadata.labels", found, "labels that its tenantSelector selects", fix),
        enforcement,
    })
}

/// How strictly that of a commitment is asked which nobody else asks of the tenant afterwards, and which is not waived.
fn strictest_lost(
    transition: &Transition<'_>,
    (before, after): (&Plan, &Plan),
    profile: &Declared<ProfileSpec>,
    commitment: &Commitment,
) -> Option<Enforcement> {
    let lost = commitment.controls.iter().filter_map(|used| {
        let enforcement = used.enforcement.unwrap_or(commitment.enforcement);
        let mut others = after.profiles.iter().flat_map(|profile| &profile.spec.commitments);
        let is_asked = others.any(|other| {
            other.controls.iter().any(|same| {
                let is_as_strict = same.enforcement.unwrap_or(other.enforcement) >= enforcement;
                (&same.id, &same.parameters) == (&used.id, &used.parameters) && is_as_strict
            })
        });
        let is_waived = release::is_waived(before, profile, &commitment.id, &used.id, transition);
        (!is_asked && !is_waived).then_some(enforcement)
    });
    lost.max()
}

/// What becomes free of what must be kept, as strictly as those ask who keep it.
fn freed(transition: &Transition<'_>, plan: &Plan, new: &TenantSpec) -> Vec<Objection> {
    let issues = retention::freed_by(plan, new, transition.now).into_iter();
    issues.filter_map(|issue| freed_for(transition, plan, issue)).collect()
}

fn freed_for(transition: &Transition<'_>, plan: &Plan, issue: Issue) -> Option<Objection> {
    let subject = ObjectKey::cluster(Kind::Tenant, plan.tenant.name.clone()).into();
    let stands = |requirement: &Requirement, origin: &Origin| {
        issue.demanders.contains(&origin.demander.to_string())
            && waiver::accepting(plan, requirement.control.id, &origin.demander, &subject, transition.now)
                .is_none()
    };
    let kept = plan.requirements.iter().filter(|requirement| requirement.control.id == retention::KEPT);
    let standing = kept
        .flat_map(|requirement| requirement.origins.iter().filter(move |origin| stands(requirement, origin)));
    let strictest = standing
        .max_by_key(|origin| (origin.enforcement, matches!(origin.demander, Demander::Commitment { .. })))?;
    Some(Objection {
        control: retention::KEPT,
        commitment: strictest.demander.to_string(),
        promise: strictest.promise.to_string(),
        enforcement: strictest.enforcement,
        issue,
    })
}

#[cfg(test)]
mod tests;
