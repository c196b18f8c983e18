//! A bounded queue of writes, and the work on it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::stream::{FuturesUnordered, StreamExt};
use tokio::{
    sync::{Notify, mpsc, watch},
    time::{Instant, sleep_until, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{
    Operation, Submitted, Write, WriteError, WriteKey, WriteMetrics, Writer, Written, metrics::count,
    pending::Pending,
};
use crate::watch::{BackoffRange, jitter};

/// The bounds of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimits {
    /// How many objects may wait.
    pub capacity: usize,
    /// How many writes may run at once.
    pub concurrency: usize,
    /// A write is made within this time, at random, so that a burst is spread and coalesced.
    pub spread: Duration,
    /// How long to wait between failures of one object.
    pub backoff: BackoffRange,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self {
            capacity: 10_000,
            concurrency: 8,
            spread: Duration::from_millis(50),
            backoff: BackoffRange::default(),
        }
    }
}

/// What came of a queued write in the end. A write that is tried again has none yet; one that was replaced has none.
#[derive(Debug)]
pub struct Outcome {
    /// Which write.
    pub key: WriteKey,
    /// What came of it.
    pub result: Result<Written, WriteError>,
}

/// A bounded queue of writes.
pub struct WriteQueue {
    writer: Arc<Writer>,
    limits: QueueLimits,
    metrics: Arc<WriteMetrics>,
    pending: Mutex<Pending>,
    submitted: Notify,
    length: watch::Sender<usize>,
    outcomes: mpsc::Sender<Outcome>,
}

impl WriteQueue {
    /// A queue that writes through `writer`, and the outcomes, of which as many as `capacity` wait to be fetched.
    pub fn new(
        writer: Arc<Writer>,
        limits: QueueLimits,
        metrics: Arc<WriteMetrics>,
    ) -> (Self, mpsc::Receiver<Outcome>) {
        let (outcomes, fetched) = mpsc::channel(limits.capacity.max(1));
        let pending = Mutex::new(Pending::new(limits.capacity, limits.backoff));
        let length = watch::Sender::new(0);
        (Self { writer, limits, metrics, pending, submitted: Notify::new(), length, outcomes }, fetched)
    }

    /// Hands in a write. Never waits.
    pub fn submit(&self, write: Write) -> Submitted {
        let at = Instant::now() + self.limits.spread.mul_f64(jitter());
        let submitted = self.with_pending(|pending| pending.submit(write, at));
        match submitted {
            Submitted::Queued => {}
            Submitted::Replaced => count(&self.metrics.coalesced),
            Submitted::Dropped => count(&self.metrics.dropped),
        }
        self.submitted.notify_one();
        submitted
    }

    /// How many writes wait or run.
    pub fn len(&self) -> usize {
        *self.length.borrow()
    }

    /// Whether no write waits or runs.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Works until `shutdown` is cancelled; writes under way are then given up. [`Self::flush`] first.
    pub async fn run(&self, shutdown: CancellationToken) {
        let most = self.limits.concurrency.max(1);
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < most {
                let Some(write) = self.with_pending(|pending| pending.take(Instant::now())) else { break };
                running.push(self.carry_out(write));
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                Some(()) = running.next() => {}
                () = self.submitted.notified() => {}
                () = self.next_turn(), if running.len() < most => {}
            }
        }
    }

    /// Closes the queue, writes what waits without further delay, and gives how many writes are left at `deadline`.
    pub async fn flush(&self, deadline: Instant) -> usize {
        self.with_pending(|pending| pending.close(Instant::now()));
        self.submitted.notify_one();
        let mut length = self.length.subscribe();
        let is_empty = timeout_at(deadline, length.wait_for(|length| *length == 0)).await;
        if is_empty.is_ok() { 0 } else { self.len() }
    }

    async fn next_turn(&self) {
        match self.with_pending(|pending| pending.next_due()) {
            Some(at) => sleep_until(at).await,
            None => std::future::pending().await,
        }
    }

    async fn carry_out(&self, write: Write) {
        let key = write.key();
        let result = match &write.operation {
            Operation::Apply(body, force) => {
                self.writer.apply(&write.target, write.manager, body, *force).await
            }
            Operation::ApplyStatus(body) => {
                self.writer.apply_status(&write.target, write.manager, body).await
            }
            Operation::Withdraw(tenant) => self.writer.withdraw(&write.target, write.manager, tenant).await,
        };
        let is_retried = result.as_ref().is_err_and(WriteError::is_retryable);
        if let Err(error) = &result {
            let error = error as &(dyn std::error::Error + 'static);
            tracing::warn!(object = %write.target, is_retried, error, "a write failed");
        }
        let again = is_retried.then_some(write);
        self.with_pending(|pending| pending.finish(&key, again, Instant::now(), jitter()));
        if !is_retried && self.outcomes.try_send(Outcome { key, result }).is_err() {
            count(&self.metrics.outcomes_dropped);
        }
    }

    fn with_pending<T>(&self, change: impl FnOnce(&mut Pending) -> T) -> T {
        let mut pending: MutexGuard<'_, Pending> =
            self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut pending);
        self.length.send_if_modified(|length| std::mem::replace(length, pending.len()) != pending.len());
        result
    }
}
