//! Profile: the promise document. What was promised, with its figures, and which controls uphold it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Enforcement, PolicyStatus, Severity, Span, TenantSelector, schema};

/// A set of promises made to customers.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "surety.dev",
    version = "v1alpha1",
    kind = "Profile",
    plural = "profiles",
    status = "PolicyStatus",
    shortname = "prof",
    category = "surety",
    doc = "A set of promises made to customers: each with its figures and the controls that uphold it.",
    validation = crate::api::rules::name_fits_a_label(),
    printcolumn(name = "Version", type_ = "string", json_path = ".spec.version"),
    printcolumn(name = "Effective", type_ = "string", json_path = ".spec.effectiveDate"),
    printcolumn(name = "Tenants", type_ = "integer", json_path = ".status.tenants"),
    printcolumn(name = "Failing", type_ = "integer", json_path = ".status.failing"),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(validation = Rule::new("!has(self.reviewBy) || self.effectiveDate <= self.reviewBy")
    .message("reviewBy must not be before effectiveDate")
    .field_path(".reviewBy"))]
#[serde(rename_all = "camelCase")]
pub struct ProfileSpec {
    /// What the document is called.
    #[schemars(length(min = 1, max = 256))]
    pub title: String,
    /// Version of the document.
    #[schemars(length(min = 1, max = 32))]
    pub version: String,
    /// The day from which it holds, `YYYY-MM-DD`.
    #[schemars(schema_with = "schema::day")]
    pub effective_date: String,
    /// The day by which it is to be reviewed, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::day")]
    pub review_by: Option<String>,
    /// What changed with each version, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "atomic"))]
    pub change_log: Vec<ChangeLogEntry>,
    /// The tenants that were promised this; `{}` is all.
    #[schemars(schema_with = "schema::label_selector")]
    pub tenant_selector: TenantSelector,
    /// The promises.
    #[schemars(
        length(min = 1, max = 64),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["id"])
    )]
    pub commitments: Vec<Commitment>,
}

/// One line of a profile's change log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeLogEntry {
    /// The version that brought the change.
    #[schemars(length(min = 1, max = 32))]
    pub version: String,
    /// Its day, `YYYY-MM-DD`.
    #[schemars(schema_with = "schema::day")]
    pub date: String,
    /// What changed.
    #[schemars(length(min = 1, max = 1024))]
    pub summary: String,
}

/// One promise.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Commitment {
    /// Its id within the profile.
    #[schemars(length(min = 1, max = 63), regex(pattern = schema::COMMITMENT_ID))]
    pub id: String,
    /// The area of data protection it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = schema::KEBAB_CASE))]
    pub area: Option<String>,
    /// The promise, in the words of the document.
    #[schemars(length(min = 1, max = 512))]
    pub promise: String,
    /// The figures as printed in the document. What a control needs and no figure gives is the profile's own choice.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::free_form_map")]
    pub figures: BTreeMap<String, serde_json::Value>,
    /// The controls that uphold it.
    #[schemars(length(min = 1, max = 16), extend("x-kubernetes-list-type" = "atomic"))]
    pub controls: Vec<ControlUse>,
    /// What happens to a request that would break it.
    #[serde(default = "Commitment::default_enforcement")]
    pub enforcement: Enforcement,
    /// From this moment on, under Deny, a change to a field that was failing before is refused too. Never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::instant")]
    pub deny_existing_from: Option<Timestamp>,
    /// How much a breach matters.
    #[serde(default = "Commitment::default_severity")]
    pub severity: Severity,
    /// Its weight in the score.
    #[serde(default = "Commitment::default_weight")]
    #[schemars(range(min = 1, max = 1000))]
    pub weight: i32,
    /// How long a finding may stay open. By severity when absent: critical 1d, high 7d, medium 30d, low 90d.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remediate_within: Option<Span>,
}

impl Commitment {
    const fn default_enforcement() -> Enforcement {
        Enforcement::Audit
    }

    const fn default_severity() -> Severity {
        Severity::Medium
    }

    const fn default_weight() -> i32 {
        1
    }
}

impl Default for Severity {
    fn default() -> Self {
        Commitment::default_severity()
    }
}

/// A control in the service of a commitment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ControlUse {
    /// The control's id, `area.check`.
    #[schemars(length(min = 3, max = 63), regex(pattern = schema::CONTROL_ID))]
    pub id: String,
    /// Its parameters; what is absent has the control's default.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::free_form_map")]
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// Overrides the commitment's enforcement for this control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Enforcement")]
    pub enforcement: Option<Enforcement>,
}
