//! Declarations and records: whom they reach, plans made anew, whose namespaces are.

use std::{collections::BTreeSet, sync::Arc};

use crate::core::{
    facts::{Fact, Kind, Name, Namespace, ObjectKey, TenantRecord},
    plan::{self, Plan},
    tenancy,
    world::World,
};

/// How many demands that no plan has any more may be kept beside the others.
const DEMANDS_LEFT_OVER: usize = 64;

pub(super) fn insert_declaration(world: &mut World, fact: Fact) {
    let key = fact.key();
    let mut reached = tenants_reached(world, &key);
    let mut concerned = namespaces_concerned(world, &key);
    match fact {
        Fact::Tenant(tenant) => {
            forget_tenant(world, &tenant.name);
            world.note_claimant(&tenant);
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
    plan_again(world, reached);
    concerned.extend(namespaces_concerned(world, &key));
    reconsider(world, concerned);
}

pub(super) fn remove_declaration(world: &mut World, key: &ObjectKey) {
    let reached = tenants_reached(world, key);
    let concerned = namespaces_concerned(world, key);
    match key.kind {
        Kind::Tenant => forget_tenant(world, &key.name),
        Kind::Profile => drop(world.profiles.remove(&key.name)),
        Kind::BackupPolicy => drop(world.backup_policies.remove(&key.name)),
        Kind::RetentionPolicy => drop(world.retention_policies.remove(&key.name)),
        Kind::EncryptionPolicy => drop(world.encryption_policies.remove(&key.name)),
        Kind::IsolationPolicy => drop(world.isolation_policies.remove(&key.name)),
        Kind::Waiver => drop(world.waivers.remove(&key.name)),
        Kind::Attestation => drop(world.attestations.remove(&key.name)),
        _ => {}
    }
    plan_again(world, reached);
    reconsider(world, concerned);
}

fn forget_tenant(world: &mut World, name: &Name) {
    if let Some(tenant) = world.tenants.remove(name) {
        world.forget_claimant(&tenant);
    }
}

/// The namespaces whose owner may change with a Tenant: those that it asks for, holds, or is recorded with.
fn namespaces_concerned(world: &World, key: &ObjectKey) -> BTreeSet<Name> {
    if key.kind != Kind::Tenant {
        return BTreeSet::new();
    }
    let asked_for = world.tenant(&key.name).map(|tenant| world.possibly_asked_for(tenant));
    let recorded = world.record(&key.name).map(|record| record.namespaces.keys().cloned());
    let mut concerned = asked_for.unwrap_or_default();
    concerned.extend(recorded.into_iter().flatten());
    concerned.extend(world.namespaces_of(&key.name).cloned());
    concerned
}

/// The tenants that a declaration reaches as it stands in the world now.
pub(in crate::index) fn tenants_reached(world: &World, key: &ObjectKey) -> Vec<Name> {
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

fn plan_again(world: &mut World, mut reached: Vec<Name>) {
    reached.sort();
    reached.dedup();
    for name in reached {
        match world.tenants.get(&name).cloned() {
            Some(tenant) => {
                let plan = plan::build(world, &tenant);
                share_demands(world, &plan);
                world.plans.insert(name, Arc::new(plan));
            }
            None => drop(world.plans.remove(&name)),
        }
    }
    if world.demands.len() > world.plans.len() + DEMANDS_LEFT_OVER {
        let demands = world.plans.values().map(|plan| (plan.demands_key(), Arc::clone(&plan.demands)));
        world.demands = demands.collect();
    }
}

/// Keeps what a plan demands for the next tenant that the same profiles and policies reach.
fn share_demands(world: &mut World, plan: &Plan) {
    let key = plan.demands_key();
    if !world.demands.get(&key).is_some_and(|known| Arc::ptr_eq(known, &plan.demands)) {
        world.demands.insert(key, Arc::clone(&plan.demands));
    }
}

pub(super) fn insert_record(world: &mut World, record: TenantRecord) {
    let mut concerned = forget_record(world, &record.tenant);
    for namespace in record.namespaces.keys() {
        world.recorded_claims.insert((namespace.clone(), record.tenant.clone()));
        concerned.insert(namespace.clone());
    }
    world.records.insert(record.tenant.clone(), Arc::new(record));
    reconsider(world, concerned);
}

pub(super) fn remove_record(world: &mut World, tenant: &Name) {
    let concerned = forget_record(world, tenant);
    reconsider(world, concerned);
}

/// The namespaces that were recorded.
fn forget_record(world: &mut World, tenant: &Name) -> BTreeSet<Name> {
    let Some(record) = world.records.remove(tenant) else { return BTreeSet::new() };
    for namespace in record.namespaces.keys() {
        world.recorded_claims.remove(&(namespace.clone(), tenant.clone()));
    }
    record.namespaces.keys().cloned().collect()
}

pub(super) fn reconsider_all_namespaces(world: &mut World) {
    let names: Vec<Name> = world.namespaces.keys().cloned().collect();
    reconsider(world, names);
}

fn reconsider(world: &mut World, names: impl IntoIterator<Item = Name>) {
    for name in names {
        reconsider_namespace(world, &name);
    }
}

pub(super) fn reconsider_namespace(world: &mut World, name: &Name) {
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

pub(super) fn owner_of(world: &World, namespace: &Namespace) -> Option<Name> {
    tenancy::ownership(world, namespace).owner
}
