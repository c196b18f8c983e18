//! What Surety reports: tenants, reports, metrics.

use std::time::Duration;

use anyhow::Result;

use crate::demo::expected::Expected;
use crate::demo::story::{Step, Story};
use crate::surety::Installation;

/// A selection, by name.
const METRICS: &str =
    "surety_(build_info|compliance_score_ratio|commitments|backup_.*seconds|admission_requests_total)";

pub async fn tell(story: &mut Story<'_>, surety: &Installation<'_>) -> Result<()> {
    story.chapter(
        "Reports and metrics",
        "The score counts what is shown to be kept; what this version cannot show yet reads Manual and counts for nothing.",
    )?;
    let tenants = Step::new("The tenants", "kubectl get tenants");
    let expected = Expected::shows("five are compliant and one is not", &["False"]);
    story.step(tenants.expecting(expected).within(Duration::from_secs(5))).await?;
    story.step(Step::new("One report a tenant", "kubectl get compliancereports")).await?;
    let report = Step::new(
        "What is in one",
        "kubectl get compliancereport demo-clock -o yaml | sed -n '/^status:/,$p'",
    );
    let expected =
        Expected::shows("commitment, finding, moment and fix are there", &["CLK-01", "since:", "fix:"]);
    story.step(report.expecting(expected).showing(40)).await?;
    let policy = Step::new("The policy that is not kept", "kubectl get backuppolicies");
    story.step(policy.expecting(Expected::shows("it is the short one", &["demo-clock"]))).await?;
    let Some(replica) = surety.replicas().first() else { return Ok(()) };
    let metrics = format!(
        "kubectl get --raw /metrics --server=http://127.0.0.1:{} | grep -E '^{METRICS}' | grep -v ' 0$'",
        replica.metrics_port()
    );
    let expected = Expected::shows("refusals and figures are counted", &["surety_admission_requests_total"]);
    story
        .step(
            Step::new("Metrics of a replica, those that are not 0", metrics).expecting(expected).showing(40),
        )
        .await
}
