//! Tenants for a cluster that has none yet, so that its namespaces can be judged before anybody has written one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    api::keys,
    cli::{check::world::stand_ins_for, manifests::Object},
    core::{
        facts::{Change, Fact, Kind, Labels, Name, Namespace, ObjectKey},
        world::World,
    },
    index,
};

/// Namespaces that are nobody's unless they are selected: the system's own.
fn is_of_the_system(namespace: &str) -> bool {
    namespace.starts_with("kube-") || namespace == "surety-system"
}

/// Leaves the cluster's own tenants aside, with what is remembered of them.
pub(super) fn forget(world: &mut World) {
    let of_kind = |kind: Kind, names: Vec<Name>| {
        names.into_iter().map(move |name| ObjectKey::cluster(kind, name)).collect::<Vec<_>>()
    };
    let tenants = of_kind(Kind::Tenant, world.tenants().map(|tenant| tenant.name.clone()).collect());
    let records = of_kind(Kind::TenantRecord, world.records().map(|record| record.tenant.clone()).collect());
    for key in tenants.into_iter().chain(records) {
        index::apply(world, Change::Delete(key));
    }
}

/// Gives namespaces to tenants that are made for it: those with the same value of a label to one, by default of
/// `surety.dev/tenant`, where those without are a tenant each. The namespaces get the label that Surety would give them.
pub(super) fn stand_in(
    world: &mut World,
    label: Option<&str>,
    selected: Option<&BTreeSet<Name>>,
    profiles: &[Object],
    now: Timestamp,
) -> BTreeSet<Name> {
    let mut by_tenant: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let namespaces: Vec<Namespace> = world.namespaces().map(|namespace| namespace.as_ref().clone()).collect();
    for mut namespace in namespaces {
        let is_meant = selected
            .map_or_else(|| !is_of_the_system(&namespace.name), |names| names.contains(&namespace.name));
        let Some(tenant) = tenant_of(&namespace, label).filter(|_| is_meant) else { continue };
        by_tenant.entry(tenant.clone()).or_default().push(namespace.name.to_string());
        let mut labels = namespace.labels.as_map().clone();
        labels.insert(keys::TENANT.to_owned(), tenant);
        namespace.labels = Labels::from(labels);
        index::apply(world, Change::Apply(Fact::Namespace(namespace)));
    }
    let tenants = stand_ins_for(by_tenant, profiles, now);
    let names = tenants.iter().map(|tenant| tenant.name.clone()).collect();
    for tenant in tenants {
        index::apply(world, Change::Apply(Fact::Tenant(tenant)));
    }
    names
}

fn tenant_of(namespace: &Namespace, label: Option<&str>) -> Option<String> {
    match label {
        Some(label) => namespace.labels.get(label).map(str::to_owned),
        None => Some(namespace.labels.get(keys::TENANT).unwrap_or(&namespace.name).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;
    use crate::core::controls;

    fn world(namespaces: &[(&str, &[(&str, &str)])]) -> World {
        let mut world = World::new(controls::all());
        for (name, labels) in namespaces {
            let labels: BTreeMap<String, String> =
                labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            let labels = Labels::from(labels);
            let namespace = Namespace { name: Name::from(*name), labels, ..Namespace::default() };
            index::apply(&mut world, Change::Apply(Fact::Namespace(namespace)));
        }
        world
    }

    fn owners(label: Option<&str>, selected: Option<&[&str]>) -> Vec<(String, String)> {
        let mut world = world(&[
            ("a-prod", &[("customer", "a"), ("surety.dev/tenant", "acme")]),
            ("a-test", &[("customer", "a"), ("surety.dev/tenant", "acme")]),
            ("b", &[]),
            ("kube-system", &[]),
        ]);
        let selected = selected.map(|names| names.iter().map(|name| Name::from(*name)).collect());
        let now = "2026-06-15T12:00:00Z".parse().unwrap();
        stand_in(&mut world, label, selected.as_ref(), &[], now);
        let names: Vec<Name> = world.namespaces().map(|namespace| namespace.name.clone()).collect();
        let mut owners: Vec<(String, String)> = names
            .iter()
            .filter_map(|name| Some((name.to_string(), world.owner_of(name)?.to_string())))
            .collect();
        owners.sort();
        owners
    }

    #[test]
    fn a_namespace_is_a_tenant_unless_a_label_says_more() {
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(namespace, tenant)| ((*namespace).to_owned(), (*tenant).to_owned())).collect()
        };
        for (label, selected, expected) in [
            (None, None, pairs(&[("a-prod", "acme"), ("a-test", "acme"), ("b", "b")])),
            (Some("customer"), None, pairs(&[("a-prod", "a"), ("a-test", "a")])),
            (None, Some(&["b", "kube-system"][..]), pairs(&[("b", "b"), ("kube-system", "kube-system")])),
        ] {
            assert_eq!(owners(label, selected), expected, "{label:?} {selected:?}");
        }
    }
}
