//! What becomes of a cluster while Surety, or the API server, is away. Each story has a control plane of its own.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::stories;
use e2e::stories::runner::{self, Programme};
use e2e::stories::{Finding, Ground, Rule, SOON, Stage, admitted};
use e2e::surety::USER;
use e2e::world::eventually;
use e2e::{ControlPlane, Options};
use serde_json::Value;

static PROGRAMME: Programme<()> = Programme {
    stories: &stories![restarts_change_nothing_and_an_idle_cluster_sees_no_writes_but_of_leases],
    afterwards: &[],
    at_a_time: 2,
};

fn main() -> ExitCode {
    runner::run(&PROGRAMME, async |_| Ok(()))
}

/// How long nothing may be written but leases.
const QUIET: Duration = Duration::from_secs(20);

async fn restarts_change_nothing_and_an_idle_cluster_sees_no_writes_but_of_leases((): &()) -> Result<()> {
    let options = Options { audit: true, ..Options::default() };
    let control_plane = ControlPlane::start(options).await?;
    let mut stage = Stage::set(&control_plane, 2).await?;
    let (tenant, findings, record) = {
        let rule = Rule { enforcement: "Audit", ..Rule::default() };
        let ground = Ground::under(&stage, "restarted", rule).await?;
        admitted(&ground.apply(ON_HOST).await?)?;
        let has_finding =
            |report: &e2e::stories::Report| report.findings("isolation.host-access").next().is_some();
        let report = ground.report_with("a finding", has_finding).await?;
        (ground.tenant.clone(), report.0.findings, ground.record().await?)
    };
    nothing_is_written(&stage).await?;
    for _ in 0..2 {
        stage.surety.stop(0).await?;
    }
    let position = stage.audit.position()?;
    for _ in 0..2 {
        stage.surety.add()?;
    }
    stage.judges().await?;
    nothing_is_written(&stage).await?;
    no_write_was_due(&stage, position)?;
    is_as_before(&stage, &tenant, &findings, &record).await?;
    // The API server refuses everybody for a moment when it has just started; what was found then must not stay.
    control_plane.stop_apiserver()?;
    control_plane.start_apiserver().await?;
    stage.judges().await?;
    eventually(SOON, "the same findings", async || {
        is_as_before(&stage, &tenant, &findings, &record).await.map(Some)
    })
    .await
}

/// The same findings since the same moments, and the same claims.
async fn is_as_before(stage: &Stage<'_>, tenant: &str, findings: &[Finding], record: &Value) -> Result<()> {
    let ground = Ground::again(stage, tenant);
    let (report, claims) = (ground.report().await?, ground.record().await?);
    let told = |finding: &Finding| {
        (finding.control.clone(), finding.name.clone(), finding.field.clone(), finding.since)
    };
    let (now, before): (Vec<_>, Vec<_>) =
        (report.0.findings.iter().map(told).collect(), findings.iter().map(told).collect());
    ensure!(now == before, "{now:?} instead of {before:?}");
    ensure!(claims.get("namespaces") == record.get("namespaces"), "{claims} instead of {record}");
    Ok(())
}

/// A quiet window is a length of time, and the one thing here that cannot be waited for as a condition.
async fn nothing_is_written(stage: &Stage<'_>) -> Result<()> {
    let position = stage.audit.position()?;
    tokio::time::sleep(QUIET).await;
    no_write_was_due(stage, position)
}

fn no_write_was_due(stage: &Stage<'_>, position: u64) -> Result<()> {
    let requests = stage.audit.since(position)?;
    let writes = requests.iter().filter(|request| request.user.username == USER && request.is_write());
    let undue: Vec<String> = writes
        .filter(|request| request.object_ref.as_ref().is_none_or(|object| object.resource != "leases"))
        .map(|request| format!("{} {}", request.verb, request.request_uri))
        .collect();
    ensure!(undue.is_empty(), "written although nothing had changed: {undue:?}");
    Ok(())
}

const ON_HOST: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: on-host, namespace: $NAMESPACE}
spec:
  selector: {matchLabels: {app: on-host}}
  template:
    metadata: {labels: {app: on-host}}
    spec: {hostPID: true, containers: [{name: a, image: i}]}
";
