//! ComplianceReport: what Surety found, one per tenant. Written by Surety alone.

use jiff::Timestamp;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Severity;

/// Whose report it is.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[kube(
    group = "surety.dev",
    version = "v1alpha1",
    kind = "ComplianceReport",
    plural = "compliancereports",
    status = "ComplianceReportStatus",
    shortname = "crep",
    category = "surety",
    doc = "What Surety found for one tenant: commitments with their state, findings, score and coverage. Written by Surety alone."
)]
#[serde(rename_all = "camelCase")]
pub struct ComplianceReportSpec {
    /// The tenant.
    #[schemars(length(min = 1, max = 253))]
    pub tenant: String,
}

/// The report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComplianceReportStatus {
    /// Counts by state, score, coverage.
    #[serde(default)]
    pub summary: ReportSummary,
    /// Every commitment with its state, in order of profile and id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 512))]
    pub commitments: Vec<CommitmentResult>,
    /// Open findings, gravest first, in stable order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    pub findings: Vec<ReportFinding>,
    /// How many findings there are, shown or not.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub total_findings: i32,
}

/// Counts, score and coverage of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportSummary {
    /// Commitments in state Fail.
    #[serde(default)]
    pub fail: i32,
    /// Commitments in state Error.
    #[serde(default)]
    pub error: i32,
    /// Commitments in state Stale.
    #[serde(default)]
    pub stale: i32,
    /// Commitments in state Pending.
    #[serde(default)]
    pub pending: i32,
    /// Commitments in state Manual.
    #[serde(default)]
    pub manual: i32,
    /// Commitments in state Waived.
    #[serde(default)]
    pub waived: i32,
    /// Commitments in state Pass.
    #[serde(default)]
    pub pass: i32,
    /// Commitments in state NotApplicable.
    #[serde(default)]
    pub not_applicable: i32,
    /// Score in percent with one decimal; absent when nothing is applicable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8))]
    pub score: Option<String>,
    /// Coverage in percent with one decimal; absent when nothing is applicable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8))]
    pub coverage: Option<String>,
}

/// One commitment's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommitmentResult {
    /// The profile.
    pub profile: String,
    /// The commitment.
    pub id: String,
    /// The promise in its words.
    #[schemars(length(max = 512))]
    pub promise: String,
    /// The state, worst of its controls.
    pub state: String,
    /// Its weight.
    pub weight: i32,
    /// Why it is not Pass, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub reason: Option<String>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportFinding {
    /// The control.
    pub control: String,
    /// Its state: Fail, Error, Stale, Waived.
    pub state: String,
    /// How much it matters.
    pub severity: Severity,
    /// Commitments and policies that it breaks.
    #[schemars(length(max = 32))]
    pub breaks: Vec<String>,
    /// The object's kind.
    pub kind: String,
    /// The object's namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The object's name.
    pub name: String,
    /// The field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub field: Option<String>,
    /// What was found.
    #[schemars(length(max = 512))]
    pub found: String,
    /// What is wanted.
    #[schemars(length(max = 512))]
    pub wanted: String,
    /// What to do.
    #[schemars(length(max = 512))]
    pub fix: String,
    /// The waiver that accepts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<String>,
    /// The moment since which it is true.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
    /// The moment at which it was seen first.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub seen: Timestamp,
    /// The moment by which it is to be mended.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub remediate_by: Timestamp,
    /// How often it came back.
    #[serde(default)]
    pub regressions: i32,
}
