//! The outcome of `surety check` for people.

use super::{
    Broken, CheckFinding, CheckReport, EVERYBODY, TenantSummary, namespaces,
    remarks::{notes, unknown, waived, warnings},
};
use crate::{
    core::verdict::State,
    report::{
        table::{Layout, Tone, counted, labelled, lines},
        words,
    },
};

const COLUMNS: &str = "refused: the webhook would not let it come in again as it is; found: reported, and not refused; --quiet \
                       prints each";

/// Violations first, each in full; then, unless only those are wanted, what is unknown, waived and to be noted, and how
/// many there are of each. Of a cluster: how many there are in each namespace and of each control.
pub fn text(report: &CheckReport, only_violations: bool, layout: Layout) -> String {
    let violations: String = report.violations.iter().map(|finding| block(finding, layout)).collect();
    if only_violations {
        return violations;
    }
    if report.is_of_cluster {
        let parts = [
            namespaces::text(report, layout),
            format!("{} {COLUMNS}\n", layout.paint(Tone::Faint, "NOTE")),
            lines(warnings(&report.warnings, layout)),
            lines(notes(report, layout)),
            lines(summary(report, layout).pop()),
        ];
        return parts.concat();
    }
    let parts = [
        violations,
        unknown(&report.unknown, layout),
        lines(waived(&report.waived, layout)),
        lines(warnings(&report.warnings, layout)),
        lines(notes(report, layout)),
        lines(summary(report, layout)),
    ];
    parts.concat()
}

/// One finding, a field a line.
pub fn block(finding: &CheckFinding, layout: Layout) -> String {
    let (label, tone) = match finding.state {
        State::Error => ("UNKNOWN", Tone::Doubtful),
        _ => ("VIOLATION", Tone::Bad),
    };
    let mut text =
        format!("{} {}\n", layout.paint(tone, label), layout.paint(Tone::Strong, &heading(finding)));
    let control = match (finding.control, finding.severity) {
        (Some(control), Some(severity)) => format!("{control} ({})", words::severity(severity)),
        (Some(control), None) => control.to_owned(),
        (None, _) => "form of the declaration".to_owned(),
    };
    let mut line = |label: &str, value: &str| {
        if !value.is_empty() {
            text.push_str(&labelled(&format!("  {label}"), value, layout));
        }
    };
    line("control", &control);
    for broken in &finding.breaks {
        let (label, value) = told(broken);
        line(label, &value);
    }
    line("field", &field_of(finding));
    line("found", &finding.found);
    line("wanted", &finding.wanted);
    line("fix", &finding.fix);
    text.push('\n');
    text
}

/// The field, and where it stands.
fn field_of(finding: &CheckFinding) -> String {
    let field = &finding.field;
    match &finding.field_place {
        _ if field.is_empty() => String::new(),
        Some(place) if finding.place.as_ref().is_some_and(|object| object.file == place.file) => {
            format!("{field} (line {})", place.line)
        }
        Some(place) => format!("{field} ({place})"),
        None => field.clone(),
    }
}

fn told(broken: &Broken) -> (&'static str, String) {
    match broken {
        Broken::Commitment { profile, id, promise } => ("promise", format!("{profile}/{id}: {promise}")),
        Broken::Policy { kind, name } => ("policy", format!("{kind} {name}")),
    }
}

pub(super) fn heading(finding: &CheckFinding) -> String {
    match &finding.place {
        Some(place) => format!("{place} {}", finding.subject),
        None => finding.subject.to_string(),
    }
}

fn summary(report: &CheckReport, layout: Layout) -> Vec<String> {
    let (word, tone) =
        if report.conforms() { ("conforming", Tone::Good) } else { ("not conforming", Tone::Bad) };
    let violations = match report.violations.len() {
        0 => "no violation".to_owned(),
        count => {
            let offenders = counted(report.offenders().len(), "object", "objects");
            format!("{} in {offenders}", counted(count, "violation", "violations"))
        }
    };
    let last = format!(
        "{}: {} judged, {violations}, {} unknown, {} waived",
        layout.paint(tone, word),
        counted(report.objects, "object", "objects"),
        report.unknown.len(),
        report.waived.len(),
    );
    report.tenants.iter().map(tenant_line).chain([last]).collect()
}

fn tenant_line(tenant: &TenantSummary) -> String {
    let counts: Vec<String> = State::ALL
        .iter()
        .filter_map(|state| {
            Some(format!("{} {state}", tenant.commitments.get(state).filter(|count| **count > 0)?))
        })
        .collect();
    let name = match (tenant.is_declared, tenant.name.as_str()) {
        (true, name) => format!("tenant {name}"),
        (false, EVERYBODY) => "all namespaces together".to_owned(),
        (false, name) => format!("tenant {name}, which is not in these files"),
    };
    if counts.is_empty() {
        return format!("{name}: no commitment reaches it");
    }
    format!("{name}: commitments {}", counts.join(", "))
}
