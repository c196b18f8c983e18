//! `isolation.namespace-claimed`: every namespace belongs to one tenant and stays there.
//!
//! A namespace that carries a tenant's label within its `selfService`, but whose creation was not judged, is not
//! adopted: it is nobody's subject, and a finding of the Tenant whose label it carries. So is a namespace that two
//! Tenants ask for and nobody holds. Findings and refusals name no other tenant.

#[cfg(test)]
mod tests;
mod transition;

use super::{NAMESPACE_GUARD, until_settled};
use crate::{
    api::{Severity, TenantSpec, keys},
    core::{
        context::Context,
        control::{Control, Door, Guard, Operation, never_weaker},
        effective::Effective,
        facts::{Declared, Kind, Namespace, Source, Sources},
        subject::{Subject, SubjectClass},
        tenancy::Joining,
        verdict::{Issue, Verdict},
    },
};

/// The control.
pub static CONTROL: Control = Control {
    id: "isolation.namespace-claimed",
    title: "Every namespace belongs to one tenant and stays there",
    why: "A namespace that changes hands, or that two tenants take for theirs, takes its data along.",
    remediation: "Let exactly one Tenant ask for the namespace, by name or by selector, and leave the label \
                  surety.dev/tenant to Surety.",
    severity: Severity::Critical,
    subjects: &[SubjectClass::Namespace, SubjectClass::Tenant],
    reads: Sources::of(&[Source::Namespaces, Source::Records, Source::Declarations]),
    guards: &GUARDS,
    evaluate,
    demanded: Effective::namespace_claimed,
    upheld_by: Some(Kind::IsolationPolicy),
    weaker: never_weaker,
    transition: transition::broken_by,
};

static GUARDS: [Guard; 2] = [
    NAMESPACE_GUARD,
    Guard { kind: Kind::Tenant, door: Door::ProtectCluster, operations: &[Operation::Delete] },
];

/// The label's place.
const LABEL: &str = "metadata.labels[surety.dev/tenant]";

fn evaluate(context: &Context<'_>, subject: &Subject<'_>) -> Verdict {
    match subject {
        Subject::Namespace(namespace) => namespace_verdict(context, namespace),
        Subject::Tenant(tenant) => tenant_verdict(context, tenant),
        _ => Verdict::not_applicable("neither a namespace nor a tenant"),
    }
}

fn namespace_verdict(context: &Context<'_>, namespace: &Namespace) -> Verdict {
    let issues: Vec<Issue> =
        wrong_label(context, namespace).into_iter().chain(contested(context, namespace)).collect();
    if issues.is_empty() {
        return Verdict::pass("held by its tenant, and by the label").reading("one tenant", LABEL);
    }
    Verdict::from_issues(issues)
}

/// A label that is missing may still be written by Surety, unless it only observes; one that says otherwise is wrong at
/// once, and not quoted, because it may name another tenant.
fn wrong_label(context: &Context<'_>, namespace: &Namespace) -> Option<Issue> {
    let tenant = &context.tenant().name;
    let wanted = format!("{}: {tenant}", keys::TENANT);
    let fix = format!("write `{wanted}` in metadata.labels");
    match namespace.labels.get(keys::TENANT) {
        Some(label) if label == tenant.as_str() => None,
        Some(_) => Some(Issue::fail(LABEL, "another value", wanted, fix)),
        None => {
            let issue = Issue::fail(LABEL, "not set", wanted, fix);
            let is_written = context.effective().claims_are_managed();
            Some(if is_written { until_settled(issue, namespace, context.now()) } else { issue })
        }
    }
}

fn contested(context: &Context<'_>, namespace: &Namespace) -> Option<Issue> {
    let others = context.ownership(namespace).others.len();
    let tenants = if others == 1 { "Tenant asks" } else { "Tenants ask" };
    let fix = format!("take `{}` out of spec.namespaces of every Tenant but its own", namespace.name);
    (others > 0).then(|| {
        Issue::fail(
            "metadata.name",
            format!("{others} other {tenants} for it"),
            "one Tenant that asks for it",
            fix,
        )
    })
}

/// Whether the tenant holds every namespace that it asks for.
fn tenant_verdict(context: &Context<'_>, tenant: &Declared<TenantSpec>) -> Verdict {
    let asked_for = context.namespaces_asked_for();
    if asked_for.is_empty() {
        return Verdict::not_applicable("it asks for no namespace that exists");
    }
    let is_held = |namespace: &Namespace| context.owner_of(&namespace.name) == Some(&tenant.name);
    let not_held =
        asked_for.iter().filter(|(namespace, _)| !namespace.meta.is_deleting && !is_held(namespace));
    let issues: Vec<Issue> =
        not_held.map(|(namespace, joining)| not_held_issue(context, namespace, *joining)).collect();
    if issues.is_empty() {
        return Verdict::pass(format!("all {} namespaces are held", asked_for.len()))
            .reading("every namespace that is asked for", "spec.namespaces");
    }
    Verdict::from_issues(issues)
}

fn not_held_issue(context: &Context<'_>, namespace: &Namespace, joining: Joining) -> Issue {
    let name = &namespace.name;
    let ownership = context.ownership(namespace);
    if joining == Joining::SelfService && ownership.owner.is_none() && ownership.others.is_empty() {
        return Issue::fail(
            format!("spec.selfService[{name}]"),
            format!("`{name}` carries the tenant's label, but nobody judged its creation"),
            "namespaces created while requests are judged",
            format!("list `{name}` in spec.namespaces.names where it is the tenant's, else remove its label"),
        );
    }
    let field = match joining {
        Joining::Listed => "spec.namespaces.names",
        Joining::Selected => "spec.namespaces.selector",
        Joining::SelfService => "spec.selfService",
    };
    Issue::fail(
        format!("{field}[{name}]"),
        format!("`{name}` is not held: another Tenant holds it or asks for it"),
        "namespaces that no other Tenant asks for",
        format!("let only one Tenant ask for `{name}`"),
    )
}
