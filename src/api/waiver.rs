//! Waiver: a breach that a named person accepts until a date.

use jiff::Timestamp;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PolicyStatus, TenantSelector, rules, schema};

/// A breach that is accepted until a date. The finding stays visible as Waived.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "surety.dev",
    version = "v1alpha1",
    kind = "Waiver",
    plural = "waivers",
    status = "PolicyStatus",
    shortname = "wv",
    category = "surety",
    doc = "A breach that a named person accepts until a date. The finding stays visible as Waived.",
    printcolumn(name = "Control", type_ = "string", json_path = ".spec.control"),
    printcolumn(name = "Commitment", type_ = "string", json_path = ".spec.commitment.id"),
    // As text: a column of type `date` prints how long ago an instant was, and `<invalid>` while it lies ahead.
    printcolumn(name = "Expires", type_ = "string", json_path = ".spec.expiresAt"),
    printcolumn(name = "Approver", type_ = "string", json_path = ".spec.approver"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(
    validation = ("has(self.control) != has(self.commitment)", "give exactly one of `control` and `commitment`"),
    validation = rules::immutable_optional("control"),
    validation = rules::immutable_optional("commitment")
)]
#[serde(rename_all = "camelCase")]
pub struct WaiverSpec {
    /// The control that is waived. Either this or `commitment`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 63), regex(pattern = schema::CONTROL_ID))]
    pub control: Option<String>,
    /// The commitment that is waived. Either this or `control`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commitment: Option<CommitmentReference>,
    /// Where it holds.
    #[x_kube(validation = rules::immutable("scope"))]
    pub scope: WaiverScope,
    /// Why.
    #[schemars(length(min = 10, max = 1024))]
    pub reason: String,
    /// Who accepts it.
    #[schemars(length(min = 1, max = 253))]
    pub approver: String,
    /// The instant at which it ends.
    #[schemars(schema_with = "schema::instant")]
    pub expires_at: Timestamp,
}

/// Points to a commitment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommitmentReference {
    /// The profile's name.
    #[schemars(length(min = 1, max = 253), regex(pattern = schema::DNS_SUBDOMAIN))]
    pub profile: String,
    /// The commitment's id.
    #[schemars(length(min = 1, max = 63), regex(pattern = schema::COMMITMENT_ID))]
    pub id: String,
}

/// Where a waiver holds. Every field that is given must match.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = ("!has(self.name) || has(self.kind)", "`name` needs `kind`, or it would match objects of every kind"))]
#[serde(rename_all = "camelCase")]
pub struct WaiverScope {
    /// Tenants; `{}` is all.
    #[schemars(schema_with = "schema::label_selector")]
    pub tenant_selector: TenantSelector,
    /// One namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = schema::DNS_LABEL))]
    pub namespace: Option<String>,
    /// One kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = schema::KIND))]
    pub kind: Option<String>,
    /// One object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub name: Option<String>,
}
