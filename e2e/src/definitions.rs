//! Definitions of the kinds of others, as their own Go modules ship them: what the chart renders for cert-manager and for
//! the Prometheus operator is judged by them. No controller of theirs runs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tokio::process::Command;
use tokio::time::timeout;

use crate::kubectl::Kubectl;

/// What fetching a module may take.
const LIMIT: Duration = Duration::from_mins(5);

/// A module of which some files are definitions.
#[derive(Debug)]
pub struct Source {
    module: &'static str,
    /// The checksum of its content, as in a go.sum.
    sum: &'static str,
    folder: &'static str,
    files: &'static [&'static str],
}

/// Certificates and their issuers.
pub const CERT_MANAGER: Source = Source {
    module: "github.com/cert-manager/cert-manager@v1.21.2",
    sum: "h1:UWgoYM+KLNtRlqmoWOKjKBOBUPVHeepQ6/ac3ERJW68=",
    folder: "deploy/crds",
    files: &["cert-manager.io_certificates.yaml", "cert-manager.io_issuers.yaml"],
};

/// What Prometheus scrapes, and its rules.
pub const PROMETHEUS_OPERATOR: Source = Source {
    module: "github.com/prometheus-operator/prometheus-operator@v0.92.1",
    sum: "h1:rHWuFo6SVya4FBSCNg2DCzyc4xAv54zk3eDTzp5mQZc=",
    folder: "example/prometheus-operator-crd",
    files: &[
        "monitoring.coreos.com_podmonitors.yaml",
        "monitoring.coreos.com_prometheusrules.yaml",
        "monitoring.coreos.com_servicemonitors.yaml",
    ],
};

/// What `go mod download -json` says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Download {
    dir: Option<PathBuf>,
    sum: Option<String>,
    error: Option<String>,
}

/// Installs the definitions of `source` and waits until they are served.
///
/// # Errors
/// When the module cannot be had or is not the pinned one, or the server refuses a definition.
pub async fn install(kubectl: &Kubectl, source: &Source) -> Result<()> {
    let folder = fetch(source).await?.join(source.folder);
    let files: Vec<String> = source.files.iter().map(|file| filename(&folder, file)).collect();
    let mut apply = vec!["apply", "--server-side"];
    apply.extend(files.iter().map(String::as_str));
    kubectl.must(&apply).await?;
    let mut wait = vec!["wait", "--for=condition=Established", "--timeout=30s"];
    wait.extend(files.iter().map(String::as_str));
    kubectl.must(&wait).await?;
    Ok(())
}

fn filename(folder: &Path, file: &str) -> String {
    format!("--filename={}", folder.join(file).display())
}

/// The folder of the module in the module cache.
async fn fetch(source: &Source) -> Result<PathBuf> {
    // Outside of any module, so that only what is asked for is fetched.
    let nowhere = tempfile::tempdir()?;
    let mut go = Command::new("go");
    go.args(["mod", "download", "-json", source.module]).current_dir(nowhere.path());
    go.env("GO111MODULE", "on").env("GOWORK", "off").env("GOFLAGS", "-mod=mod").kill_on_drop(true);
    let output = timeout(LIMIT, go.output())
        .await
        .with_context(|| format!("{} was not fetched within {LIMIT:?}", source.module))?
        .context("there is no Go tool chain: install Go 1.26 or newer so that `go` is on the PATH")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let download: Download = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{} could not be fetched: {said}", source.module))?;
    let Download { dir: Some(dir), sum: Some(sum), .. } = download else {
        anyhow::bail!("{} could not be fetched: {}", source.module, download.error.unwrap_or_default());
    };
    ensure!(sum == source.sum, "{} is {sum} instead of the pinned {}", source.module, source.sum);
    Ok(dir)
}
