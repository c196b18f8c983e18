//! What the programs of a node are told.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{ADDRESS, CONTAINERD, NAME, image};

/// The files, and folders that they name.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    pub containerd: PathBuf,
    pub kubelet: PathBuf,
    pub kubelet_root: PathBuf,
    pub pod_logs: PathBuf,
}

pub(super) fn write(folder: &Path, plugins: &Path, authority: &Path) -> Result<Files> {
    let networks = folder.join("networks");
    fs::create_dir_all(&networks)?;
    let files = Files {
        folder: folder.to_owned(),
        containerd: folder.join("containerd.toml"),
        kubelet: folder.join("kubelet.yaml"),
        kubelet_root: folder.join("kubelet"),
        pod_logs: folder.join("pod-logs"),
    };
    fs::write(networks.join("pods.conflist"), network(folder))?;
    fs::write(&files.containerd, containerd(folder, plugins, &networks))?;
    fs::write(&files.kubelet, kubelet(&files, authority))?;
    Ok(files)
}

impl Files {
    /// What kube-proxy is told.
    pub fn proxy(&self, kubeconfig: &Path) -> Result<PathBuf> {
        let path = self.folder.join("kube-proxy.yaml");
        let text = format!(
            "apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
hostnameOverride: {NAME}
clusterCIDR: 10.88.0.0/24
clientConnection: {{kubeconfig: {}}}
# What the machine allows is the machine's.
conntrack: {{maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}}
",
            kubeconfig.display()
        );
        fs::write(&path, text)?;
        Ok(path)
    }
}

/// Pods hang on a bridge, reach each other and the node, and nothing else.
fn network(folder: &Path) -> String {
    format!(
        r#"{{"cniVersion": "1.0.0", "name": "pods", "plugins": [{{"type": "bridge", "bridge": "pods0",
  "isDefaultGateway": true, "hairpinMode": true,
  "ipam": {{"type": "host-local", "dataDir": "{}", "ranges": [[{{"subnet": "10.88.0.0/24"}}]]}}}}]}}"#,
        folder.join("addresses").display()
    )
}

fn containerd(folder: &Path, plugins: &Path, networks: &Path) -> String {
    let (root, state) = (folder.join("containerd"), folder.join("containerd-state"));
    format!(
        r#"version = 2
root = "{}"
state = "{}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{}"
    conf_dir = "{}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    # Copies, because the machine's own file system may be an overlay already.
    snapshotter = "native"
"#,
        root.display(),
        state.display(),
        image::PAUSE,
        plugins.display(),
        networks.display()
    )
}

fn kubelet(files: &Files, authority: &Path) -> String {
    format!(
        "apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: {ADDRESS}
authentication:
  anonymous: {{enabled: false}}
  webhook: {{enabled: true}}
  x509: {{clientCAFile: {}}}
authorization: {{mode: Webhook}}
containerRuntimeEndpoint: unix://{CONTAINERD}
cgroupDriver: cgroupfs
failCgroupV1: false
enforceNodeAllocatable: []
failSwapOn: false
makeIPTablesUtilChains: false
localStorageCapacityIsolation: false
evictionHard: {{memory.available: 0%, nodefs.available: 0%, nodefs.inodesFree: 0%, imagefs.available: 0%}}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
podLogsDir: {}
volumePluginDir: {}
resolvConf: ''
syncFrequency: 5s
",
        authority.display(),
        files.pod_logs.display(),
        files.folder.join("volume-plugins").display()
    )
}
