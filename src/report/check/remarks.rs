//! What `surety check` says besides violations: what is unknown, what is accepted, what is to be noted.

use std::collections::BTreeMap;

use super::{
    CheckFinding, CheckReport,
    text::{block, heading},
};
use crate::report::table::{Layout, Tone, counted, lines, table};

/// What cannot be decided from what is declared, in full; what only a cluster shows, in a short list.
pub(super) fn unknown(findings: &[CheckFinding], layout: Layout) -> String {
    let (absent, undecidable): (Vec<_>, Vec<_>) =
        findings.iter().partition(|finding| finding.not_in_these_files.is_some());
    let mut text: String = undecidable.into_iter().map(|finding| block(finding, layout)).collect();
    if absent.is_empty() {
        return text;
    }
    let mut by_reason: BTreeMap<(&str, &str), Vec<&CheckFinding>> = BTreeMap::new();
    for finding in absent {
        let reason = (finding.control.unwrap_or_default(), finding.not_in_these_files.unwrap_or_default());
        by_reason.entry(reason).or_default().push(finding);
    }
    let rows = by_reason.into_iter().map(|((control, missing), findings)| {
        vec![control.to_owned(), missing.to_owned(), objects_of(&findings)]
    });
    let heading = layout.paint(Tone::Doubtful, "UNKNOWN");
    let table = table(&["control", "not in these files", "objects"], rows, narrower(layout));
    text.push_str(&heading);
    text.push_str(" what these files do not show; a cluster does:\n");
    text.push_str(&indented(&table));
    text.push('\n');
    text
}

const OBJECTS_NAMED: usize = 3;

/// The first few by name, the others by number.
fn objects_of(findings: &[&CheckFinding]) -> String {
    let mut names: Vec<String> = findings.iter().map(|finding| finding.subject.to_string()).collect();
    names.dedup();
    let more = names.len().saturating_sub(OBJECTS_NAMED);
    names.truncate(OBJECTS_NAMED);
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    names.join(", ")
}

pub(super) fn waived(findings: &[CheckFinding], layout: Layout) -> Vec<String> {
    let label = layout.paint(Tone::Doubtful, "ACCEPTED");
    let line = |finding: &CheckFinding| {
        let waiver = finding.waiver.as_ref();
        let by =
            waiver.map(|(name, until)| format!(" by waiver {name} until {until:.0}")).unwrap_or_default();
        let control = finding.control.unwrap_or_default();
        format!("{label} {}: {control} at {}{by}", heading(finding), finding.field)
    };
    findings.iter().map(line).collect()
}

/// What is to be said of one object with the same words is said once.
pub(super) fn warnings(findings: &[CheckFinding], layout: Layout) -> Vec<String> {
    let mut by_words: Vec<(String, &CheckFinding, usize)> = Vec::new();
    for finding in findings {
        let heading = heading(finding);
        let known = by_words.iter_mut().find(|(of, first, _)| {
            *of == heading && first.wanted == finding.wanted && first.fix == finding.fix
        });
        match known {
            Some((.., count)) => *count += 1,
            None => by_words.push((heading, finding, 1)),
        }
    }
    let label = layout.paint(Tone::Doubtful, "WARNING");
    let line = |(heading, finding, count): (String, &CheckFinding, usize)| {
        let more = if count > 1 { format!(" (and {} more like it)", count - 1) } else { String::new() };
        format!("{label} {heading}: {}{more}; {}", finding.found, finding.fix)
    };
    by_words.into_iter().map(line).collect()
}

pub(super) fn notes(report: &CheckReport, layout: Layout) -> Vec<String> {
    let list =
        |names: &mut dyn Iterator<Item = &String>| names.map(String::as_str).collect::<Vec<_>>().join(", ");
    let mut notes = Vec::new();
    if report.unclaimed > 0 {
        let verb = if report.unclaimed == 1 { "belongs" } else { "belong" };
        notes.push(format!(
            "{} {verb} to no tenant (in {}): label the namespace or list it in a Tenant",
            counted(report.unclaimed, "object", "objects"),
            list(&mut report.unclaimed_namespaces.iter()),
        ));
    }
    for (namespace, tenants) in &report.contested {
        notes.push(format!(
            "namespace {namespace} is asked for by {}: none holds it",
            list(&mut tenants.iter())
        ));
    }
    if !report.implied_namespaces.is_empty() {
        notes.push(format!(
            "not in these files, and so not judged: {} {}",
            if report.implied_namespaces.len() == 1 { "namespace" } else { "namespaces" },
            list(&mut report.implied_namespaces.iter()),
        ));
    }
    for (object, places) in &report.repeated {
        let places: Vec<String> = places.iter().map(ToString::to_string).collect();
        notes.push(format!("{object} stands in {}: the last one counts", places.join(" and ")));
    }
    if !report.not_judged.is_empty() {
        let kinds: Vec<String> =
            report.not_judged.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        notes.push(format!("of kinds that Surety does not judge: {}", kinds.join(", ")));
    }
    notes.iter().map(|note| format!("{} {note}", layout.paint(Tone::Faint, "NOTE"))).collect()
}

const INDENT: u16 = 2;

const fn narrower(layout: Layout) -> Layout {
    Layout { width: layout.width.saturating_sub(INDENT), ..layout }
}

fn indented(text: &str) -> String {
    lines(text.lines().map(|line| format!("  {line}")))
}
