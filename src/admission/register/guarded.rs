//! What controls declare, so that the API server asks about it.

use std::collections::BTreeSet;

use crate::{admission::Operation, core::facts::Kind};

/// A kind that a control judges at admission, and through which door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guarded {
    /// The kind.
    pub kind: Kind,
    /// The entry that sees it.
    pub door: Door,
    /// What is judged.
    pub operations: &'static [Operation],
}

/// The entry through which a kind is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Door {
    /// What tenants run, in their namespaces.
    Conform,
    /// What must not go or weaken, in namespaces of tenants.
    ProtectTenant,
    /// What must not go or weaken, in namespaces of backup engines.
    ProtectEngine,
    /// What must not go or weaken and has no namespace.
    ProtectCluster,
}

/// Which metadata and status controls read: an update that touches none of it, and not the content either, is not
/// asked about. Owner references always count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuardedKeys {
    /// Labels.
    pub labels: BTreeSet<String>,
    /// Annotations.
    pub annotations: BTreeSet<String>,
    /// Kinds whose every label counts, because selectors choose by any.
    pub kinds_by_any_label: BTreeSet<Kind>,
    /// Kinds whose status is evidence and not a subresource: only their engine may change it.
    pub kinds_by_status: BTreeSet<Kind>,
}
