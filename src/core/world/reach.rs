//! Which namespaces the rules of network policies reach, by their selectors.

use std::{borrow::Cow, collections::BTreeSet};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::{Selector, SelectorExt};

use super::World;
use crate::{
    api::{Direction, keys},
    core::facts::{Labels, Name},
};

impl World {
    /// The namespaces of tenants that a selector selects, each with its owner. One that asks for a name is looked up.
    pub fn claimed_namespaces_selected_by(&self, selector: &LabelSelector) -> Vec<(&Name, &Name)> {
        let Ok(parsed) = Selector::try_from(selector.clone()) else { return Vec::new() };
        let is_selected = |name: &Name| self.is_selected(&parsed, name);
        if let Some(name) = named(selector) {
            let found = self.owner_of_namespace.get_key_value(&Name::from(name));
            return found.into_iter().filter(|(name, _)| is_selected(name)).collect();
        }
        let mut selected: Vec<_> =
            self.owner_of_namespace.iter().filter(|(name, _)| is_selected(name)).collect();
        selected.sort_unstable();
        selected
    }

    /// The namespaces whose network policies reach this one.
    pub fn namespaces_reaching(&self, namespace: &Name) -> BTreeSet<&Name> {
        let reaches = |selector: &LabelSelector| {
            named(selector).is_none_or(|name| *namespace == *name)
                && Selector::try_from(selector.clone())
                    .is_ok_and(|selector| self.is_selected(&selector, namespace))
        };
        let policies = self.network_policies.values().filter(|policy| {
            let directions = [Direction::Ingress, Direction::Egress].into_iter();
            directions.flat_map(|direction| policy.namespaces_reached(direction)).any(reaches)
        });
        policies.map(|policy| &policy.namespace).collect()
    }

    fn is_selected(&self, selector: &Selector, namespace: &Name) -> bool {
        selector.matches(self.labels_of_namespace(namespace).as_map())
    }

    /// The labels of a namespace, with its name among them, as the API server writes it on every one.
    fn labels_of_namespace(&self, name: &Name) -> Cow<'_, Labels> {
        let labels = self.namespace(name).map(|namespace| &namespace.labels);
        match labels {
            Some(labels) if labels.get(keys::NAMESPACE_NAME).is_some() => Cow::Borrowed(labels),
            _ => {
                let mut own = labels.map(|labels| labels.as_map().clone()).unwrap_or_default();
                own.insert(keys::NAMESPACE_NAME.to_owned(), name.to_string());
                Cow::Owned(Labels::from(own))
            }
        }
    }
}

/// The one namespace that a selector can select.
fn named(selector: &LabelSelector) -> Option<&str> {
    selector.match_labels.as_ref()?.get(keys::NAMESPACE_NAME).map(String::as_str)
}
