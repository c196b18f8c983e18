//! A tenant breaks a promise, and a person hears of it. The dashboards show it too.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::ControlPlane;
use e2e::stories::{Ground, Rule, SOON, Stage, admitted};
use e2e::surety::Surety;
use e2e::world::{eventually, repository};
use serde_json::Value;

use super::chart;
use super::monitoring::Monitoring;
use super::receiver::Receiver;

/// What a message may take on a busy machine: the breach is found, scraped, evaluated, grouped and sent.
const HEARD: Duration = Duration::from_mins(1);

/// Commands with one of these need pods, or programs that this cluster does not have.
const NEEDS_MORE: [&str; 6] = ["POD", "NAMESPACE", " logs ", " top ", "rollout", "servicemonitors"];

/// The world of the story has nothing of these: no recovery point was ever made in it, and its webhooks may not have been
/// tried out yet. A query that needs one shows nothing.
const NOT_IN_THIS_WORLD: [&str; 1] = ["surety_backup_last_success_timestamp_seconds"];

/// A waiver of the tenant that ends in some hours. What it would accept does not occur.
const WAIVER: &str = "
apiVersion: surety.dev/v1alpha1
kind: Waiver
metadata: {name: $TENANT}
spec:
  control: isolation.host-access
  scope: {tenantSelector: {matchLabels: {story: $TENANT}}}
  reason: a device driver needs it for a while
  approver: the officer
  expiresAt: '$EXPIRY'
";

#[tokio::test]
async fn a_tenant_that_breaks_a_promise_is_told_to_a_person_and_shown_on_dashboards() -> Result<()> {
    let control_plane = ControlPlane::shared().await?;
    let stage = Stage::set(control_plane, 2).await?;
    let kept = Ground::under(&stage, "kept", Rule { enforcement: "Audit", management: "Managed" }).await?;
    let broken =
        Ground::under(&stage, "broken", Rule { enforcement: "Audit", management: "Observed" }).await?;
    let expiry = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(8);
    broken.apply(&WAIVER.replace("$EXPIRY", &format!("{expiry:.0}"))).await?.success()?;

    let mut receiver = Receiver::start().await?;
    let rules = chart::rules(&["prometheusRule.overrides.SuretyTenantNonCompliant.for=2s"]).await?;
    let targets: Vec<u16> = stage.surety.replicas().iter().map(Surety::metrics_port).collect();
    let monitoring = Monitoring::start(&targets, &rules, receiver.port).await?;

    admitted(
        &broken
            .run("label namespace $NAMESPACE --overwrite pod-security.kubernetes.io/enforce=privileged")
            .await?,
    )?;
    let (path, message) = receiver
        .wait_for(HEARD, |(_, message)| tenants_of(message, "firing").contains(broken.tenant.as_str()))
        .await?;
    ensure!(path == "/tickets", "a warning was sent to {path}");
    let text = message.to_string();
    ensure!(
        text.contains("SuretyTenantNonCompliant") && text.contains("suretytenantnoncompliant.md"),
        "{text}"
    );
    // What a start leaves behind for moments, such as a webhook that was not tried out yet, is over by now or soon.
    eventually(HEARD, "silence about everything else", async || {
        nobody_else_is_woken(&monitoring, &broken, &kept).await.map(Some)
    })
    .await?;
    dashboards_show(&monitoring, &broken.tenant).await?;
    runbooks_can_be_followed(control_plane, &broken.tenant).await?;

    // What is mended is told too.
    admitted(
        &broken
            .run("label namespace $NAMESPACE --overwrite pod-security.kubernetes.io/enforce=baseline")
            .await?,
    )?;
    broken
        .report_with("no finding", |report| report.findings("isolation.pod-security").next().is_none())
        .await?;
    receiver
        .wait_for(HEARD, |(_, message)| tenants_of(message, "resolved").contains(broken.tenant.as_str()))
        .await?;
    Ok(())
}

/// The tenants whose alerts a message tells as firing or resolved.
fn tenants_of<'m>(message: &'m Value, status: &str) -> BTreeSet<&'m str> {
    let alerts = message.pointer("/alerts").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let meant = alerts.iter().filter(|alert| alert.pointer("/status").is_some_and(|found| found == status));
    meant.filter_map(|alert| alert.pointer("/labels/tenant")?.as_str()).collect()
}

/// In a cluster in health no rule is even about to fire, but for the tenant and the waiver of this story.
async fn nobody_else_is_woken(monitoring: &Monitoring, broken: &Ground<'_>, kept: &Ground<'_>) -> Result<()> {
    let mut unexpected = Vec::new();
    for alert in monitoring.query("ALERTS").await? {
        let label = |name: &str| alert.pointer(&format!("/metric/{name}")).and_then(Value::as_str);
        let is_about = |ground: &Ground<'_>| {
            label("tenant") == Some(&ground.tenant) || label("waiver") == Some(&ground.tenant)
        };
        if !is_about(broken) && !is_about(kept) {
            unexpected.push(alert);
        }
    }
    ensure!(unexpected.is_empty(), "these are firing or about to: {unexpected:?}");
    let of_kept = format!("ALERTS{{tenant=\"{}\",alertname=\"SuretyTenantNonCompliant\"}}", kept.tenant);
    ensure!(monitoring.query(&of_kept).await?.is_empty(), "a tenant whose promises are kept is told");
    Ok(())
}

/// Every query of every dashboard is one that Prometheus takes, and shows something where the world has it.
async fn dashboards_show(monitoring: &Monitoring, tenant: &str) -> Result<()> {
    let mut asked = 0;
    let mut empty = Vec::new();
    for entry in fs::read_dir(repository("charts/surety/files/dashboards"))? {
        let path = entry?.path();
        let dashboard: Value = serde_json::from_str(&fs::read_to_string(&path)?)?;
        let panels = dashboard.pointer("/panels").and_then(Value::as_array).context("there are no panels")?;
        for panel in panels {
            for target in panel.pointer("/targets").and_then(Value::as_array).into_iter().flatten() {
                let query = target.pointer("/expr").and_then(Value::as_str).unwrap_or_default();
                let filled = query
                    .replace("$__rate_interval", "10s")
                    .replace("$job", "surety")
                    .replace("$profile", ".+")
                    .replace("$tenant", tenant);
                asked += 1;
                let shown =
                    eventually(SOON, &filled, async || Ok(Some(monitoring.query(&filled).await?))).await?;
                let title = panel.pointer("/title").and_then(Value::as_str).unwrap_or_default();
                if shown.is_empty() && !NOT_IN_THIS_WORLD.iter().any(|metric| query.contains(metric)) {
                    empty.push(format!("{}: {title}: {filled}", path.display()));
                }
            }
        }
    }
    ensure!(asked > 50, "only {asked} queries were asked");
    ensure!(empty.is_empty(), "these show nothing:\n{}", empty.join("\n"));
    Ok(())
}

/// What a runbook tells people to look at is there: its commands end well, word for word.
async fn runbooks_can_be_followed(control_plane: &ControlPlane, tenant: &str) -> Result<()> {
    let kubectl = control_plane.kubectl();
    let folder = kubectl.program().parent().context("kubectl is in no folder")?;
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    let mut commands = BTreeSet::new();
    for entry in fs::read_dir(repository("docs/runbooks"))? {
        let page = fs::read_to_string(entry?.path())?;
        let blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("```"));
        commands.extend(blocks.flat_map(|(block, _)| block.lines().map(str::to_owned)));
    }
    let can_be_run = |command: &&String| !NEEDS_MORE.iter().any(|word| command.contains(word));
    let mut ran = 0;
    for command in commands.iter().filter(can_be_run) {
        let filled = command.replace("TENANT", tenant).replace("WAIVER", tenant);
        let mut shell = tokio::process::Command::new("/bin/sh");
        shell.args(["-c", &filled]).env("PATH", &path).env("KUBECONFIG", control_plane.kubeconfig());
        let output = tokio::time::timeout(HEARD, shell.kill_on_drop(true).output()).await??;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{command}: {said}");
        ran += 1;
    }
    ensure!(ran > 15, "only {ran} commands were run");
    Ok(())
}
