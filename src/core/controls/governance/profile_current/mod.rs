//! `governance.profile-current`: the promise document is dated, logged and reviewed, and changes only by new versions.
//!
//! This version delivers no notices and fetches no published document. A promise of either stays Manual, whatever is
//! attested.

#[cfg(test)]
mod tests;
mod transition;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::is_asked_by;
use crate::{
    api::{ProfileSpec, Severity, profile::ChangeLogEntry},
    core::{
        context::Context,
        control::{Control, Door, Guard, Operation, never_weaker, no_demand},
        facts::{Kind, Sources},
        parameters::Parameters,
        subject::{Subject, SubjectClass},
        verdict::{Issue, Problem, Verdict},
    },
};

/// The control.
pub static CONTROL: Control = Control {
    id: "governance.profile-current",
    title: "The promise document is dated, reviewed and its changes told",
    why: "A promise that changes without a trace is worth nothing to the one who relies on it.",
    remediation: "Give the profile a new version and a change-log entry with every change of what it promises, and \
                  review it in time.",
    severity: Severity::Low,
    subjects: &[SubjectClass::Profile],
    reads: Sources::NONE,
    guards: &[Guard {
        kind: Kind::Profile,
        door: Door::ProtectCluster,
        operations: &[Operation::Update, Operation::Delete],
    }],
    evaluate,
    demanded: no_demand,
    upheld_by: None,
    weaker: never_weaker,
    transition: transition::broken_by,
};

fn evaluate(context: &Context<'_>, subject: &Subject<'_>) -> Verdict {
    let Subject::Profile(profile) = subject else { return Verdict::not_applicable("no profile") };
    let (spec, parameters) = (&*profile.spec, context.parameters());
    let is_asked = |commitment| is_asked_by(commitment, CONTROL.id, parameters);
    if !spec.commitments.iter().any(is_asked) {
        return Verdict::not_applicable("the profile promises this otherwise or not at all");
    }
    let due = review(spec, parameters);
    let mut issues: Vec<Issue> = wrong_days(spec);
    issues.extend(logged(spec, parameters.flag("summary")));
    issues.extend(due.as_ref().filter(|due| due.at <= context.now()).map(overdue));
    issues.extend(not_built(parameters));
    let verdict = if issues.is_empty() {
        Verdict::pass(format!("version {}, in effect from {}", spec.version, spec.effective_date))
            .reading("dated, logged and reviewed in time", format!("Profile {}", profile.name))
    } else {
        Verdict::from_issues(issues)
    };
    match due {
        Some(due) if context.now() < due.at => verdict.changing_at(due.at),
        _ => verdict,
    }
}

fn wrong_days(spec: &ProfileSpec) -> Vec<Issue> {
    let effective = [("spec.effectiveDate", &spec.effective_date)];
    let days = effective.into_iter().chain(spec.review_by.as_ref().map(|text| ("spec.reviewBy", text)));
    days.filter(|(_, text)| day(text).is_none()).map(|(field, text)| no_day(field, text)).collect()
}

/// Whether the change log tells of the current version.
fn logged(spec: &ProfileSpec, needs_summary: bool) -> Vec<Issue> {
    let version = &spec.version;
    let Some(entry) = spec.change_log.iter().find(|entry| entry.version == *version) else {
        let fix = format!(
            "add `- {{version: \"{version}\", date: ..., summary: ...}}` at the top of spec.changeLog"
        );
        let found = format!("no entry for version {version}");
        return vec![Issue::fail("spec.changeLog", found, "an entry for the current version", fix)];
    };
    let field = |name: &str| format!("spec.changeLog[version={version}].{name}");
    let date = day(&entry.date).is_none().then(|| no_day(&field("date"), &entry.date));
    let summary = (needs_summary && entry.summary.trim().is_empty()).then(|| {
        Issue::fail(field("summary"), "empty", "a summary of the change", "write what changed into the entry")
    });
    date.into_iter().chain(summary).collect()
}

/// A review, and by when.
struct Review {
    at: Timestamp,
    wanted: String,
}

/// When the review is due: after the day that the profile names, else in time after the newest change. None where that
/// day, or every change's, is no day: then that is the finding.
fn review(spec: &ProfileSpec, parameters: &Parameters) -> Option<Review> {
    if let Some(text) = &spec.review_by {
        let at = midnight(day(text)?.tomorrow().ok()?)?;
        return Some(Review { at, wanted: format!("a review by {text}") });
    }
    let newest = spec.change_log.iter().filter_map(|entry| day(&entry.date)).max()?;
    let within = parameters.span("reviewWithin")?;
    let wanted = format!("a review within {within} of the newest change");
    Some(Review { at: within.after(midnight(newest)?), wanted })
}

fn overdue(review: &Review) -> Issue {
    let found = format!("the review was due before {:.0}", review.at);
    let fix = "review the document, then write the day of the next review into spec.reviewBy";
    Issue::fail("spec.reviewBy", found, review.wanted.as_str(), fix).since(review.at)
}

/// What is promised of the document and cannot be shown.
fn not_built(parameters: &Parameters) -> Vec<Issue> {
    let parts = [
        (
            "notify",
            "a delivered notice of each change",
            "give notice and keep the proof of it; this version neither sends notices nor checks them",
        ),
        (
            "public",
            "a document that anybody can fetch",
            "publish the document and keep its address; this version does not fetch it",
        ),
    ];
    let promised = parts.into_iter().filter(|(name, ..)| parameters.flag(name));
    let issue = |(name, wanted, fix): (&str, &str, &str)| {
        let found = format!("`{name}` is promised, and not shown by this version");
        Issue::fail(name, found, wanted, fix).with_problem(Problem::Manual)
    };
    promised.map(issue).collect()
}

fn no_day(field: &str, found: &str) -> Issue {
    Issue::fail(field, found, "a day of the calendar, as YYYY-MM-DD", "write the day as YYYY-MM-DD")
}

/// A day in the one spelling that the schema allows.
fn day(text: &str) -> Option<Date> {
    text.parse::<Date>().ok().filter(|date| date.to_string() == text)
}

fn midnight(date: Date) -> Option<Timestamp> {
    date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// Whether a change log tells of a version.
fn tells_of(log: &[ChangeLogEntry], version: &str) -> bool {
    log.iter().any(|entry| entry.version == version)
}
