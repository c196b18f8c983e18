//! Which metadata controls read, so that updates of the rest need not be asked about.

use std::collections::BTreeSet;

use crate::core::facts::Kind;

/// Which metadata and status controls read: an update that touches none of it, and not the content either, is not
/// asked about. Owner references, the tenant label and the labels of a Tenant always count.
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
