//! `surety run`: the arguments of the server. What it does with them is `serve`'s.

use std::{env, io, net::SocketAddr, num::NonZeroUsize, path::PathBuf, str::FromStr};

use clap::{Args, ValueEnum};
use tokio::runtime;
use tracing_subscriber::EnvFilter;

use super::{CliError, Outcome};
use crate::serve::{self, config::Config};

/// Serve: controller and admission webhook.
///
/// Watches the cluster, judges requests, repairs what policies let it manage, and reports. Every replica serves; the one
/// that holds the lease writes. The webhook is registered once everything it needs has been read.
///
/// Every flag may be given by an environment variable too; the flag wins. Lists are separated by commas there.
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

    /// Let in what tenants run while Surety does not answer; what then breaks a promise is found and dated. Backups,
    /// volumes, fences and policies stay protected.
    #[arg(long, env = "SURETY_CONFORM_FAILS_OPEN", hide_env_values = true, help_heading = "Limits")]
    pub conform_fails_open: bool,
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

/// A ServiceAccount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccount {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl ServiceAccount {
    /// As the API server calls it.
    pub fn user_name(&self) -> String {
        format!("system:serviceaccount:{}:{}", self.namespace, self.name)
    }
}

/// Why a text names no ServiceAccount.
#[derive(Debug, thiserror::Error)]
#[error("found `{0}`, wanted NAMESPACE:NAME, such as velero:velero")]
pub struct ServiceAccountError(String);

impl FromStr for ServiceAccount {
    type Err = ServiceAccountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains(':') => {
                Ok(Self { namespace: namespace.to_owned(), name: name.to_owned() })
            }
            _ => Err(ServiceAccountError(text.to_owned())),
        }
    }
}

impl RunArgs {
    /// Runs until a signal or a failure.
    pub(super) fn execute(self) -> Result<Outcome, CliError> {
        start_log(self.log_format, &self.log_level)?;
        let mut runtime = runtime::Builder::new_multi_thread();
        if let Some(threads) = self.threads {
            runtime.worker_threads(threads.get());
        }
        let runtime = runtime.enable_all().build().map_err(CliError::Runtime)?;
        // Fails only where one is installed already, which is then the one that is used.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        runtime.block_on(serve::run(self.into())).map_err(CliError::Serve)?;
        Ok(Outcome::Conforming)
    }
}

fn start_log(format: LogFormat, level: &str) -> Result<(), CliError> {
    let filter = EnvFilter::try_new(level).map_err(|error| {
        CliError::input(format!("--log-level: found `{level}`, {error}; wanted a level such as info"))
    })?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let started = match format {
        LogFormat::Text => log.with_ansi(false).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| CliError::Log(error.to_string()))
}

impl From<RunArgs> for Config {
    fn from(args: RunArgs) -> Self {
        let own = ServiceAccount { namespace: args.namespace.clone(), name: args.service_account };
        Self {
            kubeconfig: args.kubeconfig,
            listen: args.listen,
            metrics_listen: args.metrics_listen,
            webhook_url: args.webhook_url,
            service_name: args.webhook_service,
            service_port: args.webhook_port,
            user: own.user_name(),
            namespace: args.namespace,
            // In a pod the host is called like the pod.
            replica: args
                .replica
                .or_else(|| env::var("HOSTNAME").ok())
                .unwrap_or_else(|| "surety".to_owned()),
            engine_namespaces: args.engine_namespaces,
            component_users: args.engine_service_accounts.iter().map(ServiceAccount::user_name).collect(),
            break_glass_groups: args.break_glass_groups,
            conform_fails_open: args.conform_fails_open,
        }
    }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

    use clap::{CommandFactory as _, Parser as _};

    use super::*;
    use crate::cli::{Cli, Command};

    fn parse(words: &str) -> Result<RunArgs, clap::Error> {
        let words = ["surety", "run"].into_iter().chain(words.split_whitespace());
        match Cli::try_parse_from(words)?.command {
            Command::Run(args) => Ok(*args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_replica_outside_of_the_cluster_is_told_its_credentials_and_addresses() {
        let args = parse(
            "--kubeconfig /k --webhook-url https://127.0.0.1:1 --listen 127.0.0.1:2 --metrics-listen 127.0.0.1:3",
        );
        let args = args.unwrap();
        assert_eq!(args.kubeconfig, Some(PathBuf::from("/k")));
        assert_eq!(args.webhook_url.as_deref(), Some("https://127.0.0.1:1"));
        assert_eq!(args.listen, "127.0.0.1:2".parse().unwrap());
        assert_eq!(args.metrics_listen, "127.0.0.1:3".parse().unwrap());
    }

    #[test]
    fn by_default_it_runs_in_the_cluster_and_nobody_breaks_the_glass() {
        let args = parse("").unwrap();
        assert_eq!((args.webhook_url, args.kubeconfig), (None, None));
        assert_eq!((args.webhook_service.as_str(), args.webhook_port), ("surety-webhook", 443));
        assert_eq!(args.engine_namespaces, ["velero"]);
        assert_eq!(args.break_glass_groups, Vec::<String>::new());
        assert!(!args.conform_fails_open);
        assert_eq!(args.log_format, LogFormat::Text);
    }

    #[test]
    fn it_is_who_the_shipped_roles_bind() {
        assert_eq!(Config::from(parse("").unwrap()).user, "system:serviceaccount:surety-system:surety");
    }

    #[test]
    fn lists_are_repeated_or_separated_by_commas() {
        let args = parse(
            "--engine-service-account velero:velero,csi:driver --break-glass-group a --break-glass-group b",
        );
        let args = args.unwrap();
        let names: Vec<String> = args.engine_service_accounts.iter().map(ServiceAccount::user_name).collect();
        assert_eq!(names, ["system:serviceaccount:velero:velero", "system:serviceaccount:csi:driver"]);
        assert_eq!(args.break_glass_groups, ["a", "b"]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for words in [
            "--webhook-url http://127.0.0.1:1",
            "--webhook-url https://127.0.0.1:1/admit",
            "--webhook-url https://user@127.0.0.1:1",
            "--webhook-url 127.0.0.1:1",
            "--webhook-url https://127.0.0.1:1 --webhook-port 8443",
            "--engine-service-account velero",
            "--engine-service-account velero:",
            "--engine-service-account system:serviceaccount:velero:velero",
            "--threads 0",
            "--webhook-port 0",
            "--listen 9443",
        ] {
            assert!(parse(words).is_err(), "{words}");
        }
    }
}
