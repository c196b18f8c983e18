//! The chapters of the story, one file each.

mod application;
mod check;
mod fence;
mod offenders;
mod promises;
mod recovery_point;
mod reports;
mod waiver;

use std::time::SystemTime;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};

use super::story::Story;
use crate::surety::Installation;

/// The CSI driver's account: what it does here the demo does in its name.
const CSI_DRIVER: &str = "system:serviceaccount:kube-system:ebs-csi-controller-sa";
/// Velero's account.
const VELERO: &str = "system:serviceaccount:velero:velero";
/// How long backups are kept, as their spec in `backup.yaml` says.
const TIME_TO_LIVE: SignedDuration = SignedDuration::from_hours(756);

/// Tells all chapters.
pub async fn all(story: &mut Story<'_>, surety: &Installation<'_>) -> Result<()> {
    promises::tell(story).await?;
    application::tell(story).await?;
    offenders::tell(story).await?;
    fence::tell(story).await?;
    recovery_point::tell(story).await?;
    waiver::tell(story).await?;
    check::tell(story).await?;
    reports::tell(story, surety).await
}

/// A claim of the story, which the API server has taken in.
struct Claim {
    namespace: &'static str,
    name: &'static str,
    uid: String,
    /// The UID of `kube-system`: what Surety calls the cluster in the schedules that it writes.
    cluster: String,
}

impl Claim {
    async fn of(story: &Story<'_>, namespace: &'static str, name: &'static str) -> Result<Self> {
        let uid = format!("kubectl get pvc {name} -n {namespace} -o jsonpath={{.metadata.uid}}");
        let cluster = "kubectl get namespace kube-system -o jsonpath={.metadata.uid}";
        Ok(Self { namespace, name, uid: story.ask(&uid).await?, cluster: story.ask(cluster).await? })
    }

    /// The command by which the CSI driver makes its volume.
    fn volume(&self) -> String {
        format!("sed '{}' e2e/data/demo/volume.yaml |\n  kubectl apply -f - --as={CSI_DRIVER}", self.blanks())
    }

    /// The command that writes a backup of it as a run of Velero leaves it behind.
    fn backup(&self, run: &str, started: Timestamp) -> String {
        let expires = started.checked_add(TIME_TO_LIVE).unwrap_or(Timestamp::MAX);
        format!(
            "sed '{}; s/CLUSTER/{}/; s/RUN/{run}/; s/STARTED/\"{started}\"/; s/EXPIRES/\"{expires}\"/' e2e/data/demo/backup.yaml |\n  \
             kubectl apply -f -",
            self.blanks(),
            self.cluster
        )
    }

    fn blanks(&self) -> String {
        let Self { namespace, name, uid, .. } = self;
        format!("s/CLAIM_UID/{uid}/; s/CLAIM_NAMESPACE/{namespace}/; s/CLAIM_NAME/{name}/")
    }
}

/// The second that it is.
fn this_second() -> Result<Timestamp> {
    Ok(Timestamp::from_second(now()?.as_second())?)
}

fn now() -> Result<Timestamp> {
    Ok(Timestamp::try_from(SystemTime::now())?)
}
