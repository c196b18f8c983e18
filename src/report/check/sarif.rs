//! The outcome of `surety check` as SARIF 2.1.0, errata 01:
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html>

mod rules;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{CheckFinding, CheckReport, Place, Standing, uri};
use crate::{
    api::Severity,
    core::{result::key_of_parts, subject::SubjectKey, verdict::State},
    report::{status::status, words},
};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// One run with a result for everything that was judged; with `only_violations` for those alone, because some viewers make
/// an alert of every result, whatever its kind.
pub fn sarif(report: &CheckReport, version: &str, only_violations: bool) -> Value {
    let mut results: Vec<Value> = report.violations.iter().map(of_finding).collect();
    if !only_violations {
        results.extend(report.unknown.iter().chain(&report.waived).map(of_finding));
        results.extend(report.warnings.iter().map(of_warning));
        results.extend(without_findings(report));
    }
    let driver = json!({"name": "Surety", "version": version, "rules": rules::rules()});
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": driver},
            "invocations": [{"executionSuccessful": true}],
            "results": results,
        }],
    })
}

/// What every result has.
struct Result<'a> {
    control: Option<&'static str>,
    subject: &'a SubjectKey,
    kind: &'static str,
    level: &'static str,
    text: String,
    at: Option<&'a Place>,
    fingerprint: String,
    properties: Value,
}

impl Result<'_> {
    fn into_fields(self) -> Map<String, Value> {
        let (rule, index) = rules::reference(self.control);
        let location = match self.at {
            Some(place) => (uri::of_file(&place.file), place.line),
            None => (uri::of_object(self.subject), 1),
        };
        let name = match self.subject.namespace() {
            Some(namespace) if self.subject.kind_name() != "Namespace" => {
                format!("{namespace}/{}/{}", self.subject.kind_name(), self.subject.name())
            }
            _ => format!("{}/{}", self.subject.kind_name(), self.subject.name()),
        };
        let fields = [
            ("ruleId", json!(rule)),
            ("ruleIndex", json!(index)),
            ("kind", json!(self.kind)),
            ("level", json!(self.level)),
            ("message", json!({"text": self.text})),
            (
                "locations",
                json!([{
                    "physicalLocation": {
                        "artifactLocation": {"uri": location.0},
                        "region": {"startLine": location.1},
                    },
                    "logicalLocations": [{"fullyQualifiedName": name, "kind": "resource"}],
                }]),
            ),
            ("partialFingerprints", json!({"suretyResult/v1": self.fingerprint})),
            ("properties", self.properties),
        ];
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

fn of_finding(finding: &CheckFinding) -> Value {
    let kind = status(finding.state).sarif_kind;
    let severity = finding.severity.unwrap_or(Severity::High);
    let level = if kind == "fail" { rules::level(severity) } else { "none" };
    let mut fields = result_of(finding, kind, level).into_fields();
    if let Some((waiver, until)) = &finding.waiver {
        let justification = format!("waiver {waiver}, until {until:.0}");
        let suppression = json!([{"kind": "external", "status": "accepted", "justification": justification}]);
        fields.insert("suppressions".to_owned(), suppression);
    }
    fields.into()
}

/// What is only remarked on breaks nothing.
fn of_warning(finding: &CheckFinding) -> Value {
    result_of(finding, "informational", "none").into_fields().into()
}

fn result_of<'a>(finding: &'a CheckFinding, kind: &'static str, level: &'static str) -> Result<'a> {
    let breaks: Vec<String> = finding.breaks.iter().map(ToString::to_string).collect();
    Result {
        control: finding.control,
        subject: &finding.subject,
        kind,
        level,
        text: text_of(finding, &breaks),
        at: finding.field_place.as_ref().or(finding.place.as_ref()),
        fingerprint: finding.key.clone(),
        properties: json!({
            "state": finding.state.as_str(),
            "severity": finding.severity.map(words::severity),
            "enforcement": words::enforcement(finding.enforcement),
            "refused": finding.is_refused,
            "tenants": finding.tenants,
            "breaks": breaks,
            "field": finding.field,
            "container": finding.container,
        }),
    }
}

/// One paragraph: viewers show nothing else.
fn text_of(finding: &CheckFinding, breaks: &[String]) -> String {
    let mut text = finding.subject.to_string();
    if !finding.field.is_empty() {
        text.push_str(": ");
        text.push_str(&finding.field);
    }
    for (label, value) in [
        (": found ", &finding.found),
        (", wanted ", &finding.wanted),
        (". To fix: ", &finding.fix),
        (". Breaks ", &breaks.join(", ")),
    ] {
        if !value.is_empty() {
            text.push_str(label);
            text.push_str(value);
        }
    }
    text.push('.');
    text
}

/// What stands well, or waits for somebody: by control and subject, the worst for all who demand it.
fn without_findings(report: &CheckReport) -> Vec<Value> {
    let told: BTreeSet<(&str, &SubjectKey)> = report
        .violations
        .iter()
        .chain(&report.unknown)
        .chain(&report.waived)
        .filter_map(|finding| Some((finding.control?, &finding.subject)))
        .collect();
    let mut worst: BTreeMap<(&'static str, &SubjectKey), &Standing> = BTreeMap::new();
    for standing in report.standings.iter().filter(|s| !told.contains(&(s.control, &s.subject))) {
        let known = worst.entry((standing.control, &standing.subject)).or_insert(standing);
        if standing.state < known.state {
            *known = standing;
        }
    }
    worst.into_values().map(of_standing).collect()
}

fn of_standing(standing: &Standing) -> Value {
    let reason = match (standing.state, standing.reason.as_str()) {
        (State::Pass, "") => "met",
        (_, "") => standing.state.as_str(),
        (_, reason) => reason,
    };
    let result = Result {
        control: Some(standing.control),
        subject: &standing.subject,
        kind: status(standing.state).sarif_kind,
        level: "none",
        text: format!("{}: {reason}.", standing.subject),
        at: standing.place.as_ref(),
        fingerprint: key_of_parts(standing.control, &standing.subject, "", "").to_string(),
        properties: json!({"state": standing.state.as_str(), "tenants": [standing.tenant]}),
    };
    result.into_fields().into()
}
