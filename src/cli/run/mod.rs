//! `surety run`: the arguments of the server. What it does with them is `serve`'s.

mod service_account;
mod start;
#[cfg(test)]
mod tests;

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf};

use clap::{Args, ValueEnum};
use jiff::Timestamp;

pub use service_account::{ServiceAccount, ServiceAccountError};

/// Serve: controller and admission webhook.
///
/// Watches the cluster, judges requests, repairs what policies let it manage, and reports. Every replica serves; the one
/// that holds the lease writes. The webhook is registered once everything it needs has been read.
///
/// Every flag may be given by an environment variable too; the flag wins. Lists are separated by commas there.
///
/// Exit codes: 0 ended by a signal, after what was begun was finished, 2 bad usage, 3 it could not start, or ended with an
/// error that the log tells.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(after_long_help = "\
Examples:
  In a cluster, with what the ServiceAccount may do:
    surety run --engine-service-account backup:velero-server,kube-system:ebs-csi-controller-sa

  Outside of it, so that the API server calls this process:
    surety run --kubeconfig ~/.kube/config --webhook-url https://192.0.2.7:9443")]
pub struct RunArgs {
    /// Credentials and address of the API server. Without it: those of the pod's ServiceAccount, or KUBECONFIG.
    #[arg(long, value_name = "FILE", env = "SURETY_KUBECONFIG", hide_env_values = true)]
    pub kubeconfig: Option<PathBuf>,

    /// Where the webhook listens, with TLS; `[::]:9443` where addresses are of IPv6.
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "SURETY_LISTEN",
        hide_env_values = true,
        default_value = "0.0.0.0:9443",
        help_heading = "Addresses"
    )]
    pub listen: SocketAddr,
    /// Where /metrics, /livez and /readyz listen, without TLS.
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "SURETY_METRICS_LISTEN",
        hide_env_values = true,
        default_value = "0.0.0.0:8080",
        help_heading = "Addresses"
    )]
    pub metrics_listen: SocketAddr,
    /// The URL at which the API server reaches the webhook, instead of a Service: https, without path.
    #[arg(long, value_name = "URL", env = "SURETY_WEBHOOK_URL", hide_env_values = true, value_parser = webhook_url,
          conflicts_with_all = ["webhook_service", "webhook_port"], help_heading = "Addresses")]
    pub webhook_url: Option<String>,
    /// The Service at which the API server reaches the webhook.
    #[arg(
        long,
        value_name = "NAME",
        env = "SURETY_WEBHOOK_SERVICE",
        hide_env_values = true,
        default_value = "surety-webhook",
        help_heading = "Addresses"
    )]
    pub webhook_service: String,
    /// The port of that Service.
    #[arg(long, value_name = "PORT", env = "SURETY_WEBHOOK_PORT", hide_env_values = true, default_value_t = 443, value_parser = clap::value_parser!(u16).range(1..), help_heading = "Addresses")]
    pub webhook_port: u16,

    /// Surety's own namespace: its Service, lease, certificate authority and records are there.
    #[arg(
        long,
        value_name = "NAME",
        env = "SURETY_NAMESPACE",
        hide_env_values = true,
        default_value = "surety-system",
        help_heading = "Identity"
    )]
    pub namespace: String,
    /// The ServiceAccount that Surety runs as, in its own namespace.
    #[arg(
        long,
        value_name = "NAME",
        env = "SURETY_SERVICE_ACCOUNT",
        hide_env_values = true,
        default_value = "surety",
        help_heading = "Identity"
    )]
    pub service_account: String,
    /// What this replica is called in the lease: the pod's name. Without it: the host's.
    #[arg(
        long,
        value_name = "NAME",
        env = "SURETY_REPLICA",
        hide_env_values = true,
        help_heading = "Identity"
    )]
    pub replica: Option<String>,

    /// A namespace of a backup engine, whose objects are protected there.
    #[arg(
        long = "engine-namespace",
        value_name = "NAME",
        env = "SURETY_ENGINE_NAMESPACES",
        hide_env_values = true,
        value_delimiter = ',',
        default_value = "velero",
        help_heading = "Trust"
    )]
    pub engine_namespaces: Vec<String>,
    /// A ServiceAccount of a backup engine, CSI driver or system controller: what it does is judged while Surety lives and
    /// never waits for Surety.
    #[arg(
        long = "engine-service-account",
        value_name = "NAMESPACE:NAME",
        env = "SURETY_ENGINE_SERVICE_ACCOUNTS",
        hide_env_values = true,
        value_delimiter = ',',
        default_value = "velero:velero",
        help_heading = "Trust"
    )]
    pub engine_service_accounts: Vec<ServiceAccount>,
    /// A group whose members pass, whatever they ask for; each use is recorded. None by default.
    #[arg(
        long = "break-glass-group",
        value_name = "GROUP",
        env = "SURETY_BREAK_GLASS_GROUPS",
        hide_env_values = true,
        value_delimiter = ',',
        help_heading = "Trust"
    )]
    pub break_glass_groups: Vec<String>,

    /// The ClusterRole that the webhook's registration goes away with, so that it blocks nothing once Surety is
    /// uninstalled. It must be there; without a name the registration stays until somebody deletes it.
    #[arg(
        long,
        value_name = "NAME",
        env = "SURETY_OWNER_CLUSTER_ROLE",
        hide_env_values = true,
        help_heading = "Registration"
    )]
    pub owner_cluster_role: Option<String>,
    /// Pause until then: nothing is refused, and what would be is a warning. The same as the annotation
    /// `surety.dev/paused-until` of the registration, and like it without effect while that is more than four hours ahead.
    #[arg(
        long,
        value_name = "TIME",
        env = "SURETY_PAUSED_UNTIL",
        hide_env_values = true,
        help_heading = "Registration"
    )]
    pub paused_until: Option<Timestamp>,
    /// Let in what tenants run while Surety does not answer; what then breaks a promise is found and dated. Backups,
    /// volumes, fences and policies stay protected.
    #[arg(long, env = "SURETY_CONFORM_FAILS_OPEN", hide_env_values = true, help_heading = "Registration")]
    pub conform_fails_open: bool,

    /// A certificate chain, PEM, that somebody else keeps, cert-manager for instance, instead of an authority of
    /// Surety's own. It is read again when it changes.
    #[arg(
        long,
        value_name = "FILE",
        env = "SURETY_CERTIFICATE_FILE",
        hide_env_values = true,
        requires = "certificate_key_file",
        help_heading = "Certificate"
    )]
    pub certificate_file: Option<PathBuf>,
    /// Its private key, PEM.
    #[arg(
        long,
        value_name = "FILE",
        env = "SURETY_CERTIFICATE_KEY_FILE",
        hide_env_values = true,
        requires = "certificate_file",
        help_heading = "Certificate"
    )]
    pub certificate_key_file: Option<PathBuf>,
    /// The authority that vouches for it, PEM, for the registration. Without it somebody else writes that in there.
    #[arg(
        long,
        value_name = "FILE",
        env = "SURETY_CERTIFICATE_AUTHORITY_FILE",
        hide_env_values = true,
        requires = "certificate_file",
        help_heading = "Certificate"
    )]
    pub certificate_authority_file: Option<PathBuf>,

    /// What the canaries are called: a Tenant, its namespace, and in it and in the backup engine's namespace the objects of
    /// which Surety asks the API server, by dry run, what must be refused. See config/canary.
    #[arg(
        long,
        value_name = "NAME",
        env = "SURETY_CANARY",
        hide_env_values = true,
        default_value = "surety-canary",
        help_heading = "Proof"
    )]
    pub canary: String,
    /// How often that is asked, in seconds.
    #[arg(long, value_name = "SECONDS", env = "SURETY_PROBE_INTERVAL", hide_env_values = true, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600), help_heading = "Proof")]
    pub probe_interval: u64,

    /// How the log is written.
    #[arg(
        long,
        value_enum,
        env = "SURETY_LOG_FORMAT",
        hide_env_values = true,
        default_value_t,
        help_heading = "Log"
    )]
    pub log_format: LogFormat,
    /// What is logged: a level (error, warn, info, debug, trace), or directives such as `info,surety::watch=debug`.
    #[arg(
        long,
        value_name = "LEVEL",
        env = "SURETY_LOG_LEVEL",
        hide_env_values = true,
        default_value = "info",
        help_heading = "Log"
    )]
    pub log_level: String,

    /// Threads. Without it: one for each processor that may be used.
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SURETY_THREADS",
        hide_env_values = true,
        help_heading = "Limits"
    )]
    pub threads: Option<NonZeroUsize>,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// As the API server wants it: <https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#url>
fn webhook_url(text: &str) -> Result<String, String> {
    let wanted = "wanted https://HOST or https://HOST:PORT, without user, path, query or fragment";
    let url: axum::http::Uri = text.parse().map_err(|error| format!("{error}; {wanted}"))?;
    let has_host = url.host().is_some_and(|host| !host.is_empty());
    let is_bare = matches!(url.path(), "" | "/") && url.query().is_none() && !text.contains(['@', '#']);
    if url.scheme_str() == Some("https") && has_host && is_bare {
        return Ok(text.trim_end_matches('/').to_owned());
    }
    Err(wanted.to_owned())
}
