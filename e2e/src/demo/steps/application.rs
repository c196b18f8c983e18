//! An application that keeps every promise goes in, and grows.

use std::time::Duration;

use anyhow::Result;

use super::{Claim, VELERO, this_second};
use crate::demo::expected::Expected;
use crate::demo::story::{Step, Story};

pub async fn tell(story: &mut Story<'_>) -> Result<()> {
    story.chapter(
        "An application that keeps to it",
        "Namespace, fence, storage class, claim, deployment, service and ingress in one file.",
    )?;
    let application = "kubectl apply -f config/samples/application/application.yaml";
    story.step(Step::new("One apply, and all of it is in", application)).await?;
    let driver = Step::new("The account of a CSI driver", "kubectl apply -f e2e/data/demo/csi-driver.yaml");
    story.step(driver).await?;
    let claim = Claim::of(story, "sample-application", "application-data").await?;
    story.step(Step::new("The driver makes the claim's volume", claim.volume())).await?;
    let bound = "kubectl wait pvc/application-data -n sample-application --for=jsonpath='{.status.phase}'=Bound \
                 --timeout=20s";
    story.step(Step::new("The claim holds data from now on", bound)).await?;
    let schedules =
        Step::new("Surety has written a backup schedule for it", "kubectl get schedules.velero.io -n velero");
    let expected = Expected::shows(
        "a daily schedule is there",
        &["surety-sample-msp-assurance-", "CRON_TZ=UTC 15 2 * * *"],
    );
    story.step(schedules.expecting(expected).within(Duration::from_secs(10))).await?;
    let run = format!("{} --as={VELERO}", claim.backup("application", this_second()?));
    story.step(Step::new("Velero makes a backup, under its own account", run)).await?;
    let scale = "kubectl scale deployment application -n sample-application --replicas=3";
    story.step(Step::new("It grows: scaling asks nobody", scale)).await
}
