//! ComplianceReport: what Surety found, one per tenant. Written by Surety alone.

use jiff::Timestamp;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Severity, rules, schema};

/// The states of a commitment and of a finding, worst first.
const STATES: [&str; 8] = ["Fail", "Error", "Stale", "Pending", "Manual", "Waived", "Pass", "NotApplicable"];

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
    doc = "What Surety found for one tenant: commitments with their state, findings, score and coverage. Written by Surety alone.",
    validation = ("self.metadata.name == self.spec.tenant", "a report is named as its tenant"),
    printcolumn(name = "Score", type_ = "string", json_path = ".status.summary.score"),
    printcolumn(name = "Coverage", type_ = "string", json_path = ".status.summary.coverage"),
    printcolumn(name = "Fail", type_ = "integer", json_path = ".status.summary.fail"),
    printcolumn(name = "Findings", type_ = "integer", json_path = ".status.totalFindings"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct ComplianceReportSpec {
    /// The tenant.
    #[schemars(length(min = 1, max = 63), regex(pattern = schema::DNS_SUBDOMAIN))]
    #[x_kube(validation = rules::immutable("tenant"))]
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
    #[schemars(length(max = 512), extend("x-kubernetes-list-type" = "atomic"))]
    pub commitments: Vec<CommitmentResult>,
    /// Open findings, gravest first, in stable order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500), extend("x-kubernetes-list-type" = "atomic"))]
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
    #[schemars(range(min = 0))]
    pub fail: i32,
    /// Commitments in state Error.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub error: i32,
    /// Commitments in state Stale.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub stale: i32,
    /// Commitments in state Pending.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub pending: i32,
    /// Commitments in state Manual.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub manual: i32,
    /// Commitments in state Waived.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub waived: i32,
    /// Commitments in state Pass.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub pass: i32,
    /// Commitments in state NotApplicable.
    #[serde(default)]
    #[schemars(range(min = 0))]
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
    #[schemars(length(max = 253))]
    pub profile: String,
    /// The commitment.
    #[schemars(length(max = 63))]
    pub id: String,
    /// The promise in its words.
    #[schemars(length(max = 512))]
    pub promise: String,
    /// The state, worst of its controls.
    #[schemars(length(max = 16), extend("enum" = STATES))]
    pub state: String,
    /// Its weight.
    #[schemars(range(min = 0))]
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
    #[schemars(length(max = 63))]
    pub control: String,
    /// Its state: Fail, Error, Stale, Waived.
    #[schemars(length(max = 16), extend("enum" = STATES))]
    pub state: String,
    /// How much it matters.
    pub severity: Severity,
    /// Commitments and policies that it breaks.
    #[schemars(length(max = 32), inner(length(max = 512)), extend("x-kubernetes-list-type" = "atomic"))]
    pub breaks: Vec<String>,
    /// The object's kind.
    #[schemars(length(max = 63))]
    pub kind: String,
    /// The object's namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub namespace: Option<String>,
    /// The object's name.
    #[schemars(length(max = 253))]
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
    #[schemars(length(max = 253))]
    pub waiver: Option<String>,
    /// The moment since which it is true.
    #[schemars(schema_with = "schema::instant")]
    pub since: Timestamp,
    /// The moment at which it was seen first.
    #[schemars(schema_with = "schema::instant")]
    pub seen: Timestamp,
    /// The moment by which it is to be mended.
    #[schemars(schema_with = "schema::instant")]
    pub remediate_by: Timestamp,
    /// How often it came back.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub regressions: i32,
}
