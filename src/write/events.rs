//! Sends Events (`events.k8s.io/v1`).

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::{
    sync::{Mutex as AsyncMutex, mpsc},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    Aggregation, Notice, Regarding, Severity, Target, WriteMetrics, Writer,
    metrics::count,
    notices::{Notices, Offered},
};
use crate::{core::facts::Resource, watch::Clock};

const EVENTS: Resource =
    Resource { group: "events.k8s.io", version: "v1", kind: "Event", plural: "events", is_namespaced: true };

/// Field manager of Events, and the name of the controller in them.
const CONTROLLER: &str = "surety.dev/controller";

/// Where the API server expects Events about cluster-scoped objects.
const CLUSTER_EVENTS: &str = "default";

/// Who reports.
#[derive(Clone)]
pub struct Reporter {
    /// This instance, at most 128 characters: the name of the pod.
    pub instance: String,
    /// The time of day.
    pub clock: Clock,
}

/// Sends Events: bounded, joined, counted. What a user must act on stands in a status too: an Event may be lost.
pub struct EventRecorder {
    writer: Arc<Writer>,
    reporter: Reporter,
    metrics: Arc<WriteMetrics>,
    notices: Mutex<Notices>,
    sender: mpsc::Sender<Notice>,
    receiver: AsyncMutex<mpsc::Receiver<Notice>>,
}

impl EventRecorder {
    /// A recorder that sends through `writer` once [`Self::run`] runs.
    pub fn new(
        writer: Arc<Writer>,
        reporter: Reporter,
        limits: Aggregation,
        metrics: Arc<WriteMetrics>,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(limits.queue.max(1));
        let (notices, receiver) = (Mutex::new(Notices::new(limits)), AsyncMutex::new(receiver));
        Self { writer, reporter, metrics, notices, sender, receiver }
    }

    /// Takes in a notice of what every replica sees. Never waits. A replica that does not lead says nothing.
    pub fn record(&self, notice: Notice) {
        if self.writer.is_leading() {
            self.record_own(notice);
        }
    }

    /// Takes in a notice of what this replica alone saw, such as a request that it answered. Never waits. Said whether it
    /// leads or not: nobody else could.
    pub fn record_own(&self, notice: Notice) {
        match self.with_notices(|notices| notices.offer(notice, Instant::now())) {
            Offered::Send(notice) => self.queue(*notice),
            Offered::Joined => count(&self.metrics.events_joined),
            Offered::Dropped => count(&self.metrics.events_dropped),
        }
    }

    /// A namespace ends: the API server takes no Events there any more, so repetitions that wait are forgotten.
    pub fn forget_namespace(&self, namespace: &str) {
        self.with_notices(|notices| notices.forget_namespace(namespace));
    }

    /// Sends until `shutdown` is cancelled.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut receiver = self.receiver.lock().await;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                Some(notice) = receiver.recv() => self.send(&notice).await,
                () = self.next_end() => {
                    for notice in self.with_notices(|notices| notices.end_windows(Instant::now())) {
                        self.queue(notice);
                    }
                }
            }
        }
    }

    fn queue(&self, notice: Notice) {
        if self.sender.try_send(notice).is_err() {
            count(&self.metrics.events_dropped);
        }
    }

    /// Waits for the end of a window. A window that opens meanwhile ends later, and the loop comes by when it is sent.
    async fn next_end(&self) {
        match self.with_notices(|notices| notices.next_end()) {
            Some(at) => sleep_until(at).await,
            None => std::future::pending().await,
        }
    }

    async fn send(&self, notice: &Notice) {
        let namespace = notice.regarding.target.namespace.as_deref().unwrap_or(CLUSTER_EVENTS);
        let target = Target::namespaced(EVENTS, namespace, unique_name());
        match self.writer.create_event(&target, CONTROLLER, &self.body(notice)).await {
            Ok(()) => count(&self.metrics.events_sent),
            Err(error) => {
                count(&self.metrics.events_failed);
                let error = &error as &(dyn std::error::Error + 'static);
                tracing::debug!(regarding = %notice.regarding.target, error, "an Event was not taken");
            }
        }
    }

    fn body(&self, notice: &Notice) -> Value {
        let time = (self.reporter.clock)();
        let mut body = json!({
            "eventTime": format!("{time:.6}"),
            "reportingController": CONTROLLER,
            "reportingInstance": self.reporter.instance,
            "type": match notice.severity { Severity::Normal => "Normal", Severity::Warning => "Warning" },
            "reason": notice.reason.as_str(),
            "action": notice.action.as_str(),
            "note": notice.note,
            "regarding": reference(&notice.regarding),
        });
        if let (Some(related), Value::Object(fields)) = (&notice.related, &mut body) {
            fields.insert("related".to_owned(), reference(related));
        }
        body
    }

    fn with_notices<T>(&self, change: impl FnOnce(&mut Notices) -> T) -> T {
        change(&mut self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn reference(object: &Regarding) -> Value {
    let Regarding { target, uid } = object;
    let mut reference = json!({
        "apiVersion": target.api_version(), "kind": target.resource.kind, "name": target.name, "uid": uid,
    });
    if let (Some(namespace), Value::Object(fields)) = (&target.namespace, &mut reference) {
        fields.insert("namespace".to_owned(), namespace.as_str().into());
    }
    reference
}

/// A name that no other Event has. Not made of the object's name, which may hold what an Event's name may not.
fn unique_name() -> String {
    let mut bytes = [0_u8; 8];
    // Without randomness the name is taken, the Event is not, and that is counted.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    format!("surety.{:016x}", u64::from_le_bytes(bytes))
}
