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

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use super::*;
    use crate::{
        api::{TenantSpec, tenant::TenantNamespaces},
        core::{
            controls,
            facts::{Change, Declared, Fact, Meta},
        },
        index::apply,
    };

    fn tenant(name: &str, names: &[&str], selected: Option<&str>) -> Change {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let selector = selected.map(|value| k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector {
            match_labels: Some(BTreeMap::from([("team".to_owned(), value.to_owned())])),
            ..Default::default()
        });
        Change::Apply(Fact::Tenant(Declared {
            name: Name::from(name),
            meta: Meta::default(),
            labels: Labels::default(),
            spec: Arc::new(TenantSpec {
                namespaces: TenantNamespaces { names, selector },
                ..TenantSpec::default()
            }),
            conditions: Arc::from([]),
        }))
    }

    fn world(tenants: Vec<Change>) -> World {
        let mut world = World::new(controls::all());
        for change in tenants {
            apply(&mut world, change);
        }
        world
    }

    #[test]
    fn a_namespace_that_one_tenant_lists_is_held_and_stays_unknown() {
        let (name, acme) = (Name::from("acme-prod"), Name::from("acme"));
        let mut world = world(vec![tenant("acme", &["acme-prod"], None), tenant("beta", &[], Some("x"))]);
        imply_namespace(&mut world, &name);
        assert_eq!(world.owner_of(&name), Some(&acme));
        assert!(world.namespaces_of(&acme).eq([&name]));
        assert!(world.namespace(&name).is_none());
    }

    #[test]
    fn a_namespace_that_is_selected_by_label_or_listed_twice_is_nobodys() {
        let name = Name::from("shared");
        for tenants in [
            vec![tenant("acme", &[], Some("x"))],
            vec![tenant("acme", &["shared"], None), tenant("beta", &["shared"], None)],
        ] {
            let mut world = world(tenants);
            imply_namespace(&mut world, &name);
            assert_eq!(world.owner_of(&name), None);
        }
    }
}
