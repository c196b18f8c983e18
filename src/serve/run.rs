//! Wiring: everything that `surety run` starts, and the order in which it ends.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use kube::Client;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{
    config::Config,
    connection::connect,
    decider::Gatekeeper,
    decoder::Decoder,
    health::{self, Readiness},
    identity,
    ledger::Ledger,
    metrics::Metrics,
    notable,
    premises::premises,
    registration::Registrar,
    streams::streams,
    tentative::Tentative,
};
use crate::{
    admission::{
        http::{self, Limits, listen},
        tls::{Certificates, Keeper, server_config, server_names},
    },
    core::{controls, facts::Name, transition::Trusted, world::World},
    index::Snapshots,
    reconcile::{
        engine::{Engine, Parts, SYNCED},
        writes::Writes,
    },
    watch::{Clock, Setup, Timing, Watches},
    write::{
        Aggregation, CaSecrets, Elector, EventRecorder, LeaderGate, LeaseSettings, Outcome, QueueLimits,
        Reporter, WriteQueue, Writer, WriterLimits,
    },
};

/// How long the Service's endpoints may take to forget this replica.
const PROPAGATION: Duration = Duration::from_secs(3);
/// How long queued writes may take at the end.
const FLUSH: Duration = Duration::from_secs(5);
/// The condition of `/readyz` that there is a certificate to serve.
const CERTIFICATE: &str = "certificate";
/// How many admitted objects that were seen may wait to be forgotten.
const SEEN_QUEUE: usize = 4_096;

/// Runs until a signal or a failure.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let client = connect(config.kubeconfig.as_deref()).await?;
    let stop = Stop::default();
    let mut tasks = JoinSet::new();
    let metrics = Arc::new(Metrics::new(env!("CARGO_PKG_VERSION"), revision()));
    let readiness = Readiness::new(&[SYNCED, CERTIFICATE]);
    let health_listener = bind(config.metrics_listen).await?;
    let webhook_listener = bind(config.listen).await?;

    serve_health(&mut tasks, health_listener, &readiness, &metrics, &stop);
    let certificates = keep_certificates(&mut tasks, &client, &config, &readiness, &metrics, &stop)?;
    let writing = start_writing(&mut tasks, &client, &config, &metrics, &stop);
    metrics.leader.read_from(writing.leadership.clone());
    let (enforcing_sender, enforcing_since) = watch::channel(None);
    let (paused_sender, paused) = watch::channel(false);
    let snapshots = Snapshots::new(World::new(controls::all()));
    let (published_sender, published) = watch::channel(0);
    let tentative = Arc::new(Tentative::default());
    let seen = forget_what_is_seen(&mut tasks, Arc::clone(&tentative), &stop);

    let ledger = Ledger::new(Arc::clone(&writing.writer), &config.namespace, &config.replica);
    let notable = tell_what_is_notable(&mut tasks, &writing.events, &ledger, &metrics, &stop);
    tasks.spawn(identity::check(Arc::clone(&writing.writer), config.user.clone(), stop.work.clone()));

    let parts = Parts {
        watches: start_watches(&client, &config, &metrics, &snapshots, &stop)?,
        snapshots: snapshots.clone(),
        published: published_sender,
        writes: Writes::new(Arc::clone(&writing.queue), Arc::clone(&writing.writer)),
        metrics: Arc::clone(&metrics),
        readiness: readiness.clone(),
        own_namespace: config.namespace.clone(),
        enforcing_since,
        seen,
        leadership: writing.leadership.clone(),
        clock: clock(),
        events: Arc::clone(&writing.events),
        outcomes: writing.outcomes,
        shutdown: stop.work.clone(),
    };
    let engine = Engine::new(parts, World::new(controls::all()));
    tasks.spawn(async move { engine.run().await.map_err(anyhow::Error::from) });

    let gatekeeper = Gatekeeper {
        snapshots,
        published,
        tentative,
        trusted: trusted(&config),
        break_glass_groups: config.break_glass_groups.iter().map(Name::from).collect(),
        paused,
        notable,
        meter: metrics.admission.clone(),
        clock: clock(),
    };
    serve_webhook(&mut tasks, webhook_listener, gatekeeper, &certificates, &metrics, &stop)?;
    let registrar = Registrar {
        client,
        writer: Arc::clone(&writing.writer),
        premises: premises(&config),
        certificates: certificates.published(),
        readiness: readiness.clone(),
        enforcing_since: enforcing_sender,
        memory: std::sync::Mutex::default(),
        events: writing.events,
        ledger,
        paused: paused_sender,
        clock: clock(),
    };
    let registrar_stop = stop.work.clone();
    tasks.spawn(async move {
        registrar.run(registrar_stop).await;
        Ok(())
    });

    tracing::info!(listen = %config.listen, metrics = %config.metrics_listen, "Surety runs");
    supervise(tasks, &readiness, &writing.queue, &stop).await
}

/// The stages of the end.
#[derive(Clone, Default)]
struct Stop {
    /// No new connections; what is under way is finished.
    serving: CancellationToken,
    /// Watches, evaluation, writes.
    work: CancellationToken,
    /// The lease, and health, last of all.
    last: CancellationToken,
}

struct Writing {
    writer: Arc<Writer>,
    queue: Arc<WriteQueue>,
    leadership: watch::Receiver<crate::write::Leadership>,
    events: Arc<EventRecorder>,
    outcomes: mpsc::Receiver<Outcome>,
}

type Tasks = JoinSet<anyhow::Result<()>>;

fn clock() -> Clock {
    Arc::new(Timestamp::now)
}

const fn revision() -> &'static str {
    match option_env!("SURETY_REVISION") {
        Some(revision) => revision,
        None => "unknown",
    }
}

async fn bind(address: std::net::SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| anyhow::anyhow!("cannot listen on {address}: {error}"))
}

fn serve_health(
    tasks: &mut Tasks,
    listener: TcpListener,
    readiness: &Readiness,
    metrics: &Arc<Metrics>,
    stop: &Stop,
) {
    let listener = listen::Listener {
        name: super::metrics::METRICS_LISTENER,
        socket: listener,
        tls: None,
        router: health::router(readiness.clone(), Arc::clone(metrics)),
        limits: listen::ConnectionLimits::default(),
        meter: metrics.listeners.clone(),
    };
    let stop = stop.last.clone();
    tasks.spawn(async move {
        listener.run(stop).await;
        Ok(())
    });
}

fn keep_certificates(
    tasks: &mut Tasks,
    client: &Client,
    config: &Config,
    readiness: &Readiness,
    metrics: &Arc<Metrics>,
    stop: &Stop,
) -> anyhow::Result<Certificates> {
    let certificates = Certificates::default();
    let names = server_names(&config.service_name, &config.namespace, config.webhook_url.as_deref())?;
    let store = CaSecrets::new(client.clone(), &config.namespace);
    let keeper = Keeper::new(store, names, certificates.clone());
    let work = stop.work.clone();
    tasks.spawn(async move {
        keeper.run(Timestamp::now, work).await;
        Ok(())
    });
    let mut published = certificates.published();
    let (readiness, exported, work) = (readiness.clone(), metrics.certificate.clone(), stop.work.clone());
    tasks.spawn(async move {
        while work.run_until_cancelled(published.changed()).await.is_some_and(|change| change.is_ok()) {
            if let Some(now) = published.borrow_and_update().clone() {
                exported.set(now);
                readiness.hold(CERTIFICATE);
            }
        }
        work.cancelled().await;
        Ok(())
    });
    Ok(certificates)
}

fn start_writing(
    tasks: &mut Tasks,
    client: &Client,
    config: &Config,
    metrics: &Metrics,
    stop: &Stop,
) -> Writing {
    let counted = metrics.writes.counted();
    let identity = format!("{}-{}", config.replica, std::process::id());
    let settings = LeaseSettings::new(&config.namespace, "surety", identity);
    let (elector, leadership) = Elector::new(client.clone(), settings, clock(), Arc::clone(&counted));
    let gate = LeaderGate::new(leadership.clone());
    let writer = Arc::new(Writer::new(client.clone(), gate, WriterLimits::default(), Arc::clone(&counted)));
    let (queue, outcomes) =
        WriteQueue::new(Arc::clone(&writer), QueueLimits::default(), Arc::clone(&counted));
    let queue = Arc::new(queue);
    let last = stop.last.clone();
    tasks.spawn(async move {
        elector.run(last).await;
        Ok(())
    });
    let (running, last) = (Arc::clone(&queue), stop.last.clone());
    tasks.spawn(async move {
        running.run(last).await;
        Ok(())
    });
    let events = Arc::new(EventRecorder::new(
        Arc::clone(&writer),
        Reporter { instance: config.replica.clone(), clock: clock() },
        Aggregation::default(),
        counted,
    ));
    let (telling, last) = (Arc::clone(&events), stop.last.clone());
    tasks.spawn(async move {
        telling.run(last).await;
        Ok(())
    });
    Writing { writer, queue, leadership, events, outcomes }
}

fn start_watches(
    client: &Client,
    config: &Config,
    metrics: &Arc<Metrics>,
    snapshots: &Snapshots,
    stop: &Stop,
) -> anyhow::Result<Watches> {
    let counted = Arc::new(crate::watch::WatchMetrics::default());
    super::watching::export(&metrics.watch, &counted, snapshots.clone());
    Ok(Watches::start(Setup {
        client: client.clone(),
        decoder: Arc::new(Decoder),
        streams: streams(&config.namespace),
        timing: Timing::default(),
        clock: clock(),
        metrics: counted,
        shutdown: stop.work.clone(),
    })?)
}

fn forget_what_is_seen(
    tasks: &mut Tasks,
    tentative: Arc<Tentative>,
    stop: &Stop,
) -> mpsc::Sender<crate::core::facts::ObjectKey> {
    let (sender, mut seen) = mpsc::channel(SEEN_QUEUE);
    let work = stop.work.clone();
    tasks.spawn(async move {
        while let Some(Some(key)) = work.run_until_cancelled(seen.recv()).await {
            tentative.seen(&key);
        }
        work.cancelled().await;
        Ok(())
    });
    sender
}

fn tell_what_is_notable(
    tasks: &mut Tasks,
    events: &Arc<EventRecorder>,
    ledger: &Ledger,
    metrics: &Metrics,
    stop: &Stop,
) -> mpsc::Sender<notable::Notable> {
    let (sender, waiting) = mpsc::channel(notable::QUEUE);
    let meter = metrics.admission.clone();
    let (events, ledger, last) = (Arc::clone(events), ledger.clone(), stop.last.clone());
    tasks.spawn(async move {
        notable::tell(waiting, events, ledger, meter, last).await;
        Ok(())
    });
    sender
}

fn trusted(config: &Config) -> Trusted {
    Trusted {
        surety: Name::from(&config.user),
        engines: config.component_users.iter().map(Name::from).collect(),
    }
}

fn serve_webhook(
    tasks: &mut Tasks,
    listener: TcpListener,
    gatekeeper: Gatekeeper,
    certificates: &Certificates,
    metrics: &Arc<Metrics>,
    stop: &Stop,
) -> anyhow::Result<()> {
    let listener = listen::Listener {
        name: super::metrics::WEBHOOK_LISTENER,
        socket: listener,
        tls: Some(server_config(certificates)?),
        router: http::router(Arc::new(gatekeeper), Limits::default(), metrics.admission.clone()),
        limits: listen::ConnectionLimits::default(),
        meter: metrics.listeners.clone(),
    };
    let serving = stop.serving.clone();
    tasks.spawn(async move {
        listener.run(serving).await;
        Ok(())
    });
    Ok(())
}

/// Waits for a signal, or for the end of a task that should not have ended; then ends everything in order.
async fn supervise(
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
