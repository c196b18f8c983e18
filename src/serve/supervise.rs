//! The order in which everything ends: no longer ready, no new connections, no more work, and the lease last.

use std::time::Duration;

use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinSet,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use super::health::Readiness;
use crate::write::WriteQueue;

/// How long the Service's endpoints may take to forget this replica.
const PROPAGATION: Duration = Duration::from_secs(3);
/// How long queued writes may take at the end.
const FLUSH: Duration = Duration::from_secs(5);

/// What runs for good. The end of one is the end of the process.
pub(super) type Tasks = JoinSet<anyhow::Result<()>>;

/// The stages of the end.
#[derive(Clone, Default)]
pub(super) struct Stop {
    /// No new connections; what is under way is finished.
    pub(super) serving: CancellationToken,
    /// Watches, evaluation, writes.
    pub(super) work: CancellationToken,
    /// The lease, and health, last of all.
    pub(super) last: CancellationToken,
}

/// Waits for a signal, or for the end of a task that should not have ended; then ends everything in order.
pub(super) async fn supervise(
    mut tasks: Tasks,
    readiness: &Readiness,
    queue: &WriteQueue,
    stop: &Stop,
) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let failure = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        ended = tasks.join_next() => Some(unexpected_end(ended)),
    };
    readiness.fail("shutdown", "this replica is ending");
    if failure.is_none() {
        tracing::info!("ending: no longer ready, serving on while endpoints forget this replica");
        sleep(PROPAGATION).await;
    }
    stop.serving.cancel();
    stop.work.cancel();
    let left = queue.flush(Instant::now() + FLUSH).await;
    if left > 0 {
        tracing::warn!(left, "writes were left undone; the next leader makes them");
    }
    stop.last.cancel();
    let drained = tokio::time::timeout(FLUSH, async { while tasks.join_next().await.is_some() {} }).await;
    if drained.is_err() {
        tracing::warn!("some tasks did not end in time");
    }
    failure.map_or(Ok(()), Err)
}

fn unexpected_end(ended: Option<Result<anyhow::Result<()>, tokio::task::JoinError>>) -> anyhow::Error {
    match ended {
        Some(Ok(Err(error))) => error,
        Some(Err(error)) => anyhow::anyhow!("an essential task died: {error}"),
        Some(Ok(Ok(()))) | None => anyhow::anyhow!("an essential task ended"),
    }
}
