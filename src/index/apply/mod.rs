//! Applying a change to a world, with everything that is derived from it.

mod declarations;
mod derived;

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;

pub(in crate::index) use declarations::tenants_reached;
use declarations::{
    insert_declaration, insert_record, reconsider_all_namespaces, reconsider_namespace, remove_declaration,
    remove_record,
};
use derived::{
    forget_claim, forget_copy, forget_point, forget_schedule, forget_volume, forget_workload, note_claim,
    note_point, note_schedule, note_volume, note_workload,
};

use crate::{
    api::keys,
    core::{
        facts::{Change, Fact, Kind, Name, ObjectKey, Source, SourceState},
        world::{Proofs, World},
    },
};

/// Applies one change. Applying the same change twice changes nothing; the order of changes to different objects does
/// not matter.
pub fn apply(world: &mut World, change: Change) {
    match change {
        Change::Apply(fact) => {
            forget_unreadable(world, &fact.key());
            insert(world, fact);
        }
        Change::Delete(key) => {
            forget_unreadable(world, &key);
            remove(world, &key);
        }
        Change::Unreadable(key, reason) => {
            remove(world, &key);
            world.unreadable.insert(key, reason);
        }
    }
}

fn forget_unreadable(world: &mut World, key: &ObjectKey) {
    if world.unreadable.contains_key(key) {
        world.unreadable.remove(key);
    }
}

/// Whether the world has an object with these very facts already, or has none of what is deleted, so that applying the
/// change would only make copies of what is known: so of nearly everything that is listed again, and of nearly every
/// object that a request brings along. Never told of declarations, namespaces and network policies, which are looked at
/// each time.
pub fn is_known(world: &World, change: &Change) -> bool {
    match change {
        Change::Apply(fact) => has(world, fact),
        Change::Delete(key) => is_absent(world, key),
        Change::Unreadable(..) => false,
    }
}

fn is_absent(world: &World, key: &ObjectKey) -> bool {
    let place = || (key.namespace.clone().unwrap_or_default(), key.name.clone());
    let is_absent = match key.kind {
        Kind::PersistentVolumeClaim => !world.claims.contains_key(&place()),
        Kind::PersistentVolume => !world.volumes.contains_key(&key.name),
        Kind::StorageClass => !world.storage_classes.contains_key(&key.name),
        Kind::Service => !world.services.contains_key(&place()),
        Kind::Ingress => !world.ingresses.contains_key(&place()),
        kind if kind.is_workload() => {
            let (namespace, name) = place();
            world.workload(kind, &namespace, &name).is_none()
        }
        _ => false,
    };
    is_absent && (world.unreadable.is_empty() || !world.unreadable.contains_key(key))
}

fn has(world: &World, fact: &Fact) -> bool {
    let is_same = match fact {
        Fact::Namespace(new) => is(world.namespaces.get(&new.name), new),
        Fact::NetworkPolicy(new) => {
            is(world.network_policies.get(&(new.namespace.clone(), new.name.clone())), new)
        }
        Fact::Workload(new) => is(world.workload(new.kind, &new.namespace, &new.name), new),
        Fact::PersistentVolumeClaim(new) => is(world.claim(&new.namespace, &new.name), new),
        Fact::PersistentVolume(new) => is(world.volumes.get(&new.name), new),
        Fact::StorageClass(new) => is(world.storage_classes.get(&new.name), new),
        Fact::Service(new) => is(world.services.get(&(new.namespace.clone(), new.name.clone())), new),
        Fact::Ingress(new) => is(world.ingresses.get(&(new.namespace.clone(), new.name.clone())), new),
        Fact::Definition(new) => is(world.definitions.get(&new.name), new),
        Fact::Schedule(new) => is(world.schedules.get(&new.key()), new),
        Fact::RecoveryPoint(new) => is(world.points.get(&new.key()), new),
        Fact::VolumeCopy(new) => is(world.copies.get(&new.key()), new),
        Fact::Location(new) => is(world.locations.get(&new.key()), new),
        _ => false,
    };
    is_same && (world.unreadable.is_empty() || !world.unreadable.contains_key(&fact.key()))
}

fn is<T: PartialEq>(known: Option<&Arc<T>>, new: &T) -> bool {
    known.is_some_and(|known| **known == *new)
}

/// The objects of a kind that a complete list did not show: deletions that were missed while disconnected.
pub fn missing(world: &World, kind: Kind, seen: &BTreeSet<ObjectKey>) -> Vec<ObjectKey> {
    keys_of(world, kind).into_iter().filter(|key| !seen.contains(key)).collect()
}

/// Notes how far a source can be trusted. Namespaces of files join by themselves as if they were created now.
pub fn set_source(world: &mut World, source: Source, state: SourceState) {
    let are_of_files = |world: &World| world.source_state(Source::Namespaces) == SourceState::FilesOnly;
    let before = are_of_files(world);
    world.sources.insert(source, state);
    if are_of_files(world) != before {
        reconsider_all_namespaces(world);
    }
}

/// Notes since when the registration has been in force. Namespaces that joined by themselves depend on it.
pub fn set_enforcing_since(world: &mut World, since: Option<Timestamp>) {
    if world.enforcing_since == since {
        return;
    }
    world.enforcing_since = since;
    reconsider_all_namespaces(world);
}

/// Notes how each entry of the registration stands.
pub fn set_proofs(world: &mut World, proofs: Arc<Proofs>) {
    world.proofs = proofs;
}

fn cluster_record_key() -> ObjectKey {
    ObjectKey::cluster(Kind::ClusterRecord, keys::RECORD_OF_CLUSTER_NAME)
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
        Kind::ClusterRecord => world.cluster_record.iter().map(|_| cluster_record_key()).collect(),
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
            world.insert_namespace(namespace);
            reconsider_namespace(world, &name);
        }
        Fact::Workload(workload) => {
            forget_workload(world, &key);
            note_workload(world, &workload);
            let place = (workload.namespace.clone(), workload.kind, workload.name.clone());
            world.workloads.insert(place, Arc::new(workload));
        }
        Fact::PersistentVolumeClaim(claim) => {
            forget_claim(world, &key);
            note_claim(world, &claim);
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
        Fact::NetworkPolicy(policy) => world.insert_network_policy(policy),
        Fact::Definition(definition) => {
            world.definitions.insert(definition.name.clone(), Arc::new(definition));
        }
        Fact::Schedule(schedule) => {
            forget_schedule(world, &key);
            note_schedule(world, &schedule, &key);
            world.schedules.insert(key, Arc::new(schedule));
        }
        Fact::RecoveryPoint(point) => {
            forget_point(world, &key);
            let point = Arc::new(point);
            note_point(world, &point, &key);
            world.points.insert(key, point);
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
        Fact::ClusterRecord(record) => world.cluster_record = Some(Arc::new(record)),
        declaration => insert_declaration(world, declaration),
    }
}

fn remove(world: &mut World, key: &ObjectKey) {
    let place = || (key.namespace.clone().unwrap_or_default(), key.name.clone());
    match key.kind {
        Kind::Namespace => {
            world.remove_namespace(&key.name);
            reconsider_namespace(world, &key.name);
        }
        Kind::PersistentVolumeClaim => forget_claim(world, key),
        Kind::PersistentVolume => forget_volume(world, &key.name),
        Kind::StorageClass => drop(world.storage_classes.remove(&key.name)),
        Kind::Service if world.services.contains_key(&place()) => drop(world.services.remove(&place())),
        Kind::Ingress if world.ingresses.contains_key(&place()) => drop(world.ingresses.remove(&place())),
        Kind::Service
        | Kind::Ingress
        | Kind::DeleteBackupRequest
        | Kind::Restore
        | Kind::ComplianceReport => {}
        Kind::NetworkPolicy => world.remove_network_policy(&place()),
        Kind::Definition => drop(world.definitions.remove(&key.name)),
        Kind::VeleroSchedule => forget_schedule(world, key),
        Kind::VeleroBackup => forget_point(world, key),
        Kind::PodVolumeBackup | Kind::DataUpload => forget_copy(world, key),
        Kind::BackupStorageLocation => drop(world.locations.remove(key)),
        Kind::TenantRecord => remove_record(world, &key.name),
        Kind::ClusterRecord => world.cluster_record = None,
        kind if kind.is_workload() => forget_workload(world, key),
        _ => remove_declaration(world, key),
    }
}
