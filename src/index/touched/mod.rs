//! What a change touches. The one function that drives both the controller and admission: it names the subjects whose
//! verdicts may differ between the world before a change and the world after it.

use std::{collections::BTreeSet, sync::Arc};

use super::{apply::tenants_reached, subjects::subjects_of};
use crate::core::{
    facts::{Change, Declared, Kind, Name, ObjectKey, Selection},
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
    if matches!(key.kind, Kind::Tenant | Kind::TenantRecord) {
        touched.touched.tenants.extend(tenants_that_gained_or_lost(before, after));
        touched
            .touched
            .tenants
            .extend(tenants_in_contest(before, &key).chain(tenants_in_contest(after, &key)));
    }
    touched.touched
}

/// The tenants that hold a namespace in one world and not in the other: what one releases another may get.
fn tenants_that_gained_or_lost(before: &World, after: &World) -> BTreeSet<Name> {
    let (held, holds) = (&before.namespaces_of_tenant, &after.namespaces_of_tenant);
    let differing = held
        .iter()
        .filter(|pair| !holds.contains(*pair))
        .chain(holds.iter().filter(|pair| !held.contains(*pair)));
    differing.map(|(tenant, _)| tenant.clone()).collect()
}

/// The tenants that ask for a namespace that this one asks for or holds too.
fn tenants_in_contest<'a>(world: &'a World, key: &'a ObjectKey) -> impl Iterator<Item = Name> + 'a {
    let tenant = world.tenant(&key.name);
    let concerned = world.namespaces().filter(move |namespace| {
        let holds = world.owner_of(&namespace.name) == Some(&key.name);
        holds || tenant.is_some_and(|tenant| tenancy::asks_for(tenant, namespace).is_some())
    });
    concerned.flat_map(move |namespace| {
        let ownership = tenancy::ownership(world, namespace);
        ownership.others.into_iter().chain(ownership.owner).chain(tenancy::asking_for(world, namespace))
    })
}

/// Whether only the status of a declaration changed, which Surety writes itself.
fn declares_the_same(before: &World, after: &World, key: &ObjectKey) -> bool {
    fn same<S: PartialEq>(a: Option<&Arc<Declared<S>>>, b: Option<&Arc<Declared<S>>>) -> bool {
        match (a, b) {
            (Some(a), Some(b)) => a.spec == b.spec && a.labels == b.labels && a.meta == b.meta,
            _ => false,
        }
    }
    let name = &key.name;
    match key.kind {
        Kind::Tenant => same(before.tenants.get(name), after.tenants.get(name)),
        Kind::Profile => same(before.profiles.get(name), after.profiles.get(name)),
        Kind::BackupPolicy => same(before.backup_policies.get(name), after.backup_policies.get(name)),
        Kind::RetentionPolicy => {
            same(before.retention_policies.get(name), after.retention_policies.get(name))
        }
        Kind::EncryptionPolicy => {
            same(before.encryption_policies.get(name), after.encryption_policies.get(name))
        }
        Kind::IsolationPolicy => {
            same(before.isolation_policies.get(name), after.isolation_policies.get(name))
        }
        Kind::Waiver => same(before.waivers.get(name), after.waivers.get(name)),
        Kind::Attestation => same(before.attestations.get(name), after.attestations.get(name)),
        _ => false,
    }
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
            kind if kind.is_workload() => self.subject(world, &namespace, key.clone()),
            kind if kind.is_declaration() => self.touched.tenants.extend(tenants_reached(world, key)),
            _ => {}
        }
    }

    /// A namespace gives its claims their class and their way into schedules.
    fn namespace(&mut self, world: &World, name: &Name) {
        self.tenants_concerned(world, name);
        let Some(tenant) = world.owner_of(name) else { return };
        self.add(tenant, ObjectKey::cluster(Kind::Namespace, name.clone()).into());
        for claim in world.claims_in(name) {
            self.add(tenant, claim.key().into());
        }
        for workload in world.workloads_in(name) {
            self.add(tenant, workload.key().into());
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

    fn claim(&mut self, world: &World, namespace: &Name, key: &ObjectKey) {
        self.subject(world, namespace, key.clone());
        let Some(claim) = world.claim(namespace, &key.name) else { return };
        if let Some(volume) = claim.volume_name.as_ref().and_then(|name| world.volume(name)) {
            self.subject(world, namespace, volume.key());
        }
    }

    fn volume(&mut self, world: &World, key: &ObjectKey) {
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
        let namespaces: Vec<Name> = match selection.literal_namespaces() {
            Some(names) => names.into_iter().cloned().collect(),
            None => {
                world.owner_of_namespace.keys().filter(|name| selection.takes_in(name)).cloned().collect()
            }
        };
        for namespace in namespaces {
            for claim in world.claims_in(&namespace) {
                self.subject(world, &namespace, claim.key());
            }
        }
    }

    fn point(&mut self, world: &World, key: &ObjectKey) {
        let Some(point) = world.point(key) else { return };
        self.selection(world, &point.selection);
        let namespaces: Vec<Name> = match point.selection.literal_namespaces() {
            Some(names) => names.into_iter().cloned().collect(),
            None => world
                .owner_of_namespace
                .keys()
                .filter(|name| point.selection.takes_in(name))
                .cloned()
                .collect(),
        };
        for namespace in namespaces {
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

    /// The claims of every schedule that writes there.
    fn location(&mut self, world: &World, key: &ObjectKey) {
        let schedules = world.schedules().filter(|schedule| {
            let names_it = schedule.location.as_ref().is_none_or(|location| *location == key.name);
            names_it && Some(&schedule.namespace) == key.namespace.as_ref()
        });
        let selections: Vec<Selection> = schedules.map(|schedule| schedule.selection.clone()).collect();
        for selection in &selections {
            self.selection(world, selection);
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
