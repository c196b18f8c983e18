//! Everything that is asked of one tenant, every figure with its source: the profile or policy that says it.

mod json;
mod text;

use std::collections::BTreeSet;

use crate::{
    api::{Enforcement, OnUnknown, profile::Commitment},
    core::{
        effective::Effective,
        parameters::Parameter,
        plan::{Demander, Plan, Requirement},
    },
    report::words,
};

pub use json::json;
pub use text::text;

/// What stands for a figure that nobody gave.
const DEFAULT: &str = "default";

/// One figure of one use of a control. A control that is used with different figures is judged by each of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FigureRow {
    pub(super) control: &'static str,
    /// None where the control is used without any.
    pub(super) figure: Option<(String, String)>,
    pub(super) sources: Vec<String>,
    pub(super) demanded_by: Vec<String>,
    pub(super) enforcement: Enforcement,
}

/// What is said of one data class.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ClassRow {
    pub(super) class: String,
    pub(super) rule: &'static str,
    pub(super) value: String,
    pub(super) source: String,
}

/// Every figure, in order of controls.
pub(super) fn figures(plan: &Plan) -> Vec<FigureRow> {
    let mut rows: Vec<FigureRow> =
        plan.requirements.iter().flat_map(|requirement| rows_of(plan, requirement)).collect();
    rows.sort();
    rows
}

fn rows_of(plan: &Plan, requirement: &Requirement) -> Vec<FigureRow> {
    let origins = &requirement.origins;
    let row = |figure: Option<(String, String)>, sources: Vec<String>| FigureRow {
        control: requirement.control.id,
        figure,
        sources,
        demanded_by: origins.iter().map(|origin| origin.demander.to_string()).collect(),
        enforcement: origins.iter().map(|origin| origin.enforcement).max().unwrap_or_default(),
    };
    let rows: Vec<FigureRow> = requirement
        .parameters
        .iter()
        .map(|(name, value)| {
            let sources = sources_of(plan, requirement, name, value);
            row(Some((name.to_string(), value.to_string())), sources)
        })
        .collect();
    if rows.is_empty() { vec![row(None, Vec::new())] } else { rows }
}

/// Who says a figure: the commitments that write it, and the policy that it was merged from, or all that ask where it
/// follows from all of them together.
fn sources_of(plan: &Plan, requirement: &Requirement, name: &str, value: &Parameter) -> Vec<String> {
    let mut sources: BTreeSet<String> = commitments_of(plan, requirement)
        .filter(|(_, commitment)| writes(commitment, requirement.control.id, name))
        .map(|(demander, _)| demander.to_string())
        .collect();
    let merged = requirement.figures.iter().filter(|figure| figure.value == name);
    let merged: Vec<String> = merged.map(|figure| figure.source.to_string()).collect();
    if merged.is_empty() && is_merged_from_all(&plan.effective, requirement, name, value) {
        sources.extend(policies_of(requirement));
    }
    sources.extend(merged);
    if sources.is_empty() { vec![DEFAULT.to_owned()] } else { sources.into_iter().collect() }
}

fn commitments_of<'a>(
    plan: &'a Plan,
    requirement: &'a Requirement,
) -> impl Iterator<Item = (&'a Demander, &'a Commitment)> {
    requirement.origins.iter().filter_map(|origin| match &origin.demander {
        Demander::Commitment { profile, id } => Some((&origin.demander, plan.commitment(profile, id)?.1)),
        Demander::Policy(_) => None,
    })
}

fn writes(commitment: &Commitment, control: &str, name: &str) -> bool {
    let mut uses = commitment.controls.iter().filter(|used| used.id == control);
    uses.any(|used| used.parameters.contains_key(name))
}

fn policies_of(requirement: &Requirement) -> impl Iterator<Item = String> {
    requirement.origins.iter().filter_map(|origin| match &origin.demander {
        Demander::Policy(policy) => Some(policy.to_string()),
        Demander::Commitment { .. } => None,
    })
}

fn is_merged_from_all(
    effective: &Effective,
    requirement: &Requirement,
    name: &str,
    value: &Parameter,
) -> bool {
    let demand = (requirement.control.demanded)(effective);
    policies_of(requirement).next().is_some()
        && demand.is_some_and(|demand| demand.parameters.get(name) == Some(value))
}

/// What policies say of data classes, in order of classes.
pub(super) fn classes(effective: &Effective) -> Vec<ClassRow> {
    let mut rows = BTreeSet::new();
    for (policy, class) in effective.classes() {
        let row = |rule, value: String| ClassRow {
            class: class.name.clone(),
            rule,
            value,
            source: policy.to_string(),
        };
        rows.extend(class.forbidden.then(|| row("forbidden", "true".to_owned())));
        rows.extend(class.while_active.then(|| row("whileActive", "true".to_owned())));
        rows.extend(class.at_least.map(|span| row("atLeast", span.to_string())));
        rows.extend(class.after_termination.map(|span| row("afterTermination", span.to_string())));
    }
    rows.into_iter().collect()
}

/// A policy that reaches the tenant, and how it answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PolicyRow {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) enforcement: &'static str,
    pub(super) on_unknown: &'static str,
    pub(super) deny_existing_from: Option<String>,
}

/// Every policy, in order of kinds. Of what they answer the strictest counts.
pub(super) fn policies(effective: &Effective) -> Vec<PolicyRow> {
    macro_rules! rows {
        ($list:expr, $kind:literal) => {
            $list.iter().map(|policy| PolicyRow {
                kind: $kind,
                name: policy.name.to_string(),
                enforcement: words::enforcement(policy.spec.enforcement),
                on_unknown: match policy.spec.on_unknown {
                    OnUnknown::Deny => "Deny",
                    OnUnknown::Warn => "Warn",
                },
                deny_existing_from: policy.spec.deny_existing_from.map(|from| format!("{from:.0}")),
            })
        };
    }
    rows!(effective.backup, "BackupPolicy")
        .chain(rows!(effective.encryption, "EncryptionPolicy"))
        .chain(rows!(effective.isolation, "IsolationPolicy"))
        .chain(rows!(effective.retention, "RetentionPolicy"))
        .collect()
}

/// What else reaches the tenant, by kind.
pub(super) fn reaching(plan: &Plan) -> [(&'static str, Vec<String>); 3] {
    macro_rules! names {
        ($list:expr) => {
            $list.iter().map(|declared| declared.name.to_string()).collect()
        };
    }
    [
        ("profiles", names!(plan.profiles)),
        ("waivers", names!(plan.waivers)),
        ("attestations", names!(plan.attestations)),
    ]
}

/// Controls that commitments name and that are not evaluated, each with the reason.
pub(super) fn not_evaluated(plan: &Plan) -> Vec<(String, String, String)> {
    let why = |error: &Option<String>| error.clone().unwrap_or_else(|| "planned, not built".to_owned());
    let one = |unbuilt: &crate::core::plan::Unbuilt| {
        let commitment = format!("{}/{}", unbuilt.profile, unbuilt.commitment);
        (unbuilt.control.to_string(), commitment, why(&unbuilt.error))
    };
    plan.unbuilt.iter().map(one).collect()
}

/// As policies spell it, capped by the tenant's own.
pub(super) const fn enforcement_of(row: &FigureRow) -> &'static str {
    words::enforcement(row.enforcement)
}
