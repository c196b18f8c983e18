//! Namespaces that nothing shows and a Tenant lists: rendered manifests often come without theirs.

use crate::{
    api::keys,
    core::{
        facts::{Labels, Name, Namespace},
        tenancy,
        world::World,
    },
};

/// Gives a namespace that the world does not have to the tenant that asks for it by name. The namespace itself stays
/// unknown, with its labels. To be called after all changes: a later one does not reconsider it.
pub fn imply_namespace(world: &mut World, name: &Name) {
    if world.namespace(name).is_some() {
        return;
    }
    // The API server gives every namespace this label; no other is known.
    let labels = Labels::from([(keys::NAMESPACE_NAME, name.as_str())]);
    let asked_for = Namespace { name: name.clone(), labels, ..Namespace::default() };
    if let Some(owner) = tenancy::ownership(world, &asked_for).owner {
        world.namespaces_of_tenant.insert((owner.clone(), name.clone()));
        world.owner_of_namespace.insert(name.clone(), owner);
    }
}
