//! Transitions: acts that break a promise whatever the state after them looks like, such as deleting data before its
//! time. Judged from both worlds and the request.

use jiff::Timestamp;

use super::{
    control::Operation,
    facts::{Fact, Kind, Name, ObjectKey},
    world::World,
};

/// Who asks, and for what.
#[derive(Clone, Debug)]
pub struct Act {
    /// What is done.
    pub operation: Operation,
    /// The object.
    pub key: ObjectKey,
    /// Its facts before, where there are any.
    pub old: Option<Fact>,
    /// Its facts after, where there are any.
    pub new: Option<Fact>,
    /// The subresource; empty for the object itself.
    pub subresource: Name,
    /// The user's name.
    pub user: Name,
    /// The user's groups.
    pub groups: Vec<Name>,
    /// Whether a deletion leaves dependents behind (`propagationPolicy: Orphan`).
    pub orphans_dependents: bool,
    /// The recovery point that a deletion request of an engine names.
    pub requested_deletion: Option<ObjectKey>,
    /// What a canary's request carries; none where it is no such request.
    pub canary: Option<Name>,
}

/// An act with the worlds before and after it.
#[derive(Clone, Copy)]
pub struct Transition<'a> {
    /// The world without it.
    pub before: &'a World,
    /// The world with it.
    pub after: &'a World,
    /// The act.
    pub act: &'a Act,
    /// Who is always trusted: Surety itself, engines.
    pub trusted: &'a Trusted,
    /// The present.
    pub now: Timestamp,
}

/// Identities that the chart names.
#[derive(Clone, Debug, Default)]
pub struct Trusted {
    /// Surety's own user name.
    pub surety: Name,
    /// User names of backup engines and CSI drivers.
    pub engines: Vec<Name>,
}

impl Transition<'_> {
    /// Whether Surety itself acts.
    pub fn is_by_surety(&self) -> bool {
        self.act.user == *self.trusted.surety.as_str() && !self.trusted.surety.is_empty()
    }

    /// Whether a backup engine or CSI driver acts.
    pub fn is_by_engine(&self) -> bool {
        self.trusted.engines.contains(&self.act.user)
    }

    /// Whether the act is on an object of this kind.
    pub fn is_on(&self, kind: Kind) -> bool {
        self.act.key.kind == kind
    }

    /// Whether it deletes the object.
    pub const fn is_deletion(&self) -> bool {
        matches!(self.act.operation, Operation::Delete)
    }
}
