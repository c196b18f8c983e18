//! Judging the world that files show: the verdicts that the controller would reach, and what the webhook would say of
//! each declaration.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    findings::Sorted,
    world::{self, FileWorld, is_of_a_tenant},
};
use crate::{
    cli::{
        CliError,
        manifests::{Object, Objects},
    },
    core::{
        control::Operation,
        facts::{Fact, Kind, Name, ObjectKey},
        intent,
        result::TenantResult,
        tenancy,
        transition::{Act, Transition, Trusted},
        verdict::State,
        world::World,
    },
    reconcile::book::Book,
    report::check::{CheckReport, TenantSummary},
};

/// The outcome for these objects, with these profiles applied to every tenant.
pub(super) fn judge(
    objects: Objects,
    profiles: Vec<Object>,
    now: Timestamp,
) -> Result<CheckReport, CliError> {
    let Objects { judged, not_judged } = objects;
    if judged.is_empty() {
        return Err(CliError::input(
            "no object of a kind that Surety judges is among these files: name the manifests",
        ));
    }
    let objects = judged.iter().map(|object| object.fact.key()).collect::<BTreeSet<_>>().len();
    let declarations: Vec<Fact> = judged
        .iter()
        .chain(&profiles)
        .map(|object| &object.fact)
        .filter(|fact| fact.key().kind.is_declaration())
        .cloned()
        .collect();
    let belonging: BTreeSet<ObjectKey> =
        judged.iter().filter(|object| is_of_a_tenant(&object.fact)).map(|object| object.fact.key()).collect();
    let files = world::build(judged, profiles, now)?;
    let FileWorld { world, places, repeated, implied, stand_ins } = files;
    let mut sorted = Sorted::default();
    for declaration in &declarations {
        judge_declaration(&world, declaration, now, &mut sorted);
    }
    let mut report = CheckReport { objects, not_judged, repeated, ..CheckReport::default() };
    note_ownership(&world, &belonging, &implied, &mut report);
    report.objects -= report.unclaimed;
    report.tenants = judge_tenants(world, &stand_ins, now, &mut sorted);
    sorted.into_report(&places, &mut report);
    Ok(report)
}

/// What the webhook would say if the declaration were created beside the others.
fn judge_declaration(world: &World, declaration: &Fact, now: Timestamp, sorted: &mut Sorted) {
    let act = Act {
        operation: Operation::Create,
        key: declaration.key(),
        old: None,
        new: Some(declaration.clone()),
        subresource: Name::default(),
        user: Name::default(),
        groups: Vec::new(),
        orphans_dependents: false,
        requested_deletion: None,
        canary: None,
    };
    let trusted = Trusted::default();
    let transition = Transition { before: world, after: world, act: &act, trusted: &trusted, now };
    for objection in intent::objections(&transition) {
        sorted.add_objection(world, &act.key, objection);
    }
}

fn judge_tenants(
    world: World,
    stand_ins: &BTreeSet<Name>,
    now: Timestamp,
    sorted: &mut Sorted,
) -> Vec<TenantSummary> {
    let mut book = Book::new(world);
    book.open(now);
    let tenants: Vec<Name> = book.tenants().cloned().collect();
    let mut summaries = Vec::new();
    for tenant in tenants {
        let (Some(result), Some(plan)) = (book.result(&tenant, now), book.world().plan(&tenant)) else {
            continue;
        };
        for finding in &result.findings {
            sorted.add_finding(plan, finding);
        }
        summaries.push(summary(&result, !stand_ins.contains(&tenant)));
    }
    summaries
}

fn summary(result: &TenantResult, is_declared: bool) -> TenantSummary {
    let counts = State::ALL.iter().map(|state| (*state, result.count(*state)));
    TenantSummary {
        name: result.tenant.to_string(),
        is_declared,
        commitments: counts.filter(|(_, count)| *count > 0).collect::<BTreeMap<_, _>>(),
    }
}

/// Whose the objects are: those of no tenant are not judged, and that is said.
fn note_ownership(
    world: &World,
    belonging: &BTreeSet<ObjectKey>,
    implied: &BTreeSet<Name>,
    report: &mut CheckReport,
) {
    for key in belonging {
        let namespace = if key.kind == Kind::Namespace { Some(&key.name) } else { key.namespace.as_ref() };
        let Some(namespace) = namespace else { continue };
        if world.owner_of(namespace).is_some() {
            if implied.contains(namespace) {
                report.implied_namespaces.insert(namespace.to_string());
            }
            continue;
        }
        report.unclaimed += 1;
        report.unclaimed_namespaces.insert(namespace.to_string());
        let others = world.namespace(namespace).map(|namespace| tenancy::ownership(world, namespace).others);
        if let Some(others) = others.filter(|others| !others.is_empty()) {
            let others = others.iter().map(ToString::to_string).collect();
            report.contested.insert(namespace.to_string(), others);
        }
    }
}
