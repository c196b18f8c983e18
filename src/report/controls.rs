//! What Surety says of its controls: a list of all, and one in full.

use serde_json::{Value, json};

use super::{
    check::{self, CheckFinding},
    coverage::name_of,
    table::{Layout, Tone, counted, labelled, lines, table},
    words,
};
use crate::core::{
    catalogue::{ParameterSpec, PlannedControl},
    control::{Control, Guard},
    facts::Source,
    frameworks,
};

/// A control of the catalogue, and its code where this version has it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What is planned.
    pub planned: &'static PlannedControl,
    /// What is built.
    pub built: Option<&'static Control>,
}

/// One line a control.
pub fn list(entries: &[Entry], layout: Layout) -> String {
    let header = ["id", "title", "severity", "subjects", "frameworks"];
    let table = table(&header, entries.iter().map(row), layout);
    let built = entries.iter().filter(|entry| entry.built.is_some()).count();
    let planned = match entries.len() - built {
        0 => String::new(),
        planned => format!(", {planned} planned"),
    };
    format!("{table}\n{} built{planned}.\n", counted(built, "control", "controls"))
}

fn row(entry: &Entry) -> Vec<String> {
    let id = entry.planned.id.to_owned();
    let Some(control) = entry.built else {
        return vec![
            id,
            entry.planned.title.to_owned(),
            "planned".to_owned(),
            String::new(),
            frameworks_of(entry),
        ];
    };
    let severity = words::severity(control.severity).to_owned();
    vec![id, control.title.to_owned(), severity, subjects_of(control), frameworks_of(entry)]
}

fn subjects_of(control: &Control) -> String {
    control.subjects.iter().copied().map(words::subjects).collect::<Vec<_>>().join(", ")
}

/// The names of the frameworks, each once: `CIS@8.1/11.2` is of `CIS`.
fn frameworks_of(entry: &Entry) -> String {
    let mut names: Vec<&str> =
        frameworks::ids(entry.planned.id).iter().filter_map(|id| id.split('@').next()).collect();
    names.dedup();
    names.join(", ")
}

/// An object that breaks a control, and what is said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// The object.
    pub manifest: &'static str,
    /// What stands against it.
    pub finding: CheckFinding,
}

/// Everything about one control.
pub fn full(entry: &Entry, example: Option<&Example>, layout: Layout) -> String {
    let name = entry.built.map_or(entry.planned.title, |control| control.title);
    let mut text = format!("{}: {name}\n\n", layout.paint(Tone::Strong, entry.planned.id));
    match entry.built {
        Some(control) => {
            for (label, value) in [
                ("why", control.why.to_owned()),
                ("fix", control.remediation.to_owned()),
                ("severity", words::severity(control.severity).to_owned()),
                ("subjects", subjects_of(control)),
                ("reads", reads_of(control)),
                ("guards", guards_of(control)),
                ("policy", policy_of(control)),
            ] {
                text.push_str(&labelled(label, &value, layout));
            }
        }
        None => text.push_str(&labelled(
            "state",
            "planned, not built in this version: a commitment that names it reads Manual",
            layout,
        )),
    }
    let offers: Vec<&str> = entry.planned.offers.iter().copied().map(name_of).collect();
    text.push_str(&labelled("offers", &offers.join(", "), layout));
    let frameworks = frameworks::ids(entry.planned.id);
    text.push_str(&labelled("frameworks", &none_if_empty(&frameworks.join(", ")), layout));
    text.push_str(&parameters(entry.planned, layout));
    if let Some(Example { manifest, finding }) = example {
        let manifest =
            lines(manifest.trim_end().lines().map(|line| format!("  {line}").trim_end().to_owned()));
        text.push_str("\nexample.yaml breaks it:\n");
        text.push_str(&manifest);
        text.push('\n');
        text.push_str(check::finding_text(finding, layout).trim_end());
        text.push('\n');
    }
    text
}

fn reads_of(control: &Control) -> String {
    let reads: Vec<&str> = control.reads.iter().map(Source::as_str).collect();
    if reads.is_empty() {
        "its subject only".to_owned()
    } else {
        format!("its subject, {}", reads.join(", "))
    }
}

fn guards_of(control: &Control) -> String {
    let guard = |guard: &Guard| {
        let operations: Vec<&str> = guard.operations.iter().map(|operation| operation.as_str()).collect();
        format!("{} ({})", guard.kind, operations.join(", "))
    };
    none_if_empty(&control.guards.iter().map(guard).collect::<Vec<_>>().join(", "))
}

fn policy_of(control: &Control) -> String {
    control.upheld_by.map_or_else(|| "none upholds it".to_owned(), |kind| format!("{kind} upholds it"))
}

fn none_if_empty(text: &str) -> String {
    if text.is_empty() { "none".to_owned() } else { text.to_owned() }
}

fn parameters(planned: &PlannedControl, layout: Layout) -> String {
    let rows = planned
        .parameters()
        .map(|spec| vec![spec.name.to_owned(), spec.parameter_type.to_string(), default_of(spec).to_owned()]);
    let table = table(&["parameter", "type", "default"], rows, layout);
    if planned.one_of.is_empty() {
        return format!("\n{table}");
    }
    format!("\n{table}At least one of {} must be given.\n", planned.one_of.join(", "))
}

const fn default_of(spec: &ParameterSpec) -> &'static str {
    match spec.default {
        Some(default) => default,
        None => "must be given",
    }
}

/// The controls as JSON.
pub fn json(entries: &[Entry]) -> Value {
    entries.iter().map(json_of).collect()
}

fn json_of(entry: &Entry) -> Value {
    let planned = entry.planned;
    let parameters: Vec<Value> = planned.parameters().map(json_of_parameter).collect();
    let mut value = json!({
        "id": planned.id,
        "title": entry.built.map_or(planned.title, |control| control.title),
        "area": planned.area.name(),
        "built": entry.built.is_some(),
        "offers": planned.offers,
        "parameters": parameters,
        "oneOf": planned.one_of,
        "frameworks": frameworks::ids(planned.id),
    });
    if let (Some(control), Some(fields)) = (entry.built, value.as_object_mut()) {
        let Value::Object(more) = json_of_built(control) else { return value };
        fields.extend(more);
    }
    value
}

/// One control as JSON, with what is said of an object that breaks it.
pub fn json_in_full(entry: &Entry, example: Option<&Example>) -> Value {
    let mut value = json_of(entry);
    if let Some(fields) = value.as_object_mut() {
        let example = example.map(|Example { manifest, finding }| {
            json!({"manifest": manifest, "finding": check::finding_json(finding)})
        });
        fields.insert("example".to_owned(), example.into());
    }
    value
}

fn json_of_parameter(spec: &ParameterSpec) -> Value {
    json!({"name": spec.name, "type": spec.parameter_type.to_string(), "default": spec.default})
}

fn json_of_built(control: &Control) -> Value {
    let reads: Vec<&str> = control.reads.iter().map(Source::as_str).collect();
    let guard = |guard: &Guard| {
        let operations: Vec<&str> = guard.operations.iter().map(|operation| operation.as_str()).collect();
        json!({"kind": guard.kind.to_string(), "operations": operations})
    };
    json!({
        "why": control.why,
        "remediation": control.remediation,
        "severity": control.severity,
        "subjects": control.subjects.iter().copied().map(words::subjects).collect::<Vec<_>>(),
        "reads": reads,
        "guards": control.guards.iter().map(guard).collect::<Vec<_>>(),
        "upheldBy": control.upheld_by.map(|kind| kind.to_string()),
    })
}
