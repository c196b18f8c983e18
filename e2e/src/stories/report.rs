//! A tenant's ComplianceReport, as a story reads it.

use anyhow::{Context, Result};
use kube::{Api, Client};
use surety::api::compliance_report::ComplianceReport;
pub use surety::api::compliance_report::ReportFinding as Finding;
use surety::api::compliance_report::{CommitmentResult, ComplianceReportStatus};

/// A tenant's report.
#[derive(Debug, Clone)]
pub struct Report(pub ComplianceReportStatus);

impl Report {
    pub(super) async fn of(client: &Client, tenant: &str) -> Result<Self> {
        let reports: Api<ComplianceReport> = Api::all(client.clone());
        let report = reports.get(tenant).await?;
        Ok(Self(report.status.context("the report has no status yet")?))
    }

    /// The open findings of a control, waived ones among them.
    pub fn findings<'r>(&'r self, control: &'r str) -> impl Iterator<Item = &'r Finding> {
        self.0.findings.iter().filter(move |finding| finding.control == control)
    }

    /// The finding of a control on an object, when it is the only one there.
    #[must_use]
    pub fn finding(&self, control: &str, kind: &str, name: &str) -> Option<&Finding> {
        let is_meant =
            |finding: &&Finding| finding.control == control && finding.kind == kind && finding.name == name;
        let mut found = self.0.findings.iter().filter(is_meant);
        found.next().filter(|_| found.next().is_none())
    }

    /// A commitment's result.
    ///
    /// # Errors
    /// When the report has none of this id.
    pub fn commitment(&self, id: &str) -> Result<&CommitmentResult> {
        let found = self.0.commitments.iter().find(|commitment| commitment.id == id);
        found.with_context(|| format!("the report has no commitment {id}: {:?}", self.0.commitments))
    }

    /// A commitment's state.
    ///
    /// # Errors
    /// As [`Self::commitment`].
    pub fn state(&self, id: &str) -> Result<&str> {
        Ok(&self.commitment(id)?.state)
    }
}
