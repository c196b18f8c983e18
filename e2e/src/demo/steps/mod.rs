//! The chapters of the story, one file each.

mod application;
mod fence;
mod offenders;
mod promises;
mod recovery_point;
mod reports;
mod waiver;

use anyhow::Result;

use super::story::Story;
use crate::surety::Installation;

/// The CSI driver's account: what it does here the demo does in its name.
const CSI_DRIVER: &str = "system:serviceaccount:kube-system:ebs-csi-controller-sa";
/// Velero's account.
const VELERO: &str = "system:serviceaccount:velero:velero";

/// Tells all chapters.
pub async fn all(story: &mut Story<'_>, surety: &Installation<'_>) -> Result<()> {
    promises::tell(story).await?;
    application::tell(story).await?;
    offenders::tell(story).await?;
    fence::tell(story).await?;
    recovery_point::tell(story).await?;
    waiver::tell(story).await?;
    reports::tell(story, surety).await
}

/// The command by which the CSI driver makes the volume of a claim.
async fn volume_for(story: &Story<'_>, namespace: &str, claim: &str) -> Result<String> {
    let uid =
        story.ask(&format!("kubectl get pvc {claim} -n {namespace} -o jsonpath={{.metadata.uid}}")).await?;
    Ok(format!(
        "sed 's/CLAIM_UID/{uid}/; s/CLAIM_NAMESPACE/{namespace}/; s/CLAIM_NAME/{claim}/' e2e/data/demo/volume.yaml | \
         kubectl apply -f - --as={CSI_DRIVER}"
    ))
}
