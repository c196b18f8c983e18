//! The outcome of `surety check` as JSON. Field names are stable.

use serde_json::{Value, json};

use super::{
    Broken, CheckFinding, CheckReport, TenantSummary,
    namespaces::{Row, namespaces},
};
use crate::{
    core::{subject::SubjectKey, verdict::State},
    report::words,
};

/// Every field is always there; an absent value is `null`.
pub fn json(report: &CheckReport) -> Value {
    let findings = |findings: &[CheckFinding]| findings.iter().map(finding).collect::<Value>();
    json!({
        "conforms": report.conforms(),
        "summary": {
            "objects": report.objects,
            "violations": report.violations.len(),
            "unknown": report.unknown.len(),
            "waived": report.waived.len(),
            "warnings": report.warnings.len(),
        },
        "tenants": report.tenants.iter().map(tenant).collect::<Value>(),
        "namespaces": namespaces(report).iter().map(namespace).collect::<Value>(),
        "unlisted": report.unlisted,
        "violations": findings(&report.violations),
        "unknown": findings(&report.unknown),
        "waived": findings(&report.waived),
        "warnings": findings(&report.warnings),
        "unclaimed": {"objects": report.unclaimed, "namespaces": report.unclaimed_namespaces},
        "contestedNamespaces": report.contested,
        "impliedNamespaces": report.implied_namespaces,
        "notJudged": report.not_judged,
        "repeated": report.repeated.iter().map(|(object, places)| {
            let places: Vec<Value> = places.iter().map(|place| json!({"file": place.file, "line": place.line})).collect();
            json!({"object": object, "places": places})
        }).collect::<Value>(),
    })
}

fn namespace(row: &Row<'_>) -> Value {
    json!({
        "namespace": row.namespace,
        "tenant": row.tenant,
        "objects": row.objects.len(),
        "refused": row.refused,
        "found": row.found,
        "unknown": row.unknown,
        "waived": row.waived,
    })
}

fn tenant(tenant: &TenantSummary) -> Value {
    let count = |state: State| tenant.commitments.get(&state).copied().unwrap_or(0);
    let commitments: serde_json::Map<String, Value> =
        State::ALL.iter().map(|state| (camel_case(*state), Value::from(count(*state)))).collect();
    json!({"name": tenant.name, "declared": tenant.is_declared, "commitments": commitments})
}

fn camel_case(state: State) -> String {
    let mut letters = state.as_str().chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// One finding.
pub fn finding(finding: &CheckFinding) -> Value {
    let namespace = match &finding.subject {
        SubjectKey::Object(key) => key.namespace.as_ref().map(ToString::to_string),
        SubjectKey::Commitment { .. } => None,
    };
    json!({
        "file": finding.place.as_ref().map(|place| &place.file),
        "line": finding.place.as_ref().map(|place| place.line),
        "at": finding.field_place.as_ref().map(|place| json!({"file": place.file, "line": place.line})),
        "object": {
            "kind": finding.subject.kind_name(),
            "namespace": namespace,
            "name": finding.subject.name(),
        },
        "tenants": finding.tenants,
        "control": finding.control,
        "state": finding.state.as_str(),
        "severity": finding.severity.map(words::severity),
        "enforcement": words::enforcement(finding.enforcement),
        "breaks": finding.breaks.iter().map(broken).collect::<Value>(),
        "field": some(&finding.field),
        "container": finding.container,
        "found": finding.found,
        "wanted": finding.wanted,
        "fix": finding.fix,
        "notInTheseFiles": finding.not_in_these_files,
        "notListed": finding.not_listed,
        "refused": finding.is_refused,
        "waiver": finding.waiver.as_ref().map(|(name, until)| json!({"name": name, "until": format!("{until:.0}")})),
    })
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn broken(broken: &Broken) -> Value {
    match broken {
        Broken::Commitment { profile, id, promise } => {
            json!({"profile": profile, "commitment": id, "promise": promise})
        }
        Broken::Policy { kind, name } => json!({"policy": {"kind": kind, "name": name}}),
    }
}
