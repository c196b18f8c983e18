//! The fence around a namespace: refused where the tenant is under Deny, put back where it is under Warn.

use std::time::Duration;

use anyhow::Result;

use crate::demo::expected::Expected;
use crate::demo::story::{Step, Story};

const CONTROL: &str = "isolation.network-default-deny";
const UID: &str =
    "kubectl get networkpolicy surety-default-deny -n sample-cloud-workspaces -o jsonpath={.metadata.uid}";

pub async fn tell(story: &mut Story<'_>) -> Result<()> {
    story.chapter(
        "The fence: prevented here, repaired there",
        "Tenants come in one by one: under Warn nothing is refused, and what was promised is put back all the same.",
    )?;
    let refused = Step::new(
        "Under Deny the fence cannot be deleted",
        "kubectl delete networkpolicy surety-default-deny -n sample-grc-workspaces",
    );
    story.step(refused.expecting(Expected::refused("protect-tenant", CONTROL))).await?;
    let warn =
        r#"kubectl patch tenant sample-cloud-workspaces --type=merge -p '{"spec":{"enforcement":"Warn"}}'"#;
    story.step(Step::new("Another tenant is only warned", warn)).await?;
    let before = story.ask(UID).await?;
    let warned = Step::new(
        "There the fence goes, with a warning",
        "kubectl delete networkpolicy surety-default-deny -n sample-cloud-workspaces",
    );
    story.step(warned.expecting(Expected::warned(CONTROL))).await?;
    let back = Step::new(
        "And comes back",
        "kubectl wait networkpolicy/surety-default-deny -n sample-cloud-workspaces --for=create --timeout=10s",
    );
    story.step(back).await?;
    let after = story.ask(UID).await?;
    story.expect(before != after, "it is another object than the one that was deleted")?;
    let event = Step::new(
        "An event says so",
        "kubectl get events -n sample-cloud-workspaces --field-selector reason=Repaired",
    );
    let expected = Expected::shows("the repair is on record", &["surety-default-deny", "put back"]);
    story.step(event.expecting(expected).within(Duration::from_secs(10))).await
}
