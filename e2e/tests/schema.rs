//! The schemas on a real API server: they are taken without a warning, and the samples of `tests/data/schema` are taken
//! or refused by them alone, with no Surety running.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use e2e::kubectl::Kubectl;
use e2e::surety::program;
use e2e::world::{install_crds, repository};
use e2e::{ControlPlane, Options};
use serde_json::Value;
use tokio::process::Command;
use tokio::sync::OnceCell;

const SEPARATOR: &str = "\n---\n";

/// The kinds go in once, because two who apply them side by side would both try to create them.
async fn cluster_with_kinds() -> Result<Kubectl> {
    static INSTALLED: OnceCell<()> = OnceCell::const_new();
    let kubectl = ControlPlane::shared().await?.kubectl();
    INSTALLED.get_or_try_init(async || install_crds(&kubectl, &repository("crds")).await).await?;
    Ok(kubectl)
}

fn samples(kind: &str) -> Result<Vec<PathBuf>> {
    let folder = repository("tests/data/schema").join(kind);
    let mut files: Vec<_> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.sort();
    ensure!(!files.is_empty(), "there are no {kind} samples");
    Ok(files)
}

#[tokio::test]
async fn the_kinds_are_taken_without_a_warning() -> Result<()> {
    let control_plane = ControlPlane::start(Options::default()).await?;
    let output = control_plane.kubectl().apply_file(&repository("crds")).await?;
    ensure!(output.code == Some(0) && output.stderr.is_empty(), "{output:?}");
    Ok(())
}

#[tokio::test]
async fn every_good_sample_is_taken() -> Result<()> {
    let kubectl = cluster_with_kinds().await?;
    for path in samples("good")? {
        let output = kubectl.apply_file(&path).await?;
        ensure!(output.code == Some(0) && output.stderr.is_empty(), "{}: {output:?}", path.display());
    }
    Ok(())
}

#[tokio::test]
async fn every_bad_sample_is_refused_with_its_message() -> Result<()> {
    let kubectl = cluster_with_kinds().await?;
    let mut faults = Vec::new();
    for path in samples("bad")? {
        let text = fs::read_to_string(&path)?;
        if let Err(error) = refused(&kubectl, &text).await {
            faults.push(format!("{}: {error:#}", path.display()));
        }
    }
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

/// The last document is refused with the message of the first line; what stands before it is taken.
async fn refused(kubectl: &Kubectl, text: &str) -> Result<()> {
    let (expected, documents) = text.split_once('\n').context("an empty sample")?;
    let expected = expected.strip_prefix("# refused: ").context("no `# refused: ` in the first line")?;
    let (before, last) = match documents.rsplit_once(SEPARATOR) {
        Some((before, last)) => (Some(before), last),
        None => (None, documents),
    };
    if let Some(before) = before {
        kubectl.apply_text(before).await?.success()?;
    }
    let output = kubectl.apply_text(last).await?;
    ensure!(output.code != Some(0), "was taken");
    ensure!(output.stderr.contains(expected), "expected `{expected}`, was told `{}`", output.stderr);
    Ok(())
}

#[tokio::test]
async fn the_coverage_of_a_cluster_is_that_of_its_profiles() -> Result<()> {
    let kubectl = cluster_with_kinds().await?;
    let profiles = repository("config/profiles");
    kubectl.must(&["apply", "-k", &profiles.display().to_string()]).await?;
    let kubeconfig = ControlPlane::shared().await?.kubeconfig();
    let asked = coverage(&["--cluster".as_ref(), "--kubeconfig".as_ref(), kubeconfig.as_os_str()]).await?;
    let written = coverage(&[profiles.as_os_str()]).await?;
    ensure!(written.len() == 5, "{written:?}");
    for profile in &written {
        ensure!(asked.contains(profile), "{profile} is not the same among {asked:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_cluster_without_the_kinds_is_told_how_to_get_them() -> Result<()> {
    let control_plane = ControlPlane::start(Options::default()).await?;
    let mut command = Command::new(program().await?);
    command.args(["coverage", "--cluster", "--kubeconfig"]).arg(control_plane.kubeconfig());
    let output = command.output().await?;
    let told = String::from_utf8(output.stderr)?;
    ensure!(output.status.code() == Some(2) && told.trim_end().lines().count() == 1, "{told}");
    ensure!(
        told.contains("does not know the kind, which `surety crds | kubectl apply -f -` installs"),
        "{told}"
    );
    Ok(())
}

/// The profiles that `surety coverage` tells of.
async fn coverage(arguments: &[&OsStr]) -> Result<Vec<Value>> {
    let mut command = Command::new(program().await?);
    command.args(["coverage", "--output", "json"]).args(arguments);
    let output = command.output().await?;
    ensure!(output.status.success(), "{output:?}");
    let coverage: Value = serde_json::from_slice(&output.stdout)?;
    let profiles = coverage.get("profiles").and_then(Value::as_array);
    profiles.cloned().context("no list of profiles")
}
