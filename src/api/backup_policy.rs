//! BackupPolicy: how backups are made, how old the newest may be, how long they are kept.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Enforcement, Management, OnUnknown, PolicyStatus, Span, TenantSelector, rules, schema};

/// How the volumes of tenants are backed up.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "surety.dev",
    version = "v1alpha1",
    kind = "BackupPolicy",
    plural = "backuppolicies",
    status = "PolicyStatus",
    shortname = "bkp",
    category = "surety",
    doc = "How the volumes of tenants are backed up, how old the newest recovery point may be, how long points are kept.",
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
    printcolumn(name = "Management", type_ = "string", json_path = ".spec.management"),
    printcolumn(name = "Tenants", type_ = "integer", json_path = ".status.tenants"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(validation = ("!(has(self.every) && has(self.maxRecoveryPointAge))", "give `every` (which has an allowance) or `maxRecoveryPointAge`, not both"))]
#[serde(rename_all = "camelCase")]
pub struct BackupPolicySpec {
    /// The tenants it reaches; `{}` is all.
    #[schemars(schema_with = "schema::label_selector")]
    pub tenant_selector: TenantSelector,
    /// What happens to a request that would break it.
    #[serde(default)]
    pub enforcement: Enforcement,
    /// Whether Surety writes the engine's schedules.
    #[serde(default)]
    pub management: Management,
    /// What happens to a request whose effect cannot be decided.
    #[serde(default)]
    pub on_unknown: OnUnknown,
    /// From this moment on, under Deny, a change to a field that was failing before is refused too. Never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::instant")]
    pub deny_existing_from: Option<Timestamp>,
    /// The engine, and how it is to be used.
    pub engine: BackupEngine,
    /// When runs start: five cron fields in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128), regex(pattern = schema::CRON_SHAPE))]
    #[x_kube(validation = rules::cron())]
    pub schedule: Option<String>,
    /// How often a backup is made; as an age limit it has an allowance of the larger of 10m and a tenth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
    /// The age limit itself, instead of `every`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_recovery_point_age: Option<Span>,
    /// How long recovery points are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<RecoveryPointRetention>,
    /// Claims that are not backed up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exempt: Option<ExemptClaims>,
    /// Whether recovery points that came from another cluster count.
    #[serde(default)]
    pub accepts_imported: bool,
}

/// The engine that makes the backups.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupEngine {
    /// Which engine.
    #[serde(default)]
    pub name: EngineName,
    /// The namespace that the engine's objects live in.
    #[serde(default = "BackupEngine::default_namespace")]
    #[schemars(length(min = 1, max = 63), regex(pattern = schema::DNS_LABEL))]
    pub namespace: String,
    /// The storage location; the engine's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = schema::DNS_SUBDOMAIN))]
    pub storage_location: Option<String>,
    /// Whether snapshots are copied into the storage location.
    #[serde(default)]
    pub snapshot_move_data: bool,
    /// Whether volumes are read file by file where no annotation says otherwise.
    #[serde(default)]
    pub default_volumes_to_fs_backup: bool,
}

impl BackupEngine {
    fn default_namespace() -> String {
        "velero".to_owned()
    }
}

/// Backup engines that this version reads and writes.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum EngineName {
    /// Velero 1.14 and later.
    #[default]
    Velero,
}

/// How long recovery points are kept, counted from a run's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = rules::span_order("atLeast", "atMost"))]
#[serde(rename_all = "camelCase")]
pub struct RecoveryPointRetention {
    /// Not deleted before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Span>,
    /// Due for deletion then; a finding after an allowance of the larger of 1d and a tenth, at most 7d.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Span>,
}

/// Claims that a policy leaves out. Read only from the policy: a tenant's labels never shrink what is backed up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExemptClaims {
    /// Storage classes whose claims hold nothing worth keeping.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        inner(length(min = 1, max = 253), regex(pattern = schema::DNS_SUBDOMAIN)),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub storage_classes: Vec<String>,
    /// Data classes that are not backed up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        inner(length(min = 1, max = 63), regex(pattern = schema::DNS_LABEL)),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub data_classes: Vec<String>,
    /// Namespaces, by their labels, that are not backed up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::narrowing_selector")]
    pub namespace_selector: Option<LabelSelector>,
}
