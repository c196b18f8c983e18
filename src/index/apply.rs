//! Applying a change to a world, with everything that is derived from it.

use std::{collections::BTreeSet, sync::Arc};

use imbl::OrdSet;
use jiff::Timestamp;

use crate::core::{
    facts::{
        Change, Fact, Kind, Name, Namespace, ObjectKey, PersistentVolume, Selection, Source, SourceState,
        TenantRecord, VolumeSource, Workload,
    },
    plan,
    subject::SubjectKey,
    tenancy,
    world::{DEFAULT_CLASS, World},
};

/// Applies one change. Applying the same change twice changes nothing; the order of changes to different objects does
/// not matter.
pub fn apply(world: &mut World, change: Change) {
    match change {
        Change::Apply(fact) => {
            world.unreadable.remove(&fact.key());
            insert(world, fact);
        }
        Change::Delete(key) => {
            world.unreadable.remove(&key);
            remove(world, &key);
        }
        Change::Unreadable(key, reason) => {
            remove(world, &key);
            world.unreadable.insert(key, reason);
        }
    }
}

/// The objects of a kind that a complete list did not show: deletions that were missed while disconnected.
pub fn missing(world: &World, kind: Kind, seen: &BTreeSet<ObjectKey>) -> Vec<ObjectKey> {
    keys_of(world, kind).into_iter().filter(|key| !seen.contains(key)).collect()
}

/// Notes how far a source can be trusted.
pub fn set_source(world: &mut World, source: Source, state: SourceState) {
    world.sources.insert(source, state);
}

/// Notes since when the registration has been in force. Namespaces that joined by themselves depend on it.
pub fn set_enforcing_since(world: &mut World, since: Option<Timestamp>) {
    if world.enforcing_since == since {
        return;
    }
    world.enforcing_since = since;
    reconsider_all_namespaces(world);
}

/// The keys of every object of a kind, the unreadable ones with them.
pub(super) fn keys_of(world: &World, kind: Kind) -> Vec<ObjectKey> {
    let cluster = |name: &Name| ObjectKey::cluster(kind, name.clone());
    let placed = |place: &(Name, Name)| ObjectKey::namespaced(kind, place.0.clone(), place.1.clone());
    let mut keys: Vec<ObjectKey> = match kind {
        Kind::Namespace => world.namespaces.keys().map(cluster).collect(),
        Kind::PersistentVolume => world.volumes.keys().map(cluster).collect(),
        Kind::StorageClass => world.storage_classes.keys().map(cluster).collect(),
        Kind::Definition => world.definitions.keys().map(cluster).collect(),
        Kind::PersistentVolumeClaim => world.claims.keys().map(placed).collect(),
        Kind::Service => world.services.keys().map(placed).collect(),
        Kind::Ingress => world.ingresses.keys().map(placed).collect(),
        Kind::NetworkPolicy => world.network_policies.keys().map(placed).collect(),
        Kind::VeleroSchedule => world.schedules.keys().filter(|key| key.kind == kind).cloned().collect(),
        Kind::VeleroBackup => world.points.keys().filter(|key| key.kind == kind).cloned().collect(),
        Kind::PodVolumeBackup | Kind::DataUpload => {
            world.copies.keys().filter(|key| key.kind == kind).cloned().collect()
        }
        Kind::BackupStorageLocation => {
            world.locations.keys().filter(|key| key.kind == kind).cloned().collect()
        }
        Kind::Tenant => world.tenants.keys().map(cluster).collect(),
        Kind::Profile => world.profiles.keys().map(cluster).collect(),
        Kind::BackupPolicy => world.backup_policies.keys().map(cluster).collect(),
        Kind::RetentionPolicy => world.retention_policies.keys().map(cluster).collect(),
        Kind::EncryptionPolicy => world.encryption_policies.keys().map(cluster).collect(),
        Kind::IsolationPolicy => world.isolation_policies.keys().map(cluster).collect(),
        Kind::Waiver => world.waivers.keys().map(cluster).collect(),
        Kind::Attestation => world.attestations.keys().map(cluster).collect(),
        Kind::TenantRecord => world.records.keys().map(cluster).collect(),
        Kind::DeleteBackupRequest | Kind::Restore | Kind::ComplianceReport => Vec::new(),
        workload => {
            let of_kind = world.workloads.iter().filter(|((_, kind, _), _)| *kind == workload);
            of_kind.map(|(_, workload)| workload.key()).collect()
        }
    };
    keys.extend(world.unreadable.keys().filter(|key| key.kind == kind).cloned());
    keys
}

fn insert(world: &mut World, fact: Fact) {
    let key = fact.key();
    match fact {
        Fact::Namespace(namespace) => {
            let name = namespace.name.clone();
            world.namespaces.insert(name.clone(), Arc::new(namespace));
            reconsider_namespace(world, &name);
        }
        Fact::Workload(workload) => {
            forget_workload(world, &key);
            note_class_users(world, &workload);
            let place = (workload.namespace.clone(), workload.kind, workload.name.clone());
            world.workloads.insert(place, Arc::new(workload));
        }
        Fact::PersistentVolumeClaim(claim) => {
            forget_claim(world, &key);
            let class = claim.storage_class.clone().unwrap_or_else(|| Name::from(DEFAULT_CLASS));
            world.users_of_class.insert((class, key.into()));
            world.claims.insert((claim.namespace.clone(), claim.name.clone()), Arc::new(claim));
        }
        Fact::PersistentVolume(volume) => {
            forget_volume(world, &key.name);
            note_volume(world, &volume);
            world.volumes.insert(volume.name.clone(), Arc::new(volume));
        }
        Fact::StorageClass(class) => {
            world.storage_classes.insert(class.name.clone(), Arc::new(class));
        }
        Fact::Service(service) => {
            world.services.insert((service.namespace.clone(), service.name.clone()), Arc::new(service));
        }
        Fact::Ingress(ingress) => {
            world.ingresses.insert((ingress.namespace.clone(), ingress.name.clone()), Arc::new(ingress));
        }
        Fact::NetworkPolicy(policy) => {
            world.network_policies.insert((policy.namespace.clone(), policy.name.clone()), Arc::new(policy));
        }
        Fact::Definition(definition) => {
            world.definitions.insert(definition.name.clone(), Arc::new(definition));
        }
        Fact::Schedule(schedule) => {
            forget_schedule(world, &key);
            let (by_namespace, wide) = (&mut world.schedules_of_namespace, &mut world.wide_schedules);
            note_selection(by_namespace, wide, &schedule.selection, &key);
            world.schedules.insert(key, Arc::new(schedule));
        }
        Fact::RecoveryPoint(point) => {
            forget_point(world, &key);
            let (by_namespace, wide) = (&mut world.points_of_namespace, &mut world.wide_points);
            note_selection(by_namespace, wide, &point.selection, &key);
            world.points.insert(key, Arc::new(point));
        }
        Fact::VolumeCopy(copy) => {
            forget_copy(world, &key);
            world.copies_of_claim.insert((
                copy.claim_namespace.clone(),
                copy.claim_name.clone(),
                key.clone(),
            ));
            world.copies.insert(key, Arc::new(copy));
        }
        Fact::Location(location) => {
            world.locations.insert(key, Arc::new(location));
        }
        Fact::TenantRecord(record) => insert_record(world, record),
        declaration => insert_declaration(world, declaration),
    }
}

fn insert_declaration(world: &mut World, fact: Fact) {
    let key = fact.key();
    let mut reached = tenants_reached(world, &key);
    match fact {
        Fact::Tenant(tenant) => {
            world.tenants.insert(tenant.name.clone(), Arc::new(tenant));
        }
        Fact::Profile(profile) => {
            world.profiles.insert(profile.name.clone(), Arc::new(profile));
        }
        Fact::BackupPolicy(policy) => {
            world.backup_policies.insert(policy.name.clone(), Arc::new(policy));
        }
        Fact::RetentionPolicy(policy) => {
            world.retention_policies.insert(policy.name.clone(), Arc::new(policy));
        }
        Fact::EncryptionPolicy(policy) => {
            world.encryption_policies.insert(policy.name.clone(), Arc::new(policy));
        }
        Fact::IsolationPolicy(policy) => {
            world.isolation_policies.insert(policy.name.clone(), Arc::new(policy));
        }
        Fact::Waiver(waiver) => {
            world.waivers.insert(waiver.name.clone(), Arc::new(waiver));
        }
        Fact::Attestation(attestation) => {
            world.attestations.insert(attestation.name.clone(), Arc::new(attestation));
        }
        _ => return,
    }
    reached.extend(tenants_reached(world, &key));
    plan_again(world, &key, reached);
}

fn remove(world: &mut World, key: &ObjectKey) {
    let place = || (key.namespace.clone().unwrap_or_default(), key.name.clone());
    match key.kind {
        Kind::Namespace => {
            world.namespaces.remove(&key.name);
            reconsider_namespace(world, &key.name);
        }
        Kind::PersistentVolumeClaim => forget_claim(world, key),
        Kind::PersistentVolume => forget_volume(world, &key.name),
        Kind::StorageClass => drop(world.storage_classes.remove(&key.name)),
        Kind::Service => drop(world.services.remove(&place())),
        Kind::Ingress => drop(world.ingresses.remove(&place())),
        Kind::NetworkPolicy => drop(world.network_policies.remove(&place())),
        Kind::Definition => drop(world.definitions.remove(&key.name)),
        Kind::VeleroSchedule => forget_schedule(world, key),
        Kind::VeleroBackup => forget_point(world, key),
        Kind::PodVolumeBackup | Kind::DataUpload => forget_copy(world, key),
        Kind::BackupStorageLocation => drop(world.locations.remove(key)),
        Kind::TenantRecord => {
            forget_record(world, &key.name);
            reconsider_all_namespaces(world);
        }
        Kind::DeleteBackupRequest | Kind::Restore | Kind::ComplianceReport => {}
        kind if kind.is_workload() => forget_workload(world, key),
        _ => remove_declaration(world, key),
    }
}

fn remove_declaration(world: &mut World, key: &ObjectKey) {
    let reached = tenants_reached(world, key);
    match key.kind {
        Kind::Tenant => drop(world.tenants.remove(&key.name)),
        Kind::Profile => drop(world.profiles.remove(&key.name)),
        Kind::BackupPolicy => drop(world.backup_policies.remove(&key.name)),
        Kind::RetentionPolicy => drop(world.retention_policies.remove(&key.name)),
        Kind::EncryptionPolicy => drop(world.encryption_policies.remove(&key.name)),
        Kind::IsolationPolicy => drop(world.isolation_policies.remove(&key.name)),
        Kind::Waiver => drop(world.waivers.remove(&key.name)),
        Kind::Attestation => drop(world.attestations.remove(&key.name)),
        _ => {}
    }
    plan_again(world, key, reached);
}

/// The tenants that a declaration reaches as it stands in the world now.
pub(super) fn tenants_reached(world: &World, key: &ObjectKey) -> Vec<Name> {
    let name = &key.name;
    let selector = match key.kind {
        Kind::Tenant => return vec![name.clone()],
        Kind::Profile => world.profiles.get(name).map(|declared| &declared.spec.tenant_selector),
        Kind::BackupPolicy => world.backup_policies.get(name).map(|declared| &declared.spec.tenant_selector),
        Kind::RetentionPolicy => {
            world.retention_policies.get(name).map(|declared| &declared.spec.tenant_selector)
        }
        Kind::EncryptionPolicy => {
            world.encryption_policies.get(name).map(|declared| &declared.spec.tenant_selector)
        }
        Kind::IsolationPolicy => {
            world.isolation_policies.get(name).map(|declared| &declared.spec.tenant_selector)
        }
        Kind::Waiver => world.waivers.get(name).map(|declared| &declared.spec.scope.tenant_selector),
        Kind::Attestation => world.attestations.get(name).map(|declared| &declared.spec.tenant_selector),
        _ => None,
    };
    let Some(selector) = selector else { return Vec::new() };
    let selected = world.tenants.values().filter(|tenant| plan::reaches(selector, &tenant.labels));
    selected.map(|tenant| tenant.name.clone()).collect()
}

fn plan_again(world: &mut World, key: &ObjectKey, mut reached: Vec<Name>) {
    reached.sort();
    reached.dedup();
    for name in reached {
        match world.tenants.get(&name).cloned() {
            Some(tenant) => {
                let plan = plan::build(world, &tenant);
                world.plans.insert(name, Arc::new(plan));
            }
            None => drop(world.plans.remove(&name)),
        }
    }
    if key.kind == Kind::Tenant {
        reconsider_all_namespaces(world);
    }
}

fn insert_record(world: &mut World, record: TenantRecord) {
    forget_record(world, &record.tenant);
    for (namespace, claim) in &record.namespaces {
        world.recorded_owner.insert(namespace.clone(), (record.tenant.clone(), claim.clone()));
    }
    world.records.insert(record.tenant.clone(), Arc::new(record));
    reconsider_all_namespaces(world);
}

fn forget_record(world: &mut World, tenant: &Name) {
    let Some(record) = world.records.remove(tenant) else { return };
    for namespace in record.namespaces.keys() {
        if world.recorded_owner.get(namespace).is_some_and(|(owner, _)| owner == tenant) {
            world.recorded_owner.remove(namespace);
        }
    }
}

fn reconsider_all_namespaces(world: &mut World) {
    let names: Vec<Name> = world.namespaces.keys().cloned().collect();
    for name in names {
        reconsider_namespace(world, &name);
    }
}

fn reconsider_namespace(world: &mut World, name: &Name) {
    let owner = world.namespaces.get(name).and_then(|namespace| owner_of(world, namespace));
    let held = world.owner_of_namespace.get(name).cloned();
    if held == owner {
        return;
    }
    if let Some(held) = held {
        world.namespaces_of_tenant.remove(&(held, name.clone()));
        world.owner_of_namespace.remove(name);
    }
    if let Some(owner) = owner {
        world.namespaces_of_tenant.insert((owner.clone(), name.clone()));
        world.owner_of_namespace.insert(name.clone(), owner);
    }
}

fn owner_of(world: &World, namespace: &Namespace) -> Option<Name> {
    tenancy::ownership(world, namespace).owner
}

fn classes_used(workload: &Workload) -> Vec<Name> {
    let ephemeral = workload.template.volumes.iter().filter_map(|volume| match &volume.source {
        VolumeSource::Ephemeral(template) => Some(template),
        _ => None,
    });
    let templates = workload.claim_templates.iter().chain(ephemeral);
    templates
        .map(|template| template.storage_class.clone().unwrap_or_else(|| Name::from(DEFAULT_CLASS)))
        .collect()
}

fn note_class_users(world: &mut World, workload: &Workload) {
    for class in classes_used(workload) {
        world.users_of_class.insert((class, SubjectKey::Object(workload.key())));
    }
}

fn forget_workload(world: &mut World, key: &ObjectKey) {
    let place = (key.namespace.clone().unwrap_or_default(), key.kind, key.name.clone());
    let Some(workload) = world.workloads.remove(&place) else { return };
    for class in classes_used(&workload) {
        world.users_of_class.remove(&(class, SubjectKey::Object(key.clone())));
    }
}

fn forget_claim(world: &mut World, key: &ObjectKey) {
    let place = (key.namespace.clone().unwrap_or_default(), key.name.clone());
    let Some(claim) = world.claims.remove(&place) else { return };
    let class = claim.storage_class.clone().unwrap_or_else(|| Name::from(DEFAULT_CLASS));
    world.users_of_class.remove(&(class, SubjectKey::Object(key.clone())));
}

fn note_volume(world: &mut World, volume: &PersistentVolume) {
    if let Some(claim) = &volume.claim {
        world.volumes_of_namespace.insert((claim.namespace.clone(), volume.name.clone()));
    }
    if let Some(class) = &volume.storage_class {
        world.users_of_class.insert((class.clone(), SubjectKey::Object(volume.key())));
    }
}

fn forget_volume(world: &mut World, name: &Name) {
    let Some(volume) = world.volumes.remove(name) else { return };
    if let Some(claim) = &volume.claim {
        world.volumes_of_namespace.remove(&(claim.namespace.clone(), name.clone()));
    }
    if let Some(class) = &volume.storage_class {
        world.users_of_class.remove(&(class.clone(), SubjectKey::Object(volume.key())));
    }
}

fn note_selection(
    by_namespace: &mut OrdSet<(Name, ObjectKey)>,
    wide: &mut OrdSet<ObjectKey>,
    selection: &Selection,
    key: &ObjectKey,
) {
    match selection.literal_namespaces() {
        Some(names) => by_namespace.extend(names.into_iter().map(|name| (name.clone(), key.clone()))),
        None => drop(wide.insert(key.clone())),
    }
}

fn forget_selection(
    by_namespace: &mut OrdSet<(Name, ObjectKey)>,
    wide: &mut OrdSet<ObjectKey>,
    selection: &Selection,
    key: &ObjectKey,
) {
    match selection.literal_namespaces() {
        Some(names) => {
            for name in names {
                by_namespace.remove(&(name.clone(), key.clone()));
            }
        }
        None => drop(wide.remove(key)),
    }
}

fn forget_schedule(world: &mut World, key: &ObjectKey) {
    if let Some(schedule) = world.schedules.remove(key) {
        let (by_namespace, wide) = (&mut world.schedules_of_namespace, &mut world.wide_schedules);
        forget_selection(by_namespace, wide, &schedule.selection, key);
    }
}

fn forget_point(world: &mut World, key: &ObjectKey) {
    if let Some(point) = world.points.remove(key) {
        let (by_namespace, wide) = (&mut world.points_of_namespace, &mut world.wide_points);
        forget_selection(by_namespace, wide, &point.selection, key);
    }
}

fn forget_copy(world: &mut World, key: &ObjectKey) {
    if let Some(copy) = world.copies.remove(key) {
        world.copies_of_claim.remove(&(copy.claim_namespace.clone(), copy.claim_name.clone(), key.clone()));
    }
}
