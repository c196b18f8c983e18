//! What a command reads of a cluster: one list at a time, with the user's own credentials. Nothing here writes.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use kube::{
    Client, Config,
    api::ListParams,
    config::{KubeConfigOptions, Kubeconfig},
    core::request::Request,
};
use tokio::{runtime, time::timeout};

use super::{CliError, input::Text};
use crate::core::facts::Kind;

/// How long an API server may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Which cluster is asked, and as whom.
#[derive(Debug, Args)]
pub(super) struct ClusterArgs {
    /// Ask a cluster: the current one of KUBECONFIG or ~/.kube/config. Only reads.
    #[arg(long, help_heading = "Cluster")]
    pub(super) cluster: bool,
    /// Its credentials, instead of KUBECONFIG.
    #[arg(long, value_name = "FILE", requires = "cluster", help_heading = "Cluster")]
    kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig, instead of its current one.
    #[arg(long, value_name = "NAME", requires = "cluster", help_heading = "Cluster")]
    context: Option<String>,
}

impl ClusterArgs {
    /// All objects of a kind, as the API server writes them.
    pub(super) fn list(&self, kind: Kind) -> Result<Text, CliError> {
        let runtime =
            runtime::Builder::new_current_thread().enable_all().build().map_err(CliError::Runtime)?;
        // Fails only where one is installed already, which is then the one that is used.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let resource = kind.resource();
        let content = runtime.block_on(async {
            let asked = timeout(PATIENCE, self.ask(kind)).await;
            asked.unwrap_or_else(|_| Err(format!("it did not answer within {} s", PATIENCE.as_secs())))
        });
        let content = content.map_err(|problem| {
            let plural = resource.plural;
            CliError::input(format!(
                "the {plural} of the cluster cannot be listed: {problem}; try `kubectl get {plural}` with the same \
                 credentials"
            ))
        })?;
        Ok(Text { name: "the cluster".to_owned(), content })
    }

    async fn ask(&self, kind: Kind) -> Result<String, String> {
        let client = self.connect().await?;
        let resource = kind.resource();
        let path = format!("/apis/{}/{}/{}", resource.group, resource.version, resource.plural);
        let request = Request::new(path).list(&ListParams::default()).map_err(|error| error.to_string())?;
        client.request_text(request).await.map_err(|error| error.to_string())
    }

    async fn connect(&self) -> Result<Client, String> {
        let options = KubeConfigOptions { context: self.context.clone(), ..KubeConfigOptions::default() };
        let config = match &self.kubeconfig {
            Some(path) => Config::from_custom_kubeconfig(read(path)?, &options).await,
            None => Config::from_kubeconfig(&options).await,
        };
        let config = config.map_err(|error| error.to_string())?;
        Client::try_from(config).map_err(|error| error.to_string())
    }
}

fn read(path: &Path) -> Result<Kubeconfig, String> {
    Kubeconfig::read_from(path).map_err(|error| error.to_string())
}
