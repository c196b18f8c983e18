//! The world: every fact at one instant. Cheap to clone, because clones share what they do not change:
//! a clone is a consistent snapshot, and a clone with one change applied is the world that a request asks for.
//!
//! Data and look-ups. `index` applies changes; controls read through `context`.

mod backups;
mod claimants;
mod layered;
mod objects;
mod reach;
mod selectors;

use std::{collections::BTreeMap, sync::Arc};

use ahash::RandomState;
use imbl::{GenericHashMap, OrdMap, OrdSet, shared_ptr::DefaultSharedPtr};
use jiff::Timestamp;
pub(crate) use layered::{Layered, LayeredSet};
pub(crate) use selectors::SelectorIndex;

use crate::api::{
    AttestationSpec, BackupPolicySpec, EncryptionPolicySpec, IsolationPolicySpec, ProfileSpec,
    RetentionPolicySpec, TenantSpec, WaiverSpec,
};
use crate::core::{
    control::Control,
    facts::{
        ClusterRecord, Declared, Definition, Gap, Ingress, Kind, Location, Name, Namespace, NetworkPolicy,
        ObjectKey, PersistentVolume, PersistentVolumeClaim, Proof, RecoveryPoint, Schedule, Service, Source,
        SourceState, StorageClass, TenantRecord, VolumeCopy, Workload,
    },
    plan::{Demands, DemandsKey, Plan},
    subject::SubjectKey,
};

/// A persistent hash map with the crate's hasher.
pub(crate) type Map<K, V> = GenericHashMap<K, V, RandomState, DefaultSharedPtr>;
/// Namespace and name.
pub(crate) type Place = (Name, Name);

/// How each entry of the registration stands, by its name.
pub type Proofs = BTreeMap<Name, Proof>;

/// Every fact at one instant.
#[derive(Clone, Debug)]
pub struct World {
    /// The controls that this version can evaluate.
    pub(crate) controls: &'static [&'static Control],
    /// How far each source can be trusted; a source that is not listed here is pending.
    pub(crate) sources: OrdMap<Source, SourceState>,
    /// Since when the registration has been in force, where it is.
    pub(crate) enforcing_since: Option<Timestamp>,
    /// How each entry of the registration stands; empty where nobody asks.
    pub(crate) proofs: Arc<Proofs>,
    /// What is remembered of the whole cluster.
    pub(crate) cluster_record: Option<Arc<ClusterRecord>>,
    /// Objects that could not be read, with the reason.
    pub(crate) unreadable: OrdMap<ObjectKey, Name>,

    pub(crate) tenants: OrdMap<Name, Arc<Declared<TenantSpec>>>,
    pub(crate) profiles: OrdMap<Name, Arc<Declared<ProfileSpec>>>,
    pub(crate) backup_policies: OrdMap<Name, Arc<Declared<BackupPolicySpec>>>,
    pub(crate) retention_policies: OrdMap<Name, Arc<Declared<RetentionPolicySpec>>>,
    pub(crate) encryption_policies: OrdMap<Name, Arc<Declared<EncryptionPolicySpec>>>,
    pub(crate) isolation_policies: OrdMap<Name, Arc<Declared<IsolationPolicySpec>>>,
    pub(crate) waivers: OrdMap<Name, Arc<Declared<WaiverSpec>>>,
    pub(crate) attestations: OrdMap<Name, Arc<Declared<AttestationSpec>>>,
    pub(crate) records: OrdMap<Name, Arc<TenantRecord>>,

    pub(crate) namespaces: Map<Name, Arc<Namespace>>,
    pub(crate) workloads: Layered<(Name, Kind, Name), Arc<Workload>>,
    pub(crate) claims: Layered<Place, Arc<PersistentVolumeClaim>>,
    pub(crate) services: Layered<Place, Arc<Service>>,
    pub(crate) ingresses: Layered<Place, Arc<Ingress>>,
    pub(crate) network_policies: OrdMap<Place, Arc<NetworkPolicy>>,
    pub(crate) volumes: Map<Name, Arc<PersistentVolume>>,
    pub(crate) storage_classes: OrdMap<Name, Arc<StorageClass>>,
    pub(crate) definitions: OrdMap<Name, Arc<Definition>>,

    pub(crate) schedules: OrdMap<ObjectKey, Arc<Schedule>>,
    pub(crate) points: OrdMap<ObjectKey, Arc<RecoveryPoint>>,
    pub(crate) copies: OrdMap<ObjectKey, Arc<VolumeCopy>>,
    pub(crate) locations: OrdMap<ObjectKey, Arc<Location>>,

    // Derived, kept current by `index::apply`.
    pub(crate) plans: OrdMap<Name, Arc<Plan>>,
    /// What plans share. Some may be of plans that are no more.
    pub(crate) demands: OrdMap<DemandsKey, Arc<Demands>>,
    pub(crate) recorded_claims: OrdSet<(Name, Name)>,
    /// Namespaces by name that tenants list, whether they are there or not.
    pub(crate) listed_namespaces: OrdSet<(Name, Name)>,
    /// How tenants select namespaces.
    pub(crate) namespace_selectors: SelectorIndex<Name>,
    pub(crate) namespaces_of_label: OrdSet<(Name, Name, Name)>,
    /// How network policies select namespaces.
    pub(crate) peer_selectors: SelectorIndex<Place>,
    pub(crate) owner_of_namespace: Map<Name, Name>,
    pub(crate) namespaces_of_tenant: OrdSet<(Name, Name)>,
    pub(crate) users_of_class: LayeredSet<(Name, SubjectKey)>,
    pub(crate) users_of_volume: LayeredSet<(Name, SubjectKey)>,
    pub(crate) dependents: LayeredSet<(ObjectKey, ObjectKey)>,
    pub(crate) volumes_of_namespace: OrdSet<(Name, Name)>,
    pub(crate) schedules_of_namespace: OrdSet<(Name, ObjectKey)>,
    pub(crate) wide_schedules: OrdSet<ObjectKey>,
    pub(crate) points_of_namespace: OrdMap<(Name, ObjectKey), Arc<RecoveryPoint>>,
    pub(crate) wide_points: OrdSet<ObjectKey>,
    pub(crate) copies_of_claim: OrdSet<(Name, Name, ObjectKey)>,
}

/// The key under which those stand that ask for the default storage class.
pub(crate) const DEFAULT_CLASS: &str = "";

impl World {
    /// An empty world in which nothing has been listed yet.
    pub fn new(controls: &'static [&'static Control]) -> Self {
        Self {
            controls,
            sources: OrdMap::new(),
            enforcing_since: None,
            proofs: Arc::default(),
            cluster_record: None,
            unreadable: OrdMap::new(),
            tenants: OrdMap::new(),
            profiles: OrdMap::new(),
            backup_policies: OrdMap::new(),
            retention_policies: OrdMap::new(),
            encryption_policies: OrdMap::new(),
            isolation_policies: OrdMap::new(),
            waivers: OrdMap::new(),
            attestations: OrdMap::new(),
            records: OrdMap::new(),
            namespaces: Map::default(),
            workloads: Layered::default(),
            claims: Layered::default(),
            services: Layered::default(),
            ingresses: Layered::default(),
            network_policies: OrdMap::new(),
            volumes: Map::default(),
            storage_classes: OrdMap::new(),
            definitions: OrdMap::new(),
            schedules: OrdMap::new(),
            points: OrdMap::new(),
            copies: OrdMap::new(),
            locations: OrdMap::new(),
            plans: OrdMap::new(),
            demands: OrdMap::new(),
            recorded_claims: OrdSet::new(),
            listed_namespaces: OrdSet::new(),
            namespace_selectors: SelectorIndex::default(),
            namespaces_of_label: OrdSet::new(),
            peer_selectors: SelectorIndex::default(),
            owner_of_namespace: Map::default(),
            namespaces_of_tenant: OrdSet::new(),
            users_of_class: Layered::default(),
            users_of_volume: Layered::default(),
            dependents: Layered::default(),
            volumes_of_namespace: OrdSet::new(),
            schedules_of_namespace: OrdSet::new(),
            wide_schedules: OrdSet::new(),
            points_of_namespace: OrdMap::new(),
            wide_points: OrdSet::new(),
            copies_of_claim: OrdSet::new(),
        }
    }

    /// A world to be looked at and let go: what is changed in it touches nothing that is shared.
    #[must_use]
    pub fn sketch(&self) -> Self {
        let mut sketch = self.clone();
        sketch.workloads.keep_changes_beside();
        sketch.claims.keep_changes_beside();
        sketch.services.keep_changes_beside();
        sketch.ingresses.keep_changes_beside();
        sketch.users_of_class.keep_changes_beside();
        sketch.users_of_volume.keep_changes_beside();
        sketch.dependents.keep_changes_beside();
        sketch
    }

    /// The controls that this version can evaluate.
    pub const fn controls(&self) -> &'static [&'static Control] {
        self.controls
    }

    /// The control with this id, where this version has it.
    pub fn control(&self, id: &str) -> Option<&'static Control> {
        self.controls.iter().copied().find(|control| control.id == id)
    }

    /// How far a source can be trusted.
    pub fn source_state(&self, source: Source) -> SourceState {
        self.sources.get(&source).cloned().unwrap_or_default()
    }

    /// Since when the registration has been in force.
    pub const fn enforcing_since(&self) -> Option<Timestamp> {
        self.enforcing_since
    }

    /// How each entry of the registration stands, by its name.
    pub fn proofs(&self) -> &Proofs {
        &self.proofs
    }

    /// The recorded gaps in enforcement, in the order in which they began.
    pub fn gaps(&self) -> &[Gap] {
        self.cluster_record.as_ref().map_or(&[], |record| &record.gaps)
    }

    /// Objects that could not be read, with the reason.
    pub fn unreadable(&self) -> impl Iterator<Item = (&ObjectKey, &Name)> {
        self.unreadable.iter()
    }

    /// Tenants in order of names.
    pub fn tenants(&self) -> impl Iterator<Item = &Arc<Declared<TenantSpec>>> {
        self.tenants.values()
    }

    /// A tenant.
    pub fn tenant(&self, name: &str) -> Option<&Arc<Declared<TenantSpec>>> {
        self.tenants.get(name)
    }

    /// Profiles in order of names.
    pub fn profiles(&self) -> impl Iterator<Item = &Arc<Declared<ProfileSpec>>> {
        self.profiles.values()
    }

    /// Waivers in order of names.
    pub fn waivers(&self) -> impl Iterator<Item = &Arc<Declared<WaiverSpec>>> {
        self.waivers.values()
    }

    /// Attestations in order of names.
    pub fn attestations(&self) -> impl Iterator<Item = &Arc<Declared<AttestationSpec>>> {
        self.attestations.values()
    }

    /// Backup policies in order of names.
    pub fn backup_policies(&self) -> impl Iterator<Item = &Arc<Declared<BackupPolicySpec>>> {
        self.backup_policies.values()
    }

    /// Retention policies in order of names.
    pub fn retention_policies(&self) -> impl Iterator<Item = &Arc<Declared<RetentionPolicySpec>>> {
        self.retention_policies.values()
    }

    /// Encryption policies in order of names.
    pub fn encryption_policies(&self) -> impl Iterator<Item = &Arc<Declared<EncryptionPolicySpec>>> {
        self.encryption_policies.values()
    }

    /// Isolation policies in order of names.
    pub fn isolation_policies(&self) -> impl Iterator<Item = &Arc<Declared<IsolationPolicySpec>>> {
        self.isolation_policies.values()
    }

    /// What is remembered of a tenant.
    pub fn record(&self, tenant: &str) -> Option<&Arc<TenantRecord>> {
        self.records.get(tenant)
    }

    /// Everything that is remembered, in order of tenants.
    pub fn records(&self) -> impl Iterator<Item = &Arc<TenantRecord>> {
        self.records.values()
    }

    /// What is demanded of a tenant.
    pub fn plan(&self, tenant: &str) -> Option<&Arc<Plan>> {
        self.plans.get(tenant)
    }

    /// How many objects of a kind there are; 0 for kinds that are not kept.
    pub fn count_of(&self, kind: Kind) -> usize {
        match kind {
            // One report is written for each tenant.
            Kind::Tenant | Kind::ComplianceReport => self.tenants.len(),
            Kind::Profile => self.profiles.len(),
            Kind::BackupPolicy => self.backup_policies.len(),
            Kind::RetentionPolicy => self.retention_policies.len(),
            Kind::EncryptionPolicy => self.encryption_policies.len(),
            Kind::IsolationPolicy => self.isolation_policies.len(),
            Kind::Waiver => self.waivers.len(),
            Kind::Attestation => self.attestations.len(),
            Kind::VeleroSchedule => self.schedules.len(),
            Kind::VeleroBackup => self.points.len(),
            Kind::BackupStorageLocation => self.locations.len(),
            Kind::PodVolumeBackup | Kind::DataUpload => {
                self.copies.keys().filter(|key| key.kind == kind).count()
            }
            _ => 0,
        }
    }
}
