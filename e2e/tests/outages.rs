//! What becomes of a cluster while Surety, or the API server, is away. Each story has a control plane of its own.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use e2e::kwok;
use e2e::metrics;
use e2e::stories;
use e2e::stories::runner::{self, Programme};
use e2e::stories::velero::Run;
use e2e::stories::{Finding, Ground, Rule, SOON, Stage, admitted, refused};
use e2e::surety::USER;
use e2e::world::{eventually, install_crds, repository};
use e2e::{ControlPlane, Options};
use jiff::{SignedDuration, Timestamp};
use kube::Client;
use serde_json::{Value, json};

static PROGRAMME: Programme<()> = Programme {
    stories: &stories![
        restarts_change_nothing_and_an_idle_cluster_sees_no_writes_but_of_leases,
        without_surety_pods_are_rescheduled_engines_work_and_a_released_namespace_finishes,
        claims_survive_the_loss_of_the_tenants_and_their_definition,
        a_recovery_point_grows_too_old_at_its_second_though_the_watch_is_silent_and_the_point_is_gone,
    ],
    afterwards: &[],
    at_a_time: 2,
};

fn main() -> ExitCode {
    runner::run(&PROGRAMME, async |_| Ok(()))
}

/// How long nothing may be written but leases.
const QUIET: Duration = Duration::from_secs(20);
/// How many times that length others may take to come to rest.
const WINDOWS: usize = 4;

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
    // The API server refuses everybody for a moment when it has just started.
    let position = stage.audit.position()?;
    control_plane.stop_apiserver()?;
    control_plane.start_apiserver().await?;
    stage.judges().await?;
    nothing_is_written(&stage).await?;
    no_write_was_due(&stage, position)?;
    is_as_before(&stage, &tenant, &findings, &record).await
}

/// The same findings since the same moments, and the same claims.
async fn is_as_before(stage: &Stage<'_>, tenant: &str, findings: &[Finding], record: &Value) -> Result<()> {
    let ground = Ground::again(stage, tenant);
    let (report, claims) = (ground.report().await?, ground.record().await?);
    let told = |finding: &Finding| {
        let (control, name, field) = (&finding.control, &finding.name, &finding.field);
        (control.clone(), name.clone(), field.clone(), finding.since, finding.seen)
    };
    let (now, before): (Vec<_>, Vec<_>) =
        (report.0.findings.iter().map(told).collect(), findings.iter().map(told).collect());
    ensure!(now == before, "{now:?} instead of {before:?}");
    ensure!(claims.get("namespaces") == record.get("namespaces"), "{claims} instead of {record}");
    Ok(())
}

/// A quiet window is a length of time, and the one thing here that cannot be waited for as a condition.
///
/// What controllers still finish of the story's own workload does not count: then the window is taken anew.
async fn nothing_is_written(stage: &Stage<'_>) -> Result<()> {
    let mut counted = BTreeMap::new();
    for _ in 0..WINDOWS {
        let (position, before) = (stage.audit.position()?, Written::counted(&stage.client).await?);
        tokio::time::sleep(QUIET).await;
        no_write_was_due(stage, position)?;
        counted = Written::counted(&stage.client).await?.beyond(&before);
        if counted.is_empty() {
            return Ok(());
        }
        ensure!(others_wrote(stage, position)?, "nobody says who wrote {counted:?}");
    }
    bail!("the API server counted writes in an idle cluster: {counted:?}")
}

fn others_wrote(stage: &Stage<'_>, position: u64) -> Result<bool> {
    let requests = stage.audit.since(position)?;
    let mut writes = requests.iter().filter(|request| request.user.username != USER && request.is_write());
    Ok(writes.any(|request| request.object_ref.as_ref().is_none_or(|object| object.resource != "leases")))
}

/// How many writes the API server has counted, by verb, resource and subresource; all but of leases, whoever sent them.
struct Written(BTreeMap<[String; 3], f64>);

impl Written {
    async fn counted(client: &Client) -> Result<Self> {
        let samples = metrics::of_apiserver(client).await?;
        ensure!(samples.sum("apiserver_request_total", &[]) > 0.0, "the API server counts no requests");
        let mut counts = BTreeMap::new();
        for sample in samples.select("apiserver_request_total", &[("dry_run", "")]) {
            let label = |name: &str| sample.labels.get(name).cloned().unwrap_or_default();
            let is_write = !["GET", "LIST", "WATCH", "CONNECT"].contains(&label("verb").as_str());
            if is_write && label("resource") != "leases" {
                let key = [label("verb"), label("resource"), label("subresource")];
                *counts.entry(key).or_default() += sample.value;
            }
        }
        Ok(Self(counts))
    }

    fn beyond(self, before: &Self) -> BTreeMap<[String; 3], f64> {
        let more = |(key, count): ([String; 3], f64)| {
            let more = count - before.0.get(&key).copied().unwrap_or_default();
            (more > 0.0).then_some((key, more))
        };
        self.0.into_iter().filter_map(more).collect()
    }
}

fn no_write_was_due(stage: &Stage<'_>, position: u64) -> Result<()> {
    let requests = stage.audit.since(position)?;
    let writes = requests
        .iter()
        .filter(|request| request.user.username == USER && request.is_write() && !request.is_dry_run());
    // Leases are renewed; the other is the question who one is, which stores nothing.
    let is_due = |resource: &str| ["leases", "selfsubjectreviews"].contains(&resource);
    let undue: Vec<String> = writes
        .filter(|request| request.object_ref.as_ref().is_none_or(|object| !is_due(&object.resource)))
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
  # The cluster is idle: nobody tries again and again to make a pod that pod security refuses.
  replicas: 0
  selector: {matchLabels: {app: on-host}}
  template:
    metadata: {labels: {app: on-host}}
    spec: {hostPID: true, containers: [{name: a, image: i}]}
";

async fn without_surety_pods_are_rescheduled_engines_work_and_a_released_namespace_finishes(
    (): &(),
) -> Result<()> {
    let options = Options { audit: true, ..Options::default() };
    let control_plane = ControlPlane::start(options).await?;
    kwok::start(&control_plane, "node-a").await?;
    let mut stage = Stage::set(&control_plane, 2).await?;
    let tenant = {
        let ground = Ground::new(&stage, "outage").await?;
        admitted(&ground.apply(WORKLOAD).await?)?;
        runs_beside(&ground, "").await?;
        let taken_at = Timestamp::now();
        stage.velero.create("Backup", run(&ground.tenant, taken_at).backup("InProgress")).await?;
        // A namespace that goes waits for what holds it: it is let go only when Surety is away.
        ground.run("create configmap holds").await?.success()?;
        ground
            .merge("configmap/holds", r#"{"metadata":{"finalizers":["story.test/holds"]}}"#)
            .await?
            .success()?;
        ground.tenant.clone()
    };
    let first = running_pod(&Ground::again(&stage, &tenant)).await?;
    stage.surety.kill(1)?;
    stage.surety.kill(0)?;
    let ground = Ground::again(&stage, &tenant);
    // People wait.
    let change = ground.run("set image deployment/web a=registry.test/other:2").await?;
    ensure!(change.stderr.contains("failed calling webhook \"conform.surety.dev\""), "{}", change.stderr);
    // Controllers do not: the pod that goes is replaced, and the new one runs.
    ground.run(&format!("delete pod {first}")).await?.success()?;
    runs_beside(&ground, &first).await?;
    // Nor does the engine: what runs is finished, and the next run begins.
    let done = json!({"status": {"phase": "Completed"}});
    stage.velero.merge("Backup", &tenant, &done).await?;
    let next = format!("{tenant}-next");
    let next = Run { name: &next, namespace: &tenant, ..run(&tenant, Timestamp::now()) };
    stage.velero.create("Backup", next.backup("New")).await?;

    // A namespace that was released finishes.
    stage.surety.add()?;
    stage.judges().await?;
    let ground = Ground::again(&stage, &tenant);
    admitted(&ground.run("delete namespace $NAMESPACE --wait=false").await?)?;
    drop(ground);
    stage.surety.kill(0)?;
    let ground = Ground::again(&stage, &tenant);
    ground.merge("configmap/holds", r#"{"metadata":{"finalizers":null}}"#).await?.success()?;
    ground.run("wait namespace/$NAMESPACE --for=delete --timeout=60s").await?.success()?;
    Ok(())
}

fn run(name: &str, taken_at: Timestamp) -> Run<'_> {
    let expires = taken_at + SignedDuration::from_hours(720);
    Run { name, schedule: None, namespace: name, claims: &[], taken_at, time_to_live: "720h0m0s", expires }
}

async fn running_pod(ground: &Ground<'_>) -> Result<String> {
    let line =
        "get pods -l app=web --field-selector=status.phase=Running -o jsonpath={.items[*].metadata.name}";
    Ok(ground.run(line).await?.success()?)
}

/// Waits for a running pod other than `gone`.
async fn runs_beside(ground: &Ground<'_>, gone: &str) -> Result<()> {
    eventually(SOON, "a running pod", async || {
        let pod = running_pod(ground).await?;
        Ok((!pod.is_empty() && pod != gone && !pod.contains(' ')).then_some(()))
    })
    .await
}

const WORKLOAD: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: $NAMESPACE}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {terminationGracePeriodSeconds: 0, containers: [{name: a, image: registry.test/web:1}]}
";

async fn claims_survive_the_loss_of_the_tenants_and_their_definition((): &()) -> Result<()> {
    let options = Options { audit: true, ..Options::default() };
    let control_plane = ControlPlane::start(options).await?;
    let mut stage = Stage::set(&control_plane, 2).await?;
    let (tenant, record, manifest) = {
        let ground = Ground::new(&stage, "lost").await?;
        (ground.tenant.clone(), ground.record().await?, ground.fill(include_str!("../data/tenant.yaml")))
    };
    // Break-glass, as the README has it: no Surety, no registration, and then the definition goes with every Tenant.
    stage.surety.kill(1)?;
    stage.surety.kill(0)?;
    stage.kubectl.must(&["delete", "validatingwebhookconfiguration", "surety"]).await?;
    stage.kubectl.must(&["delete", "crd", "tenants.surety.dev", "--timeout=60s"]).await?;
    install_crds(&stage.kubectl, &repository("crds")).await?;
    for _ in 0..2 {
        stage.surety.add()?;
    }
    stage.judges().await?;
    let ground = Ground::again(&stage, &tenant);
    ensure!(
        ground.record().await?.get("namespaces") == record.get("namespaces"),
        "the claim went with the Tenant"
    );
    // What guards the namespace is there again with its Tenant.
    ground.kubectl().apply_text(&manifest).await?.success()?;
    eventually(SOON, "the claim", async || {
        let moved = ground.run("label namespace $NAMESPACE surety.dev/tenant- --dry-run=server").await?;
        refused(&moved, &["[isolation.namespace-claimed]", "\"Customers are kept apart.\""]).map(Some)
    })
    .await?;
    ensure!(ground.record().await?.get("namespaces") == record.get("namespaces"), "another claim");
    Ok(())
}

/// Time for the API server to start again on a busy machine, and for Surety to find it.
const AGE: SignedDuration = SignedDuration::from_secs(60);
const AT_ONCE: SignedDuration = SignedDuration::from_secs(1);

async fn a_recovery_point_grows_too_old_at_its_second_though_the_watch_is_silent_and_the_point_is_gone(
    (): &(),
) -> Result<()> {
    let control_plane = ControlPlane::start(Options { audit: true, ..Options::default() }).await?;
    let stage = Stage::set(&control_plane, 2).await?;
    let ground = Ground::under(&stage, "silent", Rule { enforcement: "Audit", ..Rule::default() }).await?;
    ground.apply(&include_str!("../data/age.yaml").replace("$AGE", "60s")).await?.success()?;
    ground.apply(include_str!("../data/bound.yaml")).await?.success()?;
    ground.run("wait pvc/bound --for=jsonpath={.status.phase}=Bound --timeout=30s").await?.success()?;
    let taken_at = Timestamp::from_second(Timestamp::now().as_second())?;
    let deadline = taken_at + AGE;
    let point = Run { claims: &["bound"], namespace: &ground.namespace, ..run(&ground.tenant, taken_at) };
    stage.velero.completed(&point).await?;
    let oldest = "get tenant $TENANT -o jsonpath={.status.oldestRecoveryPoint}";
    eventually(SOON, "the recovery point", async || {
        let oldest = ground.run(oldest).await?.success()?;
        Ok(oldest.parse().is_ok_and(|oldest: Timestamp| oldest == taken_at).then_some(()))
    })
    .await?;
    // From here on Surety is told nothing of the engine: its watches end with the API server, and it may open no others.
    stage.kubectl.must(&["delete", "clusterrolebinding", "surety-velero"]).await?;
    control_plane.stop_apiserver()?;
    control_plane.start_apiserver().await?;
    stage.judges().await?;
    for (kind, name) in
        [("PodVolumeBackup", format!("{}-bound", ground.tenant)), ("Backup", ground.tenant.clone())]
    {
        stage.velero.all(kind).delete(&name, &kube::api::DeleteParams::default()).await?;
    }
    ensure!(Timestamp::now() < deadline, "the API server was away too long to tell anything");
    let (finding, read_at) = eventually(SOON + Duration::try_from(AGE)?, "the finding", async || {
        let report = ground.report().await?;
        let read_at = Timestamp::now();
        let found = report.findings("backup.recovery-point-age").find(|finding| finding.state == "Fail");
        Ok(found.cloned().map(|finding| (finding, read_at)))
    })
    .await?;
    ensure!(finding.since == deadline, "since {} instead of {deadline}", finding.since);
    for (what, moment) in [("seen", finding.seen), ("read", read_at)] {
        let late = moment.duration_since(deadline);
        ensure!(!late.is_negative() && late <= AT_ONCE, "{what} at {moment} for {deadline}");
    }
    Ok(())
}
