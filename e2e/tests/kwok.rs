//! Fake nodes: what a story about running pods may rely on.

use std::time::Duration;

use anyhow::Result;
use e2e::ControlPlane;
use e2e::kwok;
use e2e::world::eventually;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use kube::Api;

const LIMIT: Duration = Duration::from_mins(1);

const WORKLOADS: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: "registry.test/web:1" }] }
---
apiVersion: batch/v1
kind: Job
metadata: { name: once }
spec:
  template:
    spec: { restartPolicy: Never, containers: [{ name: once, image: "registry.test/once:1" }] }
"#;

#[tokio::test]
async fn pods_of_a_deployment_run_and_a_job_completes() -> Result<()> {
    let control_plane = ControlPlane::shared().await?;
    kwok::start(control_plane, "node-a").await?;
    control_plane.kubectl().apply_text(WORKLOADS).await?.success()?;
    let client = control_plane.client().await?;
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), "default");
    eventually(LIMIT, "three available replicas", async || {
        let status = deployments.get_status("web").await?.status.unwrap_or_default();
        Ok((status.available_replicas == Some(3)).then_some(()))
    })
    .await?;
    let jobs: Api<Job> = Api::namespaced(client, "default");
    eventually(LIMIT, "a completed Job", async || {
        let status = jobs.get_status("once").await?.status.unwrap_or_default();
        Ok((status.succeeded == Some(1)).then_some(()))
    })
    .await
}
