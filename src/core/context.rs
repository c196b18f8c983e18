//! The door through which a control reads facts. It notes every source that is read, so that one place decides what
//! an unsynced or stale source means, and a test can compare what is read with what is declared.

use std::{cell::Cell, collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::{
    effective::Effective,
    facts::{
        Declared, Definition, Gap, HeldData, Ignorance, Kind, Known, Location, Name, Namespace,
        NetworkPolicy, ObjectKey, PersistentVolume, PersistentVolumeClaim, RecoveryPoint, Schedule, Source,
        Sources, StorageClass, Unknown, VolumeCopy, Workload,
    },
    parameters::Parameters,
    plan::Plan,
    tenancy::{self, Joining, Ownership},
    world::{Proofs, World},
};
use crate::api::{TenantSpec, keys};

/// What a control is given beside its subject.
pub struct Context<'a> {
    world: &'a World,
    plan: &'a Plan,
    parameters: &'a Parameters,
    now: Timestamp,
    reads: Cell<Sources>,
}

impl<'a> Context<'a> {
    /// A context for one evaluation.
    pub fn new(world: &'a World, plan: &'a Plan, parameters: &'a Parameters, now: Timestamp) -> Self {
        Self { world, plan, parameters, now, reads: Cell::new(Sources::NONE) }
    }

    fn read(&self, source: Source) -> &'a World {
        self.reads.set(self.reads.get().with(source));
        self.world
    }

    /// The sources read so far.
    pub fn reads(&self) -> Sources {
        self.reads.get()
    }

    /// The present.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The parameters of this use of the control.
    pub const fn parameters(&self) -> &'a Parameters {
        self.parameters
    }

    /// The tenant that the subject belongs to.
    pub fn tenant(&self) -> &'a Declared<TenantSpec> {
        &self.plan.tenant
    }

    /// What is demanded of the tenant: waivers and attestations are read from here.
    pub const fn plan(&self) -> &'a Plan {
        self.plan
    }

    /// The tenant's merged policies.
    pub fn effective(&self) -> &'a Effective {
        &self.plan.effective
    }

    /// Whether the tenant's contract runs: it has no end, or the end is still to come.
    pub fn tenant_is_active(&self) -> bool {
        self.contract_end().is_none_or(|end| self.now < end)
    }

    /// The end of the tenant's contract.
    pub fn contract_end(&self) -> Option<Timestamp> {
        self.tenant().spec.contract.as_ref().and_then(|contract| contract.end)
    }

    /// The data of the tenant that was seen, by `namespace/name` of its claim.
    pub fn held_data(&self) -> Option<&'a BTreeMap<Name, HeldData>> {
        self.read(Source::Records).record(&self.plan.tenant.name).map(|record| &record.data)
    }

    /// A namespace.
    pub fn namespace(&self, name: &str) -> Option<&'a Namespace> {
        self.read(Source::Namespaces).namespace(name)
    }

    /// The tenant that holds a namespace.
    pub fn owner_of(&self, namespace: &str) -> Option<&'a Name> {
        self.read(Source::Namespaces);
        self.read(Source::Records).owner_of(namespace)
    }

    /// The namespaces that the tenant holds.
    pub fn namespaces(&self) -> impl Iterator<Item = &'a Name> + 'a {
        self.read(Source::Namespaces);
        self.read(Source::Records).namespaces_of(&self.plan.tenant.name)
    }

    /// The namespaces of tenants that a selector of namespaces selects, each with its owner. A namespace carries its name
    /// as a label, though a file may not say so.
    pub fn claimed_namespaces_selected_by(&self, selector: &LabelSelector) -> Vec<(&'a Name, &'a Name)> {
        self.read(Source::Records);
        self.read(Source::Namespaces).claimed_namespaces_selected_by(selector)
    }

    /// Who holds a namespace, and which other tenants ask for it.
    pub fn ownership(&self, namespace: &Namespace) -> Ownership {
        self.read(Source::Namespaces);
        self.read(Source::Declarations);
        tenancy::ownership(self.read(Source::Records), namespace)
    }

    /// The namespaces that the tenant asks for, held or not, in order of names.
    pub fn namespaces_asked_for(&self) -> Vec<(&'a Namespace, Joining)> {
        let world = self.read(Source::Namespaces);
        let possible = world.possibly_asked_for(self.tenant());
        let namespaces = possible.iter().filter_map(|name| world.namespace(name));
        namespaces
            .filter_map(|namespace| Some((namespace, tenancy::asks_for(self.tenant(), namespace)?)))
            .collect()
    }

    /// The workloads of a namespace.
    pub fn workloads_in(&self, namespace: &'a Name) -> impl Iterator<Item = &'a Arc<Workload>> + 'a {
        self.read(Source::Workloads).workloads_in(namespace)
    }

    /// A claim.
    pub fn claim(&self, namespace: &Name, name: &Name) -> Option<&'a PersistentVolumeClaim> {
        self.read(Source::Claims).claim(namespace, name).map(Arc::as_ref)
    }

    /// The network policies of a namespace.
    pub fn network_policies_in(
        &self,
        namespace: &'a Name,
    ) -> impl Iterator<Item = &'a Arc<NetworkPolicy>> + 'a {
        self.read(Source::NetworkPolicies).network_policies_in(namespace)
    }

    /// A volume, by name.
    pub fn volume(&self, name: &Name) -> Known<&'a PersistentVolume> {
        let world = self.read(Source::Volumes);
        let key = ObjectKey::cluster(Kind::PersistentVolume, name.clone());
        self.known(world.volume(name).map(Arc::as_ref), Source::Volumes, &key)
    }

    /// The class that a claim gets which asks for `requested`: none asks for the default class. Absent where there is
    /// no class of that name, no default, or an empty name that asks for no class.
    pub fn storage_class(&self, requested: Option<&Name>) -> Known<&'a StorageClass> {
        let world = self.read(Source::StorageClasses);
        let Some(name) = requested else {
            return world.default_storage_class().map_or(Known::Absent, |class| Known::Known(class));
        };
        let key = ObjectKey::cluster(Kind::StorageClass, name.clone());
        self.known(world.storage_class(name).map(Arc::as_ref), Source::StorageClasses, &key)
    }

    /// All storage classes, to name a good one in a fix.
    pub fn storage_classes(&self) -> impl Iterator<Item = &'a Arc<StorageClass>> + 'a {
        self.read(Source::StorageClasses).storage_classes()
    }

    /// A definition.
    pub fn definition(&self, name: &str) -> Option<&'a Definition> {
        self.read(Source::Definitions).definition(name).map(Arc::as_ref)
    }

    /// The schedules that take in a namespace.
    pub fn schedules_of(&self, namespace: &'a Name) -> impl Iterator<Item = &'a Arc<Schedule>> + 'a {
        self.read(Source::VeleroSchedules).schedules_of(namespace)
    }

    /// The recovery points whose runs took in a namespace.
    pub fn points_of(&self, namespace: &'a Name) -> impl Iterator<Item = &'a Arc<RecoveryPoint>> + 'a {
        self.read(Source::VeleroBackups).points_of(namespace)
    }

    /// The copies that were made of a claim.
    pub fn copies_of(
        &self,
        claim: &'a PersistentVolumeClaim,
    ) -> impl Iterator<Item = &'a Arc<VolumeCopy>> + 'a {
        self.read(Source::VeleroVolumeCopies).copies_of(&claim.namespace, &claim.name)
    }

    /// The storage locations.
    pub fn locations(&self) -> impl Iterator<Item = &'a Arc<Location>> + 'a {
        self.read(Source::VeleroLocations).locations()
    }

    /// Whether the cluster has the backup engine's kinds, as far as Surety knows.
    pub fn has_backup_engine(&self) -> bool {
        !matches!(self.world.source_state(Source::VeleroSchedules), super::facts::SourceState::Absent)
    }

    /// The UID of `kube-system`, which names the cluster.
    pub fn cluster_id(&self) -> Option<&'a Name> {
        self.read(Source::Namespaces).cluster_id()
    }

    /// Since when requests have been judged.
    pub const fn enforcing_since(&self) -> Option<Timestamp> {
        self.world.enforcing_since()
    }

    /// How each entry of the registration stands; empty where nobody asks.
    pub fn proofs(&self) -> &'a Proofs {
        self.world.proofs()
    }

    /// The recorded gaps in enforcement, in the order in which they began.
    pub fn gaps(&self) -> &'a [Gap] {
        self.read(Source::Records).gaps()
    }

    /// The data class of a claim or claim template with these labels: its own, its namespace's, the tenant's default.
    pub fn data_class(&self, own: &super::facts::Labels, namespace: &str) -> Option<Name> {
        let own_class = own.get(keys::DATA_CLASS).map(Name::from);
        let of_namespace = || {
            let namespace = self.namespace(namespace)?;
            namespace.labels.get(keys::DATA_CLASS).map(Name::from)
        };
        let of_tenant = || self.tenant().spec.default_data_class.as_deref().map(Name::from);
        own_class.or_else(of_namespace).or_else(of_tenant)
    }

    /// The environment of a namespace; absent where it says none.
    pub fn environment_of(&self, namespace: &Name) -> Known<&'a str> {
        let key = ObjectKey::cluster(Kind::Namespace, namespace.clone());
        match self.known(self.namespace(namespace), Source::Namespaces, &key) {
            Known::Known(namespace) => {
                namespace.labels.get(keys::ENVIRONMENT).map_or(Known::Absent, Known::Known)
            }
            Known::Absent => Known::Absent,
            Known::Unknown(why) => Known::Unknown(why),
        }
    }

    /// Why it cannot be told that there is no such object in `source`; none where absence is a fact. To be asked before
    /// Fail is concluded from something missing.
    pub fn unknown_absence(&self, source: Source) -> Option<Unknown> {
        let state = self.read(source).source_state(source);
        state.ignorance_of_absence(source).map(Unknown::NotKnown)
    }

    /// Why it cannot be told that there is no further object of `kind` in a namespace: one of them could not be read.
    /// To be asked before Pass is concluded from something missing.
    pub fn unreadable_in(&self, kind: Kind, namespace: &Name) -> Option<Unknown> {
        let source = kind.source()?;
        let mut unreadable = self.read(source).unreadable();
        let (key, reason) =
            unreadable.find(|(key, _)| key.kind == kind && key.namespace.as_ref() == Some(namespace))?;
        let what = Name::from(format!("{} ({reason})", key.name));
        Some(Unknown::NotKnown(Ignorance::Unreadable(source, what)))
    }

    fn known<T>(&self, found: Option<T>, source: Source, key: &ObjectKey) -> Known<T> {
        if let Some(reason) = self.world.unreadable.get(key) {
            let what = Name::from(format!("{} ({reason})", key.name));
            return Known::Unknown(Unknown::NotKnown(Ignorance::Unreadable(source, what)));
        }
        match found {
            Some(value) => Known::Known(value),
            None if matches!(self.world.source_state(source), super::facts::SourceState::FilesOnly) => {
                Known::Unknown(Unknown::NotKnown(Ignorance::NotInTheseFiles(source)))
            }
            None => Known::Absent,
        }
    }
}
