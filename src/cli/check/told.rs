//! Findings and objections in the words of the report.

use std::collections::BTreeSet;

use super::findings::{Part, control_of, part_of};
use crate::{
    api::Enforcement,
    core::{
        control::Operation,
        facts::{Ignorance, ObjectKey, Unknown},
        intent::Objection,
        plan::{Demander, Origin, Plan},
        result::{Finding, key_of_parts},
        subject::SubjectKey,
        verdict::{Issue, Problem, State},
        world::World,
    },
    report::check::{Broken, CheckFinding},
};

/// Those who demand what a finding breaks.
fn origins_of<'a>(plan: &'a Plan, finding: &'a Finding) -> impl Iterator<Item = &'a Origin> {
    plan.requirements
        .iter()
        .filter(|requirement| requirement.control.id == finding.control)
        .flat_map(|requirement| &requirement.origins)
        .filter(|origin| finding.breaks.contains(&origin.demander.to_string()))
}

/// A finding as it is told.
pub(super) fn told(plan: &Plan, finding: &Finding) -> CheckFinding {
    let issue = &finding.issue;
    let waiver = finding.waiver.as_ref().and_then(|name| {
        let waiver = plan.waivers.iter().find(|waiver| waiver.name == *name)?;
        Some((name.to_string(), waiver.spec.expires_at))
    });
    let enforcement = origins_of(plan, finding).map(|origin| origin.enforcement).max().unwrap_or_default();
    CheckFinding {
        key: finding.key.to_string(),
        place: None,
        field_place: None,
        subject: finding.subject.clone(),
        tenants: BTreeSet::from([plan.tenant.name.to_string()]),
        control: Some(finding.control),
        state: finding.state,
        severity: Some(finding.severity),
        is_refused: enforcement == Enforcement::Deny && is_refused(plan, finding),
        enforcement,
        breaks: origins_of(plan, finding).map(broken).collect(),
        field: issue.field.clone(),
        container: issue.container.as_ref().map(ToString::to_string),
        found: issue.found.clone(),
        wanted: issue.wanted.clone(),
        fix: fix_of(issue),
        not_in_these_files: not_in_these_files(&issue.problem),
        not_listed: not_listed(&issue.problem),
        waiver,
    }
}

/// Whether the webhook sees such an object come in, and does not wait for what another object may still supply.
fn is_refused(plan: &Plan, finding: &Finding) -> bool {
    let SubjectKey::Object(key) = &finding.subject else { return false };
    let is_at_once = !matches!(finding.issue.problem, Problem::Pending { .. });
    let is_seen = control_of(plan, finding).is_some_and(|control| {
        let mut guards = control.guards.iter();
        guards.any(|guard| guard.kind == key.kind && guard.operations.contains(&Operation::Create))
    });
    is_at_once && is_seen && part_of(plan, finding) == Part::Violations
}

fn not_listed(problem: &Problem) -> Option<&'static str> {
    match problem {
        Problem::Unknown(Unknown::NotKnown(Ignorance::Forbidden(source) | Ignorance::NotSynced(source))) => {
            Some(source.as_str())
        }
        _ => None,
    }
}

/// What is not known because of credentials is theirs to mend, and not Surety's.
fn fix_of(issue: &Issue) -> String {
    match not_listed(&issue.problem) {
        Some(source) => format!("let these credentials list {source}"),
        None => issue.fix.clone(),
    }
}

fn not_in_these_files(problem: &Problem) -> Option<&'static str> {
    match problem {
        Problem::Unknown(Unknown::NotKnown(Ignorance::NotInTheseFiles(source))) => Some(source.as_str()),
        _ => None,
    }
}

/// Who demands, as it is told.
pub(super) fn broken(origin: &Origin) -> Broken {
    match &origin.demander {
        Demander::Commitment { profile, id } => Broken::Commitment {
            profile: profile.to_string(),
            id: id.to_string(),
            promise: origin.promise.to_string(),
        },
        Demander::Policy(policy) => {
            Broken::Policy { kind: policy.kind.to_string(), name: policy.name.to_string() }
        }
    }
}

/// An objection as it is told.
pub(super) fn told_of(world: &World, key: &ObjectKey, objection: Objection) -> CheckFinding {
    let Objection { control, commitment, promise, issue, enforcement } = objection;
    let control = world.control(control);
    let breaks = commitment.split_once('/').map(|(profile, id)| Broken::Commitment {
        profile: profile.to_owned(),
        id: id.to_owned(),
        promise,
    });
    let container = issue.container.map(|container| container.to_string());
    let subject = SubjectKey::from(key.clone());
    let id = control.map_or("", |control| control.id);
    CheckFinding {
        key: key_of_parts(id, &subject, &issue.field, container.as_deref().unwrap_or_default()).to_string(),
        place: None,
        field_place: None,
        subject,
        tenants: BTreeSet::new(),
        control: control.map(|control| control.id),
        state: State::Fail,
        severity: control.map(|control| control.severity),
        is_refused: enforcement == Enforcement::Deny,
        enforcement,
        breaks: breaks.into_iter().collect(),
        field: issue.field,
        container,
        found: issue.found,
        wanted: issue.wanted,
        fix: issue.fix,
        not_in_these_files: None,
        not_listed: None,
        waiver: None,
    }
}
