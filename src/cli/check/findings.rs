//! Findings and objections, sorted into what the outcome tells apart.

use std::collections::BTreeMap;

use super::{
    places::Places,
    told::{told, told_of},
};
use crate::{
    api::{Enforcement, OnUnknown},
    core::{
        control::Control,
        facts::{ObjectKey, Unknown},
        intent::Objection,
        plan::Plan,
        result::Finding,
        verdict::{Problem, State},
        world::World,
    },
    report::check::{CheckFinding, CheckReport},
};

/// The parts of the outcome in which a finding may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
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
pub(super) fn part_of(plan: &Plan, finding: &Finding) -> Part {
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

pub(super) fn control_of(plan: &Plan, finding: &Finding) -> Option<&'static Control> {
    plan.requirements
        .iter()
        .map(|requirement| requirement.control)
        .find(|control| control.id == finding.control)
}
