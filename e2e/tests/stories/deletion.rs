//! Data that must be kept does not go, by whichever command.

use anyhow::Result;
use e2e::stories::{Ground, Stage, admitted, refused};

const APPLICATION: &str = include_str!("../../data/application.yaml");
const BOUND: &str = include_str!("../../data/bound.yaml");
const KEPT: [&str; 2] = ["[retention.kept]", "\"Account data is kept while the account is active.\""];

pub async fn data_that_must_be_kept_is_not_deleted_in_any_way(stage: &Stage<'_>) -> Result<()> {
    let ground = Ground::new(stage, "kept").await?;
    ground.apply(APPLICATION).await?.success()?;
    ground.apply(BOUND).await?.success()?;
    ground
        .kubectl()
        .must(&[
            "wait",
            "pvc/bound",
            "--for=jsonpath={.status.phase}=Bound",
            "--timeout=30s",
            "--namespace",
            &ground.namespace,
        ])
        .await?;
    for line in [
        "delete pvc bound",
        "delete pvc bound --cascade=foreground",
        "delete pvc --all",
        "delete persistentvolume $TENANT-bound",
        "delete namespace $NAMESPACE --wait=false",
    ] {
        refused(&ground.run(line).await?, &KEPT)?;
    }
    let collection = ground.fill("/api/v1/namespaces/$NAMESPACE/persistentvolumeclaims");
    refused(&ground.kubectl().run(&["delete", "--raw", &collection]).await?, &KEPT)?;
    let owner = r#"{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"gone","uid":"00000000-0000-0000-0000-000000000000"}]}}"#;
    for how in ["", " --subresource=status"] {
        let line = format!("patch pvc bound --type=merge --patch-file=/dev/stdin{how}");
        refused(&ground.run_with(&line, owner).await?, &["[retention.kept]", "metadata.ownerReferences"])?;
    }
    let reclaim = r#"{"spec":{"persistentVolumeReclaimPolicy":"Delete"}}"#;
    refused(
        &ground.merge("persistentvolume/$TENANT-bound", reclaim).await?,
        &["[retention.kept]", "spec.persistentVolumeReclaimPolicy"],
    )?;
    // What holds no such data goes.
    admitted(&ground.run("delete deployment web").await?)?;
    admitted(&ground.run("delete service web").await?)
}

pub async fn definitions_that_promises_rest_on_are_not_deleted(stage: &Stage<'_>) -> Result<()> {
    let ground = Ground::new(stage, "definitions").await?;
    for name in ["tenants.surety.dev", "profiles.surety.dev", "backupstoragelocations.velero.io"] {
        let words = ["the definition stays as long as objects of it are relied on"];
        refused(&ground.run(&format!("delete crd {name} --wait=false")).await?, &words)?;
    }
    Ok(())
}
