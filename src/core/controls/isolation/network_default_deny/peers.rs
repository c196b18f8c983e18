//! Which namespaces the rules of a policy reach: none of another tenant, and of its own tenant only where that is allowed.
//!
//! What no tenant holds is the platform's: a rule that names it is stated traffic, and so are addresses outside.

use std::fmt::Write as _;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::Selector;

use crate::{
    api::{Direction, keys},
    core::{
        context::Context,
        facts::{Name, Namespace, NetworkPolicy, Source},
        parameters::Parameters,
        verdict::{Issue, Problem},
    },
};

/// The namespace of the cluster's DNS, whoever may hold it.
const DNS_NAMESPACE: &str = "kube-system";

/// What is wrong with a peer.
enum Crossing {
    /// It reaches a namespace of another tenant.
    AnotherTenant,
    /// It reaches another namespace of the same tenant, which is not allowed.
    OwnTenant,
    /// What it reaches cannot be told.
    Unknown(crate::core::facts::Unknown),
}

/// One issue for each selector of namespaces that reaches too far.
pub(super) fn crossings(
    context: &Context<'_>,
    namespace: &Namespace,
    policy: &NetworkPolicy,
    direction: Direction,
) -> Vec<Issue> {
    if !policy.directions.contains(&direction) {
        return Vec::new();
    }
    let selectors = policy.namespaces_reached(direction).iter();
    let crossing = |selector| crossing(context, namespace, selector, direction).map(|c| (selector, c));
    selectors.filter_map(crossing).map(|(selector, c)| issue(policy, direction, selector, c)).collect()
}

fn crossing(
    context: &Context<'_>,
    namespace: &Namespace,
    selector: &LabelSelector,
    direction: Direction,
) -> Option<Crossing> {
    let own = &context.tenant().name;
    let may_reach_own = allows_own_tenant(context.parameters());
    if let Some(tenant) = required(selector, keys::TENANT) {
        // Only Surety moves the label, so that what carries it need not be looked at.
        if *own != *tenant {
            return Some(Crossing::AnotherTenant);
        }
        return (!may_reach_own).then_some(Crossing::OwnTenant);
    }
    let reached = context.claimed_namespaces_selected_by(selector);
    let is_dns = |name: &Name| direction == Direction::Egress && *name == *DNS_NAMESPACE;
    let mut others = reached.iter().filter(|(name, owner)| *owner != own && !is_dns(name));
    if others.next().is_some() {
        return Some(Crossing::AnotherTenant);
    }
    let mut of_own = reached.iter().filter(|(name, owner)| *owner == own && **name != namespace.name);
    if !may_reach_own && of_own.next().is_some() {
        return Some(Crossing::OwnTenant);
    }
    if required(selector, keys::NAMESPACE_NAME).is_some() {
        return None;
    }
    context.unknown_absence(Source::Namespaces).map(Crossing::Unknown)
}

/// Whether the tenant's own namespaces are among the peers, or nothing says which peers there may be.
fn allows_own_tenant(parameters: &Parameters) -> bool {
    parameters.get("peers").is_none() || parameters.list("peers").iter().any(|peer| *peer == "tenant")
}

/// The value that a selector demands of a label.
fn required<'s>(selector: &'s LabelSelector, key: &str) -> Option<&'s str> {
    selector.match_labels.as_ref()?.get(key).map(String::as_str)
}

fn issue(
    policy: &NetworkPolicy,
    direction: Direction,
    selector: &LabelSelector,
    crossing: Crossing,
) -> Issue {
    let (rules, peers, verb) = match direction {
        Direction::Ingress => ("ingress", "from", "lets in"),
        Direction::Egress => ("egress", "to", "lets out to"),
    };
    let name = &policy.name;
    let selected = text_of(selector);
    let field = format!("networkpolicies[name={name}].spec.{rules}.{peers}[namespaceSelector={selected}]");
    let narrow = format!("narrow namespaceSelector in spec.{rules} of NetworkPolicy `{name}`");
    match crossing {
        Crossing::AnotherTenant => Issue::fail(
            field,
            format!("NetworkPolicy `{name}` {verb} a namespace of another tenant"),
            "namespaces of the tenant itself, or of no tenant",
            format!("{narrow}, for example to `{}`", keys::NAMESPACE_NAME),
        ),
        Crossing::OwnTenant => Issue::fail(
            field,
            format!("NetworkPolicy `{name}` {verb} another namespace of the tenant"),
            "peers that the policy or promise allows: `tenant` is not among them",
            format!(
                "{narrow}, or have an operator add `tenant` to spec.network.peers of the IsolationPolicy"
            ),
        ),
        Crossing::Unknown(why) => Issue::fail(field, why.to_string(), "namespaces that can be told", narrow)
            .with_problem(Problem::Unknown(why)),
    }
}

/// A selector in the words of `kubectl -l`, so that one more peer is one more issue.
fn text_of(selector: &LabelSelector) -> String {
    let mut text = String::new();
    match Selector::try_from(selector.clone()) {
        Ok(selector) => drop(write!(text, "{selector}")),
        Err(error) => drop(write!(text, "{error}")),
    }
    text
}
