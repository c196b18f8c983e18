//! The connection to the API server: whose credentials, and what the client may do by itself.

use std::{error::Error as _, path::Path};

use axum::http::{HeaderValue, header::USER_AGENT};
use kube::{
    Client,
    config::{KubeConfigOptions, Kubeconfig},
};

/// Connects with the credentials of a file, or else of the pod's ServiceAccount or KUBECONFIG. All replicas are one user:
/// the audit log tells them apart by what they call themselves.
pub(super) async fn connect(kubeconfig: Option<&Path>, identity: &str) -> anyhow::Result<Client> {
    let mut config = match kubeconfig {
        Some(path) => {
            let file = Kubeconfig::read_from(path).map_err(|error| {
                let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                anyhow::anyhow!(
                    "--kubeconfig: {} cannot be read: {why}; wanted a kubeconfig file",
                    path.display()
                )
            })?;
            kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?
        }
        None => kube::Config::infer().await?,
    };
    // Watches and writes retry by themselves, within time-outs of their own.
    config.default_retry = false;
    let agent = format!("surety/{} ({identity})", env!("CARGO_PKG_VERSION"));
    config.headers.push((USER_AGENT, HeaderValue::try_from(agent)?));
    Ok(Client::try_from(config)?)
}
