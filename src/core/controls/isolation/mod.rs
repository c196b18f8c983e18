//! Controls that keep tenants apart.

mod host_access;
mod namespace_claimed;
mod network_default_deny;
mod pod_security;

/// The control that Managed network policies answer for.
pub const NETWORK_DEFAULT_DENY: &str = "isolation.network-default-deny";

use jiff::{SignedDuration, Timestamp};

use crate::core::{
    context::Context,
    control::{Control, Door, Guard, Operation},
    facts::{Container, Kind, Namespace, PodTemplate},
    verdict::{Issue, Problem},
};

/// The area's controls.
pub const CONTROLS: &[&Control] = &[
    &host_access::CONTROL,
    &namespace_claimed::CONTROL,
    &network_default_deny::CONTROL,
    &pod_security::CONTROL,
];

/// How long after its creation a namespace may wait for what belongs to it: its fence, its labels.
const SETTLE: SignedDuration = SignedDuration::from_mins(5);

/// What a new namespace carries, and what is changed on it, must be seen.
const NAMESPACE_GUARD: Guard = Guard {
    kind: Kind::Namespace,
    door: Door::ProtectCluster,
    operations: &[Operation::Create, Operation::Update],
};

/// The same issue, but waiting while the namespace is young. One without a creation date is in a file: it is as young
/// as can be.
fn until_settled(issue: Issue, namespace: &Namespace, now: Timestamp) -> Issue {
    let created = if namespace.meta.created == Timestamp::UNIX_EPOCH { now } else { namespace.meta.created };
    let due = created.checked_add(SETTLE).unwrap_or(Timestamp::MAX);
    if due <= now { issue } else { issue.with_problem(Problem::Pending { due }) }
}

/// The containers of a template that are the tenant's: all but those that the platform injects.
fn own_containers<'w>(context: &Context<'_>, template: &'w PodTemplate) -> Vec<&'w Container> {
    let containers = template.containers.iter();
    containers.filter(|container| !context.effective().injects(container)).collect()
}
