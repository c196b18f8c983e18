//! What is asked of a tenant, for people.

use super::{classes, enforcement_of, figures, not_evaluated, policies, reaching};
use crate::{
    core::plan::Plan,
    report::{
        table::{Layout, Tone, labelled, table},
        words,
    },
};

/// What reaches the tenant, then every figure, what holds for data classes, what contradicts itself, and what is promised
/// and not evaluated.
pub fn text(plan: &Plan, layout: Layout) -> String {
    let mut text = labelled("tenant", &plan.tenant.name, layout);
    text.push_str(&labelled("enforcement", words::enforcement(plan.tenant.spec.enforcement), layout));
    for (kind, names) in reaching(plan) {
        if !names.is_empty() {
            text.push_str(&labelled(kind, &names.join(", "), layout));
        }
    }
    text.push_str(&policies_of(plan, layout));
    text.push_str(&figures_of(plan, layout));
    text.push_str(&classes_of(plan, layout));
    for conflict in &plan.conflicts {
        let policies: Vec<String> = conflict.policies.iter().map(ToString::to_string).collect();
        let label = layout.paint(Tone::Bad, "CONFLICT");
        let told = [&label, " ", &conflict.message, " (", &policies.join(", "), ")\n"];
        text.push('\n');
        text.push_str(&told.concat());
    }
    let missing = not_evaluated(plan);
    if !missing.is_empty() {
        let rows = missing.into_iter().map(|(control, commitment, why)| vec![control, commitment, why]);
        text.push('\n');
        text.push_str(&table(&["not evaluated", "promised by", "why"], rows, layout));
    }
    text
}

fn policies_of(plan: &Plan, layout: Layout) -> String {
    let rows: Vec<Vec<String>> = policies(&plan.effective)
        .into_iter()
        .map(|row| {
            let from = row.deny_existing_from.unwrap_or_default();
            let name = format!("{} {}", row.kind, row.name);
            vec![name, row.enforcement.to_owned(), row.on_unknown.to_owned(), from]
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let header = ["policy", "enforcement", "on unknown", "deny existing from"];
    format!("\n{}", table(&header, rows, layout))
}

fn figures_of(plan: &Plan, layout: Layout) -> String {
    let rows: Vec<Vec<String>> = figures(plan)
        .into_iter()
        .map(|row| {
            let enforcement = enforcement_of(&row).to_owned();
            let sources = if row.figure.is_some() { row.sources } else { row.demanded_by };
            let (name, value) = row.figure.unwrap_or_default();
            vec![row.control.to_owned(), name, value, sources.join(", "), enforcement]
        })
        .collect();
    if rows.is_empty() {
        return "\nNothing is asked of it: no profile and no policy selects it.\n".to_owned();
    }
    let header = ["control", "figure", "value", "source", "enforcement"];
    format!("\n{}", table(&header, rows, layout))
}

fn classes_of(plan: &Plan, layout: Layout) -> String {
    let rows: Vec<Vec<String>> = classes(&plan.effective)
        .into_iter()
        .map(|row| vec![row.class, row.rule.to_owned(), row.value, row.source])
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    format!("\n{}", table(&["data class", "rule", "value", "source"], rows, layout))
}
