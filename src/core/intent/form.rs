//! What a schema cannot say: bounds of mixed units, cron, control ids and their parameters, dates.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::Date};

use super::Objection;
use crate::core::schedule::Cadence;
use crate::{
    api::{
        AttestationSpec, BackupPolicySpec, EncryptionPolicySpec, Enforcement, ProfileSpec,
        RetentionPolicySpec, TenantSpec, WaiverSpec,
    },
    core::{
        catalogue, controls, effective::bounds_contradict, facts::Fact, verdict::Issue,
        waiver::longest_waiver,
    },
};

pub(super) fn objections(fact: &Fact, now: Timestamp) -> Vec<Objection> {
    match fact {
        Fact::Tenant(tenant) => malformed(tenant_issues(&tenant.spec)),
        Fact::Profile(profile) => profile_objections(&profile.spec),
        Fact::BackupPolicy(policy) => malformed(backup_issues(&policy.spec, now)),
        Fact::RetentionPolicy(policy) => malformed(retention_issues(&policy.spec)),
        Fact::EncryptionPolicy(policy) => malformed(encryption_issues(&policy.spec, now)),
        Fact::Waiver(waiver) => waiver_objections(&waiver.spec, now),
        Fact::Attestation(attestation) => malformed(attestation_issues(&attestation.spec, now)),
        _ => Vec::new(),
    }
}

fn malformed(issues: Vec<Issue>) -> Vec<Objection> {
    issues.into_iter().map(Objection::malformed).collect()
}

fn tenant_issues(spec: &TenantSpec) -> Vec<Issue> {
    let default_is_listed = spec
        .default_data_class
        .as_ref()
        .is_none_or(|class| spec.data_classes.is_empty() || spec.data_classes.contains(class));
    if default_is_listed {
        return Vec::new();
    }
    let found = spec.default_data_class.clone().unwrap_or_default();
    let wanted = format!("one of spec.dataClasses: {}", spec.data_classes.join(", "));
    vec![Issue::fail(
        "spec.defaultDataClass",
        found,
        wanted,
        "list the class in spec.dataClasses or name a listed one",
    )]
}

fn profile_objections(spec: &ProfileSpec) -> Vec<Objection> {
    let mut objections = malformed(profile_date_issues(spec));
    let mut planned_only: BTreeSet<&str> = BTreeSet::new();
    let mut capped: BTreeSet<&str> = BTreeSet::new();
    let uses = spec
        .commitments
        .iter()
        .flat_map(|commitment| commitment.controls.iter().map(move |used| (commitment, used)));
    for (commitment, control_use) in uses {
        let field = format!("spec.commitments[id={}].controls[id={}]", commitment.id, control_use.id);
        let Some(planned) = catalogue::find(&control_use.id) else {
            objections.push(Objection::malformed(unknown_control(&field, &control_use.id)));
            continue;
        };
        let faults = planned.faults(&control_use.parameters).into_iter();
        objections.extend(faults.map(|fault| {
            let fix = format!("correct the parameter: `surety explain {}` lists them", planned.id);
            let issue = Issue::fail(
                format!("{field}.parameters"),
                fault.to_string(),
                "parameters that it takes",
                fix,
            );
            Objection::malformed(issue)
        }));
        if !controls::all().iter().any(|control| control.id == control_use.id) {
            planned_only.insert(&control_use.id);
            capped.insert(&commitment.id);
        }
    }
    objections.extend(not_built(&planned_only, &capped));
    objections
}

/// Accepted with a warning: what is planned but not built caps its commitments at Manual.
fn not_built(controls: &BTreeSet<&str>, commitments: &BTreeSet<&str>) -> Option<Objection> {
    if controls.is_empty() {
        return None;
    }
    let found = format!("{} planned but not built in this version", counted(controls.len(), "control"));
    let wanted = format!("none; {} capped at Manual until then", counted(commitments.len(), "commitment"));
    let issue = Issue::fail("spec.commitments", found, wanted, "`surety coverage` lists them");
    Some(Objection { enforcement: Enforcement::Warn, ..Objection::malformed(issue) })
}

fn unknown_control(field: &str, id: &str) -> Issue {
    let fix = catalogue::near(id).map_or_else(
        || "name a control of the catalogue: `surety controls` lists them".to_owned(),
        |near| format!("did you mean `{near}`? `surety controls` lists all"),
    );
    Issue::fail(field, id, "a control of the catalogue", fix)
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn profile_date_issues(spec: &ProfileSpec) -> Vec<Issue> {
    let effective = [("spec.effectiveDate".to_owned(), Some(&spec.effective_date))];
    let review = [("spec.reviewBy".to_owned(), spec.review_by.as_ref())];
    let log = spec
        .change_log
        .iter()
        .map(|entry| (format!("spec.changeLog[version={}].date", entry.version), Some(&entry.date)));
    let given =
        effective.into_iter().chain(review).chain(log).filter_map(|(field, date)| Some((field, date?)));
    let wrong = given.filter(|(_, date)| date.parse::<Date>().is_err());
    wrong
        .map(|(field, date)| {
            Issue::fail(field, date.clone(), "a day of the calendar", "write it as YYYY-MM-DD")
        })
        .collect()
}

fn backup_issues(spec: &BackupPolicySpec, now: Timestamp) -> Vec<Issue> {
    let mut issues = Vec::new();
    if let Some(retention) = &spec.retention
        && let (Some(at_least), Some(at_most)) = (retention.at_least, retention.at_most)
        && bounds_contradict(at_least, at_most)
    {
        let wanted = format!("at most atMost ({at_most}) and its allowance, from every start date");
        let fix = "lower atLeast or raise atMost";
        issues.push(Issue::fail("spec.retention.atLeast", at_least.to_string(), wanted, fix));
    }
    if let Some(cron) = &spec.schedule
        && let Some(fault) = cron_fault(cron, now)
    {
        let fix = "write five cron fields, such as `17 2 * * *`, that come round again";
        issues.push(Issue::fail("spec.schedule", fault, "a cron expression with a next run", fix));
    }
    issues
}

fn cron_fault(cron: &str, now: Timestamp) -> Option<String> {
    match Cadence::parse(cron) {
        Err(error) => Some(error.to_string()),
        Ok(cadence) if !cadence.has_next_run(now) => Some(format!("`{cron}`, which never runs")),
        Ok(_) => None,
    }
}

fn retention_issues(spec: &RetentionPolicySpec) -> Vec<Issue> {
    let forbidden_and_kept = spec.classes.iter().filter(|class| {
        class.forbidden
            && (class.at_least.is_some() || class.while_active || class.after_termination.is_some())
    });
    forbidden_and_kept
        .map(|class| {
            let field = format!("spec.classes[name={}].forbidden", class.name);
            Issue::fail(field, "true, and kept", "either forbidden or kept", "remove one of the two")
        })
        .collect()
}

fn encryption_issues(spec: &EncryptionPolicySpec, now: Timestamp) -> Vec<Issue> {
    let expired = spec.attested.iter().filter(|entry| entry.until <= now);
    let mut issues: Vec<Issue> = expired
        .map(|entry| {
            let field = format!("spec.attested[provisioner={}].until", entry.provisioner);
            let fix = "attest it anew with a later date, or remove the entry";
            Issue::fail(field, entry.until.to_string(), "a moment in the future", fix)
        })
        .collect();
    let detectors = spec.credentials.iter().flat_map(|credentials| &credentials.detectors);
    let unknown = detectors.filter(|name| !crate::core::credentials::DETECTORS.contains(&name.as_str()));
    issues.extend(unknown.map(|name| {
        let wanted = format!("one of {}", crate::core::credentials::DETECTORS.join(", "));
        Issue::fail("spec.credentials.detectors", name.clone(), wanted, "name a detector of this version")
    }));
    issues
}

fn waiver_objections(spec: &WaiverSpec, now: Timestamp) -> Vec<Objection> {
    let mut objections = malformed(waiver_expiry_issue(spec, now).into_iter().collect());
    if let Some(id) = spec.control.as_ref().filter(|id| catalogue::find(id).is_none()) {
        objections.push(Objection::malformed(unknown_control("spec.control", id)));
    }
    objections
}

fn waiver_expiry_issue(spec: &WaiverSpec, now: Timestamp) -> Option<Issue> {
    let latest = longest_waiver().after(now);
    let found = spec.expires_at.to_string();
    if spec.expires_at <= now {
        return Some(Issue::fail(
            "spec.expiresAt",
            found,
            "a moment in the future",
            "grant it until a later date",
        ));
    }
    let wanted = format!("at most {} ahead", longest_waiver());
    (spec.expires_at > latest)
        .then(|| Issue::fail("spec.expiresAt", found, wanted, "grant it for a shorter time and renew it"))
}

fn attestation_issues(spec: &AttestationSpec, now: Timestamp) -> Vec<Issue> {
    if spec.valid_until > now {
        return Vec::new();
    }
    let found = spec.valid_until.to_string();
    vec![Issue::fail("spec.validUntil", found, "a moment in the future", "attest anew with a later date")]
}
