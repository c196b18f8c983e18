//! Sources of facts: which watch a fact comes from, and how far that watch can be trusted.

use std::fmt;

use jiff::Timestamp;

use super::{Ignorance, Kind, Name};

macro_rules! sources {
    ($($(#[$doc:meta])* $name:ident = $text:literal, required: $required:literal, kinds: [$($kind:ident),*];)*) => {
        /// A watch, or a group of watches that are trusted together.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Source { $($(#[$doc])* $name,)* }

        impl Source {
            /// Every source.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Whether Surety is Ready only once it has been listed. A source that is not required may be absent.
            pub const fn is_required(self) -> bool {
                match self { $(Self::$name => $required,)* }
            }

            /// The kinds that it delivers.
            pub const fn kinds(self) -> &'static [Kind] {
                match self { $(Self::$name => &[$(Kind::$kind),*],)* }
            }

            /// Its name as people read it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }

        impl Kind {
            /// The source that delivers this kind; none for kinds that are only seen at admission.
            pub const fn source(self) -> Option<Source> {
                match self {
                    $($(Self::$kind => Some(Source::$name),)*)*
                    Self::DeleteBackupRequest | Self::Restore | Self::ComplianceReport => None,
                }
            }
        }
    };
}

sources! {
    /// Tenants, profiles, policies, waivers, attestations.
    Declarations = "surety.dev kinds", required: true, kinds: [Tenant, Profile, BackupPolicy, RetentionPolicy, EncryptionPolicy, IsolationPolicy, Waiver, Attestation];
    /// What Surety remembers.
    Records = "Surety's own records", required: true, kinds: [TenantRecord, ClusterRecord];
    /// Namespaces.
    Namespaces = "Namespaces", required: true, kinds: [Namespace];
    /// Pods and their controllers.
    Workloads = "workloads", required: true, kinds: [Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob];
    /// Claims.
    Claims = "PersistentVolumeClaims", required: true, kinds: [PersistentVolumeClaim];
    /// Volumes.
    Volumes = "PersistentVolumes", required: true, kinds: [PersistentVolume];
    /// Storage classes.
    StorageClasses = "StorageClasses", required: true, kinds: [StorageClass];
    /// Services.
    Services = "Services", required: false, kinds: [Service];
    /// Ingresses.
    Ingresses = "Ingresses", required: false, kinds: [Ingress];
    /// Network policies.
    NetworkPolicies = "NetworkPolicies", required: false, kinds: [NetworkPolicy];
    /// Definitions of custom resources.
    Definitions = "CustomResourceDefinitions", required: false, kinds: [Definition];
    /// Velero's schedules.
    VeleroSchedules = "Velero Schedules", required: false, kinds: [VeleroSchedule];
    /// Velero's backups.
    VeleroBackups = "Velero Backups", required: false, kinds: [VeleroBackup];
    /// Velero's copies of single volumes.
    VeleroVolumeCopies = "Velero PodVolumeBackups and DataUploads", required: false, kinds: [PodVolumeBackup, DataUpload];
    /// Velero's storage locations.
    VeleroLocations = "Velero BackupStorageLocations", required: false, kinds: [BackupStorageLocation];
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far a source can be trusted now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SourceState {
    /// Not listed yet.
    #[default]
    Pending,
    /// Listed, and heard of since.
    Synced,
    /// The cluster has no such kinds.
    Absent,
    /// Surety may not read it.
    Forbidden,
    /// Nothing was heard since then.
    Stale(Timestamp),
    /// Only files were given.
    FilesOnly,
    /// At least one object could not be read; its name.
    Unreadable(Name),
}

impl SourceState {
    /// Why nothing can be said from `source` now; none where it can be trusted (also where it is absent).
    /// One unreadable object does not taint the others: controls ask for it by key.
    pub fn ignorance(&self, source: Source) -> Option<Ignorance> {
        match self {
            // What is in the files is true; only what is missing from them is unknown: see `ignorance_of_absence`.
            Self::Synced | Self::Absent | Self::Unreadable(_) | Self::FilesOnly => None,
            Self::Pending => Some(Ignorance::NotSynced(source)),
            Self::Forbidden => Some(Ignorance::Forbidden(source)),
            Self::Stale(since) => Some(Ignorance::Stale(source, *since)),
        }
    }

    /// Why it cannot be told that `source` has no such object; none where absence is a fact.
    pub fn ignorance_of_absence(&self, source: Source) -> Option<Ignorance> {
        match self {
            Self::FilesOnly => Some(Ignorance::NotInTheseFiles(source)),
            Self::Unreadable(name) => Some(Ignorance::Unreadable(source, name.clone())),
            other => other.ignorance(source),
        }
    }
}

/// A set of sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sources(u32);

impl Sources {
    /// No source.
    pub const NONE: Self = Self(0);

    /// The set of these sources.
    pub const fn of(sources: &[Source]) -> Self {
        let mut bits = 0;
        let mut rest = sources;
        while let [source, tail @ ..] = rest {
            bits |= 1 << (*source as u32);
            rest = tail;
        }
        Self(bits)
    }

    /// With `source` in it.
    #[must_use]
    pub const fn with(self, source: Source) -> Self {
        Self(self.0 | 1 << (source as u32))
    }

    /// Whether `source` is in it.
    pub const fn contains(self, source: Source) -> bool {
        self.0 & (1 << (source as u32)) != 0
    }

    /// Whether every source of `self` is in `other`.
    pub const fn is_subset_of(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// The sources, in their order.
    pub fn iter(self) -> impl Iterator<Item = Source> {
        Source::ALL.iter().copied().filter(move |source| self.contains(*source))
    }
}
