//! `PodVolumeBackup` (file backup) and `DataUpload` (moved snapshots): one object a volume and run.

use serde::Deserialize;

use super::{BACKUP_NAME, CLAIM_NAME, CLAIM_UID};
use crate::{
    core::facts::{Kind, Name, VolumeCopy},
    decode::{Fault, Metadata, Nested, Text, from_slice},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PodVolumeBackup<'a> {
    #[serde(borrow)]
    metadata: Nested<Metadata<'a>>,
    spec: Nested<PodVolumeBackupSpec<'a>>,
    status: Nested<Status<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PodVolumeBackupSpec<'a> {
    #[serde(borrow)]
    pod: Nested<Pod<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pod<'a> {
    #[serde(borrow)]
    namespace: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DataUpload<'a> {
    #[serde(borrow)]
    metadata: Nested<Metadata<'a>>,
    spec: Nested<DataUploadSpec<'a>>,
    status: Nested<Status<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DataUploadSpec<'a> {
    #[serde(borrow)]
    source_namespace: Text<'a>,
    #[serde(rename = "sourcePVC")]
    source_claim: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status<'a> {
    #[serde(borrow)]
    phase: Text<'a>,
    #[serde(rename = "snapshotID")]
    snapshot: Text<'a>,
    progress: Nested<Progress>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Progress {
    total_bytes: Option<i64>,
    bytes_done: Option<i64>,
}

/// Decodes a PodVolumeBackup: complete with a snapshot in the repository, since a run that stored nothing has none.
pub(crate) fn pod_volume_backup(json: &[u8]) -> Result<VolumeCopy, Fault> {
    let PodVolumeBackup { metadata, spec, status } = from_slice(json)?;
    let claim = metadata.annotations.get(CLAIM_NAME).unwrap_or_default();
    let claim = (spec.pod.namespace.intern(), Name::from(claim));
    copy(
        Kind::PodVolumeBackup,
        &metadata,
        claim,
        &status,
        status.is_completed() && !status.snapshot.is_empty(),
    )
}

/// Decodes a DataUpload.
pub(crate) fn data_upload(json: &[u8]) -> Result<VolumeCopy, Fault> {
    let DataUpload { metadata, spec, status } = from_slice(json)?;
    let claim = (spec.source_namespace.intern(), spec.source_claim.to_name());
    copy(Kind::DataUpload, &metadata, claim, &status, status.is_completed())
}

fn copy(
    kind: Kind,
    metadata: &Metadata<'_>,
    (claim_namespace, claim_name): (Name, Name),
    status: &Status<'_>,
    is_complete: bool,
) -> Result<VolumeCopy, Fault> {
    let (namespace, name) = metadata.place()?;
    let uid = metadata.labels.get(CLAIM_UID).filter(|uid| !uid.is_empty());
    Ok(VolumeCopy {
        kind,
        namespace,
        name,
        meta: metadata.meta(),
        point: point(metadata)?,
        claim_namespace,
        claim_name,
        claim_uid: uid.map(Name::from),
        is_complete,
        is_empty: is_complete && status.has_read_nothing(),
    })
}

/// The owner's name first: the label is cut where it would be too long for one (pkg/label/label.go).
fn point(metadata: &Metadata<'_>) -> Result<Name, Fault> {
    let name = metadata.owner_of_kind("Backup").or_else(|| metadata.labels.get(BACKUP_NAME));
    name.filter(|name| !name.is_empty()).map(Name::from).ok_or_else(|| {
        Fault::field("metadata.labels", "neither an owner nor label `velero.io/backup-name` names its backup")
    })
}

impl Status<'_> {
    fn is_completed(&self) -> bool {
        &*self.phase == "Completed"
    }

    fn has_read_nothing(&self) -> bool {
        self.progress.total_bytes.unwrap_or_default() == 0
            && self.progress.bytes_done.unwrap_or_default() == 0
    }
}
