//! What was promised, and to whom.

use std::time::Duration;

use anyhow::Result;

use crate::demo::expected::Expected;
use crate::demo::story::{Step, Story};

/// The tenants of the samples, one for each profile.
const TENANTS: [&str; 5] = [
    "sample-cloud-workspaces",
    "sample-dev-assistant",
    "sample-grc-workspaces",
    "sample-msp-assurance",
    "sample-processor-baseline",
];

pub async fn tell(story: &mut Story<'_>) -> Result<()> {
    story.chapter(
        "Promises, policies, tenants",
        "Five providers' promises, and for each a tenant with policies that keep them.",
    )?;
    let profiles = Step::new("What was promised: five profiles", "kubectl apply -k config/profiles");
    story.step(profiles).await?;
    let tenants = "for tenant in cloud-workspaces dev-assistant grc-workspaces msp-assurance processor-baseline; do\n  \
                   kubectl apply -k config/samples/$tenant\ndone";
    story.step(Step::new("How it is done: a tenant and four policies for each", tenants).showing(6)).await?;
    let namespaces = Step::new(
        "Namespaces for four of the tenants, with their label and nothing else",
        "kubectl apply -f e2e/data/demo/namespaces.yaml",
    );
    story.step(namespaces).await?;
    let fences = Step::new(
        "Surety puts the fence around each that was promised",
        "kubectl get networkpolicies --all-namespaces -l app.kubernetes.io/managed-by=surety",
    );
    let of_each = TENANTS.iter().filter(|tenant| **tenant != "sample-msp-assurance").copied();
    let expected =
        Expected::shows("four fences stand", &of_each.chain(["surety-default-deny"]).collect::<Vec<_>>());
    story.step(fences.expecting(expected).within(Duration::from_secs(10))).await?;
    let all = Step::new(
        "The tenants, without the one of the canaries, which nothing was promised",
        "kubectl get tenants --selector=!surety.dev/canary",
    );
    let expected = Expected::shows("all tenants are known and judged", &TENANTS).without(&["Unknown"]);
    story.step(all.expecting(expected).within(Duration::from_secs(10))).await
}
