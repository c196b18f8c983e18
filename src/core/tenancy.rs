//! Whose a namespace is: decided once, from what tenants declare, what is recorded, and the namespace's label.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::{
    facts::{ClaimRecord, Declared, Labels, Name, Namespace, Source, SourceState},
    world::World,
};
use crate::api::{
    TenantSpec, keys,
    tenant::{Creator, CreatorKind, SelfService},
};

/// By which way a tenant asks for a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joining {
    /// The Tenant lists its name.
    Listed,
    /// The Tenant's selector selects its labels.
    Selected,
    /// It carries the tenant's label, within `selfService`.
    SelfService,
}

/// What is known of a namespace's ownership.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ownership {
    /// The tenant that holds it.
    pub owner: Option<Name>,
    /// Other tenants that ask for it, in order of names.
    pub others: Vec<Name>,
}

/// Whether a tenant asks for a namespace, and how.
pub fn asks_for(tenant: &Declared<TenantSpec>, namespace: &Namespace) -> Option<Joining> {
    asks_for_labelled(tenant, &namespace.name, &namespace.labels)
}

fn asks_for_labelled(tenant: &Declared<TenantSpec>, name: &str, labels: &Labels) -> Option<Joining> {
    let wanted = &tenant.spec.namespaces;
    if wanted.names.iter().any(|listed| listed == name) {
        return Some(Joining::Listed);
    }
    if wanted.selector.as_ref().is_some_and(|selector| labels.are_selected_by(selector)) {
        return Some(Joining::Selected);
    }
    let carries_label = labels.get(keys::TENANT) == Some(tenant.name.as_str());
    let is_within = tenant.spec.self_service.as_ref().is_some_and(|rule| allows_name(rule, name));
    (carries_label && is_within).then_some(Joining::SelfService)
}

/// The labels of a namespace that decide whether a tenant asks for it: those that its selector speaks of, and the
/// tenant's own. What is recorded of a claim is bounded by what operators wrote.
pub fn deciding_labels(tenant: &Declared<TenantSpec>, labels: &Labels) -> BTreeMap<String, String> {
    let selector = tenant.spec.namespaces.selector.as_ref();
    let matched = selector.and_then(|selector| selector.match_labels.as_ref());
    let expressions = selector.and_then(|selector| selector.match_expressions.as_ref());
    let deciding = (matched.into_iter().flat_map(BTreeMap::keys))
        .chain(expressions.into_iter().flatten().map(|expression| &expression.key));
    let deciding = deciding.map(String::as_str).chain([keys::TENANT]);
    deciding.filter_map(|key| Some((key.to_owned(), labels.get(key)?.to_owned()))).collect()
}

/// Whether self-service covers a namespace of this name.
pub fn allows_name(rule: &SelfService, namespace: &str) -> bool {
    rule.name_patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(prefix) => namespace.starts_with(prefix),
        None => namespace == pattern,
    })
}

/// Whether self-service lists a user as creator.
pub fn allows_creator(rule: &SelfService, user: &str, groups: &[Name]) -> bool {
    rule.creators.iter().any(|creator| is_creator(creator, user, groups))
}

fn is_creator(creator: &Creator, user: &str, groups: &[Name]) -> bool {
    match creator.kind {
        CreatorKind::User => creator.name == user,
        CreatorKind::Group => groups.iter().any(|group| *group == *creator.name.as_str()),
        CreatorKind::ServiceAccount => {
            let namespace = creator.namespace.as_deref().unwrap_or_default();
            user.strip_prefix("system:serviceaccount:")
                .and_then(|rest| rest.split_once(':'))
                .is_some_and(|(place, name)| place == namespace && name == creator.name)
        }
    }
}

/// The tenants that ask for a namespace in any way, in order of names.
pub fn asking_for<'a>(world: &'a World, namespace: &'a Namespace) -> impl Iterator<Item = Name> + 'a {
    let asking = claimants(world, namespace).filter(|tenant| asks_for(tenant, namespace).is_some());
    asking.map(|tenant| tenant.name.clone())
}

/// The tenants that may ask for a namespace, in order of names.
fn claimants<'a>(
    world: &'a World,
    namespace: &Namespace,
) -> impl Iterator<Item = &'a Arc<Declared<TenantSpec>>> + 'a {
    let names: Vec<Name> = world.possible_claimants(namespace).into_iter().cloned().collect();
    names.into_iter().filter_map(|name| world.tenant(&name))
}

/// Whose a namespace is. The recorded owner keeps a contested one, and keeps it until a later generation of its Tenant
/// no longer asks for it, not even by the labels that it had when it was claimed; the namespace's own labels end nothing.
pub fn ownership(world: &World, namespace: &Namespace) -> Ownership {
    let recorded = recorded_owner(world, namespace);
    let declared = claimants(world, namespace)
        .filter(|tenant| matches!(asks_for(tenant, namespace), Some(Joining::Listed | Joining::Selected)));
    let mut asking: Vec<Name> = declared.map(|tenant| tenant.name.clone()).collect();
    if asking.is_empty() && recorded.is_none() {
        asking.extend(self_service_owner(world, namespace));
    }
    match recorded {
        Some(owner) => {
            asking.retain(|name| name != owner);
            Ownership { owner: Some(owner.clone()), others: asking }
        }
        None if asking.len() == 1 => Ownership { owner: asking.pop(), others: asking },
        None => Ownership { owner: None, others: asking },
    }
}

/// The tenant whose recorded claim stands. Of two, one that still asks for it comes before one that only has not taken
/// back its claim, then the first by name: never the one whose record was read last.
fn recorded_owner<'a>(world: &'a World, namespace: &'a Namespace) -> Option<&'a Name> {
    let standing = world.recorded_claims(&namespace.name).filter_map(|(name, record)| {
        let tenant = world.tenant(name);
        let asks = tenant.is_some_and(|tenant| asks_for(tenant, namespace).is_some());
        let stands = asks || tenant.is_none_or(|tenant| has_not_ended(tenant, namespace, record));
        stands.then_some((!asks, name))
    });
    standing.min().map(|(_, name)| name)
}

/// Whether a Tenant has not taken back a recorded claim on a namespace that no longer carries what it asks for: it is as
/// it was when the claim was confirmed, or still asks for what the namespace carried then.
fn has_not_ended(tenant: &Declared<TenantSpec>, namespace: &Namespace, record: &ClaimRecord) -> bool {
    let as_claimed = || Labels::from(record.labels.clone());
    record.generation >= tenant.meta.generation
        || asks_for_labelled(tenant, &namespace.name, &as_claimed()).is_some()
}

/// The tenant whose label the namespace carries, where self-service covers it and its creation was judged: the webhook
/// refuses unlisted creators, so what was created while it was in force is believed.
fn self_service_owner(world: &World, namespace: &Namespace) -> Option<Name> {
    let tenant = world.tenant(namespace.labels.get(keys::TENANT)?)?;
    let joins = asks_for(tenant, namespace) == Some(Joining::SelfService);
    (joins && creation_was_judged(world, namespace.meta.created)).then(|| tenant.name.clone())
}

fn creation_was_judged(world: &World, created: Timestamp) -> bool {
    let comes_from_files = world.source_state(Source::Namespaces) == SourceState::FilesOnly;
    comes_from_files || world.enforcing_since().is_some_and(|since| since <= created)
}
