//! Findings and objections, sorted into what the outcome tells apart.

use std::collections::{BTreeMap, BTreeSet};

use super::places::Places;
use crate::{
    api::{Enforcement, OnUnknown},
    core::{
        control::{Control, Operation},
        facts::{Ignorance, ObjectKey, Unknown},
        intent::Objection,
        plan::{Demander, Origin, Plan},
        result::{Finding, key_of_parts},
        subject::SubjectKey,
        verdict::{Issue, Problem, State},
        world::World,
    },
    report::check::{Broken, CheckFinding, CheckReport},
};

/// The parts of the outcome in which a finding may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Violations,
    Unknown,
    Waived,
    Warnings,
}

/// Findings by part; one that concerns several tenants (of a profile, say) is told once.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    findings: Vec<(Part, CheckFinding)>,
    known: BTreeMap<(String, String, Part), usize>,
}

impl Sorted {
    /// Takes in what the controller would find.
    pub(super) fn add_finding(&mut self, plan: &Plan, finding: &Finding) {
        let part = part_of(plan, finding);
        let told = told(plan, finding);
        let key = (finding.key.to_string(), finding.issue.found.clone(), part);
        if let Some((_, known)) = self.known.get(&key).and_then(|at| self.findings.get_mut(*at)) {
            known.tenants.extend(told.tenants);
            known.breaks.extend(told.breaks);
            known.enforcement = known.enforcement.max(told.enforcement);
            return;
        }
        self.known.insert(key, self.findings.len());
        self.findings.push((part, told));
    }

    /// Takes in what the webhook would say of a declaration. What weakens a promise is a violation however strictly it is
    /// answered; what is only remarked on is none.
    pub(super) fn add_objection(&mut self, world: &World, key: &ObjectKey, objection: Objection) {
        let weakens = !objection.commitment.is_empty();
        let part = if weakens || objection.enforcement == Enforcement::Deny {
            Part::Violations
        } else {
            Part::Warnings
        };
        self.findings.push((part, told_of(world, key, objection)));
    }

    /// Hands everything to the report, with the places of the objects and fields.
    pub(super) fn into_report(self, places: &mut Places<'_>, report: &mut CheckReport) {
        for (part, mut finding) in self.findings {
            finding.place = places.of_subject(&finding.subject);
            finding.field_place = places.of_field(&finding.subject, &finding.field);
            match part {
                Part::Violations => report.violations.push(finding),
                Part::Unknown => report.unknown.push(finding),
                Part::Waived => report.waived.push(finding),
                Part::Warnings => report.warnings.push(finding),
            }
        }
        for findings in
            [&mut report.violations, &mut report.unknown, &mut report.waived, &mut report.warnings]
        {
            // Stable: within one object the gravest come first, as the result has them.
            findings.sort_by(|a, b| a.place.cmp(&b.place));
        }
    }
}

/// What cannot be decided by anybody is answered as the webhook answers it: by the policies' `onUnknown`.
fn part_of(plan: &Plan, finding: &Finding) -> Part {
    match (finding.state, &finding.issue.problem) {
        (State::Waived, _) => Part::Waived,
        (State::Error, Problem::Unknown(Unknown::Undecidable(_))) => {
            let upheld_by = control_of(plan, finding).and_then(|control| control.upheld_by);
            match plan.effective.on_unknown(upheld_by) {
                OnUnknown::Deny => Part::Violations,
                OnUnknown::Warn => Part::Unknown,
            }
        }
        (State::Error, _) => Part::Unknown,
        _ => Part::Violations,
    }
}

fn control_of(plan: &Plan, finding: &Finding) -> Option<&'static Control> {
    plan.requirements
        .iter()
        .map(|requirement| requirement.control)
        .find(|control| control.id == finding.control)
}

/// Those who demand what a finding breaks.
fn origins_of<'a>(plan: &'a Plan, finding: &'a Finding) -> impl Iterator<Item = &'a Origin> {
    plan.requirements
        .iter()
        .filter(|requirement| requirement.control.id == finding.control)
        .flat_map(|requirement| &requirement.origins)
        .filter(|origin| finding.breaks.contains(&origin.demander.to_string()))
}

fn told(plan: &Plan, finding: &Finding) -> CheckFinding {
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

fn told_of(world: &World, key: &ObjectKey, objection: Objection) -> CheckFinding {
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
