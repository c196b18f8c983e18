//! Many clients over HTTP/2 and TLS, each with one request at a time, as an API server asks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;

use super::bodies::Review;
use super::connection::{self, Sender};

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
    #[must_use]
    pub fn quantile(&self, part: f64) -> Duration {
        quantile(&self.times, part)
    }

    /// Requests in a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "a count of requests")]
        let count = self.times.len() as f64;
        count / self.lasted.as_secs_f64()
    }
}

/// The time within which a part of the requests was answered, of times in order.
#[must_use]
pub fn quantile(times: &[Duration], part: f64) -> Duration {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let at = ((times.len() as f64 - 1.0) * part) as usize;
    times.get(at).copied().unwrap_or_default()
}

/// Sends reviews to `port` from so many clients until `lasting` is over.
///
/// # Errors
/// When a client gets no answer, or another than 200.
pub async fn load(port: u16, reviews: &Arc<Vec<Review>>, clients: usize, lasting: Duration) -> Result<Load> {
    let mut senders = Vec::new();
    for _ in 0..clients {
        senders.push(connection::http2(port).await?);
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
        let Some(review) = reviews.get(at % reviews.len().max(1)) else { break };
        at += 1;
        let request = request(review.body.clone())?;
        let began = Instant::now();
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        ensure!(response.status() == 200, "the answer is {}", response.status());
        let answer = response.into_body().collect().await?.to_bytes();
        times.push(began.elapsed());
        let is_allowed = is_allowed(&answer);
        wrong += usize::from(is_allowed == review.is_refused);
    }
    Ok((times, wrong))
}

/// A request as an API server sends it.
///
/// # Errors
/// Never: its parts are constants.
pub fn request(body: Bytes) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    Request::post("https://localhost/admit/conform?timeout=3s")
        .header("content-type", "application/json")
        .body(Full::new(body))
}

/// Whether an answer admits.
#[must_use]
pub fn is_allowed(answer: &[u8]) -> bool {
    const ALLOWED: &[u8] = b"\"allowed\":true";
    answer.windows(ALLOWED.len()).any(|part| part == ALLOWED)
}

/// One answer as text, for a look at it.
///
/// # Errors
/// When there is none.
pub async fn once(port: u16, body: &[u8]) -> Result<String> {
    let mut sender = connection::http2(port).await?;
    let answer = sender
        .send_request(request(Bytes::copy_from_slice(body))?)
        .await?
        .into_body()
        .collect()
        .await?
        .to_bytes();
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
