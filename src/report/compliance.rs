//! The ComplianceReport of a tenant: bounded, in stable order, the total kept.

use crate::{
    api::{
        ComplianceReportStatus,
        compliance_report::{CommitmentResult, ReportFinding, ReportSummary},
    },
    core::{
        result::{CommitmentState, Finding, TenantResult},
        score::percent,
        subject::SubjectKey,
        verdict::State,
    },
};

/// How many findings a report shows.
pub const FINDINGS_SHOWN: usize = 200;
/// How many commitments a report shows.
const COMMITMENTS_SHOWN: usize = 512;
/// How long one text of a report may be.
const LONGEST_TEXT: usize = 512;

/// The report of a result.
pub fn report(result: &TenantResult) -> ComplianceReportStatus {
    ComplianceReportStatus {
        summary: summary(result),
        commitments: result.commitments.iter().take(COMMITMENTS_SHOWN).map(commitment).collect(),
        findings: result.findings.iter().take(FINDINGS_SHOWN).map(finding).collect(),
        total_findings: whole(result.findings.len()),
    }
}

fn summary(result: &TenantResult) -> ReportSummary {
    let count = |state: State| whole(result.count(state));
    ReportSummary {
        fail: count(State::Fail),
        error: count(State::Error),
        stale: count(State::Stale),
        pending: count(State::Pending),
        manual: count(State::Manual),
        waived: count(State::Waived),
        pass: count(State::Pass),
        not_applicable: count(State::NotApplicable),
        score: result.weights.score().map(percent),
        coverage: result.weights.coverage().map(percent),
    }
}

fn commitment(state: &CommitmentState) -> CommitmentResult {
    CommitmentResult {
        profile: state.profile.to_string(),
        id: state.id.to_string(),
        promise: shortened(&state.promise),
        state: state.state.to_string(),
        weight: state.weight,
        reason: state.reason.as_deref().map(shortened),
    }
}

fn finding(finding: &Finding) -> ReportFinding {
    let namespace = match &finding.subject {
        SubjectKey::Object(key) => key.namespace.as_ref().map(ToString::to_string),
        SubjectKey::Commitment { .. } => None,
    };
    ReportFinding {
        control: finding.control.to_owned(),
        state: finding.state.to_string(),
        severity: finding.severity,
        breaks: finding.breaks.iter().take(32).cloned().collect(),
        kind: finding.subject.kind_name().to_owned(),
        namespace,
        name: finding.subject.name().to_string(),
        field: Some(shortened(&finding.issue.field)).filter(|field| !field.is_empty()),
        found: shortened(&finding.issue.found),
        wanted: shortened(&finding.issue.wanted),
        fix: shortened(&finding.issue.fix),
        waiver: finding.waiver.as_ref().map(ToString::to_string),
        since: finding.since,
        seen: finding.seen,
        remediate_by: finding.remediate_by,
        regressions: finding.regressions,
    }
}

/// At most [`LONGEST_TEXT`] bytes, cut at a character.
pub(crate) fn shortened(text: &str) -> String {
    if text.len() <= LONGEST_TEXT {
        return text.to_owned();
    }
    let room = LONGEST_TEXT - '…'.len_utf8();
    let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", text.get(..end).unwrap_or_default())
}

fn whole(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_at_a_character_and_stays_within_the_bound() {
        let text = "ä".repeat(400);
        let cut = shortened(&text);
        assert!(cut.len() <= LONGEST_TEXT && cut.ends_with('…'), "{}", cut.len());
        assert_eq!(shortened("short"), "short");
    }
}
