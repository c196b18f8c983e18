//! The same verdict on a laptop, before anything reaches a cluster.

use anyhow::Result;

use crate::demo::expected::Expected;
use crate::demo::story::{Step, Story};

pub async fn tell(story: &mut Story<'_>) -> Result<()> {
    story.chapter(
        "One verdict, also without a cluster",
        "The webhook, the controller and the command line call the same functions.",
    )?;
    let manifests =
        "config/profiles/msp-assurance.yaml config/samples/msp-assurance config/samples/application";
    let good = Step::new("What went in conforms", format!("surety check {manifests}"));
    let expected = Expected::shows("exit code 0", &["conforming: ", "no violation"]);
    story.step(good.expecting(expected)).await?;
    let offender = "e2e/data/demo/plain-storage.yaml e2e/data/demo/claim-plain.yaml";
    let bad = Step::new("What was refused does not", format!("surety check {manifests} {offender}"));
    let says = ["VIOLATION e2e/data/demo/claim-plain.yaml", "encryption.storage", "not conforming: "];
    story.step(bad.expecting(Expected::fails("exit code 1", &says))).await
}
