//! What people get to know of what admission did: refusals, uses of break-glass, gaps in enforcement.

use anyhow::{Context, Result, ensure};
use e2e::stories::{BREAK_GLASS_GROUP, Ground, SOON, Stage, refused, warned};
use e2e::world::{eventually, unique};
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::api::events::v1::Event;
use kube::Api;
use kube::api::ListParams;

/// A controller, since the API server's own pod security would be asked about a pod.
const ON_HOST: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: on-host, namespace: $NAMESPACE}
spec:
  replicas: 0
  selector: {matchLabels: {app: on-host}}
  template:
    metadata: {labels: {app: on-host}}
    spec: {hostPID: true, containers: [{name: a, image: i}]}
";
const REGISTRATION: &str = "surety";

async fn events(stage: &Stage<'_>, namespace: &str, reason: &str) -> Result<Vec<Event>> {
    let events: Api<Event> = Api::namespaced((*stage.client).clone(), namespace);
    let mut found = events.list(&ListParams::default()).await?.items;
    found.retain(|event| event.reason.as_deref() == Some(reason));
    Ok(found)
}

async fn told(stage: &Stage<'_>, namespace: &str, reason: &str) -> Result<Event> {
    eventually(SOON, reason, async || Ok(events(stage, namespace, reason).await?.into_iter().next())).await
}

fn note(event: &Event) -> &str {
    event.note.as_deref().unwrap_or_default()
}

pub async fn a_refusal_is_told_in_its_namespace_and_a_dry_run_is_not(stage: &Stage<'_>) -> Result<()> {
    let ground = Ground::new(stage, "told").await?;
    let other = Ground::new(stage, "untold").await?;
    refused(&other.run_with("create --dry-run=server -f -", ON_HOST).await?, &["[isolation.host-access]"])?;
    for _ in 0..5 {
        refused(&ground.run_with("create -f -", ON_HOST).await?, &["[isolation.host-access]"])?;
    }
    let event = told(stage, &ground.namespace, "RequestDenied").await?;
    ensure!(note(&event).starts_with("CREATE of Deployment on-host was refused: "), "{event:?}");
    ensure!(note(&event).contains("isolation.host-access: spec.template.spec.hostPID: found "), "{event:?}");
    let regarding = event.regarding.context("it is about nothing")?;
    ensure!(
        regarding.kind.as_deref() == Some("Namespace") && regarding.name.as_ref() == Some(&ground.namespace),
        "{regarding:?}"
    );
    // One of each replica at most, however often it was tried.
    let count = events(stage, &ground.namespace, "RequestDenied").await?.len();
    ensure!(count <= stage.surety.replicas().len(), "{count} Events for one thing");
    // It was asked for before.
    ensure!(events(stage, &other.namespace, "RequestDenied").await?.is_empty(), "a dry run left a trace");
    Ok(())
}

pub async fn break_glass_passes_with_a_warning_and_is_told_counted_and_recorded(
    stage: &Stage<'_>,
) -> Result<()> {
    let ground = Ground::new(stage, "emergency").await?;
    let user = unique("rescuer");
    stage.make_powerful(&user).await?;
    let rescuer = stage.control_plane.kubectl_for(&user, &[BREAK_GLASS_GROUP])?;
    let before = used(stage).await?;
    let yaml = ground.fill(ON_HOST);
    let dry = rescuer.run_with_input(&["create", "--dry-run=server", "-f", "-"], &yaml).await?;
    warned(&dry, &["passed by break-glass"])?;
    ensure!((used(stage).await? - before).abs() < 0.5, "a dry run was counted");
    warned(&rescuer.run_with_input(&["create", "-f", "-"], &yaml).await?, &["passed by break-glass"])?;
    let event = told(stage, &ground.namespace, "BreakGlassUsed").await?;
    ensure!(note(&event).contains(&user) && note(&event).contains("passed by break-glass"), "{event:?}");
    ensure!(used(stage).await? > before + 0.5, "it was not counted");
    eventually(SOON, "a record of break-glass", async || {
        let entries = ledger(stage, "break-glass.").await?;
        let is_his = |entry: &&serde_json::Value| entry.pointer("/user").is_some_and(|found| *found == *user);
        let entry = entries.iter().find(is_his).context("there is no record of it")?;
        ensure!(entry.pointer("/object").is_some() && entry.pointer("/at").is_some(), "{entry}");
        Ok(Some(()))
    })
    .await
}

/// Uses of break-glass, over all replicas and entries.
async fn used(stage: &Stage<'_>) -> Result<f64> {
    let metrics = stage.metrics().await?;
    Ok(metrics.iter().map(|samples| samples.sum("surety_admission_break_glass_total", &[])).sum())
}

async fn ledger(stage: &Stage<'_>, series: &str) -> Result<Vec<serde_json::Value>> {
    let maps: Api<ConfigMap> = Api::namespaced((*stage.client).clone(), "surety-system");
    let data = maps.get("surety-cluster").await?.data.unwrap_or_default();
    let entries = data.into_iter().filter(|(key, _)| key.starts_with(series));
    entries.map(|(_, text)| Ok(serde_json::from_str(&text)?)).collect()
}

pub async fn a_registration_that_was_deleted_is_a_gap_until_it_is_back(stage: &Stage<'_>) -> Result<()> {
    stage.kubectl.must(&["delete", "validatingwebhookconfiguration", REGISTRATION]).await?;
    let opened = eventually(SOON, "a gap", async || {
        let found = events(stage, "default", "EnforcementGap").await?;
        Ok(found.into_iter().find(|event| note(event).contains("registration was deleted")))
    })
    .await?;
    let regarding = opened.regarding.context("it is about nothing")?;
    ensure!(regarding.name.as_deref() == Some(REGISTRATION) && regarding.uid.is_some(), "{regarding:?}");
    stage.judges().await?;
    let ended = eventually(SOON, "the end of the gap", async || {
        let found = events(stage, "default", "EnforcementRestored").await?;
        Ok(found.into_iter().find(|event| note(event).contains("registration was deleted")))
    })
    .await?;
    ensure!(note(&ended).contains("they were not for "), "{ended:?}");
    eventually(SOON, "a record of the gap", async || {
        let entries = ledger(stage, "gap.").await?;
        let is_whole = |entry: &serde_json::Value| {
            entry.pointer("/seconds").is_some_and(serde_json::Value::is_i64)
                && entry
                    .pointer("/cause")
                    .is_some_and(|cause| cause == "the webhook registration was deleted")
        };
        ensure!(entries.iter().any(is_whole), "{entries:?}");
        Ok(Some(()))
    })
    .await
}
