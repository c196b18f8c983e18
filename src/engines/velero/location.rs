//! `BackupStorageLocation`.

use jiff::{RoundMode, SignedDuration, Timestamp, TimestampRound, Unit};
use serde::Deserialize;

use super::{digest::sha256_hex, store::Store};
use crate::{
    api::backup_policy::EngineName,
    core::facts::{Kind, Known, Location, Name, Unknown},
    decode::{Fault, Metadata, Nested, Pairs, Text, from_slice},
    engines::duration::GoDuration,
};

/// What Velero takes where `backupSyncPeriod` is absent (flag `--backup-sync-period`).
const DEFAULT_SYNC_PERIOD: SignedDuration = SignedDuration::from_mins(1);
/// What is kept of a message, in characters.
const MAX_MESSAGE: usize = 256;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Nested<Metadata<'a>>,
    spec: Nested<Spec<'a>>,
    status: Nested<Status<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow)]
    provider: Text<'a>,
    object_storage: Nested<ObjectStorage<'a>>,
    config: Pairs<'a>,
    access_mode: Text<'a>,
    default: Option<bool>,
    backup_sync_period: Option<GoDuration>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ObjectStorage<'a> {
    #[serde(borrow)]
    bucket: Text<'a>,
    prefix: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status<'a> {
    #[serde(borrow)]
    phase: Text<'a>,
    message: Text<'a>,
    last_synced_time: Option<Timestamp>,
}

/// Decodes a BackupStorageLocation.
pub(crate) fn location(json: &[u8]) -> Result<Location, Fault> {
    let Object { metadata, spec, status } = from_slice(json)?;
    let (namespace, name) = metadata.place()?;
    let store = spec.store();
    Ok(Location {
        kind: Kind::BackupStorageLocation,
        engine: EngineName::Velero,
        namespace,
        name,
        meta: metadata.meta(),
        is_default: spec.default.unwrap_or_default(),
        is_available: status.is_available(),
        message: status.message(),
        is_writable: &*spec.access_mode != "ReadOnly",
        last_synced: status.last_synced_time.map(with_grain),
        sync_period: spec.backup_sync_period.map_or(DEFAULT_SYNC_PERIOD, |period| period.0),
        bucket: spec.bucket(),
        destination: spec.destination(),
        provider: store.provider(),
        encryption: store.encryption(),
        data_path: store.data_path(),
        region: store.region(),
    })
}

/// The end of the ten minutes in which a location was read. Velero looks each minute, and each look would touch every
/// claim behind the location; that it was not read for long is so seen up to ten minutes later.
fn with_grain(read: Timestamp) -> Timestamp {
    let round = TimestampRound::new().smallest(Unit::Minute).increment(10).mode(RoundMode::Ceil);
    read.round(round).unwrap_or(read)
}

impl Spec<'_> {
    fn store(&self) -> Store<'_> {
        Store::new(&self.provider, &self.config)
    }

    fn bucket(&self) -> Name {
        let ObjectStorage { bucket, prefix } = &self.object_storage.0;
        match prefix.trim_matches('/') {
            "" => bucket.to_name(),
            prefix => Name::from(format!("{bucket}/{prefix}")),
        }
    }

    /// Every part with its length before it, so that no two destinations are written alike.
    fn destination(&self) -> Name {
        let storage = &self.object_storage;
        let fixed: [&str; 3] = [&self.provider, &storage.bucket, &storage.prefix];
        let config = self.store().settings().flat_map(|(key, value)| [key, value]);
        let parts = fixed.into_iter().chain(config).map(|part| format!("{}:{part}", part.len()));
        Name::from(sha256_hex(parts.collect::<String>().as_bytes()))
    }
}

impl Status<'_> {
    fn is_available(&self) -> Known<bool> {
        match &*self.phase {
            "Available" => Known::Known(true),
            "Unavailable" => Known::Known(false),
            "" => Known::Absent,
            other => Known::Unknown(Unknown::Undecidable(format!(
                "the location's phase is `{other}`, which this version does not know"
            ))),
        }
    }

    /// Without the ids of single requests: they differ at each try, and would make the same trouble look new.
    fn message(&self) -> Option<Name> {
        let parts = self.message.split(", ");
        let kept = parts.filter(|part| !part.starts_with("RequestID:") && !part.starts_with("HostID:"));
        let text: String = kept.collect::<Vec<_>>().join(", ").chars().take(MAX_MESSAGE).collect();
        (!text.is_empty()).then(|| Name::from(text))
    }
}
