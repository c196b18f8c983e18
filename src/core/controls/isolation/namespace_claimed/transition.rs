//! Acts by which a namespace would change hands.

use super::LABEL;
use crate::{
    api::keys,
    core::{
        control::Operation,
        facts::{Fact, Kind, Namespace},
        tenancy::{Joining, allows_creator, allows_name, asks_for},
        transition::Transition,
        verdict::Issue,
    },
};

/// What an act breaks; nothing where Surety itself acts. A Tenant's update breaks nothing: it is how claims end.
pub(super) fn broken_by(transition: &Transition<'_>) -> Vec<Issue> {
    if transition.is_by_surety() {
        return Vec::new();
    }
    let act = transition.act;
    let issue = match (act.key.kind, act.operation, &act.old, &act.new) {
        (Kind::Namespace, Operation::Create, _, Some(Fact::Namespace(new))) => created(transition, new),
        (Kind::Namespace, Operation::Update, Some(Fact::Namespace(old)), Some(Fact::Namespace(new))) => {
            updated(transition, old, new)
        }
        (Kind::Tenant, Operation::Delete, ..) => tenant_deleted(transition),
        _ => None,
    };
    issue.into_iter().collect()
}

/// A label at creation counts where the Tenant lists or selects the namespace, or where one of its creators gives a
/// name within its patterns. A backup engine that restores a namespace stands for the one who created it.
fn created(transition: &Transition<'_>, namespace: &Namespace) -> Option<Issue> {
    let label = namespace.labels.get(keys::TENANT)?;
    let after = transition.after;
    if after.owner_of(&namespace.name).is_some_and(|owner| owner != label) {
        return Some(name_is_taken(label));
    }
    let is_recorded = after.recorded_claims(&namespace.name).any(|(owner, _)| owner == label);
    let tenant = after.tenant(label);
    let joining = tenant.and_then(|tenant| asks_for(tenant, namespace));
    if is_recorded || matches!(joining, Some(Joining::Listed | Joining::Selected)) {
        return None;
    }
    let act = transition.act;
    let rule = tenant.and_then(|tenant| tenant.spec.self_service.as_ref());
    let rule = rule.filter(|rule| transition.is_by_engine() || allows_creator(rule, &act.user, &act.groups));
    match rule {
        None => Some(not_a_creator(label, &act.user)),
        Some(rule) if !allows_name(rule, &namespace.name) => {
            Some(name_is_outside(&namespace.name, &rule.name_patterns))
        }
        Some(_) => None,
    }
}

fn name_is_taken(label: &str) -> Issue {
    Issue::fail(
        LABEL,
        format!("{}: {label}", keys::TENANT),
        "no tenant label, or that of the tenant that this name belongs to",
        "create the namespace without the label, or under another name",
    )
}

/// Says the same whether there is such a Tenant or not: who may not create for it need not learn that it exists.
fn not_a_creator(label: &str, user: &str) -> Issue {
    Issue::fail(
        LABEL,
        format!("{}: {label}, by user `{user}`", keys::TENANT),
        "a Tenant that lists or selects the namespace, or lists the user in spec.selfService.creators",
        "create the namespace without the label, and have an operator list it in spec.namespaces.names of its Tenant",
    )
}

fn name_is_outside(name: &str, patterns: &[String]) -> Issue {
    Issue::fail(
        "metadata.name",
        name,
        format!("a name within {}", patterns.join(", ")),
        "give it such a name, or have an operator list it in spec.namespaces.names of its Tenant",
    )
}

/// The label may be set to what it should be; nothing else about it may change on a namespace that exists. Nor may
/// other labels end a claim, as where a selector of the Tenant brought the namespace in.
fn updated(transition: &Transition<'_>, old: &Namespace, new: &Namespace) -> Option<Issue> {
    let owner = transition.before.owner_of(&new.name);
    let label = new.labels.get(keys::TENANT);
    let is_changed = label != old.labels.get(keys::TENANT);
    let is_owners = label.is_some_and(|label| owner.is_some_and(|owner| owner == label));
    match owner {
        Some(_) if is_changed && !is_owners => Some(claim_moved(label)),
        None if is_changed => label.map(label_added),
        Some(owner) if transition.after.owner_of(&new.name) != Some(owner) => Some(claim_ended()),
        _ => None,
    }
}

fn claim_moved(label: Option<&str>) -> Issue {
    let found = label.map_or("removed".to_owned(), |label| format!("{}: {label}", keys::TENANT));
    Issue::fail(
        LABEL,
        found,
        "the label as it is: only Surety writes it on a namespace that belongs to a tenant",
        "leave the label; a namespace changes hands by spec.namespaces of the Tenants, which operators change",
    )
}

fn label_added(label: &str) -> Issue {
    Issue::fail(
        LABEL,
        format!("{}: {label}", keys::TENANT),
        "no tenant label: on a namespace that exists it claims nothing",
        "have an operator list the namespace in spec.namespaces.names of its Tenant; Surety writes the label",
    )
}

fn claim_ended() -> Issue {
    Issue::fail(
        "metadata.labels",
        "labels by which its Tenant no longer asks for it",
        "a claim that the namespace's own labels do not end",
        "keep the labels that the Tenant selects; a claim ends by spec.namespaces of the Tenant",
    )
}

fn tenant_deleted(transition: &Transition<'_>) -> Option<Issue> {
    let held = transition.before.namespaces_of(&transition.act.key.name).count();
    let namespaces = if held == 1 { "namespace" } else { "namespaces" };
    (held > 0).then(|| {
        Issue::fail(
            "spec.namespaces",
            format!("the Tenant holds {held} {namespaces}"),
            "a Tenant that holds none",
            "take the namespaces out of spec.namespaces and spec.selfService first: that ends the claims and deletes \
             nothing",
        )
    })
}
