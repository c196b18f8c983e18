//! A recovery point grows too old, and the finding opens at that second.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};

use super::{VELERO, volume_for};
use crate::demo::expected::Expected;
use crate::demo::story::{Step, Story};

/// The age limit of the policy in `clock.yaml`, and of the promise with its allowance.
const LIMIT: SignedDuration = SignedDuration::from_secs(15);
/// How long backups are kept, as in `backup.yaml`.
const TIME_TO_LIVE: SignedDuration = SignedDuration::from_hours(720);
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
    let volume = volume_for(story, "demo-clock", "ledger").await?;
    story.step(Step::new("The driver makes the volume", volume)).await?;
    let bound = "kubectl wait pvc/ledger -n demo-clock --for=jsonpath='{.status.phase}'=Bound --timeout=20s";
    story.step(Step::new("The claim holds data", bound)).await?;
    let run = Run::now(story).await?;
    let forged = Step::new("Somebody writes a backup that never was", run.command());
    let expected = Expected::refused("protect-engine", CONTROL).saying(&["status.phase"]);
    story.step(forged.expecting(expected).showing(7)).await?;
    story
        .step(Step::new(
            "Velero writes one, under its own account",
            format!("{} --as={VELERO}", run.command()),
        ))
        .await?;
    let kept = Step::new("The promise is kept", "kubectl get tenant demo-clock");
    let expected = Expected::shows("the tenant is compliant", &["True"]);
    story.step(kept.expecting(expected).within(Duration::from_secs(5))).await?;
    opens_in_time(story, &run).await?;
    let broken = Step::new("The promise is broken", "kubectl get tenant demo-clock");
    let expected = Expected::shows("the tenant is no longer compliant", &["False"]);
    story.step(broken.expecting(expected).within(Duration::from_secs(5))).await?;
    let deleted = Step::new(
        "Nor can the only backup be deleted before its time",
        "kubectl apply -f e2e/data/demo/delete-backup.yaml",
    );
    story.step(deleted.expecting(Expected::refused("protect-engine", "backup.retention")).showing(9)).await
}

/// A run of the engine that starts now.
struct Run {
    started: Timestamp,
    claim_uid: String,
}

impl Run {
    async fn now(story: &Story<'_>) -> Result<Self> {
        let uid = "kubectl get pvc ledger -n demo-clock -o jsonpath={.metadata.uid}";
        let claim_uid = story.ask(uid).await?;
        let now = Timestamp::try_from(SystemTime::now())?;
        Ok(Self { started: Timestamp::from_second(now.as_second())?, claim_uid })
    }

    fn command(&self) -> String {
        let expires = self.started.checked_add(TIME_TO_LIVE).unwrap_or(Timestamp::MAX);
        format!(
            "sed 's/CLAIM_UID/{}/; s/STARTED/\"{}\"/; s/EXPIRES/\"{expires}\"/' e2e/data/demo/backup.yaml | \
             kubectl apply -f -",
            self.claim_uid, self.started
        )
    }

    fn due(&self) -> Timestamp {
        self.started.checked_add(LIMIT).unwrap_or(Timestamp::MAX)
    }
}

async fn opens_in_time(story: &mut Story<'_>, run: &Run) -> Result<()> {
    let due = run.due();
    let opens = Step::new(
        format!("At {due} it is too old, and not a moment before"),
        format!(
            "kubectl wait compliancereport/demo-clock --timeout=30s \
             --for=jsonpath='{{.status.findings[?(@.control==\"{CONTROL}\")].state}}'=Fail"
        ),
    );
    story.step(opens).await?;
    let seen = Timestamp::try_from(SystemTime::now())?;
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
