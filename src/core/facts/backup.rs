//! Backups as every engine is translated to: schedules, recovery points, copies of volumes, locations.
//!
//! No engine's field names here: `engines` translates.

use jiff::{SignedDuration, Timestamp};

use super::{DataPath, Kind, Known, Labels, Meta, Name, ObjectKey, StoreEncryption};
use crate::api::backup_policy::EngineName;

/// One pattern of namespaces.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NamespacePattern {
    /// Every namespace.
    All,
    /// One name.
    Literal(Name),
    /// A glob of `*`, `?`, `[abc]`, `[a-z]`.
    Glob(Name),
}

/// Which namespaces and objects a schedule or run takes in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Included namespaces; what an engine spells as an empty list is [`NamespacePattern::All`] here.
    pub included: Vec<NamespacePattern>,
    /// Excluded namespaces; they win.
    pub excluded: Vec<NamespacePattern>,
    /// Whether selectors or resource filters narrow it further, so that only a volume's own evidence counts; why.
    pub narrowed_by: Option<Name>,
}

/// How a schedule or run copies the data of volumes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum VolumeData {
    /// It copies none: resources only.
    None,
    /// Snapshots that stay in the storage system.
    Snapshots,
    /// Data is moved into the location.
    Moved,
    /// The engine's default, or a policy that is not read, decides.
    #[default]
    Undecided,
}

/// A schedule of a backup engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The object's kind.
    pub kind: Kind,
    /// Whose it is.
    pub engine: EngineName,
    /// The namespace of the object.
    pub namespace: Name,
    /// Its name.
    pub name: Name,
    /// Metadata.
    pub meta: Meta,
    /// Labels.
    pub labels: Labels,
    /// When runs start, as the engine spells it.
    pub cron: Name,
    /// Whether it is paused or suspended.
    pub is_paused: bool,
    /// Why the engine refuses it, where it does.
    pub invalid: Option<Name>,
    /// What it takes in.
    pub selection: Selection,
    /// How it copies volumes.
    pub volume_data: VolumeData,
    /// How long its points live; none where a rule of the engine decides.
    pub time_to_live: Option<SignedDuration>,
    /// The storage location; none for the engine's default.
    pub location: Option<Name>,
    /// The labels that its runs will carry.
    pub run_labels: Labels,
}

impl Schedule {
    /// Its key.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::namespaced(self.kind, self.namespace.clone(), self.name.clone())
    }
}

/// Whether a recovery point can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PointState {
    /// The run ended well.
    Usable,
    /// The run ended; some of it is missing.
    Partial,
    /// The run failed.
    Failed,
    /// The run goes on.
    Running,
    /// It is being deleted.
    Deleting,
    /// The engine says something that this version does not know; its word.
    Unknown(Name),
}

/// When the engine may delete a recovery point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// Then.
    At(Timestamp),
    /// When a rule says so.
    ByRule,
    /// Never by itself.
    Never,
}

/// Where a recovery point was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In this cluster.
    Local,
    /// In another cluster, or read again from the store.
    Imported,
}

/// A run of a backup engine, and what is left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryPoint {
    /// The object's kind.
    pub kind: Kind,
    /// Whose it is.
    pub engine: EngineName,
    /// The namespace of the object.
    pub namespace: Name,
    /// Its name.
    pub name: Name,
    /// Metadata.
    pub meta: Meta,
    /// The schedule that started it.
    pub schedule: Option<Name>,
    /// Whether it can be used.
    pub state: PointState,
    /// The start of the run: the newest instant whose data is surely inside.
    pub taken_at: Option<Timestamp>,
    /// The end of the run.
    pub ended_at: Option<Timestamp>,
    /// When it may be deleted.
    pub expiry: Expiry,
    /// The storage location.
    pub location: Option<Name>,
    /// Where it was made, as far as its own times tell; `cluster_label` comes first.
    pub origin: Origin,
    /// The cluster that made it (label `surety.dev/cluster`), where a schedule of Surety's did: local only in that cluster.
    pub cluster_label: Option<Name>,
    /// What it took in.
    pub selection: Selection,
    /// How it copied volumes.
    pub volume_data: VolumeData,
    /// Volume snapshots (attempted, completed) as the engine counts them; (0, 0) where it counts none.
    pub snapshots: (i32, i32),
    /// Why the engine cannot delete it though it is due, where it says so.
    pub deletion_failure: Option<Name>,
}

impl RecoveryPoint {
    /// Its key.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::namespaced(self.kind, self.namespace.clone(), self.name.clone())
    }
}

/// One volume's copy within a run: the best evidence there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeCopy {
    /// The object's kind.
    pub kind: Kind,
    /// The namespace of the object.
    pub namespace: Name,
    /// Its name.
    pub name: Name,
    /// Metadata.
    pub meta: Meta,
    /// The run's name.
    pub point: Name,
    /// The claim's namespace.
    pub claim_namespace: Name,
    /// The claim's name; empty where the volume has no claim.
    pub claim_name: Name,
    /// The claim's UID, where the engine records it.
    pub claim_uid: Option<Name>,
    /// Whether the copy is done and stored.
    pub is_complete: bool,
    /// Whether nothing was read: an empty volume and an unread one look alike.
    pub is_empty: bool,
}

impl VolumeCopy {
    /// Its key.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::namespaced(self.kind, self.namespace.clone(), self.name.clone())
    }
}

/// A request that an engine delete a recovery point, whatever its expiry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteBackupRequest {
    /// The namespace of the object.
    pub namespace: Name,
    /// Its name.
    pub name: Name,
    /// Metadata.
    pub meta: Meta,
    /// The run's name.
    pub backup_name: Name,
}

/// Where recovery points lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The object's kind.
    pub kind: Kind,
    /// Whose it is.
    pub engine: EngineName,
    /// The namespace of the object.
    pub namespace: Name,
    /// Its name.
    pub name: Name,
    /// Metadata.
    pub meta: Meta,
    /// Whether it is the engine's default.
    pub is_default: bool,
    /// Whether the engine reaches it; absent until it has tried.
    pub is_available: Known<bool>,
    /// What the engine says of it, mostly why it does not reach it. Bounded, without what differs at each try.
    pub message: Option<Name>,
    /// Whether new points may be written.
    pub is_writable: bool,
    /// When it was last read, up to ten minutes later: engines write it with every look, and one look more is no news.
    pub last_synced: Option<Timestamp>,
    /// How often it is read; zero where it never is.
    pub sync_period: SignedDuration,
    /// Bucket and prefix.
    pub bucket: Name,
    /// A digest of everything that decides where data goes and whether it is found again (provider, bucket, prefix,
    /// settings).
    pub destination: Name,
    /// Whose kind of store it is, as the engine spells it.
    pub provider: Name,
    /// How the store encrypts, as the location asks for it or the store always does.
    pub encryption: Known<StoreEncryption>,
    /// How data gets there.
    pub data_path: Known<DataPath>,
    /// The region; absent where none is told.
    pub region: Known<Name>,
}

impl Location {
    /// Its key.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::namespaced(self.kind, self.namespace.clone(), self.name.clone())
    }
}
