//! Surety's own kinds (`surety.dev/v1alpha1`, cluster-scoped), one file each, and the value types they share.
//!
//! Types and parsing only. No decisions, no client, no runtime, no file, no environment, no clock.
#![allow(
    clippy::duplicated_attributes,
    reason = "every printcolumn has a type, and the lint takes the second `type_ = \"string\"` for a repetition"
)]

pub mod attestation;
pub mod backup_policy;
pub mod compliance_report;
pub mod crds;
pub mod encryption_policy;
pub mod isolation_policy;
pub mod keys;
pub mod profile;
pub mod retention_policy;
pub mod rules;
pub mod schema;
pub mod span;
pub mod tenant;
pub mod values;
pub mod waiver;

pub use attestation::{Attestation, AttestationSpec};
pub use backup_policy::{BackupPolicy, BackupPolicySpec};
pub use compliance_report::{ComplianceReport, ComplianceReportSpec, ComplianceReportStatus};
pub use encryption_policy::{EncryptionPolicy, EncryptionPolicySpec};
pub use isolation_policy::{IsolationPolicy, IsolationPolicySpec};
pub use profile::{Profile, ProfileSpec};
pub use retention_policy::{RetentionPolicy, RetentionPolicySpec};
pub use span::{Span, Unit};
pub use tenant::{Tenant, TenantSpec, TenantStatus};
pub use values::{
    Cipher, Direction, Enforcement, EvidenceDocument, HostAccess, KeyClass, Management, OnUnknown, Period,
    PodSecurityLevel, Severity, TrafficScope,
};
pub use waiver::{Waiver, WaiverSpec};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The API group of Surety's kinds.
pub const GROUP: &str = "surety.dev";
/// The served and stored version.
pub const VERSION: &str = "v1alpha1";

/// The status that every policy, waiver, attestation and profile carries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyStatus {
    /// `Ready` (Surety has taken it in), `Compliant` (what it asks for holds), `Conflict`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
    /// The generation that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub observed_generation: Option<i64>,
    /// How many tenants it reaches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub tenants: Option<i32>,
    /// How many findings stand against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub failing: Option<i32>,
}

/// Selects tenants by the labels of the Tenant object; `{}` selects all.
pub type TenantSelector = LabelSelector;
