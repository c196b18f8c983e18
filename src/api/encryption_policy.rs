//! EncryptionPolicy: at rest, in transit, credentials.

use jiff::Timestamp;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Cipher, Enforcement, EvidenceDocument, KeyClass, OnUnknown, PolicyStatus, TenantSelector, TrafficScope,
    schema,
};

/// What must be encrypted, and how.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "surety.dev",
    version = "v1alpha1",
    kind = "EncryptionPolicy",
    plural = "encryptionpolicies",
    status = "PolicyStatus",
    shortname = "enp",
    category = "surety",
    doc = "What must be encrypted at rest and in transit, how credentials are handed over, and what a person attests.",
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
pub struct EncryptionPolicySpec {
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
    /// Volumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_rest: Option<EncryptionAtRest>,
    /// Endpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_transit: Option<EncryptionInTransit>,
    /// Passwords, tokens and keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Credentials>,
    /// What only a person can know of a provisioner, with evidence and an end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "atomic"))]
    pub attested: Vec<AttestedStorage>,
}

/// Encryption of volumes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EncryptionAtRest {
    /// The cipher; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Cipher")]
    pub cipher: Option<Cipher>,
    /// Who keeps the key; anybody when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "KeyClass")]
    pub key_class: Option<KeyClass>,
    /// Keys that may be used, as storage classes name them; any when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        inner(length(min = 1, max = 2048)),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub key_ids: Vec<String>,
    /// Whether disk-backed `emptyDir` volumes hold data that must be encrypted.
    #[serde(default)]
    pub empty_dir_holds_data: bool,
}

/// Encryption of traffic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EncryptionInTransit {
    /// Which endpoints.
    #[serde(default)]
    pub scope: TrafficScope,
    /// Whether plain HTTP must redirect.
    #[serde(default = "EncryptionInTransit::default_redirect")]
    pub redirect: bool,
}

impl EncryptionInTransit {
    const fn default_redirect() -> bool {
        true
    }
}

/// How credentials are handed to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// Detectors that look for literals; all but `card-number` when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 16),
        inner(length(min = 1, max = 63), regex(pattern = schema::KEBAB_CASE)),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub detectors: Vec<String>,
}

/// A person's word about a provisioner's encryption.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttestedStorage {
    /// The provisioner, as storage classes name it.
    #[schemars(length(min = 1, max = 253))]
    pub provisioner: String,
    /// Only this storage class; all of the provisioner's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = schema::DNS_SUBDOMAIN))]
    pub storage_class: Option<String>,
    /// The cipher.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Cipher")]
    pub cipher: Option<Cipher>,
    /// Who keeps the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "KeyClass")]
    pub key_class: Option<KeyClass>,
    /// The proof.
    pub evidence: EvidenceDocument,
    /// The last instant at which it counts.
    #[schemars(schema_with = "schema::instant")]
    pub until: Timestamp,
}
