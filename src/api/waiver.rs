//! Waiver: a breach that a named person accepts until a date.

use jiff::Timestamp;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PolicyStatus, TenantSelector};

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
    doc = "A breach that a named person accepts until a date. The finding stays visible as Waived."
)]
#[serde(rename_all = "camelCase")]
pub struct WaiverSpec {
    /// The control that is waived. Either this or `commitment`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 63))]
    pub control: Option<String>,
    /// The commitment that is waived. Either this or `control`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commitment: Option<CommitmentReference>,
    /// Where it holds.
    pub scope: WaiverScope,
    /// Why.
    #[schemars(length(min = 10, max = 1024))]
    pub reason: String,
    /// Who accepts it.
    #[schemars(length(min = 1, max = 253))]
    pub approver: String,
    /// The instant at which it ends.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub expires_at: Timestamp,
}

/// Points to a commitment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommitmentReference {
    /// The profile's name.
    #[schemars(length(min = 1, max = 253))]
    pub profile: String,
    /// The commitment's id.
    #[schemars(length(min = 1, max = 63))]
    pub id: String,
}

/// Where a waiver holds. Every field that is given must match.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaiverScope {
    /// Tenants; `{}` is all.
    pub tenant_selector: TenantSelector,
    /// One namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub namespace: Option<String>,
    /// One kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub kind: Option<String>,
    /// One object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub name: Option<String>,
}
