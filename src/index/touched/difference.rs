//! What two worlds differ in, as far as it decides what a change touches.

use std::{collections::BTreeSet, sync::Arc};

use imbl::ordset::DiffItem;

use crate::core::{
    facts::{Declared, Kind, Name, ObjectKey, Workload},
    tenancy,
    world::World,
};

/// The tenants that hold a namespace in one world and not in the other: what one releases another may get.
pub(super) fn tenants_that_gained_or_lost(before: &World, after: &World) -> BTreeSet<Name> {
    gained_or_lost(before, after).map(|(tenant, _)| tenant.clone()).collect()
}

fn gained_or_lost<'a>(before: &'a World, after: &'a World) -> impl Iterator<Item = &'a (Name, Name)> {
    let differences = before.namespaces_of_tenant.diff(&after.namespaces_of_tenant);
    differences.map(|difference| match difference {
        DiffItem::Add(pair) | DiffItem::Remove(pair) => pair,
    })
}

/// The namespaces that another tenant holds after a change, or none any more.
pub(super) fn namespaces_that_moved(before: &World, after: &World, key: &ObjectKey) -> BTreeSet<Name> {
    match key.kind {
        Kind::Namespace if before.owner_of(&key.name) != after.owner_of(&key.name) => {
            BTreeSet::from([key.name.clone()])
        }
        Kind::Tenant | Kind::TenantRecord => {
            gained_or_lost(before, after).map(|(_, namespace)| namespace.clone()).collect()
        }
        _ => BTreeSet::new(),
    }
}

/// The tenants that ask for a namespace that this one asks for or holds too.
pub(super) fn tenants_in_contest<'a>(
    world: &'a World,
    key: &'a ObjectKey,
) -> impl Iterator<Item = Name> + 'a {
    let tenant = world.tenant(&key.name);
    let asked_for = tenant.map(|tenant| world.possibly_asked_for(tenant)).unwrap_or_default();
    let held: BTreeSet<Name> = world.namespaces_of(&key.name).cloned().collect();
    let all: BTreeSet<Name> = asked_for.union(&held).cloned().collect();
    let concerned = all.into_iter().filter_map(|name| world.namespace(&name)).filter(move |namespace| {
        let asks = tenant.is_some_and(|tenant| tenancy::asks_for(tenant, namespace).is_some());
        asks || held.contains(&namespace.name)
    });
    concerned.flat_map(move |namespace| {
        let ownership = tenancy::ownership(world, namespace);
        ownership.others.into_iter().chain(ownership.owner).chain(tenancy::asking_for(world, namespace))
    })
}

/// Whether a workload is the same to those that it owns.
pub(super) fn owns_the_same(before: &World, after: &World, key: &ObjectKey) -> bool {
    match (workload(before, key), workload(after, key)) {
        (Some(old), Some(new)) => old.meta.uid == new.meta.uid && old.template == new.template,
        (old, new) => old.is_none() && new.is_none(),
    }
}

/// Whether the facts of an object are the same in both worlds, as after most news of a status: then no verdict differs,
/// and a controller has nothing to do. Never so of namespaces and network policies: Surety writes parts of them that are
/// no facts, and looks at each again. A request is told of what stands, so that `touched` does not ask.
pub fn is_unchanged(before: &World, after: &World, key: &ObjectKey) -> bool {
    let name = &key.name;
    let place = || (key.namespace.clone().unwrap_or_default(), key.name.clone());
    let is_same = match key.kind {
        Kind::PersistentVolume => before.volumes.get(name) == after.volumes.get(name),
        Kind::StorageClass => before.storage_classes.get(name) == after.storage_classes.get(name),
        Kind::Definition => before.definitions.get(name) == after.definitions.get(name),
        Kind::PersistentVolumeClaim => before.claims.get(&place()) == after.claims.get(&place()),
        Kind::Service => before.services.get(&place()) == after.services.get(&place()),
        Kind::Ingress => before.ingresses.get(&place()) == after.ingresses.get(&place()),
        Kind::VeleroSchedule => before.schedules.get(key) == after.schedules.get(key),
        Kind::VeleroBackup => before.points.get(key) == after.points.get(key),
        Kind::PodVolumeBackup | Kind::DataUpload => before.copies.get(key) == after.copies.get(key),
        Kind::BackupStorageLocation => before.locations.get(key) == after.locations.get(key),
        Kind::ClusterRecord => before.cluster_record == after.cluster_record,
        kind if kind.is_workload() => workload(before, key) == workload(after, key),
        _ => false,
    };
    is_same && before.unreadable.get(key) == after.unreadable.get(key)
}

fn workload<'w>(world: &'w World, key: &ObjectKey) -> Option<&'w Arc<Workload>> {
    world.workload(key.kind, key.namespace.as_ref()?, &key.name)
}

/// Whether only the status of a declaration changed, which Surety writes itself.
pub(super) fn declares_the_same(before: &World, after: &World, key: &ObjectKey) -> bool {
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
