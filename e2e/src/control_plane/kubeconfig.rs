//! Kubeconfig files and clients for one identity.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use k8s_openapi::ByteString;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use serde_json::{Value, json};

use super::authority::Identity;

/// What a client needs to reach the server as somebody. Valid JSON, and so valid YAML, for every reader.
pub(super) fn render(server: &str, authority: &str, user: &str, identity: &Identity) -> String {
    let data = |pem: &str| json!(ByteString(pem.as_bytes().to_vec()));
    let value: Value = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": "e2e",
            "cluster": { "server": server, "certificate-authority-data": data(authority) },
        }],
        "users": [{
            "name": user,
            "user": {
                "client-certificate-data": data(&identity.certificate),
                "client-key-data": data(&identity.key),
            },
        }],
        "contexts": [{ "name": "e2e", "context": { "cluster": "e2e", "user": user } }],
        "current-context": "e2e",
    });
    format!("{value:#}\n")
}

/// Writes a file that only its owner may read.
pub(super) fn write_private(path: &Path, content: &str) -> io::Result<()> {
    File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?
        .write_all(content.as_bytes())
}

/// A client of its own: clients belong to the runtime that made them, and every test has one.
pub(super) async fn client(kubeconfig: &str) -> Result<Client, ClientError> {
    let parsed = Kubeconfig::from_yaml(kubeconfig)?;
    let mut config = Config::from_custom_kubeconfig(parsed, &KubeConfigOptions::default()).await?;
    // A story must see the refusals that a retry would hide.
    config.default_retry = false;
    Ok(Client::try_from(config)?)
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The kubeconfig was not accepted.
    #[error("the kubeconfig cannot be used")]
    Kubeconfig(#[from] KubeconfigError),
    /// The client could not be built.
    #[error("no client can be made from the kubeconfig")]
    Client(#[from] kube::Error),
}
