//! What `surety check` says besides violations: what is unknown, what is accepted, what is to be noted.

use std::collections::BTreeMap;

use super::{
    CheckFinding, CheckReport,
    text::{block, heading},
};
use crate::{
    core::subject::SubjectKey,
    report::table::{Layout, Tone, counted, lines, table},
};

/// What cannot be decided from what is declared, in full; what only a cluster shows, or did not show, in short lists.
pub(super) fn unknown(findings: &[CheckFinding], layout: Layout) -> String {
    let is_missing = |finding: &&CheckFinding| finding.not_in_these_files.or(finding.not_listed).is_some();
    let undecidable = findings.iter().filter(|finding| !is_missing(finding));
    let mut text: String = undecidable.map(|finding| block(finding, layout)).collect();
    text.push_str(&list(
        findings,
        "what these files do not show; a cluster does:",
        "not in these files",
        |finding| finding.not_in_these_files,
        layout,
    ));
    let heading = "what the cluster did not give to these credentials:";
    text.push_str(&list(findings, heading, "not given", |finding| finding.not_listed, layout));
    text
}

fn list(
    findings: &[CheckFinding],
    heading: &str,
    column: &str,
    missing: fn(&CheckFinding) -> Option<&'static str>,
    layout: Layout,
) -> String {
    let mut by_reason: BTreeMap<(&str, &str), Vec<&SubjectKey>> = BTreeMap::new();
    for finding in findings {
        let Some(missing) = missing(finding) else { continue };
        by_reason.entry((finding.control.unwrap_or_default(), missing)).or_default().push(&finding.subject);
    }
    if by_reason.is_empty() {
        return String::new();
    }
    let rows = by_reason
        .into_iter()
        .map(|((control, missing), objects)| vec![control.to_owned(), missing.to_owned(), few(objects)]);
    let table = table(&["control", column, "objects"], rows, narrower(layout));
    format!("{} {heading}\n{}\n", layout.paint(Tone::Doubtful, "UNKNOWN"), indented(&table))
}

const OBJECTS_NAMED: usize = 3;

/// The first few by name, the others by number.
pub(super) fn few(mut objects: Vec<&SubjectKey>) -> String {
    objects.dedup();
    let more = objects.len().saturating_sub(OBJECTS_NAMED);
    objects.truncate(OBJECTS_NAMED);
    let mut names: Vec<String> = objects.into_iter().map(ToString::to_string).collect();
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
    for (plural, reason) in &report.unlisted {
        notes.push(format!("{plural} could not be listed, and what rests on them is unknown: {reason}"));
    }
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
