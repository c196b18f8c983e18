//! A recovery point grows too old, and the finding opens at that second.

use std::time::Duration;

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};

use super::{Claim, VELERO, now, this_second};
use crate::demo::expected::Expected;
use crate::demo::story::{Step, Story};

/// The age limit of the policy in `clock.yaml`, and of the promise with its allowance.
const LIMIT: SignedDuration = SignedDuration::from_secs(15);
/// What may lie between the second at which a finding is true and the answer that shows it.
const READ_BACK: SignedDuration = SignedDuration::from_secs(2);
const CONTROL: &str = "backup.recovery-point-age";

pub async fn tell(story: &mut Story<'_>) -> Result<()> {
    story.chapter(
        "A recovery point grows too old",
        "A promise with a limit of 15 s, so that one can watch. Nothing polls: the moment is known ahead.",
    )?;
    story
        .step(Step::new(
            "A tenant, its promise, its policy, its data",
            "kubectl apply -f e2e/data/demo/clock.yaml",
        ))
        .await?;
    let claim = Claim::of(story, "demo-clock", "ledger").await?;
    story.step(Step::new("The driver makes the volume", claim.volume())).await?;
    let bound = "kubectl wait pvc/ledger -n demo-clock --for=jsonpath='{.status.phase}'=Bound --timeout=20s";
    story.step(Step::new("The claim holds data", bound)).await?;
    let started = this_second()?;
    let run = claim.backup("demo-clock", started);
    let forged = Step::new("Somebody writes a backup that never was", run.clone());
    let expected = Expected::refused("protect-engine", CONTROL).saying(&["status.phase"]);
    story.step(forged.expecting(expected).showing(7)).await?;
    story.step(Step::new("Velero writes one, under its own account", format!("{run} --as={VELERO}"))).await?;
    let kept = Step::new("The promise is kept", "kubectl get tenant demo-clock");
    let expected = Expected::shows("the tenant is compliant", &["True"]);
    story.step(kept.expecting(expected).within(Duration::from_secs(5))).await?;
    opens_in_time(story, started.checked_add(LIMIT)?).await?;
    let broken = Step::new("The promise is broken", "kubectl get tenant demo-clock");
    let expected = Expected::shows("the tenant is no longer compliant", &["False"]);
    story.step(broken.expecting(expected).within(Duration::from_secs(5))).await?;
    let deleted = Step::new(
        "Nor can the only backup be deleted before its time",
        "kubectl apply -f e2e/data/demo/delete-backup.yaml",
    );
    story.step(deleted.expecting(Expected::refused("protect-engine", "backup.retention")).showing(9)).await
}

async fn opens_in_time(story: &mut Story<'_>, due: Timestamp) -> Result<()> {
    let opens = Step::new(
        format!("At {due} it is too old, and not a moment before"),
        format!(
            "kubectl wait compliancereport/demo-clock --timeout=30s \
             --for=jsonpath='{{.status.findings[?(@.control==\"{CONTROL}\")].state}}'=Fail"
        ),
    );
    story.step(opens).await?;
    let seen = now()?;
    let since = format!(
        "kubectl get compliancereport demo-clock -o jsonpath='{{.status.findings[?(@.control==\"{CONTROL}\")].since}}'"
    );
    let since = story.ask(&since).await?;
    let since: Timestamp =
        since.parse().with_context(|| format!("no finding of {CONTROL} has a moment: {since}"))?;
    story.expect(since == due, &format!("expected at {due}, true since {since}"))?;
    let is_in_time = seen >= due && seen <= due.checked_add(READ_BACK)?;
    story.expect(is_in_time, &format!("read back by kubectl at {seen:.3}"))
}
