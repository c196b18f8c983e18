//! The kinds of objects that Surety knows, each with its resource.

use std::fmt;

use super::Name;

/// Group, version and plural of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Resource {
    /// API group, empty for core.
    pub group: &'static str,
    /// The version that Surety reads.
    pub version: &'static str,
    /// Kind as objects spell it.
    pub kind: &'static str,
    /// Plural as paths spell it.
    pub plural: &'static str,
    /// Whether its objects live in namespaces.
    pub is_namespaced: bool,
}

macro_rules! kinds {
    ($($variant:ident = $group:literal / $version:literal $kind:literal $plural:literal $namespaced:literal;)*) => {
        /// A kind of object.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind {
            $(#[doc = concat!("`", $plural, "` of `", $group, "/", $version, "`")] $variant,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its resource.
            pub const fn resource(self) -> Resource {
                match self {
                    $(Self::$variant => Resource {
                        group: $group, version: $version, kind: $kind, plural: $plural, is_namespaced: $namespaced,
                    },)*
                }
            }
        }
    };
}

kinds! {
    Namespace = "" / "v1" "Namespace" "namespaces" false;
    Pod = "" / "v1" "Pod" "pods" true;
    ReplicationController = "" / "v1" "ReplicationController" "replicationcontrollers" true;
    Deployment = "apps" / "v1" "Deployment" "deployments" true;
    StatefulSet = "apps" / "v1" "StatefulSet" "statefulsets" true;
    DaemonSet = "apps" / "v1" "DaemonSet" "daemonsets" true;
    ReplicaSet = "apps" / "v1" "ReplicaSet" "replicasets" true;
    Job = "batch" / "v1" "Job" "jobs" true;
    CronJob = "batch" / "v1" "CronJob" "cronjobs" true;
    PersistentVolumeClaim = "" / "v1" "PersistentVolumeClaim" "persistentvolumeclaims" true;
    PersistentVolume = "" / "v1" "PersistentVolume" "persistentvolumes" false;
    StorageClass = "storage.k8s.io" / "v1" "StorageClass" "storageclasses" false;
    Service = "" / "v1" "Service" "services" true;
    Ingress = "networking.k8s.io" / "v1" "Ingress" "ingresses" true;
    NetworkPolicy = "networking.k8s.io" / "v1" "NetworkPolicy" "networkpolicies" true;
    Definition = "apiextensions.k8s.io" / "v1" "CustomResourceDefinition" "customresourcedefinitions" false;
    VeleroSchedule = "velero.io" / "v1" "Schedule" "schedules" true;
    VeleroBackup = "velero.io" / "v1" "Backup" "backups" true;
    BackupStorageLocation = "velero.io" / "v1" "BackupStorageLocation" "backupstoragelocations" true;
    PodVolumeBackup = "velero.io" / "v1" "PodVolumeBackup" "podvolumebackups" true;
    DataUpload = "velero.io" / "v2alpha1" "DataUpload" "datauploads" true;
    DeleteBackupRequest = "velero.io" / "v1" "DeleteBackupRequest" "deletebackuprequests" true;
    Restore = "velero.io" / "v1" "Restore" "restores" true;
    Tenant = "surety.dev" / "v1alpha1" "Tenant" "tenants" false;
    Profile = "surety.dev" / "v1alpha1" "Profile" "profiles" false;
    BackupPolicy = "surety.dev" / "v1alpha1" "BackupPolicy" "backuppolicies" false;
    RetentionPolicy = "surety.dev" / "v1alpha1" "RetentionPolicy" "retentionpolicies" false;
    EncryptionPolicy = "surety.dev" / "v1alpha1" "EncryptionPolicy" "encryptionpolicies" false;
    IsolationPolicy = "surety.dev" / "v1alpha1" "IsolationPolicy" "isolationpolicies" false;
    Waiver = "surety.dev" / "v1alpha1" "Waiver" "waivers" false;
    Attestation = "surety.dev" / "v1alpha1" "Attestation" "attestations" false;
    ComplianceReport = "surety.dev" / "v1alpha1" "ComplianceReport" "compliancereports" false;
    TenantRecord = "" / "v1" "ConfigMap" "configmaps" true;
    ClusterRecord = "" / "v1" "ConfigMap" "configmaps" true;
}

impl Kind {
    /// The kind of a group and kind as an object or a request spells them; the version does not matter.
    pub fn find(group: &str, kind: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|candidate| {
            let resource = candidate.resource();
            resource.kind == kind && resource.group == group
        })
    }

    /// Whether it is one of Surety's own.
    pub const fn is_declaration(self) -> bool {
        matches!(
            self,
            Self::Tenant
                | Self::Profile
                | Self::BackupPolicy
                | Self::RetentionPolicy
                | Self::EncryptionPolicy
                | Self::IsolationPolicy
                | Self::Waiver
                | Self::Attestation
                | Self::ComplianceReport
        )
    }

    /// Whether it is a pod or has a pod template.
    pub const fn is_workload(self) -> bool {
        matches!(
            self,
            Self::Pod
                | Self::ReplicationController
                | Self::Deployment
                | Self::StatefulSet
                | Self::DaemonSet
                | Self::ReplicaSet
                | Self::Job
                | Self::CronJob
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.resource().kind)
    }
}

/// Names one object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace; none for cluster-scoped kinds.
    pub namespace: Option<Name>,
    /// Its name.
    pub name: Name,
}

impl ObjectKey {
    /// The key of a namespaced object.
    pub fn namespaced(kind: Kind, namespace: impl Into<Name>, name: impl Into<Name>) -> Self {
        Self { kind, namespace: Some(namespace.into()), name: name.into() }
    }

    /// The key of a cluster-scoped object.
    pub fn cluster(kind: Kind, name: impl Into<Name>) -> Self {
        Self { kind, namespace: None, name: name.into() }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}
