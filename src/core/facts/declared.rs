//! What operators declare, and what Surety remembers.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde::{Deserialize, Serialize};

use super::{Labels, Meta, Name};

/// An object of one of Surety's kinds.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared<S> {
    /// Its name.
    pub name: Name,
    /// Metadata.
    pub meta: Meta,
    /// Labels.
    pub labels: Labels,
    /// Its spec.
    pub spec: Arc<S>,
    /// The conditions that stand in its status.
    pub conditions: Arc<[Condition]>,
}

/// What Surety remembers of a tenant; one ConfigMap a tenant in Surety's namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TenantRecord {
    /// The tenant.
    pub tenant: Name,
    /// Claimed namespaces by name.
    pub namespaces: BTreeMap<Name, ClaimRecord>,
    /// Findings by key: when they were seen first, how often they came back.
    pub findings: BTreeMap<Name, FindingMemory>,
    /// Data that was seen, by namespace and name of its claim, as `namespace/name`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<Name, HeldData>,
}

/// A claim that held data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldData {
    /// The data class that counted; none where none was declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Name>,
    /// The volume that it was bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<Name>,
    /// When the claim was created.
    pub created: Timestamp,
    /// When neither claim nor volume was there any more; none while one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<Timestamp>,
}

/// A claimed namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClaimRecord {
    /// The namespace's UID when it was claimed last.
    pub uid: Name,
    /// The Tenant's generation under which the claim was last confirmed: a claim ends only by a later one.
    pub generation: i64,
    /// The namespace's labels when the Tenant last asked for it, of those that decide whether it does: a Tenant that still
    /// asks for what carries them has not ended the claim, whatever the namespace carries now.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// What is remembered of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingMemory {
    /// The moment since which it is true.
    pub since: Timestamp,
    /// The moment at which it was seen first.
    pub seen: Timestamp,
    /// When it was closed; none while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Timestamp>,
    /// How often it came back.
    #[serde(default)]
    pub regressions: i32,
}
