//! `isolation.network-default-deny`: a fence around each namespace lets only stated traffic through, and none of another
//! tenant's. Policies add up, so that each is judged alone.
//!
//! Read from NetworkPolicies alone. Whether the network plugin enforces them, and what policies of other kinds open,
//! is not visible here.

mod peers;
#[cfg(test)]
mod tests;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::{NAMESPACE_GUARD, NETWORK_DEFAULT_DENY, until_settled};
use crate::{
    api::{Direction, Severity, isolation_policy::NetworkIsolation},
    core::{
        context::Context,
        control::{Control, Door, Guard, Operation, no_transition},
        effective::Effective,
        facts::{Fact, Kind, Name, Namespace, NetworkPolicy, Openness, Source, Sources},
        parameters::Parameters,
        subject::{Subject, SubjectClass},
        verdict::{Issue, Problem, Verdict},
    },
};

/// The control.
pub static CONTROL: Control = Control {
    id: NETWORK_DEFAULT_DENY,
    title: "Only stated traffic passes the fence around a namespace",
    why: "Without a fence every pod of the cluster reaches every other, whoever's it is.",
    remediation: "Add a NetworkPolicy with an empty podSelector and no rules for both directions, and one for each \
                  peer that is meant; name the peers in every rule.",
    severity: Severity::High,
    subjects: &[SubjectClass::Namespace],
    reads: Sources::of(&[Source::NetworkPolicies, Source::Namespaces, Source::Records]),
    guards: &GUARDS,
    evaluate,
    demanded: Effective::network_default_deny,
    upheld_by: Some(Kind::IsolationPolicy),
    weaker,
    transition: no_transition,
};

static GUARDS: [Guard; 3] = [
    NAMESPACE_GUARD,
    Guard { kind: Kind::NetworkPolicy, door: Door::Conform, operations: &[Operation::Create] },
    Guard {
        kind: Kind::NetworkPolicy,
        door: Door::ProtectTenant,
        operations: &[Operation::Update, Operation::Delete],
    },
];

fn evaluate(context: &Context<'_>, subject: &Subject<'_>) -> Verdict {
    let Subject::Namespace(namespace) = subject else { return Verdict::not_applicable("no namespace") };
    let directions = directions_in(context.parameters());
    if directions.is_empty() {
        return Verdict::not_applicable("no direction is demanded");
    }
    let policies: Vec<&NetworkPolicy> =
        context.network_policies_in(&namespace.name).map(|policy| &**policy).collect();
    let mut issues = Vec::new();
    for direction in &directions {
        let (open, narrow): (Vec<&NetworkPolicy>, Vec<&NetworkPolicy>) =
            policies.iter().partition(|policy| opens(policy, *direction));
        issues.extend(open.into_iter().map(|policy| opened(policy, *direction)));
        issues.extend(narrow.into_iter().flat_map(|p| peers::crossings(context, namespace, p, *direction)));
        if !policies.iter().any(|policy| fences(policy, *direction)) {
            issues.push(missing(context, namespace, *direction));
        }
    }
    if issues.is_empty() {
        issues.extend(unreadable(context, namespace));
    }
    if issues.is_empty() {
        let wanted = format!("default-deny for {}", spellings(&directions));
        return Verdict::pass(wanted.clone())
            .reading(wanted, format!("NetworkPolicies of {}", namespace.name));
    }
    Verdict::from_issues(issues)
}

/// Whether a policy isolates every pod of its namespace in a direction: all that no policy lets through is denied.
fn fences(policy: &NetworkPolicy, direction: Direction) -> bool {
    selects_all(&policy.pod_selector) && policy.directions.contains(&direction)
}

/// Whether a policy lets everything through for the pods that it selects. Policies add up: no other takes it back.
fn opens(policy: &NetworkPolicy, direction: Direction) -> bool {
    let openness = match direction {
        Direction::Ingress => policy.ingress,
        Direction::Egress => policy.egress,
    };
    policy.directions.contains(&direction) && openness == Openness::Everything
}

fn selects_all(selector: &LabelSelector) -> bool {
    let has_labels = selector.match_labels.as_ref().is_some_and(|labels| !labels.is_empty());
    let has_expressions = selector.match_expressions.as_ref().is_some_and(|list| !list.is_empty());
    !has_labels && !has_expressions
}

fn opened(policy: &NetworkPolicy, direction: Direction) -> Issue {
    let (rules, peers) = match direction {
        Direction::Ingress => ("ingress", "from"),
        Direction::Egress => ("egress", "to"),
    };
    let pods = if selects_all(&policy.pod_selector) { "every pod" } else { "the pods that it selects" };
    let name = &policy.name;
    Issue::fail(
        format!("networkpolicies[name={name}].spec.{rules}"),
        format!("NetworkPolicy `{name}` opens {rules} of {pods} to everything"),
        format!("rules that each name a peer in `{peers}`"),
        format!("name the peers in `{peers}` of each rule in spec.{rules} of NetworkPolicy `{name}`"),
    )
}

/// The fence is another object, which may come after its namespace, whoever writes it: a namespace that is young waits.
fn missing(context: &Context<'_>, namespace: &Namespace, direction: Direction) -> Issue {
    let spelling = spelling(direction);
    let policy = format!(
        "{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: default-deny, namespace: {}}}, \
         spec: {{podSelector: {{}}, policyTypes: [{}]}}}}",
        namespace.name,
        spellings(&directions_in(context.parameters())),
    );
    let issue = Issue::fail(
        format!("networkpolicies[policyTypes={spelling}]"),
        format!("no NetworkPolicy with an empty podSelector denies {spelling} by default"),
        format!("a NetworkPolicy for all pods with {spelling} in policyTypes"),
        format!("apply `{policy}`"),
    );
    match context.unknown_absence(Source::NetworkPolicies) {
        Some(why) => issue.with_problem(Problem::Unknown(why)),
        None => until_settled(issue, namespace, context.now()),
    }
}

/// What could not be read might open everything.
fn unreadable(context: &Context<'_>, namespace: &Namespace) -> Option<Issue> {
    let why = context.unreadable_in(Kind::NetworkPolicy, &namespace.name)?;
    let fix = "make the NetworkPolicy readable, or delete it";
    let issue = Issue::fail("networkpolicies", why.to_string(), "NetworkPolicies that can be read", fix);
    Some(issue.with_problem(Problem::Unknown(why)))
}

fn directions_in(parameters: &Parameters) -> Vec<Direction> {
    let demanded = parameters.list("directions");
    let is_demanded = |direction: &Direction| demanded.iter().any(|name| *name == *spelling(*direction));
    [Direction::Ingress, Direction::Egress].into_iter().filter(is_demanded).collect()
}

const fn spelling(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "Ingress",
        Direction::Egress => "Egress",
    }
}

fn spellings(directions: &[Direction]) -> String {
    directions.iter().map(|direction| spelling(*direction)).collect::<Vec<_>>().join(", ")
}

/// A policy is weaker whose fence leaves out a promised direction, or lets through a peer that was not promised.
fn weaker(policy: &Fact, promised: &Parameters) -> Vec<Issue> {
    let Fact::IsolationPolicy(policy) = policy else { return Vec::new() };
    let Some(rule) = &policy.spec.network else { return Vec::new() };
    weaker_directions(rule, promised).into_iter().chain(weaker_peers(rule, promised)).collect()
}

fn weaker_peers(rule: &NetworkIsolation, promised: &Parameters) -> Vec<Issue> {
    let allowed = promised.list("peers");
    let is_further = |name: &&str| promised.get("peers").is_some() && allowed.iter().all(|peer| peer != name);
    let issue = |name| {
        let field = format!("spec.network.peers[{name}]");
        let wanted = allowed.iter().map(Name::as_str).collect::<Vec<_>>().join(", ");
        Issue::fail(
            field,
            name,
            format!("no peers but {wanted}"),
            format!("take `{name}` out of spec.network.peers"),
        )
    };
    rule.peers.iter().map(|peer| Effective::peer_name(*peer)).filter(is_further).map(issue).collect()
}

fn weaker_directions(rule: &NetworkIsolation, promised: &Parameters) -> Vec<Issue> {
    let denied = Effective::directions_denied_by(rule);
    let left_out = directions_in(promised).into_iter().filter(|direction| !denied.contains(direction));
    let issue = |direction| {
        let promised = spelling(direction);
        let fix = format!("add `{promised}` to spec.network.directions, or leave directions out");
        let field = format!("spec.network.directions[{promised}]");
        Issue::fail(field, spellings(&denied), format!("{promised} too, as promised"), fix)
    };
    left_out.map(issue).collect()
}
