//! The rules of a SARIF run: every control that this version has built, and the form of declarations.

use serde_json::{Value, json};

use crate::{
    api::Severity,
    core::{control::Control, controls, frameworks},
};

/// What stands for a declaration whose form is wrong, or that is remarked on.
const FORM: &str = "declaration.form";
/// GitHub refuses a file with more tags at a rule.
const TAGS: usize = 20;

pub(super) fn rules() -> Value {
    controls::all().iter().map(|control| of_control(control)).chain([form()]).collect()
}

/// Id and index of a control's rule; of the declarations' where there is no control.
pub(super) fn reference(control: Option<&'static str>) -> (&'static str, usize) {
    let all = controls::all();
    let found = control.and_then(|id| Some((id, all.iter().position(|control| control.id == id)?)));
    found.unwrap_or((FORM, all.len()))
}

/// The level of a breach.
pub(super) const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// From 0 to 10: above 9 is critical, from 7 high, from 4 medium, below low.
const fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}

fn of_control(control: &Control) -> Value {
    let help = format!(
        "{}\n\nTo fix: {}\n\n`surety explain {}` tells more.",
        control.why, control.remediation, control.id
    );
    let area = control.id.split('.').next().unwrap_or_default();
    let frameworks = frameworks::ids(control.id).iter().map(String::as_str);
    let tags: Vec<&str> = ["security", area].into_iter().chain(frameworks).take(TAGS).collect();
    json!({
        "id": control.id,
        "shortDescription": {"text": control.title},
        "fullDescription": {"text": control.why},
        "help": {"text": help, "markdown": help},
        "defaultConfiguration": {"level": level(control.severity)},
        "properties": {"tags": tags, "security-severity": security_severity(control.severity)},
    })
}

fn form() -> Value {
    let why = "A declaration of Surety's own that cannot be acted on promises what nobody keeps.";
    json!({
        "id": FORM,
        "shortDescription": {"text": "declarations can be acted on"},
        "fullDescription": {"text": why},
        "help": {"text": why, "markdown": why},
        "defaultConfiguration": {"level": level(Severity::High)},
        "properties": {"tags": ["security", "declaration"], "security-severity": security_severity(Severity::High)},
    })
}
