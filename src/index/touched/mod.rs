//! What a change touches. The one function that drives both the controller and admission: it names the subjects whose
//! verdicts may differ between the world before a change and the world after it.

mod difference;
#[cfg(test)]
mod tests;

pub use difference::is_unchanged;

use std::{collections::BTreeSet, sync::Arc};

use difference::{
    declares_the_same, namespaces_that_moved, owns_the_same, tenants_in_contest, tenants_that_gained_or_lost,
};

use super::{
    apply::tenants_reached,
    subjects::{objects_in, subjects_of},
};
use crate::core::{
    facts::{Change, Kind, Name, ObjectKey, Selection, VolumeSource, Workload},
    subject::SubjectKey,
    tenancy,
    world::{DEFAULT_CLASS, World},
};

/// A subject of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TouchedSubject {
    /// The tenant.
    pub tenant: Name,
    /// The subject.
    pub subject: SubjectKey,
}

/// What a change touches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Single subjects.
    pub subjects: BTreeSet<TouchedSubject>,
    /// What is seen in another light though nobody did anything to it: workloads that name a changed one as their
    /// controller, namespaces whose network policies reach a changed one. No request is held to what others declared.
    pub dependents: BTreeSet<TouchedSubject>,
    /// Tenants whose plan, namespaces or engine changed: every subject of theirs.
    pub tenants: BTreeSet<Name>,
    /// Whether the bound was reached and subjects were left out.
    pub is_cut_short: bool,
}

/// What the change of `before` into `after` touches, at most `bound` subjects.
pub fn touched(before: &World, after: &World, change: &Change, bound: usize) -> Touched {
    let mut touched = Touching { touched: Touched::default(), bound };
    let key = change.key();
    if key.kind.is_declaration() && declares_the_same(before, after, &key) {
        return touched.touched;
    }
    for world in [before, after] {
        touched.object(world, &key);
    }
    if !owns_the_same(before, after, &key) {
        touched.dependents(before, &key);
        touched.dependents(after, &key);
    }
    let moved = namespaces_that_moved(before, after, &key);
    for namespace in &moved {
        touched.engine_in(before, namespace);
        touched.engine_in(after, namespace);
    }
    let reached = moved.into_iter().chain((key.kind == Kind::Namespace).then(|| key.name.clone()));
    for namespace in reached.collect::<BTreeSet<Name>>() {
        touched.reaching(before, &namespace);
        touched.reaching(after, &namespace);
    }
    if before.cluster_id() != after.cluster_id() {
        touched.touched.tenants.extend(after.plans.keys().cloned());
    }
    if matches!(key.kind, Kind::Tenant | Kind::TenantRecord) {
        touched.touched.tenants.extend(tenants_that_gained_or_lost(before, after));
        touched
            .touched
            .tenants
            .extend(tenants_in_contest(before, &key).chain(tenants_in_contest(after, &key)));
    }
    touched.touched
}

struct Touching {
    touched: Touched,
    bound: usize,
}

impl Touching {
    fn subject(&mut self, world: &World, namespace: &str, subject: impl Into<SubjectKey>) {
        let Some(tenant) = world.owner_of(namespace) else { return };
        self.add(tenant, subject.into());
    }

    fn add(&mut self, tenant: &Name, subject: SubjectKey) {
        let subject = TouchedSubject { tenant: tenant.clone(), subject };
        if self.touched.subjects.len() >= self.bound && !self.touched.subjects.contains(&subject) {
            self.touched.is_cut_short = true;
            return;
        }
        self.touched.subjects.insert(subject);
    }

    fn dependents(&mut self, world: &World, key: &ObjectKey) {
        for dependent in world.dependents_of(key) {
            let namespace = dependent.namespace.clone().unwrap_or_default();
            let Some(tenant) = world.owner_of(&namespace) else { return };
            let subject = TouchedSubject { tenant: tenant.clone(), subject: dependent.clone().into() };
            self.touched.dependents.insert(subject);
        }
    }

    /// The namespaces from which a rule reaches this one.
    fn reaching(&mut self, world: &World, namespace: &Name) {
        for from in world.namespaces_reaching(namespace) {
            let Some(tenant) = world.owner_of(from) else { continue };
            let subject = ObjectKey::cluster(Kind::Namespace, from.clone()).into();
            self.touched.dependents.insert(TouchedSubject { tenant: tenant.clone(), subject });
        }
    }

    fn object(&mut self, world: &World, key: &ObjectKey) {
        let namespace = key.namespace.clone().unwrap_or_default();
        match key.kind {
            Kind::Namespace => self.namespace(world, &key.name),
            Kind::PersistentVolumeClaim => self.claim(world, &namespace, key),
            Kind::PersistentVolume => self.volume(world, key),
            Kind::StorageClass => self.storage_class(world, &key.name),
            Kind::NetworkPolicy => {
                self.subject(world, &namespace, ObjectKey::cluster(Kind::Namespace, namespace.clone()));
            }
            Kind::VeleroSchedule => {
                if let Some(schedule) = world.schedule(key) {
                    self.selection(world, &schedule.selection);
                }
            }
            Kind::VeleroBackup => self.point(world, key),
            Kind::PodVolumeBackup | Kind::DataUpload => self.copy(world, key),
            Kind::BackupStorageLocation => self.location(world, key),
            Kind::Definition => self.definition(world, key),
            Kind::Service | Kind::Ingress => self.subject(world, &namespace, key.clone()),
            Kind::ClusterRecord => self.every_tenant(world),
            kind if kind.is_workload() => self.subject(world, &namespace, key.clone()),
            kind if kind.is_declaration() => self.touched.tenants.extend(tenants_reached(world, key)),
            _ => {}
        }
    }

    /// A namespace gives everything in it its tenant, its environment and its end, and its claims their class.
    fn namespace(&mut self, world: &World, name: &Name) {
        self.tenants_concerned(world, name);
        let Some(tenant) = world.owner_of(name) else { return };
        self.add(tenant, ObjectKey::cluster(Kind::Namespace, name.clone()).into());
        for key in objects_in(world, name) {
            self.add(tenant, key.into());
        }
        for (key, _) in world.unreadable().filter(|(key, _)| key.namespace.as_ref() == Some(name)) {
            self.add(tenant, key.clone().into());
        }
    }

    /// Objects of a backup engine are believed or not by whose namespace they lie in.
    fn engine_in(&mut self, world: &World, namespace: &Name) {
        let first = |kind| ObjectKey::namespaced(kind, namespace.clone(), Name::default());
        let is_inside = |key: &ObjectKey| key.namespace.as_ref() == Some(namespace);
        let schedules = world.schedules.range(first(Kind::VeleroSchedule)..);
        for (_, schedule) in schedules.take_while(|(key, _)| is_inside(key)) {
            self.selection(world, &schedule.selection);
        }
        let points = world.points.range(first(Kind::VeleroBackup)..);
        for (key, _) in points.take_while(|(key, _)| is_inside(key)) {
            self.point(world, key);
        }
    }

    /// A tenant is told of a namespace that it asks for and does not hold.
    fn tenants_concerned(&mut self, world: &World, name: &Name) {
        let Some(namespace) = world.namespace(name) else { return };
        let ownership = tenancy::ownership(world, namespace);
        let asking = tenancy::asking_for(world, namespace).chain(ownership.owner).chain(ownership.others);
        for tenant in asking.collect::<BTreeSet<Name>>() {
            self.add(&tenant, ObjectKey::cluster(Kind::Tenant, tenant.clone()).into());
        }
    }

    /// What is remembered of the whole cluster is read for each tenant, and for nothing in it.
    fn every_tenant(&mut self, world: &World) {
        for tenant in world.plans.keys() {
            self.add(tenant, ObjectKey::cluster(Kind::Tenant, tenant.clone()).into());
        }
    }

    /// A claim, the volumes that are reserved for it, and the workloads that mount it.
    fn claim(&mut self, world: &World, namespace: &Name, key: &ObjectKey) {
        self.subject(world, namespace, key.clone());
        for volume in world.volumes_of(namespace) {
            if volume.claim.as_ref().is_some_and(|claim| claim.name == key.name) {
                self.subject(world, namespace, volume.key());
            }
        }
        let mounts = |workload: &&Arc<Workload>| {
            let mut sources = workload.template.volumes.iter().map(|volume| &volume.source);
            sources.any(|source| matches!(source, VolumeSource::Claim(name) if *name == key.name))
        };
        for workload in world.workloads_in(namespace).filter(mounts) {
            self.subject(world, namespace, workload.key());
        }
    }

    /// A volume, and whoever names it: the claim that it is reserved for does not need to, nor the other way round.
    fn volume(&mut self, world: &World, key: &ObjectKey) {
        for user in world.users_of_volume(&key.name) {
            let namespace = user.namespace().cloned().unwrap_or_default();
            self.subject(world, &namespace, user.clone());
        }
        let Some(volume) = world.volume(&key.name) else { return };
        let Some(claim) = &volume.claim else { return };
        self.subject(world, &claim.namespace, key.clone());
        let claim_key =
            ObjectKey::namespaced(Kind::PersistentVolumeClaim, claim.namespace.clone(), claim.name.clone());
        self.subject(world, &claim.namespace, claim_key);
    }

    /// Those who ask for the class, and those who ask for the default where this class is or was it.
    fn storage_class(&mut self, world: &World, name: &Name) {
        let is_default = world.default_storage_class().is_some_and(|class| class.name == *name);
        let default = Name::from(DEFAULT_CLASS);
        let mut users: Vec<SubjectKey> = world.users_of_class(name).cloned().collect();
        if is_default {
            users.extend(world.users_of_class(&default).cloned());
        }
        for user in users {
            self.user_of_class(world, user);
        }
    }

    fn user_of_class(&mut self, world: &World, user: SubjectKey) {
        match &user {
            SubjectKey::Object(key) if key.kind == Kind::PersistentVolume => self.volume(world, &key.clone()),
            _ => {
                let namespace = user.namespace().cloned().unwrap_or_default();
                self.subject(world, &namespace, user);
            }
        }
    }

    /// The claims of every namespace that a schedule or run takes in.
    fn selection(&mut self, world: &World, selection: &Selection) {
        for namespace in namespaces_taken_in(world, selection) {
            for claim in world.claims_in(&namespace) {
                self.subject(world, &namespace, claim.key());
            }
        }
    }

    fn point(&mut self, world: &World, key: &ObjectKey) {
        let Some(point) = world.point(key) else {
            let namespace = key.namespace.clone().unwrap_or_default();
            return self.subject(world, &namespace, key.clone());
        };
        self.selection(world, &point.selection);
        for namespace in namespaces_taken_in(world, &point.selection) {
            self.subject(world, &namespace, key.clone());
        }
    }

    fn copy(&mut self, world: &World, key: &ObjectKey) {
        let Some(copy) = world.copies.get(key) else { return };
        let claim = ObjectKey::namespaced(
            Kind::PersistentVolumeClaim,
            copy.claim_namespace.clone(),
            copy.claim_name.clone(),
        );
        self.subject(world, &copy.claim_namespace, claim);
    }

    /// The claims of every schedule that writes there, and of every recovery point that lies there.
    fn location(&mut self, world: &World, key: &ObjectKey) {
        let is_here = |namespace: &Name, location: Option<&Name>| {
            location.is_none_or(|location| *location == key.name) && Some(namespace) == key.namespace.as_ref()
        };
        let schedules =
            world.schedules().filter(|schedule| is_here(&schedule.namespace, schedule.location.as_ref()));
        let points = world.points().filter(|point| is_here(&point.namespace, point.location.as_ref()));
        let selections =
            schedules.map(|schedule| &schedule.selection).chain(points.map(|point| &point.selection));
        let namespaces: BTreeSet<Name> =
            selections.flat_map(|selection| namespaces_taken_in(world, selection)).collect();
        for namespace in namespaces {
            for claim in world.claims_in(&namespace) {
                self.subject(world, &namespace, claim.key());
            }
        }
    }

    /// An engine came or went: every tenant.
    fn definition(&mut self, world: &World, key: &ObjectKey) {
        let defines_engine = |kind: &Kind| {
            let resource = kind.resource();
            let is_engine = matches!(kind.source(), Some(source) if !source.is_required());
            is_engine
                && key.name.strip_prefix(resource.plural).and_then(|rest| rest.strip_prefix('.'))
                    == Some(resource.group)
        };
        if Kind::ALL.iter().any(defines_engine) {
            self.touched.tenants.extend(world.plans.keys().cloned());
        }
    }
}

/// The namespaces of tenants that a schedule or run takes in.
fn namespaces_taken_in(world: &World, selection: &Selection) -> Vec<Name> {
    match selection.literal_namespaces() {
        Some(names) => names.into_iter().cloned().collect(),
        None => world.owner_of_namespace.keys().filter(|name| selection.takes_in(name)).cloned().collect(),
    }
}

impl Touched {
    /// Every subject: the single ones, and all of the tenants that are touched as a whole.
    pub fn all(&self, world: &World) -> BTreeSet<TouchedSubject> {
        let mut all = self.subjects.clone();
        for tenant in &self.tenants {
            let Some(plan) = world.plan(tenant) else { continue };
            let subjects = subjects_of(world, plan).into_iter();
            all.extend(subjects.map(|subject| TouchedSubject { tenant: tenant.clone(), subject }));
        }
        all
    }
}
