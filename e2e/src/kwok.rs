//! Fake nodes that run pods: kwok plays the kubelet, the real scheduler and controllers do the rest.

use std::process::Command;
use std::time::Duration;

use k8s_openapi::api::core::v1::Node;
use kube::Api;
use kube::api::PostParams;
use thiserror::Error;

use crate::binaries::{self, BinaryError, Tool};
use crate::control_plane::{ControlPlane, ControlPlaneError};
use crate::http;
use crate::ports;
use crate::process::{Process, ProcessError};

/// Marks the nodes that kwok may manage.
const ANNOTATION: (&str, &str) = ("kwok.x-k8s.io/node", "fake");
const START_LIMIT: Duration = Duration::from_mins(1);

/// Why there are no fake nodes.
#[derive(Debug, Error)]
pub enum KwokError {
    /// kwok is missing.
    #[error(transparent)]
    Binary(#[from] BinaryError),
    /// The scheduler or kwok's credentials are missing.
    #[error(transparent)]
    ControlPlane(#[from] ControlPlaneError),
    /// kwok does not work.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// No port is free.
    #[error("no loopback port is free for kwok")]
    Port(#[from] std::io::Error),
    /// A node was not accepted.
    #[error("the node {name} could not be made")]
    Node {
        /// The node.
        name: String,
        /// The API server's answer.
        source: Box<kube::Error>,
    },
}

/// Starts kwok and the scheduler, unless they run, and makes a node of this name: pods that fit it turn Running
/// within a second or so, and Jobs complete. Both end with the control plane.
///
/// # Errors
/// When a program is missing or does not start, or the node cannot be made.
pub async fn start(control_plane: &ControlPlane, node: &str) -> Result<(), KwokError> {
    control_plane.start_scheduler().await?;
    control_plane.companion("kwok", async || start_kwok(control_plane).await).await?;
    add_node(control_plane, node).await
}

async fn start_kwok(control_plane: &ControlPlane) -> Result<Process, KwokError> {
    let [program] = binaries::provide([Tool::Kwok]).await?;
    let stages = binaries::kwok_stages().await?;
    let port = ports::free()?;
    let mut command = Command::new(program);
    command
        .arg("--kubeconfig")
        .arg(control_plane.kubeconfig_for("kwok", &["system:masters"])?)
        .arg("--config")
        .arg(stages)
        .args(["--manage-all-nodes=false", "--node-ip=127.0.0.1"])
        .arg(format!("--manage-nodes-with-annotation-selector={}={}", ANNOTATION.0, ANNOTATION.1))
        .arg(format!("--server-address=127.0.0.1:{port}"))
        .env("HOME", control_plane.sandbox().folder());
    let mut kwok = Process::spawn(control_plane.sandbox(), "kwok", command)?;
    let probe = async || http::healthy(port, "/healthz").await;
    kwok.wait_until("/healthz", START_LIMIT, probe).await?;
    Ok(kwok)
}

/// Makes another fake node.
///
/// # Errors
/// When the API server refuses.
pub async fn add_node(control_plane: &ControlPlane, name: &str) -> Result<(), KwokError> {
    let mut node = Node::default();
    node.metadata.name = Some(name.to_owned());
    let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    node.metadata.annotations = Some([owned(ANNOTATION)].into());
    node.metadata.labels =
        Some([owned(("kubernetes.io/hostname", name)), owned(("kubernetes.io/os", "linux"))].into());
    let nodes: Api<Node> = Api::all(control_plane.client().await?);
    let made = nodes.create(&PostParams::default(), &node).await;
    made.map(drop).map_err(|source| KwokError::Node { name: name.to_owned(), source: Box::new(source) })
}
