//! Follows one stream for ever: list, watch, and again where the watch breaks.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use ahash::{HashSet, HashSetExt};
use futures::StreamExt;
use hyper::body::Bytes;
use kube::Client;
use tokio::{
    sync::{Semaphore, mpsc},
    time::{Instant, sleep_until, timeout_at},
};

use super::{
    Backoff, BoxError, Clock, Decode, Event, Failure, ListMeta, ResourceVersion, Stream, Timing, WatchLine,
    WatchMetrics,
    backoff::jitter,
    catalogue::is_optional,
    heartbeat::Heartbeat,
    lines::Lines,
    metrics::{Counters, count},
    requests,
};
use crate::core::facts::{Change, Kind, SourceState};

/// What all followers share.
pub(super) struct Shared {
    pub(super) client: Client,
    pub(super) decoder: Arc<dyn Decode>,
    pub(super) timing: Timing,
    pub(super) clock: Clock,
    pub(super) metrics: Arc<WatchMetrics>,
    /// One for each core: more pages decoded at once take no less time, and hold more memory.
    pub(super) decoding: Semaphore,
}

impl Shared {
    pub(super) fn decoding() -> Semaphore {
        Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from))
    }
}

/// What a follower says, with the number of its stream and of its run.
pub(super) struct Delivery {
    pub(super) number: usize,
    pub(super) run: u64,
    pub(super) payload: Payload,
}

pub(super) enum Payload {
    Events(Vec<Event>),
    State(SourceState),
}

/// The numbered end of the channel that a follower speaks into.
pub(super) struct Outlet {
    pub(super) number: usize,
    pub(super) run: u64,
    pub(super) sender: mpsc::Sender<Delivery>,
}

impl Outlet {
    /// Waits for room, so that a slow index slows the streams. Never returns when nobody listens any more: whoever
    /// drops the listener drops the followers too.
    pub(super) async fn send(&self, payload: Payload) {
        let delivery = Delivery { number: self.number, run: self.run, payload };
        if self.sender.send(delivery).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Follows one stream.
pub(super) struct Follower {
    shared: Arc<Shared>,
    stream: Arc<Stream>,
    outlet: Outlet,
    heartbeat: Mutex<Heartbeat>,
    page_limit: AtomicU32,
}

/// How a watch ended: where it was, and why, where that was not its regular end.
struct Ended {
    position: ResourceVersion,
    failure: Option<Failure>,
}

/// What one chunk of a watch brought.
struct Progress {
    position: ResourceVersion,
    events: Vec<Event>,
    is_heard: bool,
}

impl Follower {
    pub(super) fn new(shared: Arc<Shared>, stream: Arc<Stream>, outlet: Outlet) -> Self {
        let heartbeat = Heartbeat::new(shared.timing, Instant::now(), (shared.clock)());
        let page_limit = AtomicU32::new(page_limit(stream.kind));
        Self { shared, stream, outlet, heartbeat: Mutex::new(heartbeat), page_limit }
    }

    /// Follows until it is dropped.
    pub(super) async fn run(&self) {
        tokio::select! {
            () = self.follow() => {}
            () = self.watchdog() => {}
        }
    }

    async fn follow(&self) {
        let mut backoff = Backoff::new(self.shared.timing.backoff);
        let mut position = None;
        loop {
            let failure;
            (position, failure) = self.step(position).await;
            let Some(failure) = failure else { continue };
            self.report(&failure).await;
            self.pause(&mut backoff).await;
            if !failure.keeps_position() || self.heartbeat().is_silent(Instant::now()) {
                position = None;
            }
        }
    }

    /// Waits before the next attempt, but not past the moment at which a list is due: it must be there before the kind
    /// is stale.
    async fn pause(&self, backoff: &mut Backoff) {
        let now = Instant::now();
        let next = now + backoff.after_failure(now, jitter());
        let silent_at = self.heartbeat().silent_at();
        sleep_until(if silent_at > now { next.min(silent_at) } else { next }).await;
    }

    /// Watches from `position`, or lists where there is none.
    async fn step(&self, position: Option<ResourceVersion>) -> (Option<ResourceVersion>, Option<Failure>) {
        match position {
            Some(from) => {
                let ended = self.watch(from).await;
                (Some(ended.position), ended.failure)
            }
            None => match self.list().await {
                Ok(position) => (Some(position), None),
                Err(failure) => (None, Some(failure)),
            },
        }
    }

    /// Lists page by page. Objects are delivered as their page comes; what is missing is told at the end.
    async fn list(&self) -> Result<ResourceVersion, Failure> {
        self.count(|counters| count(&counters.lists));
        let mut seen = HashSet::new();
        let mut token = None;
        loop {
            let (changes, meta) = self.page(token.as_deref()).await?;
            seen.extend(changes.iter().map(Change::key));
            let mut events: Vec<Event> = changes.into_iter().map(|change| self.event(change)).collect();
            token = meta.continue_token.filter(|token| !token.is_empty());
            if token.is_none() {
                if meta.resource_version.as_str().is_empty() {
                    return Err(Failure::NoVersion);
                }
                events.push(Event::Replace { stream: Arc::clone(&self.stream), seen });
                self.outlet.send(Payload::Events(events)).await;
                self.hear().await;
                return Ok(meta.resource_version);
            }
            self.outlet.send(Payload::Events(events)).await;
        }
    }

    async fn page(&self, token: Option<&str>) -> Result<(Vec<Change>, ListMeta), Failure> {
        let limit = self.page_limit.load(Relaxed);
        let request = self.stream.list_request(limit, token).map_err(unsendable)?;
        let body = requests::fetch(&self.shared.client, request, self.shared.timing.request).await;
        if matches!(body, Err(Failure::TooLarge(_))) {
            self.page_limit.store((limit / 2).max(1), Relaxed);
        }
        let body = body?;
        // Never closed, so that there is always a permit to wait for.
        let _permit = self.shared.decoding.acquire().await;
        decode_page(Arc::clone(&self.shared.decoder), self.stream.kind, body).await
    }

    async fn watch(&self, from: ResourceVersion) -> Ended {
        self.count(|counters| count(&counters.watches));
        let began = Instant::now();
        let mut progress = Progress { position: from, events: Vec::new(), is_heard: false };
        let result = self.read_watch(&mut progress).await;
        let lasted = began.elapsed();
        let failure = match result {
            Err(failure) => Some(failure),
            Ok(()) if lasted < self.shared.timing.shortest_watch => Some(Failure::Cut(lasted)),
            Ok(()) => None,
        };
        Ended { position: progress.position, failure }
    }

    /// Reads one watch to its end.
    async fn read_watch(&self, progress: &mut Progress) -> Result<(), Failure> {
        let timing = &self.shared.timing;
        let lasting = timing.next_watch(self.heartbeat().age(Instant::now()));
        let request = self.stream.watch_request(&progress.position, lasting).map_err(unsendable)?;
        let mut body = requests::open(&self.shared.client, request, timing.request).await?;
        let mut lines = Lines::default();
        loop {
            let silent_at = self.heartbeat().silent_at();
            let next =
                timeout_at(silent_at, body.next()).await.map_err(|_| Failure::Silent(timing.silence))?;
            // What is left in `lines` at the end is half an event: it comes again, whole, from the position.
            let Some(chunk) = next else { return Ok(()) };
            let result = lines.take(&chunk?, |line| self.read_line(line, progress));
            self.deliver(progress).await;
            result?;
        }
    }

    fn read_line(&self, line: &[u8], progress: &mut Progress) -> Result<(), Failure> {
        let line = self.shared.decoder.watch_line(self.stream.kind, line).map_err(Failure::Undecodable)?;
        let (change, position) = match line {
            WatchLine::Added(change, position) | WatchLine::Modified(change, position) => {
                (Some(change), position)
            }
            WatchLine::Deleted(key, position) => (Some(Change::Delete(key)), position),
            WatchLine::Bookmark(position) => (None, position),
            WatchLine::Error { code, reason } => {
                return Err(Failure::of_status(code, &reason.clone(), reason));
            }
        };
        progress.position = position;
        progress.is_heard = true;
        if let Some(change) = change {
            self.count(|counters| count(&counters.events));
            progress.events.push(self.event(change));
        }
        Ok(())
    }

    async fn deliver(&self, progress: &mut Progress) {
        if !progress.events.is_empty() {
            self.outlet.send(Payload::Events(std::mem::take(&mut progress.events))).await;
        }
        if std::mem::take(&mut progress.is_heard) {
            self.hear().await;
        }
    }

    fn event(&self, change: Change) -> Event {
        if let Change::Unreadable(key, why) = &change {
            self.count(|counters| count(&counters.unreadable));
            tracing::warn!(object = %key, %why, "an object cannot be read; what depends on it is unknown");
        }
        Event::Change(self.stream.kind, change)
    }

    async fn hear(&self) {
        let time = (self.shared.clock)();
        self.count(|counters| counters.hear(time));
        let change = self.heartbeat().hear(Instant::now(), time);
        self.tell(change).await;
    }

    async fn report(&self, failure: &Failure) {
        self.count(|counters| count(&counters.failures));
        tracing::warn!(
            stream = %self.stream,
            error = failure as &(dyn std::error::Error + 'static),
            "a list or watch failed and is tried again"
        );
        let state = failure.state(is_optional(self.stream.kind));
        let change = state.and_then(|state| self.heartbeat().refuse(state, Instant::now()));
        self.tell(change).await;
    }

    /// Tells when the stream has become stale, whatever the loop is waiting for.
    async fn watchdog(&self) {
        loop {
            let at = self.heartbeat().check_at(Instant::now());
            sleep_until(at).await;
            let change = self.heartbeat().check(Instant::now());
            self.tell(change).await;
        }
    }

    async fn tell(&self, change: Option<SourceState>) {
        if let Some(state) = change {
            tracing::info!(stream = %self.stream, ?state, "how far the stream can be trusted has changed");
            self.outlet.send(Payload::State(state)).await;
        }
    }

    fn heartbeat(&self) -> MutexGuard<'_, Heartbeat> {
        self.heartbeat.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, with: impl Fn(&Counters)) {
        if let Some(counters) = self.shared.metrics.counters(self.stream.kind) {
            with(counters);
        }
    }
}

/// How many objects one page asks for. Definitions carry their schemas, hundreds of kilobytes each.
const fn page_limit(kind: Kind) -> u32 {
    if matches!(kind, Kind::Definition) { 50 } else { 500 }
}

fn unsendable(error: kube::core::request::Error) -> Failure {
    Failure::Connection(error.into())
}

/// Decodes a page aside from the threads that answer requests: it may hold megabytes.
async fn decode_page(
    decoder: Arc<dyn Decode>,
    kind: Kind,
    body: Bytes,
) -> Result<(Vec<Change>, ListMeta), Failure> {
    let decoding = tokio::task::spawn_blocking(move || {
        let mut changes = Vec::new();
        let meta = decoder.list_page(kind, &body, &mut |change| changes.push(change))?;
        Ok::<_, BoxError>((changes, meta))
    });
    match decoding.await {
        Ok(result) => result.map_err(Failure::Undecodable),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(cancelled) => Err(Failure::Undecodable(cancelled.into())),
        },
    }
}
