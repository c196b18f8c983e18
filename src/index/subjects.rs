//! Finding subjects: all of a tenant, and one by its key.

use crate::core::{
    facts::{Kind, Name, ObjectKey, Workload},
    plan::Plan,
    subject::{Subject, SubjectClass, SubjectKey},
    world::World,
};

/// The subject that a key names, with its facts; none where the world has it not.
pub fn resolve<'a>(world: &'a World, plan: &'a Plan, key: &SubjectKey) -> Option<Subject<'a>> {
    match key {
        SubjectKey::Commitment { profile, id } => {
            plan.commitment(profile, id).map(|(profile, commitment)| Subject::Commitment(profile, commitment))
        }
        SubjectKey::Object(key) => resolve_object(world, plan, key),
    }
}

fn resolve_object<'a>(world: &'a World, plan: &'a Plan, key: &ObjectKey) -> Option<Subject<'a>> {
    let place = || (key.namespace.clone().unwrap_or_default(), key.name.clone());
    match key.kind {
        Kind::Tenant => (plan.tenant.name == key.name).then(|| Subject::Tenant(&plan.tenant)),
        Kind::Profile => {
            plan.profiles.iter().find(|profile| profile.name == key.name).map(|p| Subject::Profile(p))
        }
        Kind::Namespace => world.namespace(&key.name).map(Subject::Namespace),
        Kind::PersistentVolumeClaim => world.claims.get(&place()).map(|claim| Subject::Claim(claim)),
        Kind::PersistentVolume => world.volume(&key.name).map(|volume| Subject::Volume(volume)),
        Kind::Service => world.services.get(&place()).map(|service| Subject::Service(service)),
        Kind::Ingress => world.ingresses.get(&place()).map(|ingress| Subject::Ingress(ingress)),
        Kind::VeleroBackup => world.point(key).map(|point| Subject::RecoveryPoint(point)),
        kind => {
            let namespace = key.namespace.as_ref()?;
            world.workload(kind, namespace, &key.name).map(|workload| Subject::Workload(workload))
        }
    }
}

/// Every subject of a tenant, the unreadable ones with them, in stable order.
pub fn subjects_of(world: &World, plan: &Plan) -> Vec<SubjectKey> {
    let tenant = &plan.tenant.name;
    let mut subjects: Vec<SubjectKey> = vec![ObjectKey::cluster(Kind::Tenant, tenant.clone()).into()];
    for profile in &plan.profiles {
        subjects.push(ObjectKey::cluster(Kind::Profile, profile.name.clone()).into());
        subjects.extend(profile.spec.commitments.iter().map(|commitment| SubjectKey::Commitment {
            profile: profile.name.clone(),
            id: Name::from(&commitment.id),
        }));
    }
    for namespace in world.namespaces_of(tenant) {
        subjects.push(ObjectKey::cluster(Kind::Namespace, namespace.clone()).into());
        subjects.extend(subjects_in(world, namespace));
    }
    subjects.extend(unreadable_of(world, tenant));
    subjects.sort();
    subjects.dedup();
    subjects
}

fn subjects_in<'a>(world: &'a World, namespace: &'a Name) -> impl Iterator<Item = SubjectKey> + 'a {
    objects_in(world, namespace).map(SubjectKey::from).filter(|key| is_subject(world, key))
}

/// Everything that is of a class of subjects in a namespace, parts of controllers too.
pub(super) fn objects_in<'a>(world: &'a World, namespace: &'a Name) -> impl Iterator<Item = ObjectKey> + 'a {
    let workloads = world.workloads_in(namespace).map(|workload| workload.key());
    let claims = world.claims_in(namespace).map(|claim| claim.key());
    let volumes = world.volumes_of(namespace).map(|volume| volume.key());
    let services = world.services_in(namespace).map(|service| service.key());
    let ingresses = world.ingresses_in(namespace).map(|ingress| ingress.key());
    let points = world.points_of(namespace).map(|point| point.key());
    workloads.chain(claims).chain(volumes).chain(services).chain(ingresses).chain(points)
}

/// Whether a workload is a subject of its own: it is not owned, or its owner is not there, or it is a pod that differs
/// from its controller's template. The old ReplicaSets of a Deployment are its history, not its state.
fn stands_alone(world: &World, workload: &Workload) -> bool {
    let Some(controller) = world.controller_of(workload) else { return true };
    workload.kind == Kind::Pod && controller.template != workload.template
}

/// Whether a key names a subject: a workload that is part of its controller is none.
pub fn is_subject(world: &World, key: &SubjectKey) -> bool {
    let SubjectKey::Object(key) = key else { return true };
    let (true, Some(namespace)) = (key.kind.is_workload(), &key.namespace) else { return true };
    world.workload(key.kind, namespace, &key.name).is_none_or(|workload| stands_alone(world, workload))
}

/// Whether a subject is one of a tenant's: it lies in a namespace of the tenant, or refers to one.
pub fn is_of_tenant(world: &World, tenant: &Name, subject: &SubjectKey) -> bool {
    if lies_in_no_namespace(subject) {
        return refers_to_tenant(world, subject, tenant, world);
    }
    subject.namespace().is_none_or(|namespace| world.owner_of(namespace) == Some(tenant))
}

/// Whether a subject refers to a namespace that `owners` gives to the tenant. What lies in a namespace of a tenant refers
/// to it by that.
pub fn refers_to_tenant(world: &World, subject: &SubjectKey, tenant: &Name, owners: &World) -> bool {
    let SubjectKey::Object(key) = subject else { return true };
    match key.kind {
        Kind::PersistentVolume => {
            let claim = world.volume(&key.name).and_then(|volume| volume.claim.as_ref());
            claim.is_some_and(|claim| owners.owner_of(&claim.namespace) == Some(tenant))
        }
        Kind::VeleroBackup => world.point(key).is_some_and(|point| {
            owners.namespaces_of(tenant).any(|namespace| point.selection.takes_in(namespace))
        }),
        _ => true,
    }
}

/// Volumes lie in none, and recovery points in their engine's.
const fn lies_in_no_namespace(subject: &SubjectKey) -> bool {
    matches!(subject, SubjectKey::Object(ObjectKey { kind: Kind::PersistentVolume | Kind::VeleroBackup, .. }))
}

fn unreadable_of<'a>(world: &'a World, tenant: &'a Name) -> impl Iterator<Item = SubjectKey> + 'a {
    let of_tenant = move |key: &&ObjectKey| {
        let namespace = key.namespace.as_ref().or((key.kind == Kind::Namespace).then_some(&key.name));
        let is_subject = SubjectClass::of(key.kind).is_some();
        is_subject && namespace.is_some_and(|namespace| world.owner_of(namespace) == Some(tenant))
    };
    let of_tenant = world.unreadable.keys().filter(of_tenant).cloned().map(SubjectKey::from);
    of_tenant.filter(|subject| !lies_in_no_namespace(subject))
}
