//! What a refusal says: every violation at once, each with promise, field, found, wanted, fix and the way to a waiver.

use std::fmt::Write as _;

use super::Violation;

/// The API server shows the whole message to a person at a terminal; past this many violations a count follows.
const SHOWN: usize = 20;

/// The message of a refusal.
pub fn explain(violations: &[Violation]) -> String {
    let mut text = String::from("Surety refuses this, because it would break what was promised:");
    for (number, violation) in violations.iter().take(SHOWN).enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n{}", paragraph(number + 1, violation));
    }
    if violations.len() > SHOWN {
        let _ = write!(text, "\n… and {} more of the same kind.", violations.len() - SHOWN);
    }
    if violations.iter().any(|violation| violation.is_waivable) {
        text.push_str(WAY_TO_A_WAIVER);
    }
    text
}

const WAY_TO_A_WAIVER: &str = "\nIf it must be, ask whoever answers for compliance for a Waiver of the control or the commitment named above \
(kubectl explain waiver.spec).";

fn paragraph(number: usize, violation: &Violation) -> String {
    let mut text = format!("{number}. {}", heading(violation));
    let _ = write!(
        text,
        "at {}: found {}; wanted {}.",
        place(violation),
        violation.issue.found,
        violation.issue.wanted
    );
    if !violation.issue.fix.is_empty() {
        let _ = write!(text, "\n   fix: {}", violation.issue.fix);
    }
    text
}

/// Who demands it, on a line of its own; nothing where nobody does, because it is Surety's own ground.
fn heading(violation: &Violation) -> String {
    let mut parts = Vec::new();
    if !violation.control.is_empty() {
        parts.push(format!("[{}]", violation.control));
    }
    if !violation.promise.is_empty() {
        parts.push(format!("\"{}\"", violation.promise));
    }
    if !violation.breaks.is_empty() {
        parts.push(format!("({})", violation.breaks.join(", ")));
    }
    if parts.is_empty() { String::new() } else { format!("{}\n   ", parts.join(" ")) }
}

fn place(violation: &Violation) -> String {
    let field = violation.issue.field.as_str();
    let container = violation.issue.container.as_ref().filter(|name| !field.contains(name.as_str()));
    let mut place = match (&violation.subject, field.is_empty()) {
        (Some(subject), true) => subject.clone(),
        (Some(subject), false) => format!("{subject}, {field}"),
        (None, true) => "this object".to_owned(),
        (None, false) => field.to_owned(),
    };
    if let Some(container) = container {
        let _ = write!(place, " (container {container})");
    }
    place
}

/// Warnings, each one line; `wire` bounds their length and number.
pub fn warnings(violations: &[Violation]) -> Vec<String> {
    violations.iter().map(warning).collect()
}

fn warning(violation: &Violation) -> String {
    let control = if violation.control.is_empty() { "surety" } else { &violation.control };
    format!(
        "{control}: {}: found {}; wanted {}",
        place(violation),
        violation.issue.found,
        violation.issue.wanted
    )
}
