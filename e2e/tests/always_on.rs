//! What must be there always: refusals that are proved, gaps that are remembered, one replica that writes. Each story has
//! a control plane of its own.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::audit::AuditedRequest;
use e2e::load::nuisance::{self, SILENCES};
use e2e::stories;
use e2e::stories::runner::{self, Programme};
use e2e::stories::{Ground, Rule, SOON, Stage, admitted, refused, warned};
use e2e::surety::USER;
use e2e::world::eventually;
use e2e::{ControlPlane, Options};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::api::events::v1::Event;
use kube::Api;
use kube::api::ListParams;
use serde_json::Value;

static PROGRAMME: Programme<()> = Programme {
    stories: &stories![
        each_entry_is_proved_by_a_canary_and_what_cannot_be_proved_is_not_taken_for_enforced,
        a_pause_admits_with_a_warning_and_its_gap_outlives_the_leader_and_ends_at_its_time,
        a_leader_that_slept_past_its_term_writes_nothing_when_it_wakes,
        a_finding_that_is_due_as_the_leader_dies_is_missed_by_nobody,
        a_definition_with_a_new_field_is_lived_with_and_the_field_stays,
        reviews_go_on_beside_clients_that_hold_what_they_were_given,
    ],
    afterwards: &[],
    at_a_time: 2,
};

fn main() -> ExitCode {
    runner::run(&PROGRAMME, async |_| Ok(()))
}

const ENTRIES: [&str; 4] = ["protect-tenant", "protect-engine", "protect-cluster", "conform"];
const REGISTRATION: &str = "validatingwebhookconfiguration/surety";
/// How long a follower may take to lead once the leader is dead: its claim stands 15 s, and is looked at every 2 s.
const SUCCESSION: Duration = Duration::from_secs(20);

async fn start() -> Result<ControlPlane> {
    Ok(ControlPlane::start(Options { audit: true, ..Options::default() }).await?)
}

/// Waits until every replica has proved this state of an entry.
async fn stands(stage: &Stage<'_>, entry: &str, wanted: &str) -> Result<()> {
    eventually(SOON, &format!("{entry} {wanted}"), async || {
        for samples in stage.metrics().await? {
            let found = samples.value("surety_enforcement", &[("entry", entry), ("state", wanted)])?;
            let known = || samples.select("surety_enforcement", &[("entry", entry)]).collect::<Vec<_>>();
            ensure!(found.is_some_and(|value| value > 0.5), "{:?}", known());
            let states = samples.sum("surety_enforcement", &[("entry", entry)]);
            ensure!((states - 1.0).abs() < 0.1, "{states} states at once");
        }
        Ok(Some(()))
    })
    .await
}

/// The recorded gaps, by their keys.
async fn gaps(stage: &Stage<'_>) -> Result<BTreeMap<String, Value>> {
    let maps: Api<ConfigMap> = Api::namespaced((*stage.client).clone(), "surety-system");
    let data = maps.get_opt("surety-cluster").await?.and_then(|map| map.data).unwrap_or_default();
    let entries = data.into_iter().filter(|(key, _)| key.starts_with("gap."));
    entries.map(|(key, text)| Ok((key, serde_json::from_str(&text)?))).collect()
}

fn moment(gap: &Value, field: &str) -> Option<Timestamp> {
    gap.get(field)?.as_str()?.parse().ok()
}

async fn each_entry_is_proved_by_a_canary_and_what_cannot_be_proved_is_not_taken_for_enforced(
    (): &(),
) -> Result<()> {
    let control_plane = start().await?;
    let mut stage = Stage::set(&control_plane, 2).await?;
    for entry in ENTRIES {
        stands(&stage, entry, "enforcing").await?;
    }
    for samples in stage.metrics().await? {
        let proofs = samples.select("surety_enforcement_last_proof_timestamp_seconds", &[]).count();
        ensure!(proofs == ENTRIES.len(), "{proofs} moments of proofs");
    }
    let requests = stage.audit.since(0)?;
    let asked = requests.iter().filter(|request| request.user.username == USER && request.is_dry_run());
    ensure!(asked.count() >= ENTRIES.len(), "the audit log shows no dry runs");
    let kept =
        stage.kubectl.must(&["get", "tenant/surety-canary", "-o", "jsonpath={.metadata.labels}"]).await?;
    ensure!(kept.contains("\"surety.dev/canary\":\"idle\""), "a canary was changed: {kept}");

    // Without its canary nobody knows, and nothing is taken for granted.
    let service = ["service/surety-canary", "--namespace=surety-canary"];
    stage.kubectl.must(&[&["delete"], &service[..]].concat()).await?;
    stands(&stage, "conform", "not_known").await?;
    stands(&stage, "protect-tenant", "enforcing").await?;
    e2e::world::apply_all(&stage.kubectl, &e2e::world::repository("config/canary")).await?;
    stands(&stage, "conform", "enforcing").await?;

    // Nobody answers: everything is refused by the failure policy, and nothing gets in. Told by one that is not asked.
    let watcher = stage.surety.add()?;
    let port = stage.surety.replicas().get(watcher).context("no replica")?.listen_port();
    stage.surety.balancer().remove(port);
    for entry in ENTRIES {
        stands(&stage, entry, "enforcing").await?;
    }
    for _ in 0..watcher {
        stage.surety.kill(0)?;
    }
    for entry in ENTRIES {
        stands(&stage, entry, "closed").await?;
    }
    stage.surety.balancer().add(port);
    for entry in ENTRIES {
        stands(&stage, entry, "enforcing").await?;
    }
    ensure!(gaps(&stage).await?.is_empty(), "a gap was recorded: {:?}", gaps(&stage).await?);
    Ok(())
}

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
const TRY: &str = "create --dry-run=server -f -";
/// Long enough for a new leader.
const PAUSE: SignedDuration = SignedDuration::from_secs(40);

async fn a_pause_admits_with_a_warning_and_its_gap_outlives_the_leader_and_ends_at_its_time(
    (): &(),
) -> Result<()> {
    let control_plane = start().await?;
    let mut stage = Stage::set(&control_plane, 2).await?;
    let tenant = Ground::new(&stage, "paused").await?.tenant.clone();
    stands(&stage, "conform", "enforcing").await?;
    let until = Timestamp::from_second((Timestamp::now() + PAUSE).as_second())?;
    let annotation = format!("surety.dev/paused-until={until}");
    stage.kubectl.must(&["annotate", REGISTRATION, &annotation]).await?;
    eventually(SOON, "a pause", async || {
        let ground = Ground::again(&stage, &tenant);
        warned(&ground.run_with(TRY, ON_HOST).await?, &["Surety is paused", "isolation.host-access"])
            .map(Some)
    })
    .await?;
    for entry in ENTRIES {
        stands(&stage, entry, "open").await?;
    }
    let policies = ["get", REGISTRATION, "-o", "jsonpath={.webhooks[*].failurePolicy}"];
    let found = stage.kubectl.must(&policies).await?;
    ensure!(!found.contains("Fail"), "requests still wait for Surety: {found}");
    let (key, gap) =
        eventually(SOON, "a record of the gap", async || Ok(gaps(&stage).await?.pop_first())).await?;
    ensure!(moment(&gap, "ended").is_none(), "{gap}");
    ensure!(gap.get("cause").and_then(Value::as_str).is_some_and(|cause| cause.contains("paused")), "{gap}");
    told(&stage, "EnforcementGap").await?;

    let leader = stage.leader().await?;
    stage.surety.kill(leader)?;
    ensure!(Timestamp::now() < until, "this machine is too slow to see a pause at work");
    let limit = SOON + Duration::try_from(PAUSE)?;
    eventually(limit, "the end of the pause", async || {
        let ground = Ground::again(&stage, &tenant);
        refused(&ground.run_with(TRY, ON_HOST).await?, &["[isolation.host-access]"]).map(Some)
    })
    .await?;
    let back = Timestamp::now();
    ensure!(back >= until, "it was refused again at {back}, before {until}");
    stands(&stage, "conform", "enforcing").await?;
    let found = stage.kubectl.must(&policies).await?;
    ensure!(found.matches("Fail").count() == ENTRIES.len(), "the failure policies are not back: {found}");
    let ended = eventually(SOON, "the end of the gap", async || {
        let gaps = gaps(&stage).await?;
        ensure!(gaps.len() == 1, "one gap was recorded as {gaps:?}");
        Ok(gaps.get(&key).and_then(|gap| moment(gap, "ended")))
    })
    .await?;
    let late = ended.duration_since(until);
    ensure!(!late.is_negative() && late <= SignedDuration::from_secs(30), "ended {ended} for {until}");
    told(&stage, "EnforcementRestored").await
}

async fn told(stage: &Stage<'_>, reason: &str) -> Result<()> {
    let events: Api<Event> = Api::namespaced((*stage.client).clone(), "default");
    eventually(SOON, reason, async || {
        let found = events.list(&ListParams::default()).await?.items;
        let is_it = |event: &&Event| {
            let note = event.note.as_deref().unwrap_or_default();
            event.reason.as_deref() == Some(reason) && note.contains("paused")
        };
        Ok(found.iter().find(is_it).map(|_| ()))
    })
    .await
}

async fn a_leader_that_slept_past_its_term_writes_nothing_when_it_wakes((): &()) -> Result<()> {
    let control_plane = start().await?;
    let mut stage = Stage::set(&control_plane, 2).await?;
    let (sleeper, name) = (stage.leader().await?, stage.holder().await?);
    let position = stage.audit.position()?;
    // It falls asleep with work to do.
    let tenant = Ground::without_namespace(&stage, "before", Rule::default()).await?.tenant.clone();
    stage.kubectl.must(&["create", "namespace", &tenant]).await?;
    let port = stage.surety.replica_mut(sleeper)?.listen_port();
    stage.surety.replica_mut(sleeper)?.freeze()?;
    stage.surety.balancer().remove(port);
    eventually(SOON + SUCCESSION, "a new leader", async || Ok((stage.holder().await? != name).then_some(())))
        .await?;
    let heir = stage.holder().await?;
    // There is work for whoever leads, and the sleeper wakes up right into it.
    let again = Ground::again(&stage, &tenant);
    // The API server may still ask the sleeper, on a connection that it had, until that is given up.
    eventually(SOON + SUCCESSION, "an answer", async || {
        admitted(&again.run("label namespace $NAMESPACE story=again --overwrite").await?).map(Some)
    })
    .await?;
    drop(again);
    let woken_at = stage.audit.position()?;
    stage.surety.replica_mut(sleeper)?.thaw()?;
    stage.surety.balancer().add(port);
    stage.judges().await?;
    let after = Ground::new(&stage, "after").await?;
    after.report_with("a report", |_| true).await?;

    let written = by_writer(&stage.audit.since(woken_at)?);
    ensure!(!written.iter().any(|(who, _)| who.contains(&name)), "{name} woke up and wrote: {written:?}");
    ensure!(written.iter().any(|(who, _)| who.contains(&heir)), "{heir} wrote nothing: {written:?}");
    let all = by_writer(&stage.audit.since(position)?);
    let turns = turns(&all);
    ensure!(turns.len() <= 2, "replicas wrote by turns: {turns:?}");
    ensure!(stage.holder().await? == heir, "leadership went back");
    Ok(())
}

/// Who of Surety wrote what only the leader writes, in the order in which it was done.
fn by_writer(requests: &[AuditedRequest]) -> Vec<(String, String)> {
    let resource = |request: &AuditedRequest| {
        request.object_ref.as_ref().map(|object| object.resource.clone()).unwrap_or_default()
    };
    // What every replica may: renew or try the lease, tell of what it answered, ask who it is.
    let is_everybodys = |request: &AuditedRequest| {
        ["leases", "events", "selfsubjectreviews"].contains(&resource(request).as_str())
    };
    let writes = requests.iter().filter(|request| {
        request.user.username == USER
            && request.is_write()
            && !request.is_dry_run()
            && !is_everybodys(request)
    });
    let told = |request: &AuditedRequest| {
        (request.user_agent.clone(), format!("{} {}", request.verb, request.request_uri))
    };
    writes.map(told).collect()
}

fn turns(written: &[(String, String)]) -> Vec<&str> {
    let mut turns: Vec<&str> = written.iter().map(|(who, _)| who.as_str()).collect();
    turns.dedup();
    turns
}

/// How long before the second the leader dies.
const BEFORE: SignedDuration = SignedDuration::from_millis(200);

async fn a_finding_that_is_due_as_the_leader_dies_is_missed_by_nobody((): &()) -> Result<()> {
    let control_plane = start().await?;
    let mut stage = Stage::set(&control_plane, 2).await?;
    let tenant = Ground::new(&stage, "due").await?.tenant.clone();
    let ends = Timestamp::from_second((Timestamp::now() + SignedDuration::from_secs(15)).as_second())?;
    {
        let ground = Ground::again(&stage, &tenant);
        for control in ["isolation.host-access", "isolation.pod-security"] {
            let waiver = format!(
                "apiVersion: surety.dev/v1alpha1\nkind: Waiver\nmetadata: {{name: $TENANT-{}}}\nspec: {{control: \
                 {control}, scope: {{tenantSelector: {{matchLabels: {{story: $TENANT}}}}}}, reason: a device driver \
                 needs it for a while, approver: the officer, expiresAt: '{ends}'}}\n",
                control.replace('.', "-")
            );
            ground.apply(&waiver).await?.success()?;
        }
        eventually(SOON, "what the waivers accept", async || {
            admitted(&ground.apply(ON_HOST).await?).map(Some)
        })
        .await?;
    }
    failing(&stage, &tenant, SOON, |failing| failing < 0.5).await?;
    let leader = stage.leader().await?;
    let left = Timestamp::now().duration_until(ends - BEFORE);
    tokio::time::sleep(Duration::try_from(left).context("this machine is too slow")?).await;
    stage.surety.kill(leader)?;
    let at_the_second = Timestamp::now().duration_until(ends + SignedDuration::from_secs(1));
    let within = Duration::try_from(at_the_second).context("this machine is too slow")?;
    failing(&stage, &tenant, within, |failing| failing > 0.5).await?;
    let ground = Ground::again(&stage, &tenant);
    let offence = ON_HOST.replace("name: on-host", "name: another");
    refused(&ground.run_with(TRY, &offence).await?, &["[isolation.host-access]"])?;
    let finding = eventually(SUCCESSION, "the finding in the report", async || {
        let report = ground.report().await?;
        let found = report.findings("isolation.host-access").find(|finding| finding.state == "Fail");
        Ok(found.cloned())
    })
    .await?;
    let read_at = Timestamp::now();
    ensure!(read_at.duration_since(ends) <= SignedDuration::from_secs(20), "read at {read_at} for {ends}");
    ensure!(finding.seen.duration_since(ends) <= SignedDuration::from_secs(1), "seen at {}", finding.seen);
    Ok(())
}

/// Waits until every replica counts as many failing commitments of a tenant as wanted.
async fn failing(
    stage: &Stage<'_>,
    tenant: &str,
    limit: Duration,
    is_wanted: impl Fn(f64) -> bool,
) -> Result<()> {
    eventually(limit, "the count of failing commitments", async || {
        for samples in stage.metrics().await? {
            let failing = samples.sum("surety_commitments", &[("tenant", tenant), ("state", "Fail")]);
            ensure!(is_wanted(failing), "{failing} are failing");
        }
        Ok(Some(()))
    })
    .await
}

/// Half of an upgrade: the definitions are new already, and the old version runs on, restarts, judges and reports.
async fn a_definition_with_a_new_field_is_lived_with_and_the_field_stays((): &()) -> Result<()> {
    const FIELD: &str = r#"[{"op": "add", "value": {"type": "string", "maxLength": 9}, "path":
        "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/futureField"}]"#;
    let control_plane = start().await?;
    let mut stage = Stage::set(&control_plane, 2).await?;
    let tenant = Ground::new(&stage, "upgraded").await?.tenant.clone();
    stage.kubectl.must(&["patch", "crd", "tenants.surety.dev", "--type=json", "--patch", FIELD]).await?;
    let object = format!("tenant/{tenant}");
    eventually(SOON, "the new field", async || {
        let ground = Ground::again(&stage, &tenant);
        ground.merge(&object, r#"{"spec": {"futureField": "new"}}"#).await?.success()?;
        let found = ground.run("get tenant $TENANT -o jsonpath={.spec.futureField}").await?.success()?;
        Ok((found == "new").then_some(()))
    })
    .await?;
    stage.surety.stop(0).await?;
    stage.surety.add()?;
    stage.judges().await?;
    let ground = Ground::again(&stage, &tenant);
    refused(&ground.run_with(TRY, ON_HOST).await?, &["[isolation.host-access]"])?;
    let observed = "get tenant $TENANT -o jsonpath={.metadata.generation}={.status.observedGeneration}";
    eventually(SOON, "a status of the changed tenant", async || {
        let found = ground.run(observed).await?.success()?;
        let (now, seen) = found.split_once('=').context("no generations")?;
        ensure!(now == seen, "{found}");
        Ok(Some(()))
    })
    .await?;
    let found = ground.run("get tenant $TENANT -o jsonpath={.spec.futureField}").await?.success()?;
    ensure!(found == "new", "the new field is {found:?}");
    Ok(())
}

/// Silent connections of each kind.
const SILENT: usize = 50;
/// Clients that send a byte a second.
const SLOW: usize = 200;
/// Requests at the same time, and how often.
const AT_ONCE: usize = 40;
const ROUNDS: usize = 5;

async fn reviews_go_on_beside_clients_that_hold_what_they_were_given((): &()) -> Result<()> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let control_plane = start().await?;
    let stage = Stage::set(&control_plane, 1).await?;
    let ground = Ground::new(&stage, "pressed").await?;
    let port = stage.surety.replicas().first().context("no replica")?.listen_port();
    let stop = Arc::new(AtomicBool::new(false));
    let slow = tokio::spawn(nuisance::slow(port, SLOW, 4096, Arc::clone(&stop)));
    let silent = SILENCES
        .map(|silence| tokio::spawn(nuisance::silent(port, SILENT, silence, Duration::from_secs(40))));
    for _ in 0..ROUNDS {
        let asked = (0..AT_ONCE).map(|_| ground.run_with(TRY, ON_HOST));
        for answer in futures::future::try_join_all(asked).await? {
            refused(&answer, &["[isolation.host-access]"])?;
        }
    }
    stop.store(true, Ordering::Relaxed);
    let slow = slow.await??;
    ensure!(slow.others.is_empty(), "a slow client was told {:?}", slow.others.first());
    ensure!(slow.longest < Duration::from_secs(10), "a slow client was kept for {:?}", slow.longest);
    for silent in silent {
        let silent = silent.await??;
        ensure!(silent.untold * 10 <= SILENT, "{} silent connections were kept", silent.untold);
    }
    let told = e2e::metrics::of_apiserver(&stage.client).await?;
    let failed =
        told.sum("apiserver_admission_webhook_rejection_count", &[("error_type", "calling_webhook_error")]);
    ensure!(failed < 0.5, "{failed} calls of the webhook failed");
    let [samples] = &stage.metrics().await?[..] else { anyhow::bail!("there is one replica") };
    #[allow(clippy::cast_precision_loss, reason = "a count of requests")]
    let seen = slow.shed as f64;
    let counted = samples.sum("surety_admission_shed_total", &[]);
    ensure!((counted - seen).abs() < 0.5, "{seen} were shed, {counted} are counted");
    Ok(())
}
