//! `surety run`: the arguments of the server. What it does with them is `serve`'s.

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf, str::FromStr, time::Duration};

use clap::{Args, ValueEnum};

use crate::api::{Span, Unit};

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
    surety run --engine-service-account velero:velero

  Outside of it, so that the API server calls this process:
    surety run --kubeconfig ~/.kube/config --webhook-url https://192.0.2.7:9443")]
pub struct RunArgs {
    /// Credentials and address of the API server. Without it: those of the pod's ServiceAccount, or KUBECONFIG.
    #[arg(long, value_name = "FILE", env = "SURETY_KUBECONFIG")]
    pub kubeconfig: Option<PathBuf>,

    /// Where the webhook listens, with TLS.
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "SURETY_LISTEN",
        default_value = "[::]:9443",
        help_heading = "Addresses"
    )]
    pub listen: SocketAddr,
    /// Where /metrics, /livez and /readyz listen, without TLS.
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "SURETY_METRICS_LISTEN",
        default_value = "[::]:8080",
        help_heading = "Addresses"
    )]
    pub metrics_listen: SocketAddr,
    /// The URL at which the API server reaches the webhook, instead of a Service: https, without path.
    #[arg(long, value_name = "URL", env = "SURETY_WEBHOOK_URL", value_parser = webhook_url,
          conflicts_with_all = ["webhook_service", "webhook_port"], help_heading = "Addresses")]
    pub webhook_url: Option<String>,
    /// The Service at which the API server reaches the webhook.
    #[arg(
        long,
        value_name = "NAME",
        env = "SURETY_WEBHOOK_SERVICE",
        default_value = "surety-webhook",
        help_heading = "Addresses"
    )]
    pub webhook_service: String,
    /// The port of that Service.
    #[arg(long, value_name = "PORT", env = "SURETY_WEBHOOK_PORT", default_value_t = 443, value_parser = clap::value_parser!(u16).range(1..), help_heading = "Addresses")]
    pub webhook_port: u16,

    /// Surety's own namespace: its Service, lease, certificate authority and records are there.
    #[arg(
        long,
        value_name = "NAME",
        env = "SURETY_NAMESPACE",
        default_value = "surety-system",
        help_heading = "Identity"
    )]
    pub namespace: String,
    /// The ServiceAccount that Surety runs as, in its own namespace.
    #[arg(
        long,
        value_name = "NAME",
        env = "SURETY_SERVICE_ACCOUNT",
        default_value = "surety",
        help_heading = "Identity"
    )]
    pub service_account: String,
    /// What this replica is called in the lease, unlike any other: the pod's name. Without it: a name is made.
    #[arg(long, value_name = "NAME", env = "SURETY_REPLICA", help_heading = "Identity")]
    pub replica: Option<String>,

    /// A namespace of a backup engine, whose objects are protected there.
    #[arg(
        long = "engine-namespace",
        value_name = "NAME",
        env = "SURETY_ENGINE_NAMESPACES",
        value_delimiter = ',',
        default_value = "velero",
        help_heading = "Trust"
    )]
    pub engine_namespaces: Vec<String>,
    /// A ServiceAccount of a backup engine, CSI driver or system controller: what it does is judged while Surety lives and
    /// never waits for Surety. None by default.
    #[arg(
        long = "engine-service-account",
        value_name = "NAMESPACE:NAME",
        env = "SURETY_ENGINE_SERVICE_ACCOUNTS",
        value_delimiter = ',',
        help_heading = "Trust"
    )]
    pub engine_service_accounts: Vec<ServiceAccount>,
    /// A group whose members pass, whatever they ask for; each use is recorded. None by default.
    #[arg(
        long = "break-glass-group",
        value_name = "GROUP",
        env = "SURETY_BREAK_GLASS_GROUPS",
        value_delimiter = ',',
        help_heading = "Trust"
    )]
    pub break_glass_groups: Vec<String>,

    /// How the log is written.
    #[arg(long, value_enum, env = "SURETY_LOG_FORMAT", default_value_t, help_heading = "Log")]
    pub log_format: LogFormat,
    /// What is logged: a level (error, warn, info, debug, trace), or directives such as `info,surety::watch=debug`.
    #[arg(
        long,
        value_name = "LEVEL",
        env = "SURETY_LOG_LEVEL",
        default_value = "info",
        help_heading = "Log"
    )]
    pub log_level: String,

    /// How often everything is evaluated anew, besides what changes: the slow pass that heals. At least 1m.
    #[arg(long, value_name = "SPAN", env = "SURETY_RESYNC", default_value = "10m", value_parser = resync, help_heading = "Limits")]
    pub resync: Duration,
    /// Reviews that are decided at the same time.
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SURETY_REVIEWS",
        default_value = "32",
        help_heading = "Limits"
    )]
    pub reviews: NonZeroUsize,
    /// Reviews that wait for one of those; further ones are answered at once by the failure policy.
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SURETY_WAITING_REVIEWS",
        default_value_t = 128,
        help_heading = "Limits"
    )]
    pub waiting_reviews: usize,
    /// Writes that are under way at the same time.
    #[arg(long, value_name = "NUMBER", env = "SURETY_WRITES", default_value = "8", help_heading = "Limits")]
    pub writes: NonZeroUsize,
    /// Threads. Without it: one for each processor that may be used.
    #[arg(long, value_name = "NUMBER", env = "SURETY_THREADS", help_heading = "Limits")]
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
    /// Surety's own user.
    pub fn user_name(&self) -> String {
        let account =
            ServiceAccount { namespace: self.namespace.clone(), name: self.service_account.clone() };
        account.user_name()
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

/// The shortest time between two full passes.
const LEAST_RESYNC: Duration = Duration::from_secs(60);

fn resync(text: &str) -> Result<Duration, String> {
    let wanted = "wanted a span of seconds, minutes, hours or days from 1m on, such as 10m";
    let span: Span = text.parse().map_err(|error| format!("{error}; {wanted}"))?;
    match exact(span) {
        Some(duration) if duration >= LEAST_RESYNC => Ok(duration),
        _ => Err(wanted.to_owned()),
    }
}

/// How long a span is that is equally long everywhere in the calendar.
fn exact(span: Span) -> Option<Duration> {
    let count = u64::from(span.count());
    match span.unit() {
        Unit::Second => Some(Duration::from_secs(count)),
        Unit::Minute => Some(Duration::from_secs(count * 60)),
        Unit::Hour => Some(Duration::from_secs(count * 3600)),
        Unit::Day => Some(Duration::from_secs(count * 86400)),
        Unit::Week | Unit::Month | Unit::Year => None,
    }
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
    fn by_default_it_runs_in_the_cluster_and_trusts_nobody() {
        let args = parse("").unwrap();
        assert_eq!((args.webhook_url, args.kubeconfig), (None, None));
        assert_eq!((args.webhook_service.as_str(), args.webhook_port), ("surety-webhook", 443));
        assert_eq!(args.engine_namespaces, ["velero"]);
        assert_eq!((args.engine_service_accounts, args.break_glass_groups), (vec![], vec![]));
        assert_eq!(args.resync, Duration::from_secs(600));
        assert_eq!(args.log_format, LogFormat::Text);
    }

    #[test]
    fn it_is_who_the_shipped_roles_bind() {
        assert_eq!(parse("").unwrap().user_name(), "system:serviceaccount:surety-system:surety");
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
            "--resync 30s",
            "--resync 1mo",
            "--reviews 0",
            "--writes 0",
            "--webhook-port 0",
            "--listen 9443",
        ] {
            assert!(parse(words).is_err(), "{words}");
        }
    }
}
