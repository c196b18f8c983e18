//! The outcome by namespace and by control: what a cluster of many tenants is looked at by.

use std::collections::{BTreeMap, BTreeSet};

use super::{CheckFinding, CheckReport};
use crate::{
    core::subject::SubjectKey,
    report::{
        table::{Layout, table},
        words,
    },
};

/// One namespace of one tenant, or what of a tenant lies in none.
#[derive(Debug, Default)]
pub(super) struct Row<'r> {
    pub(super) namespace: Option<String>,
    pub(super) tenant: String,
    pub(super) objects: BTreeSet<&'r SubjectKey>,
    /// Violations that would not come in again.
    pub(super) refused: usize,
    /// Violations that the webhook lets in, or never sees come.
    pub(super) found: usize,
    pub(super) unknown: usize,
    pub(super) waived: usize,
}

/// Every namespace with something that was judged, in order of tenants; and what of a tenant lies in none, where anything
/// stands against it.
pub(super) fn namespaces(report: &CheckReport) -> Vec<Row<'_>> {
    let mut rows: BTreeMap<(String, Option<String>), Row<'_>> = BTreeMap::new();
    for standing in &report.standings {
        row_of(&mut rows, &standing.tenant, &standing.subject).objects.insert(&standing.subject);
    }
    for (part, findings) in [
        (Part::Violation, &report.violations),
        (Part::Unknown, &report.unknown),
        (Part::Waived, &report.waived),
    ] {
        for finding in findings {
            for tenant in &finding.tenants {
                let row = row_of(&mut rows, tenant, &finding.subject);
                match part {
                    Part::Violation if finding.is_refused => row.refused += 1,
                    Part::Violation => row.found += 1,
                    Part::Unknown => row.unknown += 1,
                    Part::Waived => row.waived += 1,
                }
            }
        }
    }
    let is_told =
        |row: &Row<'_>| row.namespace.is_some() || row.refused + row.found + row.unknown + row.waived > 0;
    rows.into_values().filter(is_told).collect()
}

#[derive(Clone, Copy)]
enum Part {
    Violation,
    Unknown,
    Waived,
}

fn row_of<'a, 'r>(
    rows: &'a mut BTreeMap<(String, Option<String>), Row<'r>>,
    tenant: &str,
    subject: &SubjectKey,
) -> &'a mut Row<'r> {
    let namespace = subject.namespace().map(ToString::to_string);
    rows.entry((tenant.to_owned(), namespace.clone())).or_insert_with(|| Row {
        namespace,
        tenant: tenant.to_owned(),
        ..Row::default()
    })
}

/// A table by namespace, and one by control with the first few objects of each.
pub(super) fn text(report: &CheckReport, layout: Layout) -> String {
    let header = ["namespace", "tenant", "objects", "refused", "found", "unknown", "waived"];
    let rows = namespaces(report).into_iter().map(|row| {
        let counts = [row.objects.len(), row.refused, row.found, row.unknown, row.waived];
        let names = [row.namespace.unwrap_or_else(|| "(none)".to_owned()), row.tenant];
        names.into_iter().chain(counts.map(|count| count.to_string())).collect()
    });
    format!("{}\n{}", table(&header, rows, layout), by_control(report, layout))
}

#[derive(Default)]
struct Counts<'r> {
    severity: &'static str,
    refused: usize,
    found: usize,
    unknown: usize,
    objects: Vec<&'r SubjectKey>,
}

fn by_control(report: &CheckReport, layout: Layout) -> String {
    let mut counts: BTreeMap<&str, Counts<'_>> = BTreeMap::new();
    let mut count = |finding: &'_ CheckFinding, is_violation: bool| {
        let entry = counts.entry(finding.control.unwrap_or("form of a declaration")).or_default();
        entry.severity = finding.severity.map_or("", words::severity);
        match (is_violation, finding.is_refused) {
            (true, true) => entry.refused += 1,
            (true, false) => entry.found += 1,
            (false, _) => entry.unknown += 1,
        }
    };
    report.violations.iter().for_each(|finding| count(finding, true));
    report.unknown.iter().for_each(|finding| count(finding, false));
    for finding in report.violations.iter().chain(&report.unknown) {
        if let Some(entry) = counts.get_mut(finding.control.unwrap_or("form of a declaration")) {
            entry.objects.push(&finding.subject);
        }
    }
    if counts.is_empty() {
        return String::new();
    }
    let rows = counts.into_iter().map(|(control, counts)| {
        let numbers = [counts.refused, counts.found, counts.unknown].map(|count| count.to_string());
        let [refused, found, unknown] = numbers;
        vec![
            control.to_owned(),
            counts.severity.to_owned(),
            refused,
            found,
            unknown,
            super::remarks::few(counts.objects),
        ]
    });
    let header = ["control", "severity", "refused", "found", "unknown", "objects"];
    format!("{}\n", table(&header, rows, layout))
}
