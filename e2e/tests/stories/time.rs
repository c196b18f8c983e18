//! Time is an event: a finding opens at its second, whatever else happens or does not happen.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::stories::velero::Run;
use e2e::stories::{Finding, Ground, Rule, SOON, Stage};
use e2e::world::eventually;
use jiff::{SignedDuration, Timestamp};

const CONTROL: &str = "backup.recovery-point-age";
const LIMIT: SignedDuration = SignedDuration::from_secs(20);

const AGE: &str = include_str!("../../data/age.yaml");

/// A tenant with a bound claim, whose newest recovery point was taken at the moment that is returned.
async fn with_a_point<'s>(stage: &'s Stage<'s>, name: &str, rule: Rule) -> Result<(Ground<'s>, Timestamp)> {
    let ground = Ground::under(stage, name, rule).await?;
    ground.apply(&AGE.replace("$AGE", "20s")).await?.success()?;
    ground.apply(include_str!("../../data/bound.yaml")).await?.success()?;
    let wait = ["wait", "pvc/bound", "--for=jsonpath={.status.phase}=Bound", "--timeout=30s", "--namespace"];
    ground.kubectl().must(&[&wait[..], &[ground.namespace.as_str()]].concat()).await?;
    let taken_at = Timestamp::from_second(Timestamp::now().as_second())?;
    let run = Run {
        name: &ground.tenant,
        schedule: None,
        namespace: &ground.namespace,
        claims: &["bound"],
        taken_at,
        time_to_live: "720h0m0s",
        expires: taken_at + SignedDuration::from_hours(720),
    };
    stage.velero.completed(&run).await?;
    Ok((ground, taken_at))
}

/// The finding, and when it could first be read.
async fn first_read(ground: &Ground<'_>) -> Result<(Finding, Timestamp)> {
    let limit = SOON + Duration::try_from(LIMIT)?;
    eventually(limit, "the finding", async || {
        let report = ground.report().await?;
        let read_at = Timestamp::now();
        let found = report.findings(CONTROL).find(|finding| finding.state == "Fail");
        Ok(found.cloned().map(|finding| (finding, read_at)))
    })
    .await
}

pub async fn a_recovery_point_that_was_deleted_is_missed_at_that_second_at_the_latest(
    stage: &Stage<'_>,
) -> Result<()> {
    let (ground, taken_at) =
        with_a_point(stage, "deleted", Rule { enforcement: "Audit", ..Rule::default() }).await?;
    let deadline = taken_at + LIMIT;
    // From here on nothing more is heard of it: neither the point nor the copy comes again.
    for (kind, name) in
        [("PodVolumeBackup", format!("{}-bound", ground.tenant)), ("Backup", ground.tenant.clone())]
    {
        stage.velero.all(kind).delete(&name, &kube::api::DeleteParams::default()).await?;
    }
    let (finding, read_at) = first_read(&ground).await?;
    // Where no point is left that shows since when, it is since it was seen.
    let latest = deadline + SignedDuration::from_secs(1);
    ensure!(finding.since <= latest, "since {}, long after {deadline}", finding.since);
    let late = read_at.duration_since(finding.since);
    ensure!(
        !late.is_negative() && late <= SignedDuration::from_secs(1),
        "read at {read_at}, since {}",
        finding.since
    );
    Ok(())
}

pub async fn a_recovery_point_that_grows_too_old_is_found_at_that_second(stage: &Stage<'_>) -> Result<()> {
    let (ground, taken_at) = with_a_point(stage, "too-old", Rule::default()).await?;
    let deadline = taken_at + LIMIT;
    let (finding, read_at) = first_read(&ground).await?;
    ensure!(read_at >= deadline, "it was found at {read_at}, before {deadline}");
    ensure!(
        read_at.duration_since(deadline) <= SignedDuration::from_secs(1),
        "it was read at {read_at}, late for {deadline}"
    );
    ensure!(finding.since == deadline, "since {} instead of {deadline}", finding.since);
    let seen = finding.seen.duration_since(deadline);
    ensure!(!seen.is_negative() && seen <= SignedDuration::from_secs(1), "seen at {}", finding.seen);
    let columns =
        ground.run("get tenant $TENANT -o jsonpath={.status.oldestRecoveryPoint}").await?.success()?;
    let oldest: Timestamp = columns.parse().with_context(|| format!("{columns:?} is no instant"))?;
    ensure!(oldest == taken_at, "the oldest recovery point is {oldest}");
    Ok(())
}
