//! What is told in Events: on a change only, one for each, and nothing that is not in a status too.

use super::reported::{Failing, Reported};
use crate::{
    core::{
        facts::{Kind, Name},
        plan::Plan,
    },
    write::{Action, Notice, Reason, Regarding, Severity, Target},
};

/// How many findings of one change are told singly; the rest are counted.
const TOLD_SINGLY: usize = 5;

/// The Events of a change from one result of a tenant to the next. Nothing is told of a first result: a restart finds
/// nothing new.
pub fn of_change(plan: &Plan, before: Option<&Reported>, after: &Reported) -> Vec<Notice> {
    let Some(before) = before else { return Vec::new() };
    let tenant = Regarding {
        target: Target::cluster(Kind::Tenant.resource(), plan.tenant.name.clone()),
        uid: plan.tenant.meta.uid.clone(),
    };
    let opened: Vec<&Failing> = after.failing_only_here(before).collect();
    let closed: Vec<&Failing> = before.failing_only_here(after).collect();
    let mut notices = told(&tenant, Reason::FindingOpened, Severity::Warning, &opened);
    notices.extend(told(&tenant, Reason::FindingClosed, Severity::Normal, &closed));
    notices
}

fn told(tenant: &Regarding, reason: Reason, severity: Severity, findings: &[&Failing]) -> Vec<Notice> {
    let notice = |note: String| Notice {
        regarding: tenant.clone(),
        related: None,
        severity,
        reason,
        action: Action::Evaluate,
        note,
    };
    let mut notes: Vec<String> = findings.iter().take(TOLD_SINGLY).map(|finding| sentence(finding)).collect();
    if findings.len() > TOLD_SINGLY {
        notes.push(format!("and {} more; the ComplianceReport has them all", findings.len() - TOLD_SINGLY));
    }
    notes.into_iter().map(notice).collect()
}

fn sentence(finding: &Failing) -> String {
    let Failing { control, subject, found, wanted, .. } = finding;
    format!("{control} on {subject}: found {found}; wanted {wanted}")
}

/// What is told when a write of Surety's put back what somebody had changed.
pub fn of_repair(target: &Target, uid: &Name) -> Notice {
    Notice {
        regarding: Regarding { target: target.clone(), uid: uid.clone() },
        related: None,
        severity: Severity::Warning,
        reason: Reason::Repaired,
        action: Action::Repair,
        note: format!("somebody had changed {target}; Surety's part of it was put back"),
    }
}

/// What is told when somebody changes the same thing again and again.
pub fn of_contest(target: &Target) -> Notice {
    Notice {
        regarding: Regarding { target: target.clone(), uid: Name::default() },
        related: None,
        severity: Severity::Warning,
        reason: Reason::Contested,
        action: Action::Repair,
        note: format!("somebody changes {target} again and again; Surety leaves it alone for a while"),
    }
}
