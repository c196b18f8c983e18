//! IsolationPolicy: network, pod security, host access.

use jiff::Timestamp;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Direction, Enforcement, HostAccess, Management, OnUnknown, PodSecurityLevel, PolicyStatus,
    TenantSelector, schema,
};

/// How tenants are kept apart.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "surety.dev",
    version = "v1alpha1",
    kind = "IsolationPolicy",
    plural = "isolationpolicies",
    status = "PolicyStatus",
    shortname = "isp",
    category = "surety",
    doc = "How tenants are kept apart: network, pod security, access to the node.",
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
#[serde(rename_all = "camelCase")]
pub struct IsolationPolicySpec {
    /// The tenants it reaches; `{}` is all.
    #[schemars(schema_with = "schema::label_selector")]
    pub tenant_selector: TenantSelector,
    /// What happens to a request that would break it.
    #[serde(default)]
    pub enforcement: Enforcement,
    /// Whether Surety writes network policies and labels.
    #[serde(default)]
    pub management: Management,
    /// What happens to a request whose effect cannot be decided.
    #[serde(default)]
    pub on_unknown: OnUnknown,
    /// From this moment on, under Deny, a change to a field that was failing before is refused too. Never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::instant")]
    pub deny_existing_from: Option<Timestamp>,
    /// The fence around each namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkIsolation>,
    /// The Pod Security Standard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_security: Option<PodSecurity>,
    /// Access to the node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_access: Option<HostAccessRule>,
    /// Containers that the platform puts into pods; they are not judged as the tenant's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 16),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name", "imagePrefix"])
    )]
    pub injected_containers: Vec<InjectedContainer>,
}

/// Default-deny, and who is let through it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkIsolation {
    /// Directions that are denied by default; both when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2), extend("x-kubernetes-list-type" = "set"))]
    pub directions: Vec<Direction>,
    /// Peers of these kinds that may pass the fence; a Managed policy opens it to them. Where none is listed a rule may
    /// reach other namespaces of the tenant. No rule may ever reach a namespace of another tenant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "set"))]
    pub peers: Vec<NetworkPeer>,
}

/// A peer that is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum NetworkPeer {
    /// The cluster's DNS: port 53 in `kube-system`.
    #[serde(rename = "dns")]
    Dns,
    /// Other namespaces of the same tenant.
    #[serde(rename = "tenant")]
    Tenant,
}

/// The level of the Pod Security Standards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodSecurity {
    /// The level.
    #[serde(default)]
    pub level: PodSecurityLevel,
}

/// Ways into the node that are allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostAccessRule {
    /// Allowed ways; none when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "set"))]
    pub allowed: Vec<HostAccess>,
}

/// A container that the platform injects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InjectedContainer {
    /// Its name.
    #[schemars(length(min = 1, max = 63), regex(pattern = schema::DNS_LABEL))]
    pub name: String,
    /// What its image starts with.
    #[schemars(length(min = 1, max = 512))]
    pub image_prefix: String,
}
