//! The Schedule that Surety applies for one tenant and policy.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::digest::{bounded, with_digest};
use crate::{
    api::keys,
    core::facts::{Kind, Name},
    engines::to_go_duration,
};

/// What names of Schedules, and values of labels, may be long. A Schedule's name becomes a label of its backups.
const MAX_NAME_BYTES: usize = 63;

/// What a policy asks of Velero for one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleRequest {
    /// The namespace of Velero's objects.
    pub namespace: Name,
    /// The tenant.
    pub tenant: Name,
    /// The policy.
    pub policy: Name,
    /// The UID of namespace `kube-system`: travels with each backup and tells where it was made.
    pub cluster: Name,
    /// When runs start: five cron fields, in UTC.
    pub cron: Name,
    /// The tenant's namespaces, in any order. Each must exist: one that does not makes every run end in part.
    pub namespaces: Vec<Name>,
    /// How long each backup lives.
    pub time_to_live: SignedDuration,
    /// The storage location; none for Velero's default.
    pub location: Option<Name>,
    /// Whether snapshots are copied into the storage location.
    pub snapshot_move_data: bool,
    /// Whether volumes are read file by file where no annotation says otherwise.
    pub default_volumes_to_fs_backup: bool,
}

/// The Schedule, for server-side apply. Exactly the fields that Surety owns: `skipImmediately` is not among them, since
/// Velero rewrites it. No namespaces ask for no backup: Velero would take an empty list for all, so there is no object.
pub fn schedule_object(request: &ScheduleRequest) -> Option<Value> {
    let mut namespaces: Vec<&str> = request.namespaces.iter().map(Name::as_str).collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    if namespaces.is_empty() {
        return None;
    }
    let resource = Kind::VeleroSchedule.resource();
    Some(json!({
        "apiVersion": format!("{}/{}", resource.group, resource.version),
        "kind": resource.kind,
        "metadata": {
            "name": schedule_name(&request.tenant, &request.policy),
            "namespace": request.namespace,
            "labels": {
                keys::TENANT: label_value(&request.tenant),
                keys::POLICY: label_value(&request.policy),
                keys::MANAGED_BY: keys::MANAGED_BY_SURETY,
            },
        },
        "spec": {
            // Velero reads a bare cron in its server's own time zone.
            "schedule": format!("CRON_TZ=UTC {}", request.cron),
            "paused": false,
            // Else deleting the Schedule would take its backups along.
            "useOwnerReferencesInBackup": false,
            "template": template(request, &namespaces),
        },
    }))
}

fn template(request: &ScheduleRequest, namespaces: &[&str]) -> Value {
    let mut template = json!({
        "metadata": {
            "labels": {
                keys::POLICY: label_value(&request.policy),
                keys::CLUSTER: label_value(&request.cluster),
            },
        },
        "includedNamespaces": namespaces,
        "ttl": to_go_duration(request.time_to_live),
        "snapshotMoveData": request.snapshot_move_data,
        "defaultVolumesToFsBackup": request.default_volumes_to_fs_backup,
    });
    if let (Some(location), Some(fields)) = (&request.location, template.as_object_mut()) {
        fields.insert("storageLocation".to_owned(), json!(location));
    }
    template
}

/// The name of the Schedule for a tenant and policy: `surety-<tenant>-<policy>`. A digest of both follows where that would
/// be too long, and where the tenant's name has a dash in it: `a-b` and `c` must not meet `a` and `b-c`.
pub fn schedule_name(tenant: &str, policy: &str) -> String {
    let name = format!("surety-{tenant}-{policy}");
    if name.len() <= MAX_NAME_BYTES && !tenant.contains('-') {
        return name;
    }
    // No name has a slash in it.
    with_digest(&name, &format!("{tenant}/{policy}"), MAX_NAME_BYTES, "-")
}

/// As the value of a label, which is shorter than a name may be.
fn label_value(name: &str) -> String {
    bounded(name, MAX_NAME_BYTES, "-")
}
