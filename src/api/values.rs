//! Closed sets and small shapes that several kinds share. Types and parsing only, no decisions.

use jiff::Timestamp;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema;

/// What happens at admission when a request would break a promise. Ordered: the strictest is the greatest.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum Enforcement {
    /// Admitted in silence; the finding is reported.
    Audit,
    /// Admitted with a warning; the finding is reported.
    Warn,
    /// Refused.
    #[default]
    Deny,
}

/// Whether Surety writes what a policy needs, or only reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Management {
    /// Surety writes and repairs.
    Managed,
    /// Surety writes nothing.
    #[default]
    Observed,
}

/// What happens at admission when what a request declares cannot be decided. Ordered: the strictest is the greatest.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum OnUnknown {
    /// Admitted with a warning.
    #[default]
    Warn,
    /// Refused.
    Deny,
}

/// How much a finding matters. Ordered: the gravest is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Remediation within 90 days.
    Low,
    /// Remediation within 30 days.
    Medium,
    /// Remediation within 7 days.
    High,
    /// Remediation within one day.
    Critical,
}

/// Who keeps the key that encrypts data at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum KeyClass {
    /// The provider's own key.
    Provider,
    /// A key that the customer controls.
    Customer,
}

/// A cipher of data at rest, as promises name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Cipher {
    /// AES with a 256-bit key, whatever the mode.
    #[serde(rename = "AES-256")]
    Aes256,
}

/// The level of the Pod Security Standards. Ordered: the strictest is the greatest.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum PodSecurityLevel {
    /// Prevents known privilege escalations.
    #[default]
    Baseline,
    /// Current hardening best practice.
    Restricted,
}

/// A direction of network traffic, seen from the pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Direction {
    /// Into the pod.
    Ingress,
    /// Out of the pod.
    Egress,
}

/// A way in which a pod reaches into its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum HostAccess {
    /// A volume of type `hostPath`.
    HostPath,
    /// `hostNetwork: true`.
    HostNetwork,
    /// `hostPID: true`.
    HostPID,
    /// `hostIPC: true`.
    HostIPC,
    /// A container port with a `hostPort`.
    HostPort,
}

/// Which endpoints a rule about traffic covers.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum TrafficScope {
    /// What is reached from outside the cluster.
    #[default]
    External,
    /// Every endpoint.
    All,
}

/// A document that proves a statement: where it lies, and what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceDocument {
    /// Where the document lies.
    #[schemars(length(min = 1, max = 2048), regex(pattern = schema::URI))]
    pub uri: String,
    /// SHA-256 of its bytes, 64 lower-case hexadecimal digits.
    #[schemars(length(min = 64, max = 64), regex(pattern = r"^[0-9a-f]{64}$"))]
    pub sha256: String,
}

/// A stretch of time, both ends included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = ("self.from <= self.to", "`from` must not be after `to`"))]
#[serde(rename_all = "camelCase")]
pub struct Period {
    /// First instant.
    #[schemars(schema_with = "schema::instant")]
    pub from: Timestamp,
    /// Last instant.
    #[schemars(schema_with = "schema::instant")]
    pub to: Timestamp,
}
