//! The accept loop: TCP, TLS where there is a configuration, HTTP/1.1 and HTTP/2, drained in the end.

#[cfg(test)]
mod tests;

use std::{io, sync::Arc, time::Duration};

use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto::Builder,
        graceful::{GracefulShutdown, Watcher},
    },
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
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// How connections are bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections at the same time; a further one is closed at once.
    pub connections: usize,
    /// Time for a TLS handshake.
    pub handshake: Duration,
    /// Time for the head of an HTTP/1.1 request, idle time between two included.
    pub head: Duration,
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
            "Connections closed at once because too many were open",
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
        let drain = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(self.limits.connections));
        let server = Arc::new(Server::new(&self));
        while let Some(accepted) = stop.run_until_cancelled(self.socket.accept()).await {
            let stream = match accepted {
                Ok((stream, _peer)) => stream,
                Err(error) => {
                    wait_out(self.name, &error).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                server.refuse(stream);
                continue;
            };
            let (server, watcher) = (Arc::clone(&server), drain.watcher());
            tokio::spawn(async move {
                server.serve(stream, watcher).await;
                drop(place);
            });
        }
        drop(self.socket);
        if timeout(self.limits.drain, drain.shutdown()).await.is_err() {
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
        }
    }

    fn refuse(&self, stream: TcpStream) {
        drop(stream);
        self.meter.refused.get_or_create_owned(&ListenerLabels { listener: self.name }).inc();
        tracing::warn!(
            listener = self.name,
            cap = self.limits.connections,
            "too many connections, closed a new one"
        );
    }

    async fn serve(&self, stream: TcpStream, watcher: Watcher) {
        // An answer is one small write: waiting to fill a packet would only delay it.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(listener = self.name, %error, "TCP_NODELAY could not be set");
        }
        let Some(tls) = &self.tls else {
            return self.speak(stream, watcher).await;
        };
        match timeout(self.limits.handshake, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.speak(stream, watcher).await,
            Ok(Err(error)) => self.handshake_failed(&error.to_string()),
            Err(_elapsed) => self.handshake_failed("it took too long"),
        }
    }

    fn handshake_failed(&self, error: &str) {
        self.meter.handshake_failures.get_or_create_owned(&ListenerLabels { listener: self.name }).inc();
        tracing::debug!(listener = self.name, error, "a TLS handshake failed");
    }

    async fn speak<S>(&self, stream: S, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = TowerToHyperService::new(self.router.clone());
        let connection = self.http.serve_connection(TokioIo::new(stream), service).into_owned();
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(listener = self.name, error, "a connection ended with an error");
        }
    }
}

fn protocol(limits: &ConnectionLimits) -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(limits.head);
    http.http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.keepalive)
        .keep_alive_timeout(limits.keepalive)
        .max_concurrent_streams(250);
    http
}
