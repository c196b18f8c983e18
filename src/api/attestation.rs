//! Attestation: a person's statement about what no cluster shows, with evidence and an end.

use jiff::Timestamp;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::{EvidenceDocument, Period, PolicyStatus, TenantSelector, waiver::CommitmentReference};

/// A person's statement that a commitment is kept.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "surety.dev",
    version = "v1alpha1",
    kind = "Attestation",
    plural = "attestations",
    status = "PolicyStatus",
    shortname = "att",
    category = "surety",
    doc = "A person's statement that a commitment is kept, with evidence and an end. It counts until then."
)]
#[serde(rename_all = "camelCase")]
pub struct AttestationSpec {
    /// The commitment.
    pub commitment: CommitmentReference,
    /// The tenants it speaks of; `{}` is all.
    pub tenant_selector: TenantSelector,
    /// What is stated.
    #[schemars(length(min = 10, max = 1024))]
    pub statement: String,
    /// Who states it.
    #[schemars(length(min = 1, max = 253))]
    pub attested_by: String,
    /// The proof.
    #[schemars(length(min = 1, max = 16))]
    pub evidence: Vec<EvidenceDocument>,
    /// The time that the proof speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// The last instant at which it counts.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub valid_until: Timestamp,
}
