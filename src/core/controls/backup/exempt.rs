//! Claims that the tenant's policies leave out of backups.
//!
//! Left out is what every policy that reaches the tenant leaves out: the strictest wins. A class that the claim itself
//! names counts only where the Tenant lists it, so that no tenant exempts itself with a label that nobody allowed.

use crate::{
    api::{BackupPolicySpec, backup_policy::ExemptClaims, keys},
    core::{
        context::Context,
        facts::{Known, Labels, Name, PersistentVolumeClaim},
        subject::Subject,
    },
};

/// A claim, or what will become one.
#[derive(Clone, Copy)]
pub(super) struct Volume<'v> {
    pub(super) namespace: &'v Name,
    pub(super) labels: &'v Labels,
    pub(super) storage_class: Option<&'v Name>,
}

impl<'v> From<&'v PersistentVolumeClaim> for Volume<'v> {
    fn from(claim: &'v PersistentVolumeClaim) -> Self {
        Self {
            namespace: &claim.namespace,
            labels: &claim.labels,
            storage_class: claim.storage_class.as_ref(),
        }
    }
}

/// The claim whose backups a control judges, or why it judges none.
pub(super) fn bound_claim<'s>(
    context: &Context<'_>,
    subject: &Subject<'s>,
) -> Result<&'s PersistentVolumeClaim, &'static str> {
    let Subject::Claim(claim) = subject else { return Err("no volume claim") };
    if !claim.is_bound {
        return Err("it is not bound yet");
    }
    if is_left_out(context, (*claim).into()) {
        return Err("every backup policy of the tenant leaves it out");
    }
    Ok(claim)
}

/// Whether every backup policy of the tenant leaves it out.
pub(super) fn is_left_out(context: &Context<'_>, volume: Volume<'_>) -> bool {
    let policies = &context.effective().backup;
    !policies.is_empty() && policies.iter().all(|policy| is_left_out_by(context, &policy.spec, volume))
}

/// Whether a policy leaves it out.
pub(super) fn is_left_out_by(context: &Context<'_>, policy: &BackupPolicySpec, volume: Volume<'_>) -> bool {
    let Some(exempt) = &policy.exempt else { return false };
    is_in_namespace(context, exempt, volume)
        || is_of_storage_class(context, exempt, volume)
        || is_of_data_class(context, exempt, volume)
}

fn is_in_namespace(context: &Context<'_>, exempt: &ExemptClaims, volume: Volume<'_>) -> bool {
    let Some(selector) = &exempt.namespace_selector else { return false };
    context.namespace(volume.namespace).is_some_and(|namespace| namespace.labels.are_selected_by(selector))
}

fn is_of_storage_class(context: &Context<'_>, exempt: &ExemptClaims, volume: Volume<'_>) -> bool {
    if exempt.storage_classes.is_empty() {
        return false;
    }
    let is_listed = |name: &Name| exempt.storage_classes.iter().any(|listed| **name == **listed);
    match volume.storage_class {
        Some(name) => is_listed(name),
        None => matches!(context.storage_class(None), Known::Known(class) if is_listed(&class.name)),
    }
}

fn is_of_data_class(context: &Context<'_>, exempt: &ExemptClaims, volume: Volume<'_>) -> bool {
    if exempt.data_classes.is_empty() {
        return false;
    }
    let Some(class) = context.data_class(volume.labels, volume.namespace) else { return false };
    let is_among = |classes: &[String]| classes.iter().any(|listed| **listed == *class);
    let is_own = volume.labels.get(keys::DATA_CLASS).is_some();
    is_among(&exempt.data_classes) && (!is_own || is_among(&context.tenant().spec.data_classes))
}
