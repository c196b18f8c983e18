//! Wiring: everything that `surety run` starts. How it ends is in `supervise`.

use std::sync::Arc;

use jiff::Timestamp;
use kube::Client;
use tokio::{
    net::TcpListener,
    runtime::Handle,
    sync::{mpsc, watch},
};

use super::{
    config::{CertificateFiles, Config},
    connection::connect,
    decider::Gatekeeper,
    decoder::Decoder,
    enforcement::{
        probe,
        prober::Prober,
        sentry::{self, Sentry},
    },
    health::{self, Readiness},
    identity,
    ledger::Ledger,
    metrics::Metrics,
    notable,
    premises::{premises, refusing_entries},
    registration::Registrar,
    streams::streams,
    supervise::{Stop, Tasks, supervise},
    tentative::Tentative,
    threads::ServingThreads,
};
use crate::{
    admission::{
        http::{self, Limits, listen},
        register,
        tls::{Certificates, FileSource, Keeper, server_config, server_names},
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

/// The condition of `/readyz` that there is a certificate to serve.
const CERTIFICATE: &str = "certificate";
/// How many admitted objects that were seen may wait to be forgotten.
const SEEN_QUEUE: usize = 4_096;

/// Runs until a signal or a failure.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let client = connect(config.kubeconfig.as_deref(), &config.identity()).await?;
    let stop = Stop::default();
    let mut tasks = Tasks::new();
    let metrics = Arc::new(Metrics::new(env!("CARGO_PKG_VERSION"), revision()));
    let readiness = Readiness::new(&[SYNCED, CERTIFICATE]);
    let threads = ServingThreads::start()?;
    let serving = threads.handle();
    // A socket belongs to the threads on which it was bound.
    let health_listener = serving.spawn(bind(config.metrics_listen)).await??;
    let webhook_listener = serving.spawn(bind(config.listen)).await??;

    serve_health(&mut tasks, &serving, health_listener, &readiness, &metrics, &stop);
    let certificates = keep_certificates(&mut tasks, &client, &config, &readiness, &metrics, &stop)?;
    let writing = start_writing(&mut tasks, &client, &config, &metrics, &stop);
    metrics.leader.read_from(writing.leadership.clone());
    let (enforcing_sender, enforcing_since) = watch::channel(None);
    let (paused_sender, paused) = watch::channel(false);
    let (proofs_sender, proofs) = watch::channel(Arc::default());
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
        proofs,
        seen,
        leadership: writing.leadership.clone(),
        clock: clock(),
        events: Arc::clone(&writing.events),
        outcomes: writing.outcomes,
        shutdown: stop.work.clone(),
    };
    let engine = Engine::new(parts, World::new(controls::all()));
    tasks.spawn(async move { engine.run().await.map_err(anyhow::Error::from) });

    let sentry_parts = sentry::Parts {
        writer: Arc::clone(&writing.writer),
        events: writing.events,
        ledger,
        snapshots: snapshots.clone(),
        metrics: metrics.enforcement.clone(),
        proofs: proofs_sender,
        clock: clock(),
    };
    let sentry = prove_enforcement(&mut tasks, sentry_parts, &config, &stop);

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
    serve_webhook(&mut tasks, &serving, webhook_listener, gatekeeper, &certificates, &metrics, &stop)?;
    let registrar = Registrar {
        client,
        writer: Arc::clone(&writing.writer),
        premises: premises(&config),
        certificates: certificates.published(),
        readiness: readiness.clone(),
        enforcing_since: enforcing_sender,
        memory: std::sync::Mutex::default(),
        sentry,
        paused: paused_sender,
        paused_until: config.paused_until,
        owner_cluster_role: config.owner_cluster_role.clone(),
        clock: clock(),
    };
    let registrar_stop = stop.work.clone();
    tasks.spawn(async move {
        registrar.run(registrar_stop).await;
        Ok(())
    });

    warn_of_no_pause(&config);
    tracing::info!(listen = %config.listen, metrics = %config.metrics_listen, "Surety runs");
    supervise(tasks, &readiness, &writing.queue, &stop).await
}

struct Writing {
    writer: Arc<Writer>,
    queue: Arc<WriteQueue>,
    leadership: watch::Receiver<crate::write::Leadership>,
    events: Arc<EventRecorder>,
    outcomes: mpsc::Receiver<Outcome>,
}

fn clock() -> Clock {
    Arc::new(Timestamp::now)
}

/// A pause that is asked for and does not count is not to be waited for.
fn warn_of_no_pause(config: &Config) {
    if let Some(until) =
        config.paused_until.filter(|until| register::pause(*until, Timestamp::now()).is_none())
    {
        tracing::warn!(%until, "nothing is paused: --paused-until is past, or more than four hours ahead");
    }
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
    threads: &Handle,
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
    let run = async move {
        listener.run(stop).await;
        Ok(())
    };
    tasks.spawn_on(run, threads);
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
    let work = stop.work.clone();
    if let Some(files) = &config.certificate_files {
        let CertificateFiles { certificate, key, authority } = files.clone();
        let source = FileSource::new(certificate, key, authority, certificates.clone());
        tasks.spawn(async move {
            source.run(work).await;
            Ok(())
        });
    } else {
        let names = server_names(&config.service_name, &config.namespace, config.webhook_url.as_deref())?;
        let store = CaSecrets::new(client.clone(), &config.namespace);
        let keeper = Keeper::new(store, names, certificates.clone());
        tasks.spawn(async move {
            keeper.run(Timestamp::now, work).await;
            Ok(())
        });
    }
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
    let settings = LeaseSettings::new(&config.namespace, "surety", config.identity());
    let (elector, leadership) = Elector::new(client.clone(), settings, clock(), Arc::clone(&counted));
    let gate = LeaderGate::new(leadership.clone()).within(elector.term());
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

/// Asks every entry that can refuse, and keeps what that shows.
fn prove_enforcement(tasks: &mut Tasks, parts: sentry::Parts, config: &Config, stop: &Stop) -> Arc<Sentry> {
    let questions = probe::questions(
        &refusing_entries(config),
        &config.canary,
        config.engine_namespaces.first().map(String::as_str),
    );
    let entries: Vec<&'static str> = questions.iter().map(|question| question.entry).collect();
    let writer = Arc::clone(&parts.writer);
    let sentry = Arc::new(Sentry::new(parts, &entries));
    let prober = Prober { writer, questions, interval: config.probe_interval, sentry: Arc::clone(&sentry) };
    let work = stop.work.clone();
    tasks.spawn(async move {
        prober.run(work).await;
        Ok(())
    });
    sentry
}

fn trusted(config: &Config) -> Trusted {
    Trusted {
        surety: Name::from(&config.user),
        engines: config.component_users.iter().map(Name::from).collect(),
    }
}

fn serve_webhook(
    tasks: &mut Tasks,
    threads: &Handle,
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
    let run = async move {
        listener.run(serving).await;
        Ok(())
    };
    tasks.spawn_on(run, threads);
    Ok(())
}
