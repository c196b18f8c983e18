//! The outcome of judging manifests in files, and how it is told.

mod finding;
mod json;
mod junit;
mod namespaces;
mod remarks;
mod sarif;
mod text;
mod uri;
mod xml;

use std::collections::{BTreeMap, BTreeSet};

use crate::core::{subject::SubjectKey, verdict::State};

pub use finding::{Broken, CheckFinding, Place};
pub use json::{finding as finding_json, json};
pub use junit::junit;
pub use sarif::sarif;
pub use text::{block as finding_text, text};

/// The tenant of namespaces of which nothing says whose they are. No Tenant can have such a name.
pub const EVERYBODY: &str = "(all namespaces)";

/// How one requirement of a tenant stands on one subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Where the subject begins; none where no file holds it.
    pub place: Option<Place>,
    /// The tenant.
    pub tenant: String,
    /// Who demands it.
    pub demander: Broken,
    /// The control.
    pub control: &'static str,
    /// The subject.
    pub subject: SubjectKey,
    /// The state.
    pub state: State,
    /// Why, in few words; empty where the control says nothing.
    pub reason: String,
}

/// A tenant, and in which states its commitments are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantSummary {
    /// Its name.
    pub name: String,
    /// Whether it is in the files; else namespaces name it, or it stands for all of them.
    pub is_declared: bool,
    /// How many commitments are in each state.
    pub commitments: BTreeMap<State, usize>,
}

/// The outcome.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckReport {
    /// How many objects were judged.
    pub objects: usize,
    /// Whether a whole cluster was judged, and not manifests.
    pub is_of_cluster: bool,
    /// Kinds that the cluster did not give, each with the reason.
    pub unlisted: BTreeMap<String, String>,
    /// The tenants.
    pub tenants: Vec<TenantSummary>,
    /// Every requirement on every subject, in order of tenants and demanders.
    pub standings: Vec<Standing>,
    /// The declarations that were judged by themselves.
    pub declarations: BTreeSet<SubjectKey>,
    /// What breaks a promise or a policy.
    pub violations: Vec<CheckFinding>,
    /// What cannot be told from these files, or by anybody from what is declared.
    pub unknown: Vec<CheckFinding>,
    /// What a waiver accepts.
    pub waived: Vec<CheckFinding>,
    /// What the webhook would say without refusing.
    pub warnings: Vec<CheckFinding>,
    /// How many objects belong to no tenant.
    pub unclaimed: usize,
    /// Their namespaces.
    pub unclaimed_namespaces: BTreeSet<String>,
    /// Namespaces that several tenants ask for, so that none holds them.
    pub contested: BTreeMap<String, Vec<String>>,
    /// Namespaces of tenants that no file holds.
    pub implied_namespaces: BTreeSet<String>,
    /// How many objects there are of each kind that is not judged.
    pub not_judged: BTreeMap<String, usize>,
    /// Objects that stand more than once, with all their places: the last one counts.
    pub repeated: BTreeMap<String, Vec<Place>>,
}

impl CheckReport {
    /// Whether nothing breaks a promise or a policy.
    pub fn conforms(&self) -> bool {
        self.violations.is_empty()
    }

    /// Whether in addition nothing is unknown.
    pub fn conforms_strictly(&self) -> bool {
        self.conforms() && self.unknown.is_empty()
    }

    /// The objects that violations stand against.
    pub fn offenders(&self) -> BTreeSet<&SubjectKey> {
        self.violations.iter().map(|finding| &finding.subject).collect()
    }
}
