//! What every story needs: names of its own, waiting for a condition, the repository's files, clean clusters.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tokio::time::{Instant, sleep, timeout};

use crate::kubectl::Kubectl;
use crate::process::POLL;

/// Waits until `probe` finds something, and returns it. An error of the probe counts as "not yet".
///
/// # Errors
/// When nothing was found within `limit`: `what` and the last reason.
pub async fn eventually<T>(
    limit: Duration,
    what: &str,
    mut probe: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + limit;
    let mut reason = anyhow!("nothing was found");
    loop {
        match timeout(deadline.saturating_duration_since(Instant::now()), probe()).await {
            Ok(Ok(Some(found))) => return Ok(found),
            Ok(Ok(None)) => reason = anyhow!("nothing was found"),
            Ok(Err(error)) => reason = error,
            // The last complete answer says more than the time-out of the one after.
            Err(_) => (),
        }
        if Instant::now() >= deadline {
            return Err(reason.context(format!("{what} did not come within {limit:?}")));
        }
        sleep(POLL).await;
    }
}

/// A name that no other story of this test binary has, valid for namespaces and tenants: `acme-7`.
#[must_use]
pub fn unique(prefix: &str) -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}-{}", LAST.fetch_add(1, Ordering::Relaxed) + 1)
}

/// A folder or file of the repository.
#[must_use]
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Applies a kustomization, or all manifests of a folder and those below it in the order of their names.
///
/// # Errors
/// When one of them is refused: kubectl's words.
pub async fn apply_all(kubectl: &Kubectl, folder: &Path) -> Result<()> {
    let is_kustomization = folder.join("kustomization.yaml").is_file();
    let folder = folder.to_str().context("the folder's name is not UTF-8")?;
    let how = if is_kustomization { "--kustomize" } else { "--filename" };
    // A kustomization says itself which folders it takes.
    kubectl.must(&["apply", &format!("--recursive={}", !is_kustomization), how, folder]).await?;
    Ok(())
}

/// Applies the CRDs of a folder and waits until the API server serves them.
///
/// # Errors
/// When one is refused, or not established within 30 s.
pub async fn install_crds(kubectl: &Kubectl, folder: &Path) -> Result<()> {
    apply_all(kubectl, folder).await?;
    let folder = folder.to_str().context("the folder's name is not UTF-8")?;
    kubectl
        .must(&["wait", "--for=condition=Established", "--timeout=30s", "--recursive", "-f", folder])
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use anyhow::bail;

    use super::*;

    const SHORT: Duration = Duration::from_millis(200);

    #[tokio::test]
    async fn what_comes_is_returned() {
        let mut tries = 0;
        let found = eventually(Duration::from_secs(10), "the third try", async || {
            tries += 1;
            if tries == 2 {
                bail!("an error is no end")
            }
            Ok((tries == 3).then_some("found"))
        });
        assert_eq!(found.await.unwrap(), "found");
    }

    #[tokio::test]
    async fn what_does_not_come_fails_with_the_last_reason() {
        let outcome = eventually::<()>(SHORT, "peace", async || bail!("there is war")).await;
        assert_eq!(format!("{:#}", outcome.unwrap_err()), "peace did not come within 200ms: there is war");
    }

    #[tokio::test]
    async fn a_probe_that_hangs_is_given_up() {
        let outcome = eventually::<()>(SHORT, "an answer", async || std::future::pending().await).await;
        assert_eq!(
            format!("{:#}", outcome.unwrap_err()),
            "an answer did not come within 200ms: nothing was found"
        );
    }

    #[test]
    fn names_are_used_once() {
        assert_ne!(unique("acme"), unique("acme"));
    }
}
