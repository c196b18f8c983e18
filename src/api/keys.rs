//! Label and annotation keys that Surety defines or reads, and the names of its field managers.

/// Names the tenant that a namespace belongs to. Written by Surety; on creation by a tenant within `selfService`.
pub const TENANT: &str = "surety.dev/tenant";
/// Names the data class of a namespace or claim.
pub const DATA_CLASS: &str = "surety.dev/data-class";
/// Names the environment of a namespace.
pub const ENVIRONMENT: &str = "surety.dev/environment";
/// Names the policy that made an object.
pub const POLICY: &str = "surety.dev/policy";
/// Names the cluster (UID of `kube-system`) that made a recovery point.
pub const CLUSTER: &str = "surety.dev/cluster";
/// Marks a ConfigMap in which Surety remembers something.
pub const RECORD: &str = "surety.dev/record";
/// The value of [`RECORD`] where a tenant is remembered.
pub const RECORD_OF_TENANT: &str = "tenant";
/// What the name of such a ConfigMap starts with; the tenant's name follows.
pub const RECORD_OF_TENANT_PREFIX: &str = "surety-tenant-";
/// The value of [`RECORD`] where what concerns the whole cluster is remembered.
pub const RECORD_OF_CLUSTER: &str = "cluster";
/// The name of that ConfigMap.
pub const RECORD_OF_CLUSTER_NAME: &str = "surety-cluster";
/// What the keys of gaps in enforcement start with there; the microsecond at which the gap began follows.
pub const RECORD_OF_GAP_PREFIX: &str = "gap.";
/// The key of the record, as JSON, in such a ConfigMap's `data`.
pub const RECORD_DATA: &str = "record";
/// Marks what Surety wrote.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The value of [`MANAGED_BY`].
pub const MANAGED_BY_SURETY: &str = "surety";
/// Emergency switch on the webhook registration.
pub const PAUSED_UNTIL: &str = "surety.dev/paused-until";
/// Marks a canary: an object that nobody needs, of which Surety asks to be refused a change, by dry run, again and again.
/// No promise and no policy reaches a Tenant that carries it.
pub const CANARY: &str = "surety.dev/canary";
/// The immutable label that carries a namespace's own name.
pub const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";
/// Pod Security Admission: the enforced level.
pub const POD_SECURITY_ENFORCE: &str = "pod-security.kubernetes.io/enforce";
/// Velero: what carries it with value `true` is left out of every backup.
pub const VELERO_EXCLUDE: &str = "velero.io/exclude-from-backup";
/// Velero: volumes of a pod that file-system backup leaves out.
pub const VELERO_EXCLUDE_VOLUMES: &str = "backup.velero.io/backup-volumes-excludes";
/// Velero: the snapshot class that a claim asks for.
pub const VELERO_SNAPSHOT_CLASS: &str = "velero.io/csi-volumesnapshot-class";

/// Field manager of the tenant label of namespaces.
pub const MANAGER_NAMESPACES: &str = "surety/namespaces";
/// Field manager of the pod security label of namespaces: one of its own, so that a level that somebody else set stands in
/// the way of nothing but itself.
pub const MANAGER_POD_SECURITY: &str = "surety/pod-security";
/// Label beside the pod security label that Surety applied, with the same value. Whoever changes the level takes only that
/// field from Surety: this one keeps showing that the level was Surety's, also to a replica that has just begun.
pub const APPLIED_POD_SECURITY: &str = "surety.dev/pod-security";
/// Field manager of NetworkPolicies.
pub const MANAGER_NETWORK: &str = "surety/network";
/// Field manager of engine schedules.
pub const MANAGER_SCHEDULES: &str = "surety/schedules";
/// Field manager of status and reports.
pub const MANAGER_STATUS: &str = "surety/status";
/// Field manager of the state ConfigMaps.
pub const MANAGER_STATE: &str = "surety/state";
/// Field manager of what is remembered of the whole cluster.
pub const MANAGER_LEDGER: &str = "surety/ledger";
/// Field manager of the webhook registration.
pub const MANAGER_REGISTRATION: &str = "surety/registration";
