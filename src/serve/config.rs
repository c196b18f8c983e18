//! What `surety run` is told.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use jiff::Timestamp;

/// The settings of a running Surety.
#[derive(Clone, Debug)]
pub struct Config {
    /// A kubeconfig file; the pod's own ServiceAccount when absent.
    pub kubeconfig: Option<PathBuf>,
    /// Where the webhook listens.
    pub listen: SocketAddr,
    /// Where health and metrics are served.
    pub metrics_listen: SocketAddr,
    /// How the API server reaches the webhook by URL; by the Service when absent.
    pub webhook_url: Option<String>,
    /// The Service's name.
    pub service_name: String,
    /// The Service's port.
    pub service_port: u16,
    /// Surety's own namespace.
    pub namespace: String,
    /// The name of this replica: the pod's name.
    pub replica: String,
    /// Surety's own user name, as the API server sees it.
    pub user: String,
    /// Namespaces of backup engines.
    pub engine_namespaces: Vec<String>,
    /// User names of backup engines, CSI drivers and further controllers.
    pub component_users: Vec<String>,
    /// Members of these groups pass; each use is recorded.
    pub break_glass_groups: Vec<String>,
    /// What the canaries' tenant, namespace and objects are called.
    pub canary: String,
    /// How often enforcement is proved.
    pub probe_interval: Duration,
    /// Whether what tenants run is let in while Surety does not answer.
    pub conform_fails_open: bool,
    /// The ClusterRole that the registration goes away with.
    pub owner_cluster_role: Option<String>,
    /// Until when an operator has paused enforcement, as the annotation of the registration says it too.
    pub paused_until: Option<Timestamp>,
    /// Certificates that somebody else writes; an authority of Surety's own when absent.
    pub certificate_files: Option<CertificateFiles>,
}

/// Files with the webhook's certificate, as cert-manager writes them into a Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The chain.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The registration's `caBundle`; without it somebody else writes that in.
    pub authority: Option<PathBuf>,
}

impl Config {
    /// This process, and no other that ever was: in the lease, and in the API server's audit log.
    pub fn identity(&self) -> String {
        format!("{}-{}", self.replica, std::process::id())
    }
}
