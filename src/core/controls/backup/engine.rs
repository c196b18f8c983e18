//! Whose objects are believed, where they lie, and what the engine calls the fields that messages name.

use crate::core::{
    context::Context,
    facts::{Location, Name},
};

/// Names of fields, as Velero spells them.
pub(super) mod field {
    /// Whether a schedule is paused.
    pub const PAUSED: &str = "spec.paused";
    /// When runs start.
    pub const CRON: &str = "spec.schedule";
    /// How long points live.
    pub const TIME_TO_LIVE: &str = "spec.template.ttl";
    /// The namespaces that a schedule takes in.
    pub const INCLUDED: &str = "spec.template.includedNamespaces";
    /// Whether a location takes new points.
    pub const ACCESS: &str = "spec.accessMode";
    /// How the store is asked to encrypt.
    pub const SSE: &str = "spec.config.serverSideEncryption";
    /// Whether the store's certificate goes unverified.
    pub const SKIPS_VERIFICATION: &str = "spec.config.insecureSkipTLSVerify";
    /// When a point may be deleted.
    pub const EXPIRY: &str = "status.expiration";
    /// How a run stands.
    pub const STATE: &str = "status.phase";
    /// The point that a deletion request names.
    pub const REQUESTED: &str = "spec.backupName";

    /// Where a location of this provider names its endpoint.
    pub fn endpoint(provider: &str) -> &'static str {
        match provider {
            "gcp" => "spec.config.storeEndpoint",
            "azure" => "spec.config.storageAccountURI",
            _ => "spec.config.s3Url",
        }
    }

    /// Where a location of this provider names a key; none where it cannot.
    pub fn key(provider: &str) -> Option<&'static str> {
        match provider {
            "aws" => Some("spec.config.kmsKeyId"),
            "gcp" => Some("spec.config.kmsKeyName"),
            _ => None,
        }
    }
}

/// Whether objects of a backup engine in this namespace are the engine's own. An engine works in one namespace; whoever
/// may create its kinds elsewhere could otherwise invent schedules and recovery points. Policies name the namespace; where
/// none reaches the tenant, any will do that belongs to no tenant.
pub(super) fn is_believed(context: &Context<'_>, namespace: &Name) -> bool {
    let policies = &context.effective().backup;
    if policies.is_empty() {
        return context.owner_of(namespace).is_none();
    }
    policies.iter().any(|policy| *policy.spec.engine.namespace == **namespace)
}

/// The location of that name beside an object in `namespace`; without a name the engine's default.
pub(super) fn location<'a>(
    context: &Context<'a>,
    namespace: &Name,
    name: Option<&Name>,
) -> Option<&'a Location> {
    let mut beside = context.locations().filter(|location| location.namespace == *namespace);
    let found = beside.find(|location| name.map_or(location.is_default, |name| location.name == *name));
    found.map(AsRef::as_ref)
}
