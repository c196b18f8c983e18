//! The connection to the API server: whose credentials, and what the client may do by itself.

use std::path::Path;

use kube::{
    Client,
    config::{KubeConfigOptions, Kubeconfig},
};

/// Connects with the credentials of a file, or else of the pod's ServiceAccount or KUBECONFIG.
pub(super) async fn connect(kubeconfig: Option<&Path>) -> anyhow::Result<Client> {
    let mut config = match kubeconfig {
        Some(path) => {
            let file = Kubeconfig::read_from(path)?;
            kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?
        }
        None => kube::Config::infer().await?,
    };
    // Watches and writes retry by themselves, within time-outs of their own.
    config.default_retry = false;
    Ok(Client::try_from(config)?)
}
