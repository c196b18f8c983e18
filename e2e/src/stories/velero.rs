//! The backup engine as the API server sees it: objects written with their status, as its user. It does not run here;
//! what it would write, a story writes.

use anyhow::Result;
use jiff::Timestamp;
use kube::Api;
use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};

use super::stage::StageClient;
use crate::ControlPlane;

/// The user that the engine is.
pub const USER: &str = "system:serviceaccount:velero:velero";
/// The groups of that `ServiceAccount`.
pub const GROUPS: [&str; 2] = ["system:serviceaccounts", "system:serviceaccounts:velero"];
/// The namespace of its objects.
pub const NAMESPACE: &str = "velero";

/// The engine.
#[derive(Debug, Clone)]
pub struct Velero {
    client: StageClient,
}

impl Velero {
    pub(super) async fn new(control_plane: &ControlPlane) -> Result<Self> {
        Ok(Self { client: StageClient::new(control_plane.client_for(USER, &GROUPS).await?) })
    }

    /// Objects of one of its kinds.
    #[must_use]
    pub fn all(&self, kind: &str) -> Api<DynamicObject> {
        let version = if kind == "DataUpload" { "v2alpha1" } else { "v1" };
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("velero.io", version, kind));
        Api::namespaced_with((*self.client).clone(), NAMESPACE, &resource)
    }

    /// Creates an object of one of its kinds.
    ///
    /// # Errors
    /// When the API server, or Surety, refuses.
    pub async fn create(&self, kind: &str, object: Value) -> Result<DynamicObject> {
        let object: DynamicObject = serde_json::from_value(object)?;
        Ok(self.all(kind).create(&PostParams::default(), &object).await?)
    }

    /// Merges a change into an object, as the engine updates a status.
    ///
    /// # Errors
    /// When the API server, or Surety, refuses.
    pub async fn merge(&self, kind: &str, name: &str, change: &Value) -> Result<DynamicObject> {
        Ok(self.all(kind).patch(name, &PatchParams::default(), &Patch::Merge(change)).await?)
    }

    /// The default location, reachable and just read.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn available_location(&self) -> Result<()> {
        let now = Timestamp::now();
        let location = json!({
            "apiVersion": "velero.io/v1", "kind": "BackupStorageLocation",
            "metadata": {"name": "default", "namespace": NAMESPACE},
            "spec": {
                "default": true, "provider": "aws", "objectStorage": {"bucket": "backups"},
                "backupSyncPeriod": "1h0m0s", "config": {"region": "us-east-1"},
            },
            "status": {
                "phase": "Available",
                "lastSyncedTime": seconds(now), "lastValidationTime": seconds(now),
            },
        });
        self.create("BackupStorageLocation", location).await?;
        Ok(())
    }

    /// A run of a schedule that took in one namespace, ended well and copied these claims, at `taken_at`.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn completed(&self, run: &Run<'_>) -> Result<()> {
        self.create("Backup", run.backup("Completed")).await?;
        for claim in run.claims {
            self.create("PodVolumeBackup", run.copy(claim)).await?;
        }
        Ok(())
    }
}

/// A run of the engine.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// The name of its Backup.
    pub name: &'a str,
    /// The schedule that it is a run of.
    pub schedule: Option<&'a str>,
    /// The namespace that it took in.
    pub namespace: &'a str,
    /// The claims that it copied.
    pub claims: &'a [&'a str],
    /// When it began.
    pub taken_at: Timestamp,
    /// How long it is kept, as Go spells it.
    pub time_to_live: &'a str,
    /// When it may be deleted.
    pub expires: Timestamp,
}

impl Run<'_> {
    /// Its Backup in this phase.
    #[must_use]
    pub fn backup(&self, phase: &str) -> Value {
        let mut labels = json!({"velero.io/storage-location": "default"});
        if let (Some(schedule), Some(labels)) = (self.schedule, labels.as_object_mut()) {
            labels.insert("velero.io/schedule-name".to_owned(), json!(schedule));
        }
        json!({
            "apiVersion": "velero.io/v1", "kind": "Backup",
            "metadata": {"name": self.name, "namespace": NAMESPACE, "labels": labels},
            "spec": {
                "includedNamespaces": [self.namespace], "storageLocation": "default",
                "ttl": self.time_to_live, "defaultVolumesToFsBackup": true, "snapshotMoveData": false,
            },
            "status": {
                "phase": phase, "formatVersion": "1.1.0", "version": 1,
                "startTimestamp": seconds(self.taken_at), "completionTimestamp": seconds(self.taken_at),
                "expiration": seconds(self.expires),
                "progress": {"itemsBackedUp": 7, "totalItems": 7},
            },
        })
    }

    fn copy(&self, claim: &str) -> Value {
        json!({
            "apiVersion": "velero.io/v1", "kind": "PodVolumeBackup",
            "metadata": {
                "name": format!("{}-{claim}", self.name), "namespace": NAMESPACE,
                "labels": {"velero.io/backup-name": self.name},
                "annotations": {"velero.io/pvc-name": claim},
            },
            "spec": {
                "node": "node-a", "volume": claim, "backupStorageLocation": "default", "uploaderType": "kopia",
                "repoIdentifier": "", "pod": {"kind": "Pod", "namespace": self.namespace, "name": "any"},
            },
            "status": {
                "phase": "Completed", "snapshotID": "5d1f", "progress": {"totalBytes": 10, "bytesDone": 10},
                "startTimestamp": seconds(self.taken_at), "completionTimestamp": seconds(self.taken_at),
            },
        })
    }
}

/// As Kubernetes writes instants: whole seconds.
#[must_use]
pub fn seconds(instant: Timestamp) -> String {
    format!("{instant:.0}")
}
