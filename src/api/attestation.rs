//! Attestation: a person's statement about what no cluster shows, with evidence and an end.

use jiff::Timestamp;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::{
    EvidenceDocument, Period, PolicyStatus, TenantSelector, rules, schema, waiver::CommitmentReference,
};

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
    doc = "A person's statement that a commitment is kept, with evidence and an end. It counts until then.",
    printcolumn(name = "Profile", type_ = "string", json_path = ".spec.commitment.profile"),
    printcolumn(name = "Commitment", type_ = "string", json_path = ".spec.commitment.id"),
    // As text: a column of type `date` prints how long ago an instant was, and `<invalid>` while it lies ahead.
    printcolumn(name = "Valid Until", type_ = "string", json_path = ".spec.validUntil"),
    printcolumn(name = "By", type_ = "string", json_path = ".spec.attestedBy"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct AttestationSpec {
    /// The commitment.
    #[x_kube(validation = rules::immutable("commitment"))]
    pub commitment: CommitmentReference,
    /// The tenants it speaks of; `{}` is all.
    #[schemars(schema_with = "schema::label_selector")]
    pub tenant_selector: TenantSelector,
    /// What is stated.
    #[schemars(length(min = 10, max = 1024))]
    pub statement: String,
    /// Who states it.
    #[schemars(length(min = 1, max = 253))]
    pub attested_by: String,
    /// The proof.
    #[schemars(length(min = 1, max = 16), extend("x-kubernetes-list-type" = "atomic"))]
    pub evidence: Vec<EvidenceDocument>,
    /// The time that the proof speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// The last instant at which it counts.
    #[schemars(schema_with = "schema::instant")]
    pub valid_until: Timestamp,
}
