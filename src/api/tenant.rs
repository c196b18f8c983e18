//! Tenant: whose namespaces are whose, and how far enforcement goes there.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Enforcement, schema};

/// A customer of the provider: its namespaces, its classes of data, its contract.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "surety.dev",
    version = "v1alpha1",
    kind = "Tenant",
    plural = "tenants",
    status = "TenantStatus",
    shortname = "tn",
    category = "surety",
    doc = "A customer of the provider: its namespaces, its classes of data, its contract.",
    validation = crate::api::rules::name_fits_a_label(),
    printcolumn(
        name = "Compliant",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Compliant\")].status"
    ),
    printcolumn(name = "Score", type_ = "string", json_path = ".status.score"),
    printcolumn(name = "Coverage", type_ = "string", json_path = ".status.coverage"),
    printcolumn(name = "Failing", type_ = "integer", json_path = ".status.failing"),
    printcolumn(name = "Oldest Recovery Point", type_ = "date", json_path = ".status.oldestRecoveryPoint"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(validation = Rule::new("!has(self.defaultDataClass) || !has(self.dataClasses) || self.dataClasses.size() == 0 || self.defaultDataClass in self.dataClasses")
    .message("defaultDataClass must be one of dataClasses, or dataClasses must be empty")
    .field_path(".defaultDataClass"))]
#[serde(rename_all = "camelCase")]
pub struct TenantSpec {
    /// The name that people know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub display_name: Option<String>,
    /// Which namespaces belong to the tenant.
    #[serde(default)]
    pub namespaces: TenantNamespaces,
    /// Who may let a namespace join by creating it with the tenant's label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_service: Option<SelfService>,
    /// The data classes that may be declared here. Empty: any class that a RetentionPolicy names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        inner(length(min = 1, max = 63), regex(pattern = schema::DNS_LABEL)),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub data_classes: Vec<String>,
    /// The class of a namespace or claim that declares none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = schema::DNS_LABEL))]
    pub default_data_class: Option<String>,
    /// Caps the enforcement of every promise and policy for this tenant.
    #[serde(default)]
    pub enforcement: Enforcement,
    /// Start and end of the contract. Without an end the tenant is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<Contract>,
}

/// Namespaces of a tenant, by name and by label.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantNamespaces {
    /// Names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 256),
        inner(length(min = 1, max = 63), regex(pattern = schema::DNS_LABEL)),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub names: Vec<String>,
    /// Labels of namespaces that operators set. Absent selects none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::narrowing_selector")]
    pub selector: Option<LabelSelector>,
}

/// Joining by label at creation: only within these names, only by these creators.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SelfService {
    /// A namespace's name must match one of these; `*` at the end stands for any rest.
    #[schemars(
        length(min = 1, max = 32),
        inner(length(min = 1, max = 63), regex(pattern = schema::NAMESPACE_PATTERN)),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub name_patterns: Vec<String>,
    /// Users, groups and ServiceAccounts that may create.
    #[schemars(length(min = 1, max = 32), extend("x-kubernetes-list-type" = "atomic"))]
    pub creators: Vec<Creator>,
}

/// One who may let a namespace join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[x_kube(
    validation = ("self.kind != 'ServiceAccount' || has(self.namespace)", "a creator of kind ServiceAccount needs its namespace"),
    validation = ("self.kind == 'ServiceAccount' || !has(self.namespace)", "only a creator of kind ServiceAccount has a namespace")
)]
#[serde(rename_all = "camelCase")]
pub struct Creator {
    /// What the name is a name of.
    pub kind: CreatorKind,
    /// User name, group name or ServiceAccount name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The ServiceAccount's namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = schema::DNS_LABEL))]
    pub namespace: Option<String>,
}

/// The kinds of [`Creator`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CreatorKind {
    /// A user.
    User,
    /// A group of users.
    Group,
    /// A ServiceAccount.
    ServiceAccount,
}

/// The contract's term.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = ("!has(self.start) || !has(self.end) || self.start < self.end", "`start` must be before `end`"))]
#[serde(rename_all = "camelCase")]
pub struct Contract {
    /// Its start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::instant")]
    pub start: Option<Timestamp>,
    /// Its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::instant")]
    pub end: Option<Timestamp>,
}

/// What Surety says of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantStatus {
    /// `Ready` (reconciled) and `Compliant` (requirements met).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
    /// The generation that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub observed_generation: Option<i64>,
    /// How many namespaces are claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub namespaces: Option<i32>,
    /// Score in percent, as text with one decimal; absent when nothing is applicable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8))]
    pub score: Option<String>,
    /// Coverage in percent, as text with one decimal; absent when nothing is applicable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8))]
    pub coverage: Option<String>,
    /// How many findings are open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub failing: Option<i32>,
    /// The oldest of the volumes' newest recovery points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::instant")]
    pub oldest_recovery_point: Option<Timestamp>,
}
