//! Which class data has, and what of it holds data at all.

use std::fmt;

use super::duties::KEPT;
use crate::{
    api::keys,
    core::{
        facts::{Labels, Name, Namespace, PersistentVolumeClaim},
        plan::{Plan, Requirement},
    },
};

/// What is known of the class of some data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DataClass {
    /// It is this.
    Known(Name),
    /// It has none.
    Undeclared,
    /// It had one that cannot be told any more: every duty counts, because nothing is destroyed on doubt.
    Lost,
}

impl DataClass {
    /// Whether a use of the control for `data_class`, or for all, means data of this class.
    pub fn is_meant_by(&self, data_class: Option<&Name>) -> bool {
        match (self, data_class) {
            (_, None) | (Self::Lost, Some(_)) => true,
            (Self::Known(class), Some(wanted)) => class == wanted,
            (Self::Undeclared, Some(_)) => false,
        }
    }
}

impl fmt::Display for DataClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(class) => write!(f, "data class `{class}`"),
            Self::Undeclared => f.write_str("no data class"),
            Self::Lost => f.write_str("a data class that is not known any more"),
        }
    }
}

/// The class that counts for data that declares `own`. A class that the Tenant does not list, or that nobody names where
/// it lists none, does not count, so that a made-up label frees nothing.
pub(super) fn counted_class(
    plan: &Plan,
    own: Option<&Labels>,
    namespace: Option<&Namespace>,
) -> Option<Name> {
    let declared = |labels: &Labels| labels.get(keys::DATA_CLASS).map(Name::from);
    let own = own.and_then(declared).filter(|class| counts(plan, class));
    let of_namespace = || {
        let class = namespace.and_then(|namespace| declared(&namespace.labels));
        class.filter(|class| counts(plan, class))
    };
    own.or_else(of_namespace).or_else(|| plan.tenant.spec.default_data_class.as_deref().map(Name::from))
}

fn counts(plan: &Plan, class: &Name) -> bool {
    let listed = &plan.tenant.spec.data_classes;
    if !listed.is_empty() {
        return listed.iter().any(|name| *class == *name.as_str());
    }
    let is_promised = |requirement: &Requirement| {
        requirement.control.id == KEPT && requirement.parameters.text("dataClass") == Some(class)
    };
    plan.effective.class_rule(class).is_some() || plan.requirements.iter().any(is_promised)
}

/// The class of a claim's data.
pub(super) fn class_of_claim(
    plan: &Plan,
    claim: &PersistentVolumeClaim,
    namespace: Option<&Namespace>,
) -> DataClass {
    counted_class(plan, Some(&claim.labels), namespace).map_or(DataClass::Undeclared, DataClass::Known)
}

/// The class of data whose claim is gone, and its label with it: of the namespace or the tenant, where they say one.
pub(super) fn class_without_claim(plan: &Plan, namespace: Option<&Namespace>) -> DataClass {
    counted_class(plan, None, namespace).map_or(DataClass::Lost, DataClass::Known)
}

/// Whether a claim holds data: it is bound, or names the volume that it is bound to.
pub(super) const fn holds_data(claim: &PersistentVolumeClaim) -> bool {
    claim.is_bound || claim.volume_name.is_some()
}

/// Whether a claim is the scratch space of one pod (a generic ephemeral volume), which is made and deleted with it.
pub(super) fn is_scratch(claim: &PersistentVolumeClaim) -> bool {
    claim.meta.owner_references.iter().any(|owner| owner.is_controller && owner.kind == "Pod")
}
