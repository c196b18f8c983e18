//! RetentionPolicy: per data class, how long data is kept.

use jiff::Timestamp;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::{Enforcement, OnUnknown, PolicyStatus, Span, TenantSelector, schema};

/// How long each class of data is kept.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "surety.dev",
    version = "v1alpha1",
    kind = "RetentionPolicy",
    plural = "retentionpolicies",
    status = "PolicyStatus",
    shortname = "rtp",
    category = "surety",
    doc = "Which classes of data there are, which are forbidden, and how long each is kept.",
    validation = crate::api::rules::name_fits_a_label(),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    ),
    printcolumn(
        name = "Compliant",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Compliant\")].status"
    ),
    printcolumn(name = "Enforcement", type_ = "string", json_path = ".spec.enforcement"),
    printcolumn(name = "Tenants", type_ = "integer", json_path = ".status.tenants"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct RetentionPolicySpec {
    /// The tenants it reaches; `{}` is all.
    #[schemars(schema_with = "schema::label_selector")]
    pub tenant_selector: TenantSelector,
    /// What happens to a request that would break it.
    #[serde(default)]
    pub enforcement: Enforcement,
    /// What happens to a request whose effect cannot be decided.
    #[serde(default)]
    pub on_unknown: OnUnknown,
    /// From this moment on, under Deny, a change to a field that was failing before is refused too. Never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::instant")]
    pub deny_existing_from: Option<Timestamp>,
    /// Whether every claim must have a data class: its own, its namespace's or the tenant's default.
    #[serde(default = "RetentionPolicySpec::default_requires_class")]
    pub requires_class: bool,
    /// The classes.
    #[schemars(length(min = 1, max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub classes: Vec<RetentionClass>,
}

impl RetentionPolicySpec {
    const fn default_requires_class() -> bool {
        true
    }
}

/// The rule for one class of data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = ("!self.forbidden || !(has(self.atLeast) || self.whileActive || has(self.afterTermination))", "a forbidden class is not kept: leave out atLeast, whileActive and afterTermination"))]
#[serde(rename_all = "camelCase")]
pub struct RetentionClass {
    /// The class, as labels name it.
    #[schemars(length(min = 1, max = 63), regex(pattern = schema::DNS_LABEL))]
    pub name: String,
    /// Data of this class must not exist.
    #[serde(default)]
    pub forbidden: bool,
    /// Kept at least this long after its creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Span>,
    /// Kept as long as the tenant's contract runs.
    #[serde(default)]
    pub while_active: bool,
    /// Kept this long after the contract's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_termination: Option<Span>,
}
