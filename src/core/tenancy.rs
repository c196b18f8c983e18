//! Whose a namespace is: decided once, from what tenants declare, what is recorded, and the namespace's label.

use jiff::Timestamp;

use super::{
    facts::{Declared, Name, Namespace, Source, SourceState},
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
    let wanted = &tenant.spec.namespaces;
    if wanted.names.iter().any(|name| namespace.name == **name) {
        return Some(Joining::Listed);
    }
    if wanted.selector.as_ref().is_some_and(|selector| namespace.labels.are_selected_by(selector)) {
        return Some(Joining::Selected);
    }
    let carries_label = namespace.labels.get(keys::TENANT) == Some(tenant.name.as_str());
    let is_within = tenant.spec.self_service.as_ref().is_some_and(|rule| allows_name(rule, &namespace.name));
    (carries_label && is_within).then_some(Joining::SelfService)
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
    let asking = world.tenants().filter(|tenant| asks_for(tenant, namespace).is_some());
    asking.map(|tenant| tenant.name.clone())
}

/// Whose a namespace is. The recorded owner keeps a contested one, and keeps it until a later generation of its Tenant
/// no longer asks for it; the namespace's own labels end nothing.
pub fn ownership(world: &World, namespace: &Namespace) -> Ownership {
    let recorded = recorded_owner(world, namespace);
    let declared = world
        .tenants()
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
        let stands = asks || tenant.is_none_or(|tenant| record.generation >= tenant.meta.generation);
        stands.then_some((!asks, name))
    });
    standing.min().map(|(_, name)| name)
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
