//! What is derived from single objects: who uses a class, which namespaces a run takes in.

use std::sync::Arc;

use crate::core::{
    facts::{
        ClaimTemplate, Name, ObjectKey, PersistentVolume, PersistentVolumeClaim, RecoveryPoint, Schedule,
        VolumeSource, Workload,
    },
    subject::SubjectKey,
    world::{DEFAULT_CLASS, World},
};

fn class_used(storage_class: Option<&Name>) -> Name {
    storage_class.cloned().unwrap_or_else(|| Name::from(DEFAULT_CLASS))
}

fn templates_of(workload: &Workload) -> impl Iterator<Item = &ClaimTemplate> {
    let ephemeral = workload.template.volumes.iter().filter_map(|volume| match &volume.source {
        VolumeSource::Ephemeral(template) => Some(template),
        _ => None,
    });
    workload.claim_templates.iter().chain(ephemeral)
}

/// Whose it is, and which classes and volumes it asks for.
pub(super) fn note_workload(world: &mut World, workload: &Workload) {
    let key = workload.key();
    for template in templates_of(workload) {
        let class = class_used(template.storage_class.as_ref());
        world.users_of_class.add((class, key.clone().into()));
        world.users_of_volume.extend(template.volume_name.clone().map(|volume| (volume, key.clone().into())));
    }
    world.dependents.extend(workload.controller_key().map(|owner| (owner, key)));
}

pub(super) fn note_claim(world: &mut World, claim: &PersistentVolumeClaim) {
    let class = class_used(claim.storage_class.as_ref());
    world.users_of_class.add((class, claim.key().into()));
    world.users_of_volume.extend(claim.volume_name.clone().map(|volume| (volume, claim.key().into())));
}

pub(super) fn forget_workload(world: &mut World, key: &ObjectKey) {
    let place = (key.namespace.clone().unwrap_or_default(), key.kind, key.name.clone());
    // Removing from a shared map copies its nodes even where there is nothing to remove; here and below.
    if !world.workloads.contains_key(&place) {
        return;
    }
    let Some(workload) = world.workloads.remove(&place) else { return };
    let subject = SubjectKey::Object(key.clone());
    for template in templates_of(&workload) {
        world.users_of_class.remove(&(class_used(template.storage_class.as_ref()), subject.clone()));
        if let Some(volume) = &template.volume_name {
            world.users_of_volume.remove(&(volume.clone(), subject.clone()));
        }
    }
    if let Some(owner) = workload.controller_key() {
        world.dependents.remove(&(owner, key.clone()));
    }
}

pub(super) fn forget_claim(world: &mut World, key: &ObjectKey) {
    let place = (key.namespace.clone().unwrap_or_default(), key.name.clone());
    if !world.claims.contains_key(&place) {
        return;
    }
    let Some(claim) = world.claims.remove(&place) else { return };
    let subject = SubjectKey::Object(key.clone());
    world.users_of_class.remove(&(class_used(claim.storage_class.as_ref()), subject.clone()));
    if let Some(volume) = &claim.volume_name {
        world.users_of_volume.remove(&(volume.clone(), subject));
    }
}

pub(super) fn note_volume(world: &mut World, volume: &PersistentVolume) {
    if let Some(claim) = &volume.claim {
        world.volumes_of_namespace.insert((claim.namespace.clone(), volume.name.clone()));
    }
    if let Some(class) = &volume.storage_class {
        world.users_of_class.add((class.clone(), SubjectKey::Object(volume.key())));
    }
}

pub(super) fn forget_volume(world: &mut World, name: &Name) {
    let Some(volume) = world.volumes.remove(name) else { return };
    if let Some(claim) = &volume.claim {
        world.volumes_of_namespace.remove(&(claim.namespace.clone(), name.clone()));
    }
    if let Some(class) = &volume.storage_class {
        world.users_of_class.remove(&(class.clone(), SubjectKey::Object(volume.key())));
    }
}

pub(super) fn note_schedule(world: &mut World, schedule: &Schedule, key: &ObjectKey) {
    match schedule.selection.literal_namespaces() {
        Some(names) => {
            let places = names.into_iter().map(|name| (name.clone(), key.clone()));
            world.schedules_of_namespace.extend(places);
        }
        None => drop(world.wide_schedules.insert(key.clone())),
    }
}

pub(super) fn forget_schedule(world: &mut World, key: &ObjectKey) {
    let Some(schedule) = world.schedules.remove(key) else { return };
    match schedule.selection.literal_namespaces() {
        Some(names) => {
            for name in names {
                world.schedules_of_namespace.remove(&(name.clone(), key.clone()));
            }
        }
        None => drop(world.wide_schedules.remove(key)),
    }
}

pub(super) fn note_point(world: &mut World, point: &Arc<RecoveryPoint>, key: &ObjectKey) {
    match point.selection.literal_namespaces() {
        Some(names) => {
            let places = names.into_iter().map(|name| ((name.clone(), key.clone()), Arc::clone(point)));
            world.points_of_namespace.extend(places);
        }
        None => drop(world.wide_points.insert(key.clone())),
    }
}

pub(super) fn forget_point(world: &mut World, key: &ObjectKey) {
    let Some(point) = world.points.remove(key) else { return };
    match point.selection.literal_namespaces() {
        Some(names) => {
            for name in names {
                world.points_of_namespace.remove(&(name.clone(), key.clone()));
            }
        }
        None => drop(world.wide_points.remove(key)),
    }
}

pub(super) fn forget_copy(world: &mut World, key: &ObjectKey) {
    if let Some(copy) = world.copies.remove(key) {
        world.copies_of_claim.remove(&(copy.claim_namespace.clone(), copy.claim_name.clone(), key.clone()));
    }
}
