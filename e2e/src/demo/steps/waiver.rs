//! A waiver: what is accepted until a date stays visible, and ends by itself.

use std::time::Duration;

use anyhow::Result;
use jiff::SignedDuration;

use super::{now, this_second};
use crate::demo::expected::Expected;
use crate::demo::story::{Step, Story};

/// How long the waiver lasts.
const LASTS: SignedDuration = SignedDuration::from_secs(8);
const CLAIM: &str = "kubectl apply -f e2e/data/demo/claim-plain.yaml";
const SOON: Duration = Duration::from_secs(5);

pub async fn tell(story: &mut Story<'_>) -> Result<()> {
    story.chapter(
        "A waiver is granted, and expires",
        "Named control, narrow scope, reason, approver, hard end. Here it lasts eight seconds.",
    )?;
    let expires = this_second()?.checked_add(LASTS)?;
    let grant = format!("sed 's/EXPIRES/\"{expires}\"/' e2e/data/demo/waiver.yaml | kubectl apply -f -");
    story.step(Step::new(format!("Whoever answers for compliance grants it until {expires}"), grant)).await?;
    story.step(Step::new("The claim on plain storage, refused before, passes", CLAIM).within(SOON)).await?;
    let waived = Step::new("It stays visible", findings());
    let expected = Expected::shows("the breach reads Waived", &["Waived", "uploads", "uploads-plain"]);
    story.step(waived.expecting(expected).within(SOON)).await?;
    let opens = "kubectl wait compliancereport/sample-msp-assurance --timeout=30s \
                 --for=jsonpath='{.status.findings[?(@.name==\"uploads\")].state}'=Fail";
    story.step(Step::new(format!("At {expires} the waiver ends: the breach is a finding"), opens)).await?;
    let seen = now()?;
    story.expect(seen >= expires, &format!("expected at {expires}, read back by kubectl at {seen:.3}"))?;
    let delete = "kubectl delete pvc uploads -n sample-application";
    story.step(Step::new("The claim goes: it holds no data yet", delete)).await?;
    let again = Step::new("And is refused again", CLAIM);
    story.step(again.expecting(Expected::refused("conform", "encryption.storage"))).await
}

/// The findings of the tenant, one a line: state, control, object, waiver.
fn findings() -> String {
    let columns = r#"{range .status.findings[*]}{.state}{"\t"}{.control}{"\t"}{.kind}{" "}{.name}{"\t"}{.waiver}{"\n"}{end}"#;
    format!("kubectl get compliancereport sample-msp-assurance -o jsonpath='{columns}'")
}
