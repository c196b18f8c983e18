//! Starting the server: its log, its threads, and what it is told.

use std::{env, io, time::Duration};

use tokio::runtime;
use tracing_subscriber::EnvFilter;

use super::{LogFormat, RunArgs, ServiceAccount};
use crate::{
    cli::{CliError, Outcome},
    serve::{
        self,
        config::{CertificateFiles, Config},
    },
};

impl RunArgs {
    /// Runs until a signal or a failure.
    pub(in crate::cli) fn execute(self) -> Result<Outcome, CliError> {
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
            canary: args.canary,
            probe_interval: Duration::from_secs(args.probe_interval),
            conform_fails_open: args.conform_fails_open,
            owner_cluster_role: args.owner_cluster_role,
            paused_until: args.paused_until,
            certificate_files: args.certificate_file.zip(args.certificate_key_file).map(
                |(certificate, key)| CertificateFiles {
                    certificate,
                    key,
                    authority: args.certificate_authority_file,
                },
            ),
        }
    }
}
