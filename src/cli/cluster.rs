//! What a command reads of a cluster: one list at a time, with the user's own credentials. Nothing here writes.

use std::{future::Future, path::PathBuf, time::Duration};

use anyhow::{Context as _, Error, Result};
use clap::Args;
use hyper::Request;
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use tokio::{runtime, time::sleep};

use super::{CliError, input::Text};
use crate::{
    core::facts::{Change, Kind, Resource},
    decode,
    watch::{Failure, Stream, fetch},
};

/// How long an API server may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Objects of one page.
const PAGE: u32 = 500;
/// How often one page is asked for while the server is busy or silent, and how long the second waits; the third twice that.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);

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
        let content = run(async {
            let reader = self.connect().await?;
            let answer = reader.page(&Stream::all(kind), None).await;
            let body = answer.map_err(|failure| match failure {
                Failure::Forbidden { message, .. } => Error::msg(message),
                Failure::NotFound => Error::from(failure).context(format!(
                    "{} does not know the kind, which `surety crds | kubectl apply -f -` installs",
                    reader.server
                )),
                failure => Error::from(failure).context(format!("{} does not give them", reader.server)),
            })?;
            String::from_utf8(body).context("the answer is no text")
        })?;
        let content = content.map_err(unlistable(kind))?;
        Ok(Text { name: "the cluster".to_owned(), content })
    }

    /// Reads the credentials.
    pub(super) async fn connect(&self) -> Result<Reader> {
        let options = KubeConfigOptions { context: self.context.clone(), ..KubeConfigOptions::default() };
        let config = match &self.kubeconfig {
            Some(path) => Config::from_custom_kubeconfig(Kubeconfig::read_from(path)?, &options).await?,
            None => Config::from_kubeconfig(&options).await?,
        };
        let server = config.cluster_url.to_string();
        Ok(Reader { client: Client::try_from(config)?, server })
    }
}

/// Runs what asks a cluster.
pub(super) fn run<T>(asking: impl Future<Output = T>) -> std::result::Result<T, CliError> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(CliError::Runtime)?;
    // Fails only where one is installed already, which is then the one that is used.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Ok(runtime.block_on(asking))
}

/// A list that could not be had.
pub(super) fn unlistable(kind: Kind) -> impl Fn(Error) -> CliError {
    move |source| CliError::Cluster { plural: kind.resource().plural, source }
}

/// Lists objects, page by page.
pub(super) struct Reader {
    client: Client,
    /// The address of the API server.
    pub(super) server: String,
}

impl Reader {
    /// Hands every object of a stream to `each`, and after each page but the last tells how many there were so far.
    pub(super) async fn list(
        &self,
        stream: &Stream,
        mut each: impl FnMut(Change),
        so_far: impl Fn(usize),
    ) -> std::result::Result<usize, Failure> {
        let (mut count, mut token): (usize, Option<String>) = (0, None);
        loop {
            let body = self.page(stream, token.as_deref()).await?;
            let meta = decode::list_page(stream.kind, &body, |change| {
                count += 1;
                each(change);
            });
            let meta = meta.map_err(|error| Failure::Undecodable(error.into()))?;
            match meta.continue_token {
                Some(next) => token = Some(next.to_string()),
                None => return Ok(count),
            }
            so_far(count);
        }
    }

    /// Whether the API server knows the group and version of a kind, which everybody may ask. Where it does not say no, it
    /// may.
    pub(super) async fn serves(&self, kind: Kind) -> bool {
        let Resource { group, version, .. } = kind.resource();
        let path =
            if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        let Ok(request) = Request::get(path).body(Vec::new()) else { return true };
        !matches!(fetch(&self.client, request, PATIENCE).await, Err(Failure::NotFound))
    }

    async fn page(&self, stream: &Stream, token: Option<&str>) -> std::result::Result<Vec<u8>, Failure> {
        let mut attempt = 1;
        loop {
            let request =
                stream.list_request(PAGE, token).map_err(|error| Failure::Connection(error.into()))?;
            match fetch(&self.client, request, PATIENCE).await {
                Ok(body) => return Ok(body.to_vec()),
                Err(failure) if attempt < ATTEMPTS && is_passing(&failure) => {
                    sleep(PAUSE * attempt).await;
                    attempt += 1;
                }
                Err(failure) => return Err(failure),
            }
        }
    }
}

/// Whether asking again may help.
const fn is_passing(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused { code: 429 | 500..=599, .. } | Failure::Timeout(_))
}

#[cfg(test)]
mod tests;
