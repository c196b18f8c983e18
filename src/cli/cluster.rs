//! What a command reads of a cluster: one list at a time, with the user's own credentials. Nothing here writes.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, Error, Result};
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
    pub(super) fn list(&self, kind: Kind) -> std::result::Result<Text, CliError> {
        let runtime =
            runtime::Builder::new_current_thread().enable_all().build().map_err(CliError::Runtime)?;
        // Fails only where one is installed already, which is then the one that is used.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let content = runtime.block_on(async {
            let asked = timeout(PATIENCE, self.ask(kind)).await;
            asked.unwrap_or_else(|elapsed| {
                Err(Error::from(elapsed).context(format!("no answer within {} s", PATIENCE.as_secs())))
            })
        });
        let content =
            content.map_err(|source| CliError::Cluster { plural: kind.resource().plural, source })?;
        Ok(Text { name: "the cluster".to_owned(), content })
    }

    async fn ask(&self, kind: Kind) -> Result<String> {
        let config = self.config().await?;
        let server = config.cluster_url.to_string();
        let client = Client::try_from(config)?;
        let resource = kind.resource();
        let path = format!("/apis/{}/{}/{}", resource.group, resource.version, resource.plural);
        let request = Request::new(path).list(&ListParams::default())?;
        let answer = client.request_text(request).await;
        let is_missing = matches!(&answer, Err(kube::Error::Api(status)) if status.code == 404);
        answer.with_context(|| {
            if is_missing {
                format!("{server} does not know the kind, which `surety crds | kubectl apply -f -` installs")
            } else {
                format!("{server} does not give them")
            }
        })
    }

    async fn config(&self) -> Result<Config> {
        let options = KubeConfigOptions { context: self.context.clone(), ..KubeConfigOptions::default() };
        Ok(match &self.kubeconfig {
            Some(path) => Config::from_custom_kubeconfig(Kubeconfig::read_from(path)?, &options).await?,
            None => Config::from_kubeconfig(&options).await?,
        })
    }
}
