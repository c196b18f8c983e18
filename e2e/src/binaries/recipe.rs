//! What each program is built from and how. A change here, or in the module files, makes a new entry in the cache.

use std::fmt;

use aws_lc_rs::digest;

/// A program that the harness can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// The API server's store.
    Etcd,
    /// The API server.
    KubeApiserver,
    /// The controllers of namespaces, service accounts, garbage collection and workloads.
    KubeControllerManager,
    /// The scheduler.
    KubeScheduler,
    /// The command line client.
    Kubectl,
    /// Fake nodes that run pods without a container runtime.
    Kwok,
    /// The package manager.
    Helm,
    /// What runs pods on a real node.
    Kubelet,
    /// What makes Services reachable on a real node.
    KubeProxy,
    /// Connects pods to a bridge.
    CniBridge,
    /// Gives pods addresses.
    CniHostLocal,
    /// Gives pods a loopback device.
    CniLoopback,
    /// Checks and tests alert rules.
    Promtool,
    /// Scrapes metrics and evaluates alert rules.
    Prometheus,
    /// Tells people of alerts.
    Alertmanager,
    /// Runs the scripts in which Argo CD is told of health, as Argo CD does.
    Lua,
}

/// A Go module of our own that pins the versions of its tools.
#[derive(Debug)]
pub(super) struct Module {
    pub name: &'static str,
    pub go_mod: &'static str,
    pub go_sum: &'static str,
    linker_flags: &'static str,
    tags: &'static str,
}

const CONTROL_PLANE: Module = Module {
    name: "control-plane",
    go_mod: include_str!("../../modules/control-plane/go.mod"),
    go_sum: include_str!("../../modules/control-plane/go.sum"),
    // Unstamped, /version is not a version, and kubectl and helm refuse to talk to the server.
    linker_flags: "-s -w -X k8s.io/component-base/version.gitVersion=v1.37.2 \
                   -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=37",
    tags: "",
};

const KWOK: Module = Module {
    name: "kwok",
    go_mod: include_str!("../../modules/kwok/go.mod"),
    go_sum: include_str!("../../modules/kwok/go.sum"),
    linker_flags: "-s -w",
    tags: "",
};

const HELM: Module = Module {
    name: "helm",
    go_mod: include_str!("../../modules/helm/go.mod"),
    go_sum: include_str!("../../modules/helm/go.sum"),
    linker_flags: "-s -w -X helm.sh/helm/v3/internal/version.version=v3.22.0",
    tags: "",
};

const NODE: Module = Module {
    name: "node",
    go_mod: include_str!("../../modules/node/go.mod"),
    go_sum: include_str!("../../modules/node/go.sum"),
    linker_flags: CONTROL_PLANE.linker_flags,
    tags: "",
};

const PROMETHEUS: Module = Module {
    name: "prometheus",
    go_mod: include_str!("../../modules/prometheus/go.mod"),
    go_sum: include_str!("../../modules/prometheus/go.sum"),
    linker_flags: "-s -w",
    // Without the clients of all clouds in which Prometheus can look for what to scrape.
    tags: "remove_all_sd",
};

const ALERTMANAGER: Module = Module {
    name: "alertmanager",
    go_mod: include_str!("../../modules/alertmanager/go.mod"),
    go_sum: include_str!("../../modules/alertmanager/go.sum"),
    linker_flags: "-s -w",
    tags: "",
};

const LUA: Module = Module {
    name: "lua",
    go_mod: include_str!("../../modules/lua/go.mod"),
    go_sum: include_str!("../../modules/lua/go.sum"),
    linker_flags: "-s -w",
    tags: "",
};

/// The module whose program needs files that it does not ship: the pages of its user interface.
pub(super) const WITHOUT_PAGES: &str = "github.com/prometheus/alertmanager";
/// One of those files. Nobody looks at it.
pub(super) const PAGE: &str = "ui/app/dist/index.html";

/// The Stages' name in the cache, beside the program.
pub(super) const STAGES_FILE: &str = "stages.yaml";
/// The module that ships kwok's Stages.
pub(super) const STAGES_MODULE: &str = "sigs.k8s.io/kwok";
/// Nodes turn Ready, pods Running, Jobs Completed, and what is deleted goes.
pub(super) const STAGES: [&str; 5] = [
    "kustomize/stage/node/fast/node-initialize.yaml",
    "kustomize/stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "kustomize/stage/pod/fast/pod-ready.yaml",
    "kustomize/stage/pod/fast/pod-complete.yaml",
    "kustomize/stage/pod/fast/pod-delete.yaml",
];

impl Tool {
    /// The file name of the program.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::KubeApiserver => "kube-apiserver",
            Self::KubeControllerManager => "kube-controller-manager",
            Self::KubeScheduler => "kube-scheduler",
            Self::Kubectl => "kubectl",
            Self::Kwok => "kwok",
            Self::Helm => "helm",
            Self::Kubelet => "kubelet",
            Self::KubeProxy => "kube-proxy",
            // As configurations of networks call them.
            Self::CniBridge => "bridge",
            Self::CniHostLocal => "host-local",
            Self::CniLoopback => "loopback",
            Self::Promtool => "promtool",
            Self::Prometheus => "prometheus",
            Self::Alertmanager => "alertmanager",
            Self::Lua => "glua",
        }
    }

    /// The Go package of its main function.
    pub(super) fn package(self) -> &'static str {
        match self {
            Self::Etcd => "go.etcd.io/etcd/server/v3",
            Self::KubeApiserver => "k8s.io/kubernetes/cmd/kube-apiserver",
            Self::KubeControllerManager => "k8s.io/kubernetes/cmd/kube-controller-manager",
            Self::KubeScheduler => "k8s.io/kubernetes/cmd/kube-scheduler",
            Self::Kubectl => "k8s.io/kubernetes/cmd/kubectl",
            Self::Kwok => "sigs.k8s.io/kwok/cmd/kwok",
            Self::Helm => "helm.sh/helm/v3/cmd/helm",
            Self::Kubelet => "k8s.io/kubernetes/cmd/kubelet",
            Self::KubeProxy => "k8s.io/kubernetes/cmd/kube-proxy",
            Self::CniBridge => "github.com/containernetworking/plugins/plugins/main/bridge",
            Self::CniHostLocal => "github.com/containernetworking/plugins/plugins/ipam/host-local",
            Self::CniLoopback => "github.com/containernetworking/plugins/plugins/main/loopback",
            Self::Promtool => "github.com/prometheus/prometheus/cmd/promtool",
            Self::Prometheus => "github.com/prometheus/prometheus/cmd/prometheus",
            Self::Alertmanager => "github.com/prometheus/alertmanager/cmd/alertmanager",
            Self::Lua => "github.com/yuin/gopher-lua/cmd/glua",
        }
    }

    /// The module that pins it.
    pub(super) fn module(self) -> &'static Module {
        match self {
            Self::Kwok => &KWOK,
            Self::Helm => &HELM,
            Self::Kubelet | Self::KubeProxy | Self::CniBridge | Self::CniHostLocal | Self::CniLoopback => {
                &NODE
            }
            Self::Promtool | Self::Prometheus => &PROMETHEUS,
            Self::Alertmanager => &ALERTMANAGER,
            Self::Lua => &LUA,
            _ => &CONTROL_PLANE,
        }
    }

    /// Whether it is one of the programs that `KUBEBUILDER_ASSETS` may hold.
    pub(super) fn is_control_plane(self) -> bool {
        self.module().name == CONTROL_PLANE.name
    }

    /// Whether `KUBEBUILDER_ASSETS`, once set, has to hold it.
    pub(super) fn is_required_asset(self) -> bool {
        matches!(self, Self::Etcd | Self::KubeApiserver)
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Module {
    /// The arguments of `go build` that shape the program.
    pub(super) fn build_flags(&self) -> Vec<&'static str> {
        let mut flags = vec!["-trimpath", "-buildvcs=false", "-ldflags", self.linker_flags];
        if !self.tags.is_empty() {
            flags.extend(["-tags", self.tags]);
        }
        flags
    }

    /// A name for the cache that changes with everything that goes into the build.
    pub(super) fn key(&self) -> String {
        let mut hash = digest::Context::new(&digest::SHA256);
        let platform = [std::env::consts::OS, std::env::consts::ARCH];
        for part in
            [self.go_mod, self.go_sum].into_iter().chain(self.build_flags()).chain(platform).chain(STAGES)
        {
            hash.update(&part.len().to_be_bytes());
            hash.update(part.as_bytes());
        }
        let start =
            hash.finish().as_ref().iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        format!("{}-{start:016x}", self.name)
    }
}
