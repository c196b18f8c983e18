//! The world: every fact at one instant. Cheap to clone, because clones share what they do not change:
//! a clone is a consistent snapshot, and a clone with one change applied is the world that a request asks for.
//!
//! Data and look-ups. `index` applies changes; controls read through `context`.

use std::sync::Arc;

use ahash::RandomState;
use imbl::{GenericHashMap, OrdMap, OrdSet, shared_ptr::DefaultSharedPtr};
use jiff::Timestamp;

use super::{
    control::Control,
    facts::{
        ClaimRecord, Declared, Definition, Ingress, Kind, Location, Name, Namespace, NamespacePattern,
        NetworkPolicy, ObjectKey, PersistentVolume, PersistentVolumeClaim, RecoveryPoint, Schedule,
        Selection, Service, Source, SourceState, StorageClass, TenantRecord, VolumeCopy, Workload,
    },
    glob::glob_matches,
    plan::Plan,
    subject::SubjectKey,
};
use crate::api::{
    AttestationSpec, BackupPolicySpec, EncryptionPolicySpec, IsolationPolicySpec, ProfileSpec,
    RetentionPolicySpec, TenantSpec, WaiverSpec,
};

/// A persistent hash map with the crate's hasher.
pub(crate) type Map<K, V> = GenericHashMap<K, V, RandomState, DefaultSharedPtr>;
/// Namespace and name.
pub(crate) type Place = (Name, Name);

/// Every fact at one instant.
#[derive(Clone, Debug)]
pub struct World {
    /// The controls that this version can evaluate.
    pub(crate) controls: &'static [&'static Control],
    /// How far each source can be trusted; a source that is not listed here is pending.
    pub(crate) sources: OrdMap<Source, SourceState>,
    /// Since when the registration has been in force, where it is.
    pub(crate) enforcing_since: Option<Timestamp>,
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
    pub(crate) workloads: OrdMap<(Name, Kind, Name), Arc<Workload>>,
    pub(crate) claims: OrdMap<Place, Arc<PersistentVolumeClaim>>,
    pub(crate) services: OrdMap<Place, Arc<Service>>,
    pub(crate) ingresses: OrdMap<Place, Arc<Ingress>>,
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
    pub(crate) recorded_owner: Map<Name, (Name, ClaimRecord)>,
    pub(crate) owner_of_namespace: Map<Name, Name>,
    pub(crate) namespaces_of_tenant: OrdSet<(Name, Name)>,
    pub(crate) users_of_class: OrdSet<(Name, SubjectKey)>,
    pub(crate) volumes_of_namespace: OrdSet<(Name, Name)>,
    pub(crate) schedules_of_namespace: OrdSet<(Name, ObjectKey)>,
    pub(crate) wide_schedules: OrdSet<ObjectKey>,
    pub(crate) points_of_namespace: OrdSet<(Name, ObjectKey)>,
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
            workloads: OrdMap::new(),
            claims: OrdMap::new(),
            services: OrdMap::new(),
            ingresses: OrdMap::new(),
            network_policies: OrdMap::new(),
            volumes: Map::default(),
            storage_classes: OrdMap::new(),
            definitions: OrdMap::new(),
            schedules: OrdMap::new(),
            points: OrdMap::new(),
            copies: OrdMap::new(),
            locations: OrdMap::new(),
            plans: OrdMap::new(),
            recorded_owner: Map::default(),
            owner_of_namespace: Map::default(),
            namespaces_of_tenant: OrdSet::new(),
            users_of_class: OrdSet::new(),
            volumes_of_namespace: OrdSet::new(),
            schedules_of_namespace: OrdSet::new(),
            wide_schedules: OrdSet::new(),
            points_of_namespace: OrdSet::new(),
            wide_points: OrdSet::new(),
            copies_of_claim: OrdSet::new(),
        }
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

    /// A namespace.
    pub fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.namespaces.get(name).map(Arc::as_ref)
    }

    /// All namespaces, in no order.
    pub fn namespaces(&self) -> impl Iterator<Item = &Arc<Namespace>> {
        self.namespaces.values()
    }

    /// The tenant that holds a namespace.
    pub fn owner_of(&self, namespace: &str) -> Option<&Name> {
        self.owner_of_namespace.get(namespace)
    }

    /// The namespaces that a tenant holds, in order of names.
    pub fn namespaces_of<'a>(&'a self, tenant: &'a Name) -> impl Iterator<Item = &'a Name> + 'a {
        self.namespaces_of_tenant
            .range((tenant.clone(), Name::default())..)
            .take_while(move |(owner, _)| owner == tenant)
            .map(|(_, namespace)| namespace)
    }

    /// Every namespace that a tenant holds, in no order.
    pub fn claimed_namespaces(&self) -> impl Iterator<Item = &Name> {
        self.owner_of_namespace.keys()
    }

    /// The UID of `kube-system`, which names the cluster.
    pub fn cluster_id(&self) -> Option<&Name> {
        self.namespaces.get("kube-system").map(|namespace| &namespace.meta.uid)
    }

    /// A workload.
    pub fn workload(&self, kind: Kind, namespace: &Name, name: &Name) -> Option<&Arc<Workload>> {
        self.workloads.get(&(namespace.clone(), kind, name.clone()))
    }

    /// The workloads of a namespace.
    pub fn workloads_in<'a>(&'a self, namespace: &'a Name) -> impl Iterator<Item = &'a Arc<Workload>> + 'a {
        self.workloads
            .range((namespace.clone(), Kind::Namespace, Name::default())..)
            .take_while(move |((place, ..), _)| place == namespace)
            .map(|(_, workload)| workload)
    }

    /// The controller that owns a workload, where the world has it with the UID that the reference names.
    pub fn controller_of(&self, workload: &Workload) -> Option<&Arc<Workload>> {
        let owner = workload.controller()?;
        let kind = Kind::ALL
            .iter()
            .copied()
            .find(|kind| kind.is_workload() && kind.resource().kind == &*owner.kind)?;
        self.workload(kind, &workload.namespace, &owner.name).filter(|found| found.meta.uid == owner.uid)
    }

    /// A claim.
    pub fn claim(&self, namespace: &Name, name: &Name) -> Option<&Arc<PersistentVolumeClaim>> {
        self.claims.get(&(namespace.clone(), name.clone()))
    }

    /// The claims of a namespace.
    pub fn claims_in<'a>(
        &'a self,
        namespace: &'a Name,
    ) -> impl Iterator<Item = &'a Arc<PersistentVolumeClaim>> + 'a {
        in_namespace(&self.claims, namespace)
    }

    /// The Services of a namespace.
    pub fn services_in<'a>(&'a self, namespace: &'a Name) -> impl Iterator<Item = &'a Arc<Service>> + 'a {
        in_namespace(&self.services, namespace)
    }

    /// The Ingresses of a namespace.
    pub fn ingresses_in<'a>(&'a self, namespace: &'a Name) -> impl Iterator<Item = &'a Arc<Ingress>> + 'a {
        in_namespace(&self.ingresses, namespace)
    }

    /// The network policies of a namespace.
    pub fn network_policies_in<'a>(
        &'a self,
        namespace: &'a Name,
    ) -> impl Iterator<Item = &'a Arc<NetworkPolicy>> + 'a {
        in_namespace(&self.network_policies, namespace)
    }

    /// A volume.
    pub fn volume(&self, name: &str) -> Option<&Arc<PersistentVolume>> {
        self.volumes.get(name)
    }

    /// The volumes that are bound to, or reserved for, claims of a namespace.
    pub fn volumes_of<'a>(
        &'a self,
        namespace: &'a Name,
    ) -> impl Iterator<Item = &'a Arc<PersistentVolume>> + 'a {
        self.volumes_of_namespace
            .range((namespace.clone(), Name::default())..)
            .take_while(move |(place, _)| place == namespace)
            .filter_map(|(_, name)| self.volumes.get(name))
    }

    /// A storage class.
    pub fn storage_class(&self, name: &str) -> Option<&Arc<StorageClass>> {
        self.storage_classes.get(name)
    }

    /// All storage classes, in order of names.
    pub fn storage_classes(&self) -> impl Iterator<Item = &Arc<StorageClass>> {
        self.storage_classes.values()
    }

    /// The class that the API server gives to a claim that names none: of those marked as default the newest, then the
    /// first by name (plugin DefaultStorageClass).
    pub fn default_storage_class(&self) -> Option<&Arc<StorageClass>> {
        let defaults = self.storage_classes.values().filter(|class| class.is_default);
        defaults.min_by(|a, b| b.meta.created.cmp(&a.meta.created).then_with(|| a.name.cmp(&b.name)))
    }

    /// The subjects that ask for a storage class by this name; [`DEFAULT_CLASS`] for those that name none.
    pub(crate) fn users_of_class<'a>(&'a self, class: &'a Name) -> impl Iterator<Item = &'a SubjectKey> + 'a {
        let first = SubjectKey::Object(ObjectKey::cluster(Kind::Namespace, Name::default()));
        self.users_of_class
            .range((class.clone(), first)..)
            .take_while(move |(name, _)| name == class)
            .map(|(_, user)| user)
    }

    /// The tenant that is recorded as a namespace's owner, and under which terms.
    pub fn recorded_owner(&self, namespace: &str) -> Option<&(Name, ClaimRecord)> {
        self.recorded_owner.get(namespace)
    }

    /// A definition, by its name `plural.group`.
    pub fn definition(&self, name: &str) -> Option<&Arc<Definition>> {
        self.definitions.get(name)
    }

    /// All schedules, in order of keys.
    pub fn schedules(&self) -> impl Iterator<Item = &Arc<Schedule>> {
        self.schedules.values()
    }

    /// The schedules that take in a namespace.
    pub fn schedules_of<'a>(&'a self, namespace: &'a Name) -> impl Iterator<Item = &'a Arc<Schedule>> + 'a {
        let literal = in_set(&self.schedules_of_namespace, namespace);
        let keys = literal.chain(self.wide_schedules.iter());
        keys.filter_map(|key| self.schedules.get(key))
            .filter(|schedule| schedule.selection.takes_in(namespace))
    }

    /// The recovery points whose runs took in a namespace.
    pub fn points_of<'a>(&'a self, namespace: &'a Name) -> impl Iterator<Item = &'a Arc<RecoveryPoint>> + 'a {
        let literal = in_set(&self.points_of_namespace, namespace);
        let keys = literal.chain(self.wide_points.iter());
        keys.filter_map(|key| self.points.get(key)).filter(|point| point.selection.takes_in(namespace))
    }

    /// A recovery point.
    pub fn point(&self, key: &ObjectKey) -> Option<&Arc<RecoveryPoint>> {
        self.points.get(key)
    }

    /// A schedule.
    pub fn schedule(&self, key: &ObjectKey) -> Option<&Arc<Schedule>> {
        self.schedules.get(key)
    }

    /// All recovery points, in order of keys.
    pub fn points(&self) -> impl Iterator<Item = &Arc<RecoveryPoint>> {
        self.points.values()
    }

    /// The copies that were made of a claim.
    pub fn copies_of<'a>(
        &'a self,
        namespace: &'a Name,
        claim: &'a Name,
    ) -> impl Iterator<Item = &'a Arc<VolumeCopy>> + 'a {
        let first = ObjectKey::cluster(Kind::Namespace, Name::default());
        self.copies_of_claim
            .range((namespace.clone(), claim.clone(), first)..)
            .take_while(move |(place, name, _)| place == namespace && name == claim)
            .filter_map(|(.., key)| self.copies.get(key))
    }

    /// All storage locations, in order of keys.
    pub fn locations(&self) -> impl Iterator<Item = &Arc<Location>> {
        self.locations.values()
    }
}

fn in_namespace<'a, T>(
    map: &'a OrdMap<Place, Arc<T>>,
    namespace: &'a Name,
) -> impl Iterator<Item = &'a Arc<T>> + 'a {
    map.range((namespace.clone(), Name::default())..)
        .take_while(move |((place, _), _)| place == namespace)
        .map(|(_, value)| value)
}

fn in_set<'a>(
    set: &'a OrdSet<(Name, ObjectKey)>,
    namespace: &'a Name,
) -> impl Iterator<Item = &'a ObjectKey> + 'a {
    let first = ObjectKey::cluster(Kind::Namespace, Name::default());
    set.range((namespace.clone(), first)..)
        .take_while(move |(place, _)| place == namespace)
        .map(|(_, key)| key)
}

impl Selection {
    /// Whether the namespace is taken in. Excluded wins; an empty list of included takes in all.
    pub fn takes_in(&self, namespace: &str) -> bool {
        let is_excluded = self.excluded.iter().any(|pattern| pattern.matches(namespace));
        let is_included =
            self.included.is_empty() || self.included.iter().any(|pattern| pattern.matches(namespace));
        is_included && !is_excluded
    }

    /// Whether only names are included, so that it can be looked up by namespace.
    pub fn literal_namespaces(&self) -> Option<Vec<&Name>> {
        let names = self.included.iter().map(|pattern| match pattern {
            NamespacePattern::Literal(name) => Some(name),
            NamespacePattern::All | NamespacePattern::Glob(_) => None,
        });
        names.collect::<Option<Vec<_>>>().filter(|names| !names.is_empty())
    }
}

impl NamespacePattern {
    /// Whether it matches a namespace's name.
    pub fn matches(&self, namespace: &str) -> bool {
        match self {
            Self::All => true,
            Self::Literal(name) => &**name == namespace,
            Self::Glob(glob) => glob_matches(glob, namespace),
        }
    }
}
