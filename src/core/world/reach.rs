//! Which namespaces the rules of network policies reach, by their selectors.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::{Selector, SelectorExt};

use super::{Place, World};
use crate::{
    api::{Direction, keys},
    core::facts::{Labels, Name, NetworkPolicy},
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
        let labels = self.labels_of_namespace(namespace);
        let reaches = |selector: &LabelSelector| labels.are_selected_by(selector);
        let candidates: BTreeSet<&Place> = self.peer_selectors.candidates(&labels).collect();
        let policies = candidates.into_iter().filter_map(|place| self.network_policies.get(place));
        let reaching = policies.filter(|policy| peers_of(policy).any(reaches));
        reaching.map(|policy| &policy.namespace).collect()
    }

    pub(crate) fn insert_network_policy(&mut self, policy: NetworkPolicy) {
        let place = (policy.namespace.clone(), policy.name.clone());
        self.remove_network_policy(&place);
        for selector in peers_of(&policy) {
            self.peer_selectors.note(selector, place.clone());
        }
        self.network_policies.insert(place, Arc::new(policy));
    }

    pub(crate) fn remove_network_policy(&mut self, place: &Place) {
        let Some(policy) = self.network_policies.remove(place) else { return };
        for selector in peers_of(&policy) {
            self.peer_selectors.forget(selector, place);
        }
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

/// The selectors of namespaces in the rules of a policy.
fn peers_of(policy: &NetworkPolicy) -> impl Iterator<Item = &LabelSelector> {
    [Direction::Ingress, Direction::Egress]
        .into_iter()
        .flat_map(|direction| policy.namespaces_reached(direction))
}

/// The one namespace that a selector can select.
fn named(selector: &LabelSelector) -> Option<&str> {
    selector.match_labels.as_ref()?.get(keys::NAMESPACE_NAME).map(String::as_str)
}
