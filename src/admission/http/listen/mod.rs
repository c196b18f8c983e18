//! The accept loop: TCP, TLS where there is a configuration, HTTP/1.1 and HTTP/2, drained in the end.

mod life;
mod places;
#[cfg(test)]
mod tests;

use std::{
    io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::Router;
use hyper::service::{Service, service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use life::Life;
use places::{Entry, Places};

/// Bytes that a client of HTTP/2 may send ahead of what was read.
const WINDOW: u32 = 256 * 1024;

/// How connections are bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections at the same time; a further one takes the place of the oldest that has asked nothing yet, or is closed
    /// at once.
    pub connections: usize,
    /// Time for a TLS handshake.
    pub handshake: Duration,
    /// Time for the head of the first request, and of each of HTTP/1.1, idle time between two included.
    pub head: Duration,
    /// Time without a request after which a connection is ended; longer than the 90 s after which an API server ends it.
    pub idle: Duration,
    /// Time that a connection has left once it was told to end.
    pub goodbye: Duration,
    /// Time between two HTTP/2 pings, and for the answer to one.
    pub keepalive: Duration,
    /// Time that requests in flight have left once the loop is told to stop.
    pub drain: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 512,
            handshake: Duration::from_secs(5),
            head: Duration::from_secs(15),
            idle: Duration::from_mins(3),
            goodbye: Duration::from_secs(5),
            keepalive: Duration::from_secs(20),
            drain: Duration::from_secs(10),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ListenerLabels {
    listener: &'static str,
}

/// What accept loops count. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct ListenerMeter {
    refused: Family<ListenerLabels, Counter>,
    handshake_failures: Family<ListenerLabels, Counter>,
}

impl ListenerMeter {
    /// Registers the metrics, without prefix; they start at 0 for each of `listeners`.
    pub fn register(&self, registry: &mut Registry, listeners: &[&'static str]) {
        for listener in listeners {
            drop(self.refused.get_or_create(&ListenerLabels { listener }));
            drop(self.handshake_failures.get_or_create(&ListenerLabels { listener }));
        }
        registry.register(
            "connections_refused",
            "Connections closed because too many were open",
            self.refused.clone(),
        );
        registry.register(
            "tls_handshake_failures",
            "Connections that ended before their TLS handshake did",
            self.handshake_failures.clone(),
        );
    }
}

/// A listener: what is served where, and how it is bounded.
#[derive(Debug)]
pub struct Listener {
    /// Its name in metrics and logs.
    pub name: &'static str,
    /// Where it listens.
    pub socket: TcpListener,
    /// TLS; none for plain HTTP.
    pub tls: Option<Arc<ServerConfig>>,
    /// What it serves.
    pub router: Router,
    /// How it is bounded.
    pub limits: ConnectionLimits,
    /// What it counts.
    pub meter: ListenerMeter,
}

impl Listener {
    /// Serves until `stop`: then takes no new connection, finishes the requests in flight, and ends once they are
    /// done, at the latest after [`ConnectionLimits::drain`].
    pub async fn run(self, stop: CancellationToken) {
        let connections = TaskTracker::new();
        let places = Places::new(self.limits.connections);
        let server = Arc::new(Server::new(&self));
        while let Some(accepted) = stop.run_until_cancelled(self.socket.accept()).await {
            let stream = match accepted {
                Ok((stream, _peer)) => stream,
                Err(error) => {
                    wait_out(self.name, &error).await;
                    continue;
                }
            };
            let life = Arc::new(Life::new());
            let place = match places.take(&life).await {
                Entry::Free(place) => place,
                Entry::InsteadOfAnother(place) => {
                    server.refused();
                    place
                }
                Entry::Full => {
                    server.refused();
                    continue;
                }
            };
            let (server, stop) = (Arc::clone(&server), stop.clone());
            connections.spawn(async move {
                life.evicted.clone().run_until_cancelled(server.serve(stream, life, &stop)).await;
                drop(place);
            });
        }
        drop(self.socket);
        connections.close();
        if timeout(self.limits.drain, connections.wait()).await.is_err() {
            tracing::warn!(listener = self.name, "requests were still in flight at the end of the drain");
        }
    }
}

/// `accept` fails for reasons that pass (a peer that went away, no descriptors left); at once again, it would spin.
async fn wait_out(listener: &'static str, error: &io::Error) {
    tracing::warn!(listener, %error, "a connection could not be accepted");
    sleep(Duration::from_millis(100)).await;
}

struct Server {
    name: &'static str,
    tls: Option<TlsAcceptor>,
    router: Router,
    limits: ConnectionLimits,
    http: Builder<TokioExecutor>,
    meter: ListenerMeter,
    began: Instant,
    /// The second, since it began, in which the log was last told of too many connections.
    told: AtomicU64,
}

impl Server {
    fn new(listener: &Listener) -> Self {
        Self {
            name: listener.name,
            tls: listener.tls.clone().map(TlsAcceptor::from),
            router: listener.router.clone(),
            limits: listener.limits,
            http: protocol(&listener.limits),
            meter: listener.meter.clone(),
            began: Instant::now(),
            told: AtomicU64::new(u64::MAX),
        }
    }

    /// Counts a connection that had to go. The log hears of it once a second: it must not be what fills a disk.
    fn refused(&self) {
        self.meter.refused.get_or_create_owned(&ListenerLabels { listener: self.name }).inc();
        let second = self.began.elapsed().as_secs();
        if self.told.swap(second, Ordering::Relaxed) != second {
            tracing::warn!(
                listener = self.name,
                cap = self.limits.connections,
                "too many connections, closed some"
            );
        }
    }

    async fn serve(&self, stream: TcpStream, life: Arc<Life>, stop: &CancellationToken) {
        // An answer is one small write: waiting to fill a packet would only delay it.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(listener = self.name, %error, "TCP_NODELAY could not be set");
        }
        let Some(tls) = &self.tls else {
            return self.speak(stream, life, stop).await;
        };
        match timeout(self.limits.handshake, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.speak(stream, life, stop).await,
            Ok(Err(error)) => self.handshake_failed(&error.to_string()),
            Err(_elapsed) => self.handshake_failed("it took too long"),
        }
    }

    fn handshake_failed(&self, error: &str) {
        self.meter.handshake_failures.get_or_create_owned(&ListenerLabels { listener: self.name }).inc();
        tracing::debug!(listener = self.name, error, "a TLS handshake failed");
    }

    async fn speak<S>(&self, stream: S, life: Arc<Life>, stop: &CancellationToken)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let routes = TowerToHyperService::new(self.router.clone());
        let counted = Arc::clone(&life);
        let service = service_fn(move |request| {
            let in_flight = InFlight::new(Arc::clone(&counted));
            let answer = routes.call(request);
            async move {
                let answer = answer.await;
                drop(in_flight);
                answer
            }
        });
        let mut connection = pin!(self.http.serve_connection(TokioIo::new(stream), service));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = end(&life, &self.limits, stop) => {
                connection.as_mut().graceful_shutdown();
                // Whoever does not listen is not told for ever.
                timeout(self.limits.goodbye, connection).await.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = ended {
            tracing::debug!(listener = self.name, error, "a connection ended with an error");
        }
    }
}

/// Waits until a connection is to end.
async fn end(life: &Life, limits: &ConnectionLimits, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = life.is_idle(limits) => {}
    }
}

/// A request that is being answered, or given up by its client.
struct InFlight(Arc<Life>);

impl InFlight {
    fn new(life: Arc<Life>) -> Self {
        life.asked();
        Self(life)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.answered();
    }
}

fn protocol(limits: &ConnectionLimits) -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(limits.head);
    http.http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.keepalive)
        .keep_alive_timeout(limits.keepalive)
        // What has arrived and was not read yet counts towards no budget of bodies: it is bounded by these.
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_concurrent_streams(250);
    http
}
