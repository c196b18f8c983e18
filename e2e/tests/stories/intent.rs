//! What operators and compliance officers declare, and what becomes of it: waivers, attestations, reports; and that a
//! dry run is answered alike and leaves nothing.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::stories::{Ground, NAMESPACE, Rule, SOON, Stage, admitted, refused, warned};
use e2e::world::{eventually, repository, unique};
use jiff::{SignedDuration, Timestamp};

const APPLICATION: &str = include_str!("../../data/application.yaml");
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

pub async fn a_waiver_lets_pass_until_its_second_and_an_attestation_counts(stage: &Stage<'_>) -> Result<()> {
    let ground = Ground::new(stage, "waived").await?;
    let dry = "create --dry-run=server -f -";
    refused(&ground.run_with(dry, ON_HOST).await?, &["[isolation.host-access]"])?;
    let ends = Timestamp::now() + SignedDuration::from_secs(12);
    for control in ["isolation.host-access", "isolation.pod-security"] {
        let waiver = format!(
            "apiVersion: surety.dev/v1alpha1\nkind: Waiver\nmetadata: {{name: $TENANT-{}}}\nspec: {{control: {control}, \
             scope: {{tenantSelector: {{matchLabels: {{story: $TENANT}}}}}}, reason: a device driver needs it for a while, \
             approver: the officer, expiresAt: '{ends:.0}'}}\n",
            control.replace('.', "-")
        );
        ground.apply(&waiver).await?.success()?;
    }
    eventually(SOON, "a waiver that counts", async || {
        admitted(&ground.run_with(dry, ON_HOST).await?).map(Some)
    })
    .await?;
    let left = Timestamp::now().duration_until(ends);
    ensure!(left.is_positive(), "this machine is too slow to see a waiver at work");
    eventually(SOON, "the end of the waiver", async || {
        refused(&ground.run_with(dry, ON_HOST).await?, &["[isolation.host-access]"])?;
        Ok(Some(()))
    })
    .await?;
    ensure!(Timestamp::now() >= ends - SignedDuration::from_secs(1), "it ended early");

    ground.report_with("Manual", |report| report.state("AWARE").is_ok_and(|state| state == "Manual")).await?;
    ground.apply(ATTESTATION).await?.success()?;
    ground.report_with("Pass", |report| report.state("AWARE").is_ok_and(|state| state == "Pass")).await?;
    let columns = ground.run("get tenant $TENANT").await?.success()?;
    for column in ["COMPLIANT", "SCORE", "COVERAGE", "FAILING", "OLDEST RECOVERY POINT", "AGE", "%"] {
        ensure!(columns.contains(column), "{column} is missing: {columns}");
    }
    Ok(())
}

const ATTESTATION: &str = "
apiVersion: surety.dev/v1alpha1
kind: Attestation
metadata: {name: $TENANT}
spec:
  commitment: {profile: $TENANT, id: AWARE}
  tenantSelector: {matchLabels: {story: $TENANT}}
  statement: All staff was trained this year.
  attestedBy: the officer
  evidence:
    - uri: https://evidence.example.com/training.pdf
      sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
  validUntil: '2027-06-01T00:00:00Z'
";

pub async fn a_dry_run_is_answered_alike_and_leaves_no_trace(stage: &Stage<'_>) -> Result<()> {
    let ground = Ground::new(stage, "dry").await?;
    let wet = refused(&ground.apply(ON_HOST).await?, &["[isolation.host-access]"])?;
    let dry = refused(
        &ground.run_with("apply --dry-run=server -f -", ON_HOST).await?,
        &["[isolation.host-access]"],
    )?;
    ensure!(wet == dry, "{wet}\n{dry}");
    // Ten dry runs do not add up to something that the next request would be judged by.
    admitted(&ground.run_with("apply --dry-run=server -f -", APPLICATION).await?)?;
    let left = ground.run("get deployments,pvc,ingresses -o name").await?.success()?;
    ensure!(left.is_empty(), "{left}");

    let audited = Ground::under(stage, "audited", Rule { enforcement: "Audit", ..Rule::default() }).await?;
    admitted(&audited.run_with("apply --dry-run=server -f -", ON_HOST).await?)?;
    admitted(&audited.apply(ON_HOST).await?)?;
    let report = audited
        .report_with("the finding", |report| {
            report.finding("isolation.host-access", "Deployment", "on-host").is_some()
        })
        .await?;
    ensure!(report.state("APART")? == "Fail", "{:?}", report.commitment("APART"));
    Ok(())
}

pub async fn what_was_failing_already_may_stay_and_scale_but_not_worsen(stage: &Stage<'_>) -> Result<()> {
    let ground = Ground::under(stage, "ratchet", Rule { enforcement: "Warn", ..Rule::default() }).await?;
    warned(&ground.apply(ON_HOST).await?, &["isolation.host-access"])?;
    ground.merge("tenant/$TENANT", r#"{"spec":{"enforcement":"Deny"}}"#).await?.success()?;
    let new = ON_HOST.replace("name: on-host", "name: another");
    eventually(SOON, "a stricter answer", async || {
        refused(&ground.run_with("create --dry-run=server -f -", &new).await?, &["[isolation.host-access]"])
            .map(Some)
    })
    .await?;
    admitted(&ground.run("scale deployment on-host --replicas=3").await?)?;
    warned(
        &ground.run("set image deployment/on-host a=registry.test/other:2").await?,
        &["isolation.host-access"],
    )?;
    let worse = r#"{"spec":{"template":{"spec":{"hostNetwork":true}}}}"#;
    refused(&ground.merge("deployment/on-host", worse).await?, &["spec.template.spec.hostNetwork"])?;
    Ok(())
}

pub async fn what_was_failing_already_is_not_changed_after_the_date_but_scales(
    stage: &Stage<'_>,
) -> Result<()> {
    let ground = Ground::under(stage, "dated", Rule { enforcement: "Warn", ..Rule::default() }).await?;
    let both = ON_HOST.replace("hostPID: true", "hostPID: true, hostIPC: true");
    warned(&ground.apply(&both).await?, &["isolation.host-access"])?;
    ground.merge("tenant/$TENANT", r#"{"spec":{"enforcement":"Deny"}}"#).await?.success()?;
    let date = r#"{"spec":{"denyExistingFrom":"2026-01-01T00:00:00Z","enforcement":"Deny"}}"#;
    ground.merge("isolationpolicy/$TENANT", date).await?.success()?;
    let dry = "patch deployment on-host --type=merge --dry-run=server --patch-file=/dev/stdin";
    let half = r#"{"spec":{"template":{"spec":{"hostIPC":false}}}}"#;
    eventually(SOON, "the date", async || {
        let said = ["spec.template.spec.hostPID", "since 2026-01-01T00:00:00Z", "IsolationPolicy"];
        refused(&ground.run_with(dry, half).await?, &said).map(Some)
    })
    .await?;
    admitted(&ground.run("scale deployment on-host --replicas=3").await?)?;
    let other = "set image deployment/on-host a=registry.test/other:2";
    warned(&ground.run(other).await?, &["isolation.host-access"])?;
    let mended = r#"{"spec":{"template":{"spec":{"hostPID":false,"hostIPC":false}}}}"#;
    ground.merge("deployment/on-host", mended).await?.success()?;
    let moved = r#"{"metadata":{"labels":{"story":"another"}}}"#;
    refused(
        &ground.merge("tenant/$TENANT", moved).await?,
        &["labels that Profile", "waive the commitments"],
    )?;
    Ok(())
}

pub async fn whoever_ends_a_waiver_is_told_how_many_findings_that_opens(stage: &Stage<'_>) -> Result<()> {
    let ground = Ground::under(stage, "opened", Rule { enforcement: "Warn", ..Rule::default() }).await?;
    let both = ON_HOST.replace("hostPID: true", "hostPID: true, hostIPC: true");
    warned(&ground.apply(&both).await?, &["isolation.host-access"])?;
    let ends = Timestamp::now() + SignedDuration::from_hours(1);
    let waiver = format!(
        "apiVersion: surety.dev/v1alpha1\nkind: Waiver\nmetadata: {{name: $TENANT}}\nspec: {{control: isolation.host-access, \
         scope: {{tenantSelector: {{matchLabels: {{story: $TENANT}}}}}}, reason: a device driver needs it for a while, \
         approver: the officer, expiresAt: '{ends:.0}'}}\n"
    );
    ground.apply(&waiver).await?.success()?;
    eventually(SOON, "the waiver and what it accepts", async || {
        warned(&ground.run("delete waiver $TENANT --dry-run=server").await?, &["this opens 2 findings"])
            .map(Some)
    })
    .await?;
    Ok(())
}

pub async fn a_whole_tenant_goes_in_with_one_apply(stage: &Stage<'_>) -> Result<()> {
    let times = std::env::var("E2E_APPLIES").ok().and_then(|times| times.parse().ok()).unwrap_or(5);
    for _ in 0..times {
        let (name, folder) = (unique("whole"), tempfile::tempdir()?);
        let fill = |text: &str| {
            [
                ("$TENANT", &*name),
                ("$NAMESPACE", &*name),
                ("$ENFORCEMENT", "Deny"),
                ("$MANAGEMENT", "Managed"),
            ]
            .iter()
            .fold(text.to_owned(), |text, (word, value)| text.replace(word, value))
        };
        for (file, text) in [
            ("0-promises.yaml", include_str!("../../data/promises.yaml")),
            ("1-policies.yaml", include_str!("../../data/policies.yaml")),
            ("2-tenant.yaml", include_str!("../../data/tenant.yaml")),
            ("3-namespace.yaml", NAMESPACE),
            ("4-application.yaml", APPLICATION),
        ] {
            std::fs::write(folder.path().join(file), fill(text))?;
        }
        admitted(&stage.kubectl.apply_file(folder.path()).await?).with_context(|| name.clone())?;
    }
    let samples = repository("config/samples");
    let samples = samples.to_str().context("the folder's name is not UTF-8")?;
    stage.kubectl.clone().with_limit(Duration::from_mins(1)).must(&["apply", "-k", samples]).await?;
    Ok(())
}
