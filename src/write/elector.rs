//! Takes and renews the lease.

use std::{sync::Arc, time::Duration};

use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::MicroTime,
};
use kube::{
    Api, Client,
    api::{ObjectMeta, PostParams},
};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{Decision, Leadership, LeaseRecord, WriteMetrics, decide, metrics::count};
use crate::watch::{Clock, jitter};

/// How the lease is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseSettings {
    /// Namespace of the Lease.
    pub namespace: String,
    /// Name of the Lease.
    pub name: String,
    /// This process, and no other that ever was: the pod's name and UID.
    pub identity: String,
    /// How long a claim stands without renewal.
    pub duration: Duration,
    /// How often a claim is renewed.
    pub renew: Duration,
    /// How often another's claim is looked at: as late as that it may be seen to have run out.
    pub look: Duration,
    /// Without a renewal for this long, leadership is given up: before another may take it.
    pub give_up: Duration,
    /// How long one request may take.
    pub request: Duration,
    /// How long to wait after a failure.
    pub retry: Duration,
}

impl LeaseSettings {
    /// The usual times.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>, identity: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
            identity: identity.into(),
            duration: Duration::from_secs(15),
            renew: Duration::from_secs(5),
            look: Duration::from_secs(2),
            give_up: Duration::from_secs(10),
            request: Duration::from_secs(5),
            retry: Duration::from_secs(1),
        }
    }
}

/// Holds the lease when it can.
pub struct Elector {
    api: Api<Lease>,
    settings: LeaseSettings,
    clock: Clock,
    metrics: Arc<WriteMetrics>,
    leadership: watch::Sender<Leadership>,
    term: watch::Sender<Option<Instant>>,
}

/// The lease as it was seen last.
struct Seen {
    lease: Option<Lease>,
    at: Instant,
}

/// What is known between two rounds.
#[derive(Default)]
struct Progress {
    seen: Option<Seen>,
    /// When the last renewal that succeeded was sent; none while this replica does not lead.
    renewed: Option<Instant>,
}

/// Why a round did not end as it should.
enum Failed {
    /// Somebody else wrote the lease meanwhile, or it is gone.
    Lost,
    /// The API server did not answer, or not in time.
    Error(String),
}

impl Elector {
    /// An elector, and what it says. It says [`Leadership::Following`] until the lease is taken.
    pub fn new(
        client: Client,
        settings: LeaseSettings,
        clock: Clock,
        metrics: Arc<WriteMetrics>,
    ) -> (Self, watch::Receiver<Leadership>) {
        let (leadership, said) = watch::channel(Leadership::Following);
        let api = Api::namespaced(client, &settings.namespace);
        (Self { api, settings, clock, metrics, leadership, term: watch::Sender::new(None) }, said)
    }

    /// Until when the last renewal stands; none while this replica does not lead.
    pub fn term(&self) -> watch::Receiver<Option<Instant>> {
        self.term.subscribe()
    }

    /// Takes part until `shutdown` is cancelled, and clears its claim then. The end of this task before that must be the
    /// end of the process.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut progress = Progress::default();
        while !shutdown.is_cancelled() {
            let next = self.round(&mut progress).await;
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = sleep_until(self.earlier(next, &progress)) => self.give_up_if_due(&mut progress),
            }
        }
        self.say(Leadership::Following);
        if progress.renewed.is_some() {
            self.release(progress.seen).await;
        }
    }

    /// One look at the lease, and what follows from it. Gives when to look again.
    async fn round(&self, progress: &mut Progress) -> Instant {
        let started = Instant::now();
        let result = self.look_and_act(progress, started).await;
        self.give_up_if_due(progress);
        match result {
            Ok(next) => return next,
            Err(Failed::Lost) => progress.seen = None,
            Err(Failed::Error(error)) => {
                count(&self.metrics.lease_failures);
                tracing::warn!(lease = %self.settings.name, error, "the lease cannot be read or written");
            }
        }
        Instant::now() + self.settings.retry.mul_f64(0.5 + jitter() / 2.0)
    }

    async fn look_and_act(&self, progress: &mut Progress, started: Instant) -> Result<Instant, Failed> {
        if progress.renewed.is_none() || progress.seen.is_none() {
            self.look(progress).await?;
        }
        let Some(seen) = &progress.seen else { return Err(Failed::Lost) };
        let record = seen.lease.as_ref().map(|lease| self.record(lease));
        let decision = decide(record.as_ref(), seen.at, Instant::now(), &self.settings.identity);
        let is_taking = match decision {
            Decision::Wait(until) => {
                self.follow(progress);
                return Ok(until.min(Instant::now() + self.settings.look));
            }
            Decision::Take => true,
            Decision::Renew => false,
        };
        let sent = Instant::now();
        let lease = self.claim(seen.lease.clone(), is_taking, self.time_left(progress)).await?;
        (progress.seen, progress.renewed) = (Some(Seen { lease: Some(lease), at: sent }), Some(sent));
        self.term.send_replace(self.gives_up_at(progress));
        self.say(Leadership::Leading);
        Ok(started + self.settings.renew)
    }

    /// Reads the lease. What is as it was, was seen then.
    async fn look(&self, progress: &mut Progress) -> Result<(), Failed> {
        let request = self.api.get_opt(&self.settings.name);
        let lease = within(self.time_left(progress), request).await?;
        let is_same = progress.seen.as_ref().is_some_and(|seen| {
            seen.lease.as_ref().map(|lease| &lease.spec) == lease.as_ref().map(|lease| &lease.spec)
        });
        let at = match &progress.seen {
            Some(seen) if is_same => seen.at,
            _ => Instant::now(),
        };
        progress.seen = Some(Seen { lease, at });
        Ok(())
    }

    /// Writes our claim over exactly the lease that was seen.
    async fn claim(&self, seen: Option<Lease>, is_taking: bool, time: Duration) -> Result<Lease, Failed> {
        let is_new = seen.is_none();
        let mut lease = seen.unwrap_or_else(|| Lease {
            metadata: ObjectMeta { name: Some(self.settings.name.clone()), ..ObjectMeta::default() },
            spec: None,
        });
        let now = MicroTime((self.clock)());
        let spec = lease.spec.get_or_insert_default();
        if is_taking {
            spec.acquire_time = Some(now.clone());
            let transitions = spec.lease_transitions.unwrap_or_default();
            spec.lease_transitions = Some(if is_new { 0 } else { transitions.saturating_add(1) });
        }
        spec.holder_identity = Some(self.settings.identity.clone());
        spec.lease_duration_seconds = i32::try_from(self.settings.duration.as_secs()).ok();
        spec.renew_time = Some(now);
        let params = PostParams::default();
        if is_new {
            within(time, self.api.create(&params, &lease)).await
        } else {
            within(time, self.api.replace(&self.settings.name, &params, &lease)).await
        }
    }

    /// Clears our claim, so that another need not wait for it to run out.
    async fn release(&self, seen: Option<Seen>) {
        let Some(mut lease) = seen.and_then(|seen| seen.lease) else { return };
        let spec = lease.spec.get_or_insert_with(LeaseSpec::default);
        spec.holder_identity = None;
        spec.renew_time = Some(MicroTime((self.clock)()));
        let params = PostParams::default();
        let replace = self.api.replace(&self.settings.name, &params, &lease);
        if let Err(Failed::Error(error)) = within(self.settings.request, replace).await {
            tracing::warn!(lease = %self.settings.name, error, "the lease was not cleared; it runs out by itself");
        }
    }

    /// Stops leading because the lease says so.
    fn follow(&self, progress: &mut Progress) {
        progress.renewed = None;
        self.term.send_replace(None);
        self.say(Leadership::Following);
    }

    /// Stops leading because the last renewal is too long ago.
    fn give_up_if_due(&self, progress: &mut Progress) {
        if self.gives_up_at(progress).is_some_and(|at| at <= Instant::now()) {
            tracing::warn!(lease = %self.settings.name, "the lease could not be renewed in time");
            self.follow(progress);
        }
    }

    fn gives_up_at(&self, progress: &Progress) -> Option<Instant> {
        progress.renewed.map(|renewed| renewed + self.settings.give_up)
    }

    fn earlier(&self, next: Instant, progress: &Progress) -> Instant {
        self.gives_up_at(progress).map_or(next, |at| at.min(next))
    }

    /// How long a request may take: never past the moment at which leadership must be given up.
    fn time_left(&self, progress: &Progress) -> Duration {
        let left = self.gives_up_at(progress).map(|at| at.saturating_duration_since(Instant::now()));
        left.map_or(self.settings.request, |left| left.min(self.settings.request))
    }

    fn record(&self, lease: &Lease) -> LeaseRecord {
        let spec = lease.spec.as_ref();
        let seconds = spec.and_then(|spec| spec.lease_duration_seconds);
        let duration = seconds.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
        LeaseRecord {
            holder: spec.and_then(|spec| spec.holder_identity.clone()),
            duration: duration.unwrap_or(self.settings.duration),
        }
    }

    fn say(&self, now: Leadership) {
        let has_changed = self.leadership.send_if_modified(|said| std::mem::replace(said, now) != now);
        if has_changed {
            tracing::info!(lease = %self.settings.name, ?now, "leadership has changed");
        }
    }
}

async fn within<T>(
    time: Duration,
    request: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, Failed> {
    match timeout(time, request).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(kube::Error::Api(status))) if matches!(status.code, 404 | 409) => Err(Failed::Lost),
        Ok(Err(error)) => Err(Failed::Error(error.to_string())),
        Err(_) => Err(Failed::Error(format!("no answer within {time:?}"))),
    }
}
