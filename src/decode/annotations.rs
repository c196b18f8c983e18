//! Which annotations facts keep, and which decide about other facts.

use super::{ingress, persistent_volume, storage_class};
use crate::{api::keys, engines::velero};

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

/// Every annotation on which a fact depends, whatever the kind, each once: a change of any other changes no fact, but
/// for literal credentials, which may stand in any annotation of a pod, and the old AppArmor annotations, which no pod
/// may change.
pub fn annotations_read() -> impl Iterator<Item = &'static str> {
    let lists = [KEPT, ingress::TLS_ANNOTATIONS, ingress::SNIPPETS, &storage_class::DEFAULT_MARKS];
    let single =
        [OLD_STORAGE_CLASS, ingress::OLD_CLASS, persistent_volume::PROVISIONED_BY, velero::CLAIM_NAME];
    lists.into_iter().flatten().copied().chain(single)
}
