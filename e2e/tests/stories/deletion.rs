//! Data that must be kept does not go, by whichever command.

use anyhow::{Result, ensure};
use e2e::stories::velero::{self, Run};
use e2e::stories::{Ground, Report, Rule, SOON, Stage, admitted, refused};
use e2e::world::eventually;
use jiff::{SignedDuration, Timestamp};

const APPLICATION: &str = include_str!("../../data/application.yaml");
const BOUND: &str = include_str!("../../data/bound.yaml");
const KEPT: [&str; 2] = ["[retention.kept]", "\"Account data is kept while the account is active.\""];

async fn with_bound_claim(ground: &Ground<'_>) -> Result<()> {
    ground.apply(BOUND).await?.success()?;
    let wait = ["wait", "pvc/bound", "--for=jsonpath={.status.phase}=Bound", "--timeout=30s", "--namespace"];
    ground.kubectl().must(&[&wait[..], &[ground.namespace.as_str()]].concat()).await?;
    Ok(())
}

pub async fn data_that_must_be_kept_is_not_deleted_in_any_way(stage: &Stage<'_>) -> Result<()> {
    let ground = Ground::new(stage, "kept").await?;
    ground.apply(APPLICATION).await?.success()?;
    with_bound_claim(&ground).await?;
    for line in [
        "delete pvc bound",
        "delete pvc bound --cascade=foreground",
        "delete pvc --all",
        "delete persistentvolume $TENANT-bound",
        "delete namespace $NAMESPACE --wait=false",
    ] {
        refused(&ground.run(line).await?, &KEPT)?;
    }
    let collection = ground.fill("/api/v1/namespaces/$NAMESPACE/persistentvolumeclaims");
    refused(&ground.kubectl().run(&["delete", "--raw", &collection]).await?, &KEPT)?;
    let owner = r#"{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"gone","uid":"00000000-0000-0000-0000-000000000000"}]}}"#;
    for how in ["", " --subresource=status"] {
        let line = format!("patch pvc bound --type=merge --patch-file=/dev/stdin{how}");
        refused(&ground.run_with(&line, owner).await?, &["[retention.kept]", "metadata.ownerReferences"])?;
    }
    let reclaim = r#"{"spec":{"persistentVolumeReclaimPolicy":"Delete"}}"#;
    refused(
        &ground.merge("persistentvolume/$TENANT-bound", reclaim).await?,
        &["[retention.kept]", "spec.persistentVolumeReclaimPolicy"],
    )?;
    // What holds no such data goes.
    admitted(&ground.run("delete deployment web").await?)?;
    admitted(&ground.run("delete service web").await?)
}

pub async fn data_that_went_where_nobody_refuses_is_found(stage: &Stage<'_>) -> Result<()> {
    let ground = Ground::under(stage, "went", Rule { enforcement: "Audit", ..Rule::default() }).await?;
    with_bound_claim(&ground).await?;
    let name = ground.fill("$NAMESPACE/bound");
    eventually(SOON, "the claim among what is remembered", async || {
        Ok(ground.record().await?.pointer("/data").and_then(|data| data.get(&name)).map(|_| ()))
    })
    .await?;
    admitted(&ground.run("delete pvc bound").await?)?;
    admitted(&ground.run("delete persistentvolume $TENANT-bound").await?)?;
    let field = format!("PersistentVolumeClaim {name}");
    let is_found = |report: &Report| {
        report
            .findings("retention.kept")
            .any(|finding| finding.field.as_deref() == Some(&field) && finding.state == "Fail")
    };
    let report = ground.report_with("the finding", is_found).await?;
    let found = report.findings("retention.kept").map(|finding| finding.since).max();
    ensure!(found.is_some_and(|since| since <= Timestamp::now()), "{found:?}");
    Ok(())
}

pub async fn definitions_that_promises_rest_on_are_not_deleted(stage: &Stage<'_>) -> Result<()> {
    let ground = Ground::new(stage, "definitions").await?;
    for name in ["tenants.surety.dev", "profiles.surety.dev", "backupstoragelocations.velero.io"] {
        let words = ["the definition stays as long as objects of it are relied on"];
        refused(&ground.run(&format!("delete crd {name} --wait=false")).await?, &words)?;
    }
    Ok(())
}

pub async fn a_young_recovery_point_and_its_schedule_stay(stage: &Stage<'_>) -> Result<()> {
    let ground = Ground::new(stage, "young").await?;
    let taken_at = Timestamp::from_second(Timestamp::now().as_second())?;
    let run = Run {
        name: &ground.tenant,
        schedule: None,
        namespace: &ground.namespace,
        claims: &[],
        taken_at,
        time_to_live: "720h0m0s",
        expires: taken_at + SignedDuration::from_hours(720),
    };
    stage.velero.completed(&run).await?;
    let early = ["[backup.retention]"];
    let engine = stage.control_plane.kubectl_for(velero::USER, &velero::GROUPS)?;
    let request = ground.fill(DELETION);
    // A replica may see the point a moment later than it was made.
    eventually(SOON, "a point that is known", async || {
        let dry_run = ["create", "--dry-run=server", "-f", "-"];
        refused(&ground.kubectl().run_with_input(&dry_run, &request).await?, &early).map(Some)
    })
    .await?;
    for kubectl in [ground.kubectl(), &engine] {
        refused(&kubectl.apply_text(&request).await?, &early)?;
    }
    for line in ["delete backups.velero.io $TENANT -n velero", "delete crd backups.velero.io --wait=false"] {
        let line = ground.fill(line);
        refused(&ground.kubectl().run(&line.split(' ').collect::<Vec<_>>()).await?, &[])?;
    }
    // Nor is the schedule that Surety wrote for it paused, narrowed or deleted.
    let find = ground.fill("get schedules.velero.io -n velero -l surety.dev/tenant=$TENANT -o name");
    let schedule = eventually(SOON, "the schedule", async || {
        let name = ground.kubectl().must(&find.split(' ').collect::<Vec<_>>()).await?;
        Ok((!name.is_empty()).then(|| name.trim().to_owned()))
    })
    .await?;
    with_bound_claim(&ground).await?;
    for change in
        [r#"{"spec":{"paused":true}}"#, r#"{"spec":{"template":{"includedNamespaces":["elsewhere"]}}}"#]
    {
        let words =
            ["patch", &schedule, "-n", "velero", "--type=merge", "--patch", change, "--dry-run=server"];
        eventually(SOON, "a refusal", async || {
            let output = ground.kubectl().run(&words).await?;
            refused(&output, &["[backup.covered]", "\"Data is backed up.\""]).map(Some)
        })
        .await?;
    }
    refused(&ground.kubectl().run(&["delete", &schedule, "-n", "velero"]).await?, &["[backup.covered]"])?;
    Ok(())
}

const DELETION: &str = "
apiVersion: velero.io/v1
kind: DeleteBackupRequest
metadata: {name: $TENANT, namespace: velero}
spec: {backupName: $TENANT}
";
