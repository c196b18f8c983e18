//! Which tenants may ask for a namespace, and the other way round. Whether one does is `tenancy`'s to say.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    World,
    selectors::{demanded, with_label},
};
use crate::{
    api::{TenantSpec, keys},
    core::facts::{Declared, Name, Namespace},
};

impl World {
    /// Every tenant that asks for a namespace, in order of names; others may be among them.
    pub(crate) fn possible_claimants(&self, namespace: &Namespace) -> BTreeSet<&Name> {
        let listing = self
            .listed_namespaces
            .range((namespace.name.clone(), Name::default())..)
            .take_while(|(listed, _)| *listed == namespace.name)
            .map(|(_, tenant)| tenant);
        let selecting = self.namespace_selectors.candidates(&namespace.labels);
        let labelled = namespace.labels.get(keys::TENANT).and_then(|tenant| self.tenant(tenant));
        listing.chain(selecting).chain(labelled.map(|tenant| &tenant.name)).collect()
    }

    /// Every namespace that a tenant asks for, in order of names; others may be among them.
    pub(crate) fn possibly_asked_for(&self, tenant: &Declared<TenantSpec>) -> BTreeSet<Name> {
        let wanted = &tenant.spec.namespaces;
        let mut namespaces: BTreeSet<Name> = wanted
            .names
            .iter()
            .filter_map(|name| self.namespaces.get_key_value(name.as_str()))
            .map(|(name, _)| name.clone())
            .collect();
        namespaces.extend(with_label(&self.namespaces_of_label, keys::TENANT, &tenant.name).cloned());
        match wanted.selector.as_ref().map(demanded) {
            Some(Some((key, value))) => {
                namespaces.extend(with_label(&self.namespaces_of_label, &key, &value).cloned());
            }
            Some(None) => namespaces.extend(self.namespaces.keys().cloned()),
            None => {}
        }
        namespaces
    }

    pub(crate) fn note_claimant(&mut self, tenant: &Declared<TenantSpec>) {
        for name in &tenant.spec.namespaces.names {
            self.listed_namespaces.insert((Name::from(name), tenant.name.clone()));
        }
        if let Some(selector) = &tenant.spec.namespaces.selector {
            self.namespace_selectors.note(selector, tenant.name.clone());
        }
    }

    pub(crate) fn forget_claimant(&mut self, tenant: &Declared<TenantSpec>) {
        for name in &tenant.spec.namespaces.names {
            self.listed_namespaces.remove(&(Name::from(name), tenant.name.clone()));
        }
        if let Some(selector) = &tenant.spec.namespaces.selector {
            self.namespace_selectors.forget(selector, &tenant.name);
        }
    }

    pub(crate) fn insert_namespace(&mut self, namespace: Namespace) {
        self.remove_namespace(&namespace.name);
        for (key, value) in namespace.labels.iter() {
            self.namespaces_of_label.insert((Name::from(key), Name::from(value), namespace.name.clone()));
        }
        self.namespaces.insert(namespace.name.clone(), Arc::new(namespace));
    }

    pub(crate) fn remove_namespace(&mut self, name: &Name) {
        let Some(namespace) = self.namespaces.remove(name) else { return };
        for (key, value) in namespace.labels.iter() {
            self.namespaces_of_label.remove(&(Name::from(key), Name::from(value), name.clone()));
        }
    }
}
