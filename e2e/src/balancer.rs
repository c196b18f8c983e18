//! A TCP balancer in front of replicas on loopback, as a Service would be. It knows connections only, nothing of
//! what goes through them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Connections at a time; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 1024;
/// After this a backend that does not accept counts as dead.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);

/// Hands each connection to the next of its backends that accepts one. It runs on a thread of its own, so that it
/// outlives the runtime of the test that started it.
#[derive(Debug)]
pub struct Balancer {
    port: u16,
    backends: Arc<Backends>,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Backends {
    ports: Mutex<Vec<u16>>,
    next: AtomicUsize,
}

impl Balancer {
    /// Starts one without backends on a free loopback port.
    ///
    /// # Errors
    /// When no port or thread is to be had.
    pub fn start() -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (backends, stop) = (Arc::new(Backends::default()), CancellationToken::new());
        let serving = serve(listener, Arc::clone(&backends));
        let stopped = stop.clone().cancelled_owned();
        let work = move || {
            // An error ends the balancer, and every connection to it then fails, which its user sees.
            runtime.block_on(async {
                tokio::select! { _ = serving => (), () = stopped => () }
            });
        };
        let thread = thread::Builder::new().name("balancer".to_owned()).spawn(work)?;
        Ok(Self { port, backends, stop, thread: Some(thread) })
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sends connections to this loopback port too. One that is there already is not added again.
    pub fn add(&self, backend: u16) {
        let mut ports = self.backends.lock();
        if !ports.contains(&backend) {
            ports.push(backend);
        }
    }

    /// Sends no more connections to this port. Those that it has stay.
    pub fn remove(&self, backend: u16) {
        self.backends.lock().retain(|port| *port != backend);
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed by its own thread.
            let _ = thread.join();
        }
    }
}

impl Backends {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<u16>> {
        self.ports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of them, each time beginning with the next.
    fn in_turn(&self) -> Vec<u16> {
        let mut ports = self.lock().clone();
        if !ports.is_empty() {
            let first = self.next.fetch_add(1, Ordering::Relaxed) % ports.len();
            ports.rotate_left(first);
        }
        ports
    }

    async fn connect(&self) -> Option<TcpStream> {
        for port in self.in_turn() {
            let backend = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            if let Ok(Ok(stream)) = timeout(CONNECT_LIMIT, TcpStream::connect(backend)).await {
                return Some(stream);
            }
        }
        None
    }
}

async fn serve(listener: std::net::TcpListener, backends: Arc<Backends>) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
        while connections.try_join_next().is_some() {}
        let (client, _) = listener.accept().await?;
        let backends = Arc::clone(&backends);
        connections.spawn(async move {
            pass(client, &backends).await;
            drop(permit);
        });
    }
    Ok(())
}

/// Without a living backend the client's connection is closed, as a Service without endpoints refuses it.
async fn pass(mut client: TcpStream, backends: &Backends) {
    if let Some(mut backend) = backends.connect().await {
        // Either side may break off at any time: that is what stories do.
        let _ = copy_bidirectional(&mut client, &mut backend).await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    /// A backend that answers every connection with its name and closes it.
    fn backend(name: &'static str) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                stream.write_all(name.as_bytes()).unwrap();
            }
        });
        port
    }

    fn dead_backend() -> u16 {
        crate::ports::free().unwrap()
    }

    fn answers(balancer: &Balancer, count: usize) -> Vec<String> {
        let ask = |_| {
            let mut answer = String::new();
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, balancer.port())).unwrap();
            // A reset is how a connection without a backend may end.
            let _ = stream.read_to_string(&mut answer);
            answer
        };
        (0..count).map(ask).collect()
    }

    #[test]
    fn connections_go_to_all_backends_in_turn() {
        let balancer = Balancer::start().unwrap();
        balancer.add(backend("a"));
        balancer.add(backend("b"));
        assert_eq!(answers(&balancer, 4), ["a", "b", "a", "b"]);
    }

    #[test]
    fn a_dead_backend_is_skipped() {
        let balancer = Balancer::start().unwrap();
        balancer.add(dead_backend());
        balancer.add(backend("alive"));
        assert_eq!(answers(&balancer, 3), ["alive"; 3]);
    }

    #[test]
    fn backends_come_and_go_while_it_runs() {
        let balancer = Balancer::start().unwrap();
        assert_eq!(answers(&balancer, 1), [""]);
        let (first, second) = (backend("a"), backend("b"));
        balancer.add(first);
        balancer.add(first);
        assert_eq!(answers(&balancer, 2), ["a", "a"]);
        balancer.add(second);
        balancer.remove(first);
        assert_eq!(answers(&balancer, 2), ["b", "b"]);
    }

    #[test]
    fn nobody_listens_after_it_is_dropped() {
        let balancer = Balancer::start().unwrap();
        let port = balancer.port();
        drop(balancer);
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
    }
}
