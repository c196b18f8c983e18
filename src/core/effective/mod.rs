//! The effective policy of a tenant: of all policies that reach it, the strictest figure of each field, with its source.
//!
//! Merging is commutative, associative and idempotent: the order in which policies arrive changes nothing.

mod backup;
mod encryption;
mod isolation;
mod retention;

use std::{fmt, sync::Arc};

use jiff::Timestamp;

use super::{
    facts::{Declared, Kind, Name},
    parameters::{Parameter, Parameters},
};
use crate::api::{
    BackupPolicySpec, EncryptionPolicySpec, Enforcement, IsolationPolicySpec, OnUnknown, RetentionPolicySpec,
};

pub use backup::{AgeLimit, Removal, RetentionBounds, bounds_contradict, can_fall_short};
pub use retention::ClassRule;

/// Names a policy.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PolicyReference {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: Name,
}

impl PolicyReference {
    /// A reference.
    pub fn new(kind: Kind, name: &Name) -> Self {
        Self { kind, name: name.clone() }
    }
}

impl fmt::Display for PolicyReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// A figure and the policy that it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure<T> {
    /// The figure.
    pub value: T,
    /// Where it came from.
    pub source: PolicyReference,
}

/// A policy that asks a control for something, and how strictly.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asking {
    /// The policy.
    pub policy: PolicyReference,
    /// Its enforcement.
    pub enforcement: Enforcement,
}

/// What the effective policy demands of one control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The merged parameters.
    pub parameters: Parameters,
    /// Which policy each merged parameter came from.
    pub figures: Vec<Figure<Name>>,
    /// The policies that ask, in order of names.
    pub asking: Vec<Asking>,
}

/// Policies that cannot all be met.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// The policies involved, in order of names.
    pub policies: Vec<PolicyReference>,
    /// What contradicts what.
    pub message: String,
}

/// The policies that reach a tenant, in order of names, and what follows from them together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effective {
    /// Backup policies.
    pub backup: Vec<Arc<Declared<BackupPolicySpec>>>,
    /// Retention policies.
    pub retention: Vec<Arc<Declared<RetentionPolicySpec>>>,
    /// Encryption policies.
    pub encryption: Vec<Arc<Declared<EncryptionPolicySpec>>>,
    /// Isolation policies.
    pub isolation: Vec<Arc<Declared<IsolationPolicySpec>>>,
}

/// What every kind of policy says of admission.
#[derive(Clone, Copy)]
struct Answers {
    on_unknown: OnUnknown,
    deny_existing_from: Option<Timestamp>,
}

impl Effective {
    /// Everything that contradicts itself.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts =
            [self.backup_conflicts(), self.retention_conflicts(), self.encryption_conflicts()].concat();
        conflicts.sort();
        conflicts
    }

    /// What happens at admission when what is declared cannot be decided: the strictest of the policies that uphold a
    /// control (those of `kind`; all of them where no kind upholds it).
    pub fn on_unknown(&self, kind: Option<Kind>) -> OnUnknown {
        let answers = self.policies().filter(|(policy, _)| kind.is_none_or(|kind| policy.kind == kind));
        answers.map(|(_, answers)| answers.on_unknown).max().unwrap_or_default()
    }

    /// From when on, as a policy says, a change to what was failing before is refused too.
    pub fn deny_existing_from(&self, policy: &PolicyReference) -> Option<Timestamp> {
        self.policies().find(|(known, _)| known == policy)?.1.deny_existing_from
    }

    /// The policies, by kind and name.
    pub(super) fn references(&self) -> impl Iterator<Item = PolicyReference> {
        self.policies().map(|(policy, _)| policy)
    }

    /// Whether it is of the very same policies.
    pub(super) fn is_of_the_same(&self, other: &Self) -> bool {
        are_same(&self.backup, &other.backup)
            && are_same(&self.retention, &other.retention)
            && are_same(&self.encryption, &other.encryption)
            && are_same(&self.isolation, &other.isolation)
    }

    fn policies(&self) -> impl Iterator<Item = (PolicyReference, Answers)> {
        macro_rules! answers {
            ($policies:expr, $kind:ident) => {
                $policies.iter().map(|policy| {
                    let on_unknown = policy.spec.on_unknown;
                    let answers = Answers { on_unknown, deny_existing_from: policy.spec.deny_existing_from };
                    (PolicyReference::new(Kind::$kind, &policy.name), answers)
                })
            };
        }
        answers!(self.backup, BackupPolicy)
            .chain(answers!(self.retention, RetentionPolicy))
            .chain(answers!(self.encryption, EncryptionPolicy))
            .chain(answers!(self.isolation, IsolationPolicy))
    }

    /// Whether a policy of this kind reaches the tenant.
    pub fn has(&self, kind: Kind) -> bool {
        self.policies().any(|(policy, _)| policy.kind == kind)
    }
}

/// Whether these are the very same things, in the same order.
pub(super) fn are_same<T>(some: &[Arc<T>], others: &[Arc<T>]) -> bool {
    some.len() == others.len() && some.iter().zip(others).all(|(one, other)| Arc::ptr_eq(one, other))
}

impl Demand {
    /// A demand without parameters.
    pub fn new(asking: Vec<Asking>) -> Self {
        Self { parameters: Parameters::default(), figures: Vec::new(), asking }
    }

    /// With a parameter that came from one policy.
    #[must_use]
    pub fn with_figure(mut self, name: &str, figure: Option<Figure<Parameter>>) -> Self {
        if let Some(figure) = figure {
            self.parameters = self.parameters.with(name, figure.value);
            self.figures.push(Figure { value: Name::from(name), source: figure.source });
        }
        self
    }

    /// With a parameter that came from all of them together.
    #[must_use]
    pub fn with(mut self, name: &str, value: Parameter) -> Self {
        self.parameters = self.parameters.with(name, value);
        self
    }
}

impl<T> Figure<T> {
    /// The same source with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Figure<U> {
        Figure { value: change(self.value), source: self.source }
    }
}

/// The figure that is strictest by `is_stricter_than`; of equals the one whose policy's name comes first.
fn strictest<T>(
    figures: impl Iterator<Item = Figure<T>>,
    mut compare: impl FnMut(&T, &T) -> std::cmp::Ordering,
) -> Option<Figure<T>> {
    figures.max_by(|a, b| compare(&a.value, &b.value).then_with(|| b.source.cmp(&a.source)))
}
