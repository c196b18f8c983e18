//! What Surety reports: tenants, reports, metrics.

use std::time::Duration;

use anyhow::Result;

use crate::demo::expected::Expected;
use crate::demo::story::{Step, Story};
use crate::surety::Installation;

/// A selection: what was refused or warned of, what is kept or broken, when the last backup was made.
const METRICS: &str = r#"^surety_(admission_requests.*"(deny|warn)"|commitments.*"(Fail|Pass)"|backup_last)"#;

pub async fn tell(story: &mut Story<'_>, surety: &Installation<'_>) -> Result<()> {
    story.chapter(
        "Reports and metrics",
        "The score counts what is shown to be kept; what this version cannot show yet reads Manual and counts for nothing.",
    )?;
    let tenants = Step::new(
        "The tenants, without the one of the canaries, which nothing was promised",
        "kubectl get tenants --selector=!surety.dev/canary",
    );
    let expected = Expected::shows("five are compliant and one is not", &["False"]);
    story.step(tenants.expecting(expected).within(Duration::from_secs(5))).await?;
    story.step(Step::new("One report a tenant", "kubectl get compliancereports")).await?;
    let kept = format!(
        "kubectl get compliancereport sample-msp-assurance -o jsonpath='{}'",
        r#"{range .status.commitments[?(@.state=="Pass")]}{.id}{"  "}{.promise}{"\n"}{end}"#
    );
    let expected = Expected::shows("the daily backup is among them", &["MSP-01  Databases are backed up"]);
    story
        .step(Step::new("The promises of one tenant that are shown to be kept", kept).expecting(expected))
        .await?;
    let report = Step::new(
        "What is in the report of the other",
        "kubectl get compliancereport demo-clock -o yaml | sed -n '/^status:/,$p'",
    );
    let expected =
        Expected::shows("commitment, finding, moment and fix are there", &["CLK-01", "since:", "fix:"]);
    story.step(report.expecting(expected).showing(40)).await?;
    let policy = Step::new("The policy that is not kept", "kubectl get backuppolicies");
    story.step(policy.expecting(Expected::shows("it is the short one", &["demo-clock"]))).await?;
    let Some(replica) = surety.replicas().first() else { return Ok(()) };
    let metrics = format!(
        "kubectl get --raw /metrics --server=http://127.0.0.1:{} |\n  grep -E '{METRICS}' | grep -v ' 0$' | sort",
        replica.metrics_port()
    );
    let expected = Expected::shows("refusals and figures are counted", &["surety_admission_requests_total"]);
    story.step(Step::new("Some metrics of one replica", metrics).expecting(expected).showing(40)).await
}
