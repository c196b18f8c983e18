//! Who Surety is to the API server. What it writes into its own kinds is let through by that name alone.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::write::Writer;

/// Says so where the API server knows Surety by another name than its webhook expects: it would refuse its own reports
/// then. Nothing is trusted that was not configured: under an administrator's name everything of his would pass. Then
/// waits for `shutdown`, since a task that ends is a failure.
pub async fn check(writer: Arc<Writer>, expected: String, shutdown: CancellationToken) -> anyhow::Result<()> {
    match writer.own_name().await {
        Ok(Some(name)) if name != expected => tracing::warn!(
            found = name,
            wanted = expected,
            "Surety runs under another identity than its ServiceAccount, so its own webhook refuses its reports and labels; \
             run it as that ServiceAccount, or name the right one with --namespace and --service-account"
        ),
        Ok(_) => {}
        Err(error) => tracing::debug!(%error, "the API server does not say who Surety is"),
    }
    shutdown.cancelled().await;
    Ok(())
}
