#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::net::SocketAddr;

use axum::routing::get;
use jiff::Timestamp;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs::default_provider};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{Notify, mpsc},
    task::JoinHandle,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::*;
use crate::admission::tls::{Certificates, server_config, tests as certificates};

const REQUEST: &[u8] = b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n";

struct Fixture {
    address: SocketAddr,
    stop: CancellationToken,
    ended: JoinHandle<()>,
    meter: ListenerMeter,
    /// One message for each request that began.
    begins: mpsc::UnboundedReceiver<()>,
    /// Lets one request end.
    go_on: Arc<Notify>,
}

impl Fixture {
    async fn start(tls: Option<&Certificates>, limits: ConnectionLimits) -> Self {
        let (began, begins) = mpsc::unbounded_channel();
        let go_on = Arc::new(Notify::new());
        let may = Arc::clone(&go_on);
        let router = Router::new().route(
            "/held",
            get(move || {
                began.send(()).unwrap();
                let may = Arc::clone(&may);
                async move { may.notified().await }
            }),
        );
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, meter, stop) =
            (socket.local_addr().unwrap(), ListenerMeter::default(), CancellationToken::new());
        let tls = tls.map(|certificates| server_config(certificates).unwrap());
        let listener = Listener { name: "test", socket, tls, router, limits, meter: meter.clone() };
        let ended = tokio::spawn(listener.run(stop.clone()));
        Self { address, stop, ended, meter, begins, go_on }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn connect_tls(&self, bundle: &str) -> io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(bundle.as_bytes()).unwrap()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let name = ServerName::try_from("127.0.0.1").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, self.connect().await).await
    }

    /// Sends a request, lets it end, and gives the status line.
    async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: &mut S) -> String {
        stream.write_all(REQUEST).await.unwrap();
        self.begins.recv().await.unwrap();
        self.go_on.notify_one();
        status_line(stream).await
    }
}

async fn status_line<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        text.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(text).unwrap().lines().next().unwrap().to_owned()
}

/// Whether the other side ends the connection without a word.
async fn is_closed(stream: &mut TcpStream) -> bool {
    matches!(stream.read(&mut [0]).await, Ok(0) | Err(_))
}

/// HTTP/1.1 by hand needs a connection that did not agree on HTTP/2.
async fn http1(fixture: &Fixture) -> TcpStream {
    fixture.connect().await
}

#[tokio::test]
async fn a_renewed_certificate_is_for_new_connections_and_open_ones_go_on() {
    let (certificates, bundle) = certificates::issued(Timestamp::now()).await;
    let (renewed, renewed_bundle) = certificates::issued(Timestamp::now()).await;
    let fixture = Fixture::start(Some(&certificates), ConnectionLimits::default()).await;

    let mut open = fixture.connect_tls(&bundle).await.unwrap();
    assert_eq!(open.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    certificates::swap(&certificates, &renewed);

    fixture.connect_tls(&bundle).await.unwrap_err();
    fixture.connect_tls(&renewed_bundle).await.unwrap();
    // The preface and empty settings of HTTP/2: the server answers with settings of its own.
    open.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut frame = [0; 9];
    open.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame.get(3), Some(&4), "a settings frame");
}

#[tokio::test]
async fn plain_http_keeps_a_connection_for_the_next_request() {
    let mut fixture = Fixture::start(None, ConnectionLimits::default()).await;
    let mut stream = http1(&fixture).await;
    for _ in 0..2 {
        assert_eq!(fixture.exchange(&mut stream).await, "HTTP/1.1 200 OK");
    }
}

#[tokio::test]
async fn on_stop_what_is_in_flight_is_finished_and_nothing_new_is_taken() {
    let mut fixture = Fixture::start(None, ConnectionLimits::default()).await;
    let mut stream = http1(&fixture).await;
    stream.write_all(REQUEST).await.unwrap();
    fixture.begins.recv().await.unwrap();

    fixture.stop.cancel();
    // The listening socket goes once the loop has seen the token.
    while let Ok(mut refused) = TcpStream::connect(fixture.address).await {
        refused.shutdown().await.ok();
        tokio::task::yield_now().await;
    }
    assert!(!fixture.ended.is_finished());
    fixture.go_on.notify_one();
    assert_eq!(status_line(&mut stream).await, "HTTP/1.1 200 OK");
    assert!(is_closed(&mut stream).await);
    fixture.ended.await.unwrap();
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_hold_the_drain_for_ever() {
    let limits = ConnectionLimits { drain: Duration::from_millis(20), ..ConnectionLimits::default() };
    let mut fixture = Fixture::start(None, limits).await;
    let mut stream = http1(&fixture).await;
    stream.write_all(REQUEST).await.unwrap();
    fixture.begins.recv().await.unwrap();
    fixture.stop.cancel();
    timeout(Duration::from_secs(10), fixture.ended).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_over_the_cap_is_closed_and_counted_and_a_free_place_is_used_again() {
    let limits = ConnectionLimits { connections: 1, ..ConnectionLimits::default() };
    let mut fixture = Fixture::start(None, limits).await;
    let mut first = http1(&fixture).await;
    assert_eq!(fixture.exchange(&mut first).await, "HTTP/1.1 200 OK");
    let mut second = http1(&fixture).await;
    assert!(is_closed(&mut second).await);
    assert_eq!(fixture.meter.refused.get_or_create(&ListenerLabels { listener: "test" }).get(), 1);

    drop(first);
    let answer = loop {
        let mut next = http1(&fixture).await;
        next.write_all(REQUEST).await.ok();
        tokio::select! {
            _began = fixture.begins.recv() => {
                fixture.go_on.notify_one();
                break status_line(&mut next).await;
            }
            _closed = next.readable() => {}
        }
    };
    assert_eq!(answer, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn a_handshake_that_stalls_or_fails_ends_the_connection_and_is_counted() {
    let (certificates, _) = certificates::issued(Timestamp::now()).await;
    let limits = ConnectionLimits { handshake: Duration::from_millis(20), ..ConnectionLimits::default() };
    let fixture = Fixture::start(Some(&certificates), limits).await;
    let mut stalls = fixture.connect().await;
    assert!(is_closed(&mut stalls).await);
    let mut speaks_http = fixture.connect().await;
    speaks_http.write_all(REQUEST).await.unwrap();
    while !is_closed(&mut speaks_http).await {}
    assert_eq!(fixture.meter.handshake_failures.get_or_create(&ListenerLabels { listener: "test" }).get(), 2);
}

#[tokio::test]
async fn a_head_that_never_ends_is_given_up() {
    let limits = ConnectionLimits { head: Duration::from_millis(20), ..ConnectionLimits::default() };
    let fixture = Fixture::start(None, limits).await;
    let mut stream = fixture.connect().await;
    stream.write_all(b"GET /held HTTP/1.1\r\nHost:").await.unwrap();
    timeout(Duration::from_secs(10), async { while !is_closed(&mut stream).await {} }).await.unwrap();
}

#[tokio::test]
async fn whoever_has_asked_nothing_yet_makes_way_for_a_newcomer_and_is_counted() {
    let limits = ConnectionLimits { connections: 2, ..ConnectionLimits::default() };
    let mut fixture = Fixture::start(None, limits).await;
    let mut silent = http1(&fixture).await;
    for _ in 0..3 {
        let mut next = http1(&fixture).await;
        assert_eq!(fixture.exchange(&mut next).await, "HTTP/1.1 200 OK");
        drop(next);
    }
    let mut first = http1(&fixture).await;
    assert_eq!(fixture.exchange(&mut first).await, "HTTP/1.1 200 OK");
    let mut second = http1(&fixture).await;
    assert_eq!(fixture.exchange(&mut second).await, "HTTP/1.1 200 OK");
    assert!(is_closed(&mut silent).await);
    assert_eq!(fixture.exchange(&mut first).await, "HTTP/1.1 200 OK", "who has asked stays");
    assert!(fixture.meter.refused.get_or_create(&ListenerLabels { listener: "test" }).get() >= 1);
}

#[tokio::test]
async fn who_never_asks_and_who_has_not_asked_for_long_is_not_kept() {
    let brief = Duration::from_millis(20);
    let limits = ConnectionLimits { head: brief, idle: brief, goodbye: brief, ..ConnectionLimits::default() };
    let (certificates, bundle) = certificates::issued(Timestamp::now()).await;
    let tls = Fixture::start(Some(&certificates), limits).await;
    let closes = async |said: &[u8]| {
        let mut stream = tls.connect_tls(&bundle).await.unwrap();
        stream.write_all(said).await.unwrap();
        while stream.read(&mut [0; 64]).await.is_ok_and(|length| length > 0) {}
    };
    // Nothing; half a preface; HTTP/2 that does not answer pings.
    for said in [&b""[..], b"PRI * HTT", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"] {
        timeout(Duration::from_secs(10), closes(said)).await.unwrap();
    }
    let mut plain = Fixture::start(None, limits).await;
    let mut stream = http1(&plain).await;
    assert_eq!(plain.exchange(&mut stream).await, "HTTP/1.1 200 OK");
    timeout(Duration::from_secs(10), async { while !is_closed(&mut stream).await {} }).await.unwrap();
}

#[tokio::test]
async fn a_request_in_flight_keeps_its_connection() {
    let brief = Duration::from_millis(20);
    let limits = ConnectionLimits { head: brief, idle: brief, goodbye: brief, ..ConnectionLimits::default() };
    let mut fixture = Fixture::start(None, limits).await;
    let mut stream = http1(&fixture).await;
    stream.write_all(REQUEST).await.unwrap();
    fixture.begins.recv().await.unwrap();
    sleep(10 * brief).await;
    fixture.go_on.notify_one();
    assert_eq!(status_line(&mut stream).await, "HTTP/1.1 200 OK");
}
