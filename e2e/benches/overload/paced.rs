//! Reviews at a rate, open loop: each is sent when it is due, however many are not answered yet, and is given up when an API
//! server would.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use e2e::load::bodies::Review;
use e2e::load::client::{self, quantile};
use e2e::load::connection::{self, Sender};
use http_body_util::BodyExt;
use hyper::StatusCode;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

/// How long an API server waits: what the registration states.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// Where reviews go, and which.
pub struct Load {
    /// Connections to the webhook, which take turns.
    pub senders: Vec<Sender>,
    /// Reviews, which take turns.
    pub reviews: Arc<Vec<Review>>,
}

/// How a request ended.
enum Outcome {
    Served { took: Duration, is_right: bool },
    Shed,
    Late,
    Other(String),
}

/// How the requests of a load ended.
#[derive(Debug, Default)]
pub struct Tally {
    /// How long those took that were served, in order; from the moment at which each was due.
    pub times: Vec<Duration>,
    /// Answers that are not what they must be.
    pub wrong: usize,
    /// Answers with 503: left to the failure policy.
    pub shed: usize,
    /// No answer in time.
    pub late: usize,
    /// Whatever else.
    pub others: Vec<String>,
}

impl Tally {
    fn note(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Served { took, is_right } => {
                self.times.push(took);
                self.wrong += usize::from(!is_right);
            }
            Outcome::Shed => self.shed += 1,
            Outcome::Late => self.late += 1,
            Outcome::Other(what) => self.others.push(what),
        }
    }

    /// In milliseconds.
    pub fn quantile(&self, part: f64) -> f64 {
        quantile(&self.times, part).as_secs_f64() * 1e3
    }

    /// How many were asked.
    pub const fn asked(&self) -> usize {
        self.times.len() + self.shed + self.late + self.others.len()
    }

    async fn of(mut running: JoinSet<Outcome>) -> Result<Self> {
        let mut tally = Self::default();
        while let Some(outcome) = running.join_next().await {
            tally.note(outcome?);
        }
        tally.times.sort();
        Ok(tally)
    }
}

impl Load {
    /// Opens so many connections.
    pub async fn open(port: u16, connections: usize, reviews: Arc<Vec<Review>>) -> Result<Self> {
        let mut senders = Vec::new();
        for _ in 0..connections {
            senders.push(connection::http2(port).await?);
        }
        Ok(Self { senders, reviews })
    }

    /// Sends so many reviews a second until `work` is done.
    pub async fn paced<T>(&self, rate: u32, work: impl Future<Output = Result<T>>) -> Result<(Tally, T)> {
        let mut running = JoinSet::new();
        let (started, mut sent) = (Instant::now(), 0);
        let mut work = std::pin::pin!(work);
        let done = loop {
            let due = started + Duration::from_secs(1) * sent / rate;
            tokio::select! {
                biased;
                done = &mut work => break done?,
                () = sleep_until(due) => { running.spawn(self.ask(sent as usize, due)); }
            }
            sent += 1;
        };
        Ok((Tally::of(running).await?, done))
    }

    /// Sends so many reviews at once.
    pub async fn burst(&self, count: usize) -> Result<Tally> {
        let now = Instant::now();
        let mut running = JoinSet::new();
        for number in 0..count {
            running.spawn(self.ask(number, now));
        }
        Tally::of(running).await
    }

    /// Sends so many reviews one after the other on each connection.
    pub async fn in_turn(&self, each: usize) -> Result<Tally> {
        let mut clients = JoinSet::new();
        for (client, sender) in self.senders.iter().enumerate() {
            let (sender, reviews) = (sender.clone(), Arc::clone(&self.reviews));
            clients.spawn(async move {
                let mut outcomes = Vec::new();
                for number in 0..each {
                    let review = reviews[(client + number) % reviews.len()].clone();
                    outcomes.push(ask(sender.clone(), review, Instant::now()).await);
                }
                outcomes
            });
        }
        let mut tally = Tally::default();
        while let Some(outcomes) = clients.join_next().await {
            outcomes?.into_iter().for_each(|outcome| tally.note(outcome));
        }
        tally.times.sort();
        Ok(tally)
    }

    fn ask(&self, number: usize, due: Instant) -> impl Future<Output = Outcome> + Send + 'static {
        let sender = self.senders[number % self.senders.len()].clone();
        ask(sender, self.reviews[number % self.reviews.len()].clone(), due)
    }
}

async fn ask(mut sender: Sender, review: Review, due: Instant) -> Outcome {
    let exchange = async {
        sender.ready().await?;
        let response = sender.send_request(client::request(review.body)?).await?;
        let status = response.status();
        anyhow::Ok((status, response.into_body().collect().await?.to_bytes()))
    };
    match timeout_at(due + PATIENCE, exchange).await {
        Err(_elapsed) => Outcome::Late,
        Ok(Err(error)) => Outcome::Other(format!("{error:#}")),
        Ok(Ok((StatusCode::OK, answer))) => {
            let is_right = client::is_allowed(&answer) != review.is_refused;
            Outcome::Served { took: due.elapsed(), is_right }
        }
        Ok(Ok((StatusCode::SERVICE_UNAVAILABLE, _))) => Outcome::Shed,
        Ok(Ok((status, answer))) => Outcome::Other(format!("{status}: {}", String::from_utf8_lossy(&answer))),
    }
}
