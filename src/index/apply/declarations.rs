//! Declarations and records: whom they reach, plans made anew, whose namespaces are.

use std::sync::Arc;

use crate::core::{
    facts::{Fact, Kind, Name, Namespace, ObjectKey, TenantRecord},
    plan, tenancy,
    world::World,
};

pub(super) fn insert_declaration(world: &mut World, fact: Fact) {
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

pub(super) fn remove_declaration(world: &mut World, key: &ObjectKey) {
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

pub(super) fn plan_again(world: &mut World, key: &ObjectKey, mut reached: Vec<Name>) {
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

pub(super) fn insert_record(world: &mut World, record: TenantRecord) {
    forget_record(world, &record.tenant);
    for namespace in record.namespaces.keys() {
        world.recorded_claims.insert((namespace.clone(), record.tenant.clone()));
    }
    world.records.insert(record.tenant.clone(), Arc::new(record));
    reconsider_all_namespaces(world);
}

pub(super) fn forget_record(world: &mut World, tenant: &Name) {
    let Some(record) = world.records.remove(tenant) else { return };
    for namespace in record.namespaces.keys() {
        world.recorded_claims.remove(&(namespace.clone(), tenant.clone()));
    }
}

pub(super) fn reconsider_all_namespaces(world: &mut World) {
    let names: Vec<Name> = world.namespaces.keys().cloned().collect();
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
