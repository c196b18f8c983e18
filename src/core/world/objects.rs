//! Looking up namespaces, workloads, claims, volumes, classes and definitions.

use std::{ops::RangeFrom, sync::Arc};

use super::{LayeredSet, Place, World};
use crate::core::{
    facts::{
        ClaimRecord, Definition, Ingress, Kind, Name, Namespace, NetworkPolicy, ObjectKey, PersistentVolume,
        PersistentVolumeClaim, Service, StorageClass, Workload,
    },
    subject::SubjectKey,
};

impl World {
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
        let key = workload.controller_key()?;
        let uid = &workload.controller()?.uid;
        self.workload(key.kind, &workload.namespace, &key.name).filter(|found| found.meta.uid == *uid)
    }

    /// The workloads that name this one as their controller, by whatever UID.
    pub(crate) fn dependents_of<'a>(
        &'a self,
        owner: &'a ObjectKey,
    ) -> impl Iterator<Item = &'a ObjectKey> + 'a {
        let first = ObjectKey::cluster(Kind::Namespace, Name::default());
        self.dependents
            .range((owner.clone(), first)..)
            .map(|(pair, ())| pair)
            .take_while(move |(found, _)| found == owner)
            .map(|(_, dependent)| dependent)
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
        in_namespace(self.claims.range(beginning_of(namespace)), namespace)
    }

    /// The Services of a namespace.
    pub fn services_in<'a>(&'a self, namespace: &'a Name) -> impl Iterator<Item = &'a Arc<Service>> + 'a {
        in_namespace(self.services.range(beginning_of(namespace)), namespace)
    }

    /// The Ingresses of a namespace.
    pub fn ingresses_in<'a>(&'a self, namespace: &'a Name) -> impl Iterator<Item = &'a Arc<Ingress>> + 'a {
        in_namespace(self.ingresses.range(beginning_of(namespace)), namespace)
    }

    /// The network policies of a namespace.
    pub fn network_policies_in<'a>(
        &'a self,
        namespace: &'a Name,
    ) -> impl Iterator<Item = &'a Arc<NetworkPolicy>> + 'a {
        in_namespace(self.network_policies.range(beginning_of(namespace)), namespace)
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
        users_of(&self.users_of_class, class)
    }

    /// The claims, and workloads with templates of claims, that name a volume, whether it is there or not.
    pub(crate) fn users_of_volume<'a>(
        &'a self,
        volume: &'a Name,
    ) -> impl Iterator<Item = &'a SubjectKey> + 'a {
        users_of(&self.users_of_volume, volume)
    }

    /// The tenants that are recorded as a namespace's owner, in order of names, and under which terms. Two are where a
    /// namespace changed hands and the former owner's record is not written anew yet.
    pub fn recorded_claims<'a>(
        &'a self,
        namespace: &'a Name,
    ) -> impl Iterator<Item = (&'a Name, &'a ClaimRecord)> + 'a {
        self.recorded_claims
            .range((namespace.clone(), Name::default())..)
            .take_while(move |(place, _)| place == namespace)
            .filter_map(|(place, tenant)| Some((tenant, self.records.get(tenant)?.namespaces.get(place)?)))
    }

    /// A definition, by its name `plural.group`.
    pub fn definition(&self, name: &str) -> Option<&Arc<Definition>> {
        self.definitions.get(name)
    }
}

fn users_of<'a>(
    users: &'a LayeredSet<(Name, SubjectKey)>,
    used: &'a Name,
) -> impl Iterator<Item = &'a SubjectKey> + 'a {
    let first = SubjectKey::Object(ObjectKey::cluster(Kind::Namespace, Name::default()));
    users
        .range((used.clone(), first)..)
        .map(|(pair, ())| pair)
        .take_while(move |(name, _)| name == used)
        .map(|(_, user)| user)
}

/// Of what stands at the beginning of a namespace and after it, what is in the namespace.
fn in_namespace<'a, T: 'a>(
    found: impl Iterator<Item = (&'a Place, &'a Arc<T>)> + 'a,
    namespace: &'a Name,
) -> impl Iterator<Item = &'a Arc<T>> + 'a {
    found.take_while(move |((place, _), _)| place == namespace).map(|(_, value)| value)
}

fn beginning_of(namespace: &Name) -> RangeFrom<Place> {
    (namespace.clone(), Name::default())..
}
