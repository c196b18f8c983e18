//! Judging the world that files show: the verdicts that the controller would reach, and what the webhook would say of
//! each declaration.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    findings::Sorted,
    places::Places,
    scope::{Only, Scope},
    standings::standings,
    world::{self, FileWorld, is_of_a_tenant},
};
use crate::{
    cli::{
        CliError,
        input::Text,
        manifests::{Object, Objects},
    },
    core::{
        control::Operation,
        facts::{Fact, Kind, Name, ObjectKey},
        intent,
        result::TenantResult,
        subject::SubjectKey,
        tenancy,
        transition::{Act, Transition, Trusted},
        verdict::State,
        world::World,
    },
    reconcile::book::Book,
    report::check::{CheckReport, TenantSummary},
};

/// The outcome for these objects of `texts`, with these profiles applied to every tenant.
pub(super) fn judge(
    objects: Objects,
    profiles: Vec<Object>,
    texts: &[Text],
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
    let mut report = CheckReport { objects, not_judged, repeated, ..CheckReport::default() };
    note_ownership(&world, &belonging, &implied, &mut report);
    report.objects -= report.unclaimed;
    let judging = Judging { world, declarations, stand_ins, only: None };
    judge_world(judging, Places::new(places, texts), now, &mut report);
    Ok(report)
}

/// What is to be judged.
pub(super) struct Judging {
    pub(super) world: World,
    /// Judged by themselves, too.
    pub(super) declarations: Vec<Fact>,
    /// Tenants that nobody declared.
    pub(super) stand_ins: BTreeSet<Name>,
    /// The part that is asked about; none is everything.
    pub(super) only: Option<Only>,
}

/// Judges a world, and tells the report.
pub(super) fn judge_world(
    judging: Judging,
    mut places: Places<'_>,
    now: Timestamp,
    report: &mut CheckReport,
) {
    let Judging { world, declarations, stand_ins, only } = judging;
    let mut sorted = Sorted::default();
    for declaration in &declarations {
        judge_declaration(&world, declaration, now, &mut sorted);
    }
    report.declarations = declarations.iter().map(|declaration| declaration.key().into()).collect();
    let scope = only.map(|only| Scope::of(only, now));
    judge_tenants(world, &stand_ins, scope.as_ref(), now, &mut sorted, report);
    for standing in &mut report.standings {
        standing.place = places.of_subject(&standing.subject);
    }
    sorted.into_report(&mut places, report);
    if report.is_of_cluster {
        report.objects = report
            .standings
            .iter()
            .map(|standing| &standing.subject)
            .filter(|subject| matches!(subject, SubjectKey::Object(_)))
            .collect::<BTreeSet<_>>()
            .len();
    }
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
    scope: Option<&Scope>,
    now: Timestamp,
    sorted: &mut Sorted,
    report: &mut CheckReport,
) {
    let mut book = Book::new(world);
    book.open(now);
    let tenants: Vec<Name> = book.tenants().cloned().collect();
    for tenant in tenants {
        let (Some(result), Some(plan)) = (book.result(&tenant, now), book.world().plan(&tenant)) else {
            continue;
        };
        for finding in result.findings.iter().filter(|finding| scope.is_none_or(|s| s.is_about(finding))) {
            sorted.add_finding(plan, finding);
        }
        let standings = book.evaluation(&tenant, now).into_iter().flat_map(|e| standings(&e, now));
        report.standings.extend(standings.filter(|s| scope.is_none_or(|scope| scope.has(&s.subject))));
        report.tenants.push(summary(&result, !stand_ins.contains(&tenant)));
    }
    if let Some(scope) = scope {
        report.objects = scope.subjects.len();
    }
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
