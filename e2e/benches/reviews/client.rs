//! Many clients over HTTP/2 and TLS, each with one request at a time, as an API server asks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::bodies::Review;

type Sender = SendRequest<Full<Bytes>>;

/// What the answers to a load were.
#[derive(Debug, Default)]
pub struct Load {
    /// How long each request took, in order of time taken.
    pub times: Vec<Duration>,
    /// How long all took.
    pub lasted: Duration,
    /// How many answers were not what they must be; of a server that judges nothing, the refusals that were not made.
    pub wrong: usize,
}

impl Load {
    /// The time within which a part of the requests was answered.
    pub fn quantile(&self, part: f64) -> Duration {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let at = ((self.times.len() as f64 - 1.0) * part) as usize;
        self.times.get(at).copied().unwrap_or_default()
    }

    /// Requests in a second.
    pub fn rate(&self) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "a count of requests")]
        let count = self.times.len() as f64;
        count / self.lasted.as_secs_f64()
    }
}

/// Sends reviews to `port` from so many clients until `lasting` is over.
pub async fn load(port: u16, reviews: &Arc<Vec<Review>>, clients: usize, lasting: Duration) -> Result<Load> {
    let mut senders = Vec::new();
    for _ in 0..clients {
        senders.push(connect(port).await?);
    }
    let started = Instant::now();
    let running: Vec<_> = senders
        .into_iter()
        .enumerate()
        .map(|(number, sender)| tokio::spawn(ask(sender, Arc::clone(reviews), number * 7, started + lasting)))
        .collect();
    let mut load = Load::default();
    for client in running {
        let (times, wrong) = client.await??;
        load.times.extend(times);
        load.wrong += wrong;
    }
    load.lasted = started.elapsed();
    load.times.sort();
    Ok(load)
}

async fn ask(
    mut sender: Sender,
    reviews: Arc<Vec<Review>>,
    first: usize,
    until: Instant,
) -> Result<(Vec<Duration>, usize)> {
    let (mut times, mut wrong, mut at) = (Vec::new(), 0, first);
    while Instant::now() < until {
        let review = &reviews[at % reviews.len()];
        at += 1;
        let request = Request::post("https://localhost/admit/conform?timeout=3s")
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(review.body.clone())))?;
        let began = Instant::now();
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        ensure!(response.status() == 200, "the answer is {}", response.status());
        let answer = response.into_body().collect().await?.to_bytes();
        times.push(began.elapsed());
        let is_allowed = memchr(&answer, b"\"allowed\":true");
        wrong += usize::from(is_allowed == review.is_refused);
    }
    Ok((times, wrong))
}

fn memchr(answer: &[u8], word: &[u8]) -> bool {
    answer.windows(word.len()).any(|part| part == word)
}

/// One answer as text, for a look at it.
pub async fn once(port: u16, body: &[u8]) -> Result<String> {
    let mut sender = connect(port).await?;
    let request = Request::post("https://localhost/admit/conform?timeout=3s")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::copy_from_slice(body)))?;
    let answer = sender.send_request(request).await?.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

async fn connect(port: u16) -> Result<Sender> {
    let socket = TcpStream::connect(("127.0.0.1", port)).await.context("the webhook does not listen")?;
    socket.set_nodelay(true)?;
    let mut config = rustls::ClientConfig::builder()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let name = ServerName::try_from("localhost")?;
    let socket = TlsConnector::from(Arc::new(config)).connect(name, socket).await?;
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

/// Whose certificate it is does not matter for how long an answer takes.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
