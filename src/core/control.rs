//! What a control is: one pure function over facts, and what it says of itself.

use super::{
    context::Context,
    effective::{Demand, Effective},
    facts::{Fact, Kind, Sources},
    parameters::Parameters,
    subject::{Subject, SubjectClass},
    transition::Transition,
    verdict::{Issue, Verdict},
};
use crate::api::Severity;

/// A control of the catalogue. Webhook, controller and command line call the same `evaluate`.
pub struct Control {
    /// `area.check`.
    pub id: &'static str,
    /// A short phrase.
    pub title: &'static str,
    /// Why anybody should care, in one sentence.
    pub why: &'static str,
    /// What to do about a finding, in general.
    pub remediation: &'static str,
    /// How much a breach matters where no commitment says otherwise.
    pub severity: Severity,
    /// The subjects that it is evaluated on.
    pub subjects: &'static [SubjectClass],
    /// Everything that `evaluate` may read. A test checks that it reads no more.
    pub reads: Sources,
    /// Kinds whose requests must reach the webhook for its sake, and by which door.
    pub guards: &'static [Guard],
    /// The verdict on one subject.
    pub evaluate: fn(&Context<'_>, &Subject<'_>) -> Verdict,
    /// What the tenant's effective policy demands of this control; none where no policy asks for it.
    pub demanded: fn(&Effective) -> Option<Demand>,
    /// The policy kind that upholds it. Deleting the last such policy of a tenant is a loosening.
    pub upheld_by: Option<Kind>,
    /// Where `policy` allows less than the promised parameters; an unset figure inherits the promise.
    pub weaker: fn(policy: &Fact, promised: &Parameters) -> Vec<Issue>,
    /// Acts that break it, judged from both worlds and the request.
    pub transition: fn(&Transition<'_>) -> Vec<Issue>,
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

impl PartialEq for Control {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Control {}

/// For controls that no policy asks for.
pub const fn no_demand(_: &Effective) -> Option<Demand> {
    None
}

/// For controls whose promise no policy can weaken.
pub const fn never_weaker(_: &Fact, _: &Parameters) -> Vec<Issue> {
    Vec::new()
}

/// For controls that no act can break.
pub const fn no_transition(_: &Transition<'_>) -> Vec<Issue> {
    Vec::new()
}

/// A kind of request that must be seen at admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The kind.
    pub kind: Kind,
    /// The scope in which it is seen.
    pub door: Door,
    /// What is done to the object.
    pub operations: &'static [Operation],
}

/// The scope of a webhook entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Door {
    /// Workloads, claims and endpoints of tenants that come in.
    Conform,
    /// Protected objects in namespaces of tenants.
    ProtectTenant,
    /// Protected objects in namespaces of backup engines.
    ProtectEngine,
    /// Protected cluster-scoped objects.
    ProtectCluster,
}

/// What a request does to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// A new object.
    Create,
    /// A changed object.
    Update,
    /// The end of an object.
    Delete,
    /// A connection through the API server.
    Connect,
}

impl Operation {
    /// As admission reviews spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}
