//! A real node: kubelet, containerd, runc, a network of pods and kube-proxy, beside a control plane.
//!
//! It runs in namespaces of its own (see [`isolation`]), so that what kubelet does to a machine is gone with it.

pub mod image;
pub mod isolation;
mod settings;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Node as KubernetesNode;
use kube::Api;

use crate::binaries::{self, Tool};
use crate::control_plane::{ControlPlane, Options};
use crate::kubectl::Kubectl;
use crate::process::Process;
use crate::world::eventually;
use image::Image;

/// The node's name.
pub const NAME: &str = "node-a";
/// The node's address, at which pods reach the API server too.
const ADDRESS: &str = "10.77.0.1";
/// Where containerd listens. Its parent is private to the isolation.
const CONTAINERD: &str = "/run/containerd/containerd.sock";
/// Many times what a start takes on a busy machine.
const START_LIMIT: Duration = Duration::from_mins(2);

/// A running node. Dropping it ends its programs; pods end with the isolation.
#[derive(Debug)]
pub struct Node {
    _proxy: Process,
    _kubelet: Process,
    _containerd: Process,
    /// Where kubelet keeps what containers print.
    pub pod_logs: PathBuf,
}

/// What the API server has to be told so that pods reach it, and it them.
#[must_use]
pub fn options() -> Options {
    let flags = ["--bind-address=0.0.0.0", "--kubelet-preferred-address-types=InternalIP"];
    Options { scheduler: true, apiserver_flags: flags.map(str::to_owned).to_vec(), ..Options::default() }
}

/// Builds what a node is made of, while there is still a network to fetch it by.
///
/// # Errors
/// When something cannot be built.
pub async fn provide() -> Result<()> {
    binaries::provide([
        Tool::Kubelet,
        Tool::KubeProxy,
        Tool::CniBridge,
        Tool::CniHostLocal,
        Tool::CniLoopback,
        Tool::Etcd,
        Tool::KubeApiserver,
        Tool::KubeControllerManager,
        Tool::KubeScheduler,
        Tool::Kubectl,
        Tool::Helm,
    ])
    .await?;
    Ok(())
}

impl Node {
    /// Starts a node with these images and waits until it is ready.
    ///
    /// # Errors
    /// When a program does not start, an image is refused, or the node does not get ready.
    pub async fn start(control_plane: &ControlPlane, images: &[Image]) -> Result<Self> {
        let [kubelet, proxy, bridge, ..] =
            binaries::provide([Tool::Kubelet, Tool::KubeProxy, Tool::CniBridge]).await?;
        let plugins = bridge.parent().context("the plug-ins lie nowhere")?;
        let folder = control_plane.sandbox().folder().join("node");
        let files = settings::write(&folder, plugins, control_plane.authority_certificate())?;
        let containerd = start_containerd(control_plane, &files.containerd).await?;
        for image in images {
            import(image).await?;
        }
        announce_apiserver(&control_plane.kubectl(), &control_plane.url()).await?;
        let kubelet = start_kubelet(control_plane, &kubelet, &files)?;
        let proxy = start_proxy(control_plane, &proxy, &files)?;
        let node =
            Self { _proxy: proxy, _kubelet: kubelet, _containerd: containerd, pod_logs: files.pod_logs };
        is_ready(control_plane).await?;
        Ok(node)
    }
}

async fn start_containerd(control_plane: &ControlPlane, settings: &Path) -> Result<Process> {
    let mut command = Command::new("containerd");
    command.arg("--config").arg(settings).arg("--address").arg(CONTAINERD);
    let mut containerd = Process::spawn(control_plane.sandbox(), "containerd", command)?;
    let probe = async || ctr(&["version"]).await.map_err(|error| format!("{error:#}"));
    containerd.wait_until("its socket", START_LIMIT, probe).await?;
    Ok(containerd)
}

async fn import(image: &Image) -> Result<()> {
    let archive = image.archive.to_str().context("the image's path is not UTF-8")?;
    ctr(&["--namespace", "k8s.io", "images", "import", archive]).await
}

async fn ctr(arguments: &[&str]) -> Result<()> {
    let mut command = tokio::process::Command::new("ctr");
    command.args(["--address", CONTAINERD]).args(arguments).kill_on_drop(true);
    let output = tokio::time::timeout(START_LIMIT, command.output()).await??;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "ctr {arguments:?}: {said}");
    Ok(())
}

/// The API server cannot announce its own loopback address.
async fn announce_apiserver(kubectl: &Kubectl, url: &str) -> Result<()> {
    let (_, port) = url.rsplit_once(':').context("the API server's address has no port")?;
    let slice = format!(
        "{{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4, \
         metadata: {{name: kubernetes, namespace: default, labels: {{kubernetes.io/service-name: kubernetes}}}}, \
         endpoints: [{{addresses: [{ADDRESS}]}}], ports: [{{name: https, port: {port}, protocol: TCP}}]}}"
    );
    kubectl.apply_text(&slice).await?.success()?;
    Ok(())
}

fn start_kubelet(control_plane: &ControlPlane, program: &Path, files: &settings::Files) -> Result<Process> {
    let user = format!("system:node:{NAME}");
    let kubeconfig = control_plane.kubeconfig_for(&user, &["system:nodes"])?;
    let mut command = Command::new(program);
    command
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .arg("--config")
        .arg(&files.kubelet)
        .arg("--root-dir")
        .arg(&files.kubelet_root)
        .arg(format!("--hostname-override={NAME}"))
        .arg(format!("--node-ip={ADDRESS}"));
    Ok(Process::spawn(control_plane.sandbox(), "kubelet", command)?)
}

fn start_proxy(control_plane: &ControlPlane, program: &Path, files: &settings::Files) -> Result<Process> {
    let kubeconfig = control_plane.kubeconfig_for("system:kube-proxy", &[])?;
    let mut command = Command::new(program);
    command.arg("--config").arg(files.proxy(&kubeconfig)?);
    Ok(Process::spawn(control_plane.sandbox(), "kube-proxy", command)?)
}

async fn is_ready(control_plane: &ControlPlane) -> Result<()> {
    let nodes: Api<KubernetesNode> = Api::all(control_plane.client().await?);
    eventually(START_LIMIT, "a ready node", async || {
        let conditions =
            nodes.get(NAME).await?.status.and_then(|status| status.conditions).unwrap_or_default();
        let ready = conditions.iter().find(|condition| condition.type_ == "Ready");
        let ready = ready.context("nothing is known of it")?;
        ensure!(ready.status == "True", "{:?}", ready.message);
        Ok(Some(()))
    })
    .await
}
