//! What is derived from single objects: who uses a class, which namespaces a run takes in.

use imbl::OrdSet;

use crate::core::{
    facts::{Name, ObjectKey, PersistentVolume, Selection, VolumeSource, Workload},
    subject::SubjectKey,
    world::{DEFAULT_CLASS, World},
};

pub(super) fn classes_used(workload: &Workload) -> Vec<Name> {
    let ephemeral = workload.template.volumes.iter().filter_map(|volume| match &volume.source {
        VolumeSource::Ephemeral(template) => Some(template),
        _ => None,
    });
    let templates = workload.claim_templates.iter().chain(ephemeral);
    templates
        .map(|template| template.storage_class.clone().unwrap_or_else(|| Name::from(DEFAULT_CLASS)))
        .collect()
}

pub(super) fn note_class_users(world: &mut World, workload: &Workload) {
    for class in classes_used(workload) {
        world.users_of_class.insert((class, SubjectKey::Object(workload.key())));
    }
}

pub(super) fn forget_workload(world: &mut World, key: &ObjectKey) {
    let place = (key.namespace.clone().unwrap_or_default(), key.kind, key.name.clone());
    let Some(workload) = world.workloads.remove(&place) else { return };
    for class in classes_used(&workload) {
        world.users_of_class.remove(&(class, SubjectKey::Object(key.clone())));
    }
}

pub(super) fn forget_claim(world: &mut World, key: &ObjectKey) {
    let place = (key.namespace.clone().unwrap_or_default(), key.name.clone());
    let Some(claim) = world.claims.remove(&place) else { return };
    let class = claim.storage_class.clone().unwrap_or_else(|| Name::from(DEFAULT_CLASS));
    world.users_of_class.remove(&(class, SubjectKey::Object(key.clone())));
}

pub(super) fn note_volume(world: &mut World, volume: &PersistentVolume) {
    if let Some(claim) = &volume.claim {
        world.volumes_of_namespace.insert((claim.namespace.clone(), volume.name.clone()));
    }
    if let Some(class) = &volume.storage_class {
        world.users_of_class.insert((class.clone(), SubjectKey::Object(volume.key())));
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

pub(super) fn note_selection(
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

pub(super) fn forget_selection(
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

pub(super) fn forget_schedule(world: &mut World, key: &ObjectKey) {
    if let Some(schedule) = world.schedules.remove(key) {
        let (by_namespace, wide) = (&mut world.schedules_of_namespace, &mut world.wide_schedules);
        forget_selection(by_namespace, wide, &schedule.selection, key);
    }
}

pub(super) fn forget_point(world: &mut World, key: &ObjectKey) {
    if let Some(point) = world.points.remove(key) {
        let (by_namespace, wide) = (&mut world.points_of_namespace, &mut world.wide_points);
        forget_selection(by_namespace, wide, &point.selection, key);
    }
}

pub(super) fn forget_copy(world: &mut World, key: &ObjectKey) {
    if let Some(copy) = world.copies.remove(key) {
        world.copies_of_claim.remove(&(copy.claim_namespace.clone(), copy.claim_name.clone(), key.clone()));
    }
}
