//! Which annotations facts keep.

use crate::api::keys;

/// The keys that controls read on workload templates, claims and claim templates: the constants of `api::keys` that
/// may stand on an object.
pub(super) const KEPT: &[&str] = &[
    keys::TENANT,
    keys::DATA_CLASS,
    keys::ENVIRONMENT,
    keys::POLICY,
    keys::CLUSTER,
    keys::VELERO_EXCLUDE,
    keys::VELERO_EXCLUDE_VOLUMES,
    keys::VELERO_SNAPSHOT_CLASS,
];

/// Where claims and volumes named their class before there was a field; it still comes first
/// (k8s.io/component-helpers: storage/volume/helpers.go).
pub(super) const OLD_STORAGE_CLASS: &str = "volume.beta.kubernetes.io/storage-class";
/// What `kubectl apply` keeps: a copy of the object, which is judged itself.
pub(super) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
