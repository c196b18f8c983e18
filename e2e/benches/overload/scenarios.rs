//! The scenarios, each beside usual reviews where that makes sense.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use e2e::fleet::measured::Measured;
use e2e::load::bodies::{self, Review};
use e2e::load::client;
use e2e::load::connection;
use e2e::load::nuisance::{self, SILENCES};
use surety::admission::http::MAX_BODY;
use surety::core::facts::Source;
use tokio::time::{Instant, sleep};

use crate::paced::Load;
use crate::{BODIES, Bench, CONNECTION_CAP, RELIST, USUAL};

/// How long a load at a rate lasts.
const TURN: Duration = Duration::from_secs(10);
/// Times the usual rate.
const MANY: u32 = 10;
/// Reviews at one instant.
const BURST: usize = 4000;
/// Clients that send a byte a second.
const SLOW: usize = 300;
/// Those of them that announce a body of the largest size.
const SLOW_AND_LARGE: usize = 30;
/// Silent connections of each kind.
const SILENT: usize = 100;
/// The longest that one may be kept.
const SILENT_KEPT: Duration = Duration::from_secs(25);
/// The longest that a slow client may be listened to: the webhook's own deadline, and a second to be told.
const SLOW_KEPT: Duration = Duration::from_millis(3500);
/// Clients with bodies of the largest size.
const LARGE: usize = 64;
/// How many each of them sends.
const LARGE_EACH: usize = 3;
/// A watch is opened once a list is complete.
const LISTED: &str = "surety_watch_opened_total";

impl Bench {
    pub async fn quiet(&mut self) -> Result<()> {
        let before = self.begin().await?;
        let (tally, ()) = self.load.paced(USUAL, pause(TURN)).await?;
        self.tell_usual("quiet", &tally);
        self.quiet = tally.quantile(0.99);
        self.end("quiet", &before, tally.shed, before.resident + BODIES).await
    }

    pub async fn relist(&mut self) -> Result<()> {
        let before = self.begin().await?;
        let listed = self.surety.metric(LISTED).await?;
        let wanted = listed + Source::ALL.iter().map(|source| source.kinds().len()).sum::<usize>() as f64;
        let began = Instant::now();
        let relisted = async {
            self.server.expire();
            while self.surety.metric(LISTED).await? < wanted {
                sleep(Duration::from_millis(20)).await;
            }
            let took = began.elapsed();
            // What was listed is judged now.
            settled(self.process()).await?;
            Ok(took)
        };
        let (tally, took) = self.load.paced(USUAL, relisted).await?;
        let name = format!("all is listed again in {:.1} s", took.as_secs_f64());
        self.tell_usual(&name, &tally);
        self.end("relist", &before, tally.shed, self.at_rest * RELIST).await
    }

    pub async fn ten_times(&mut self) -> Result<()> {
        let before = self.begin().await?;
        let (tally, ()) = self.load.paced(USUAL * MANY, pause(TURN)).await?;
        self.tell("ten times the usual rate", &tally);
        self.end("ten times", &before, tally.shed, before.resident + BODIES).await
    }

    pub async fn burst(&mut self) -> Result<()> {
        let before = self.begin().await?;
        let many = Load::open(self.surety.webhook, 16, Arc::clone(&self.load.reviews)).await?;
        let tally = many.burst(BURST).await?;
        self.tell("all at one instant", &tally);
        self.end("burst", &before, tally.shed, before.resident + BODIES).await
    }

    pub async fn slow_clients(&mut self) -> Result<()> {
        let before = self.begin().await?;
        let (stop, port) = (Arc::new(AtomicBool::new(false)), self.surety.webhook);
        let small = tokio::spawn(nuisance::slow(port, SLOW - SLOW_AND_LARGE, 4096, Arc::clone(&stop)));
        let large = tokio::spawn(nuisance::slow(port, SLOW_AND_LARGE, MAX_BODY, Arc::clone(&stop)));
        let held = async {
            sleep(TURN).await;
            stop.store(true, Ordering::Relaxed);
            anyhow::Ok([small.await??, large.await??])
        };
        let (tally, slow) = self.load.paced(USUAL, held).await?;
        self.tell_usual(&format!("beside {SLOW} slow clients"), &tally);
        let mut shed = tally.shed;
        for slow in slow {
            println!(
                "  {:<34} {:>6} slow requests, {} answered with 503, listened to for at most {:.1} s",
                "",
                slow.begun,
                slow.shed,
                slow.longest.as_secs_f64()
            );
            self.hold(slow.longest <= SLOW_KEPT, || format!("a slow client was kept for {:?}", slow.longest));
            self.hold(slow.others.is_empty(), || format!("slow clients: {:?}", slow.others.first()));
            shed += slow.shed;
        }
        self.end("slow clients", &before, shed, before.resident + BODIES).await
    }

    pub async fn silent_connections(&mut self) -> Result<()> {
        let before = self.begin().await?;
        let (port, count) = (self.surety.webhook, SILENT * SILENCES.len());
        let descriptors = self.process().descriptors()?;
        let held = async {
            let all =
                SILENCES.map(|silence| tokio::spawn(nuisance::silent(port, SILENT, silence, SILENT_KEPT)));
            let mut kept = Vec::new();
            for one in all {
                kept.push(one.await??);
            }
            anyhow::Ok(kept)
        };
        let (tally, kept) = self.load.paced(USUAL, held).await?;
        self.tell_usual(&format!("beside {count} silent connections"), &tally);
        for (silence, kept) in SILENCES.into_iter().zip(kept) {
            println!(
                "  {:<34} {silence:?}: kept for at most {:.1} s, {} never told",
                "",
                kept.longest.as_secs_f64(),
                kept.untold
            );
        }
        let left = self.process().descriptors()?;
        self.hold(left <= descriptors + 8, || format!("of {descriptors} descriptors {left} are left"));
        self.end("silent connections", &before, tally.shed, before.resident + BODIES).await?;
        self.too_many(descriptors).await
    }

    /// More connections than are allowed, all silent; a new client gets in nevertheless.
    async fn too_many(&mut self, descriptors: usize) -> Result<()> {
        let port = self.surety.webhook;
        let refused = self.surety.metric("surety_connections_refused_total").await?;
        let mut silent = Vec::new();
        for _ in 0..CONNECTION_CAP + 200 {
            silent.push(connection::tcp(port).await?);
        }
        let began = Instant::now();
        let newcomer = loop {
            let answer = match Load::open(port, 1, Arc::clone(&self.load.reviews)).await {
                Ok(newcomer) => Some(newcomer.burst(1).await?.times.len()),
                Err(_refused) => None,
            };
            if answer == Some(1) || began.elapsed() > SILENT_KEPT {
                break began.elapsed();
            }
            sleep(Duration::from_millis(20)).await;
        };
        let open = self.process().descriptors()?;
        let refused = self.surety.metric("surety_connections_refused_total").await? - refused;
        println!(
            "  {:<34} {refused} of {} more were closed at once, {open} descriptors; a new client was served after {:.2} s",
            "",
            silent.len(),
            newcomer.as_secs_f64()
        );
        self.hold(open <= descriptors + CONNECTION_CAP + 16, || format!("{open} descriptors are open"));
        self.hold(newcomer < crate::paced::PATIENCE, || format!("a new client waited for {newcomer:?}"));
        drop(silent);
        Ok(())
    }

    pub async fn large_bodies(&mut self) -> Result<()> {
        let before = self.begin().await?;
        let large = Arc::new(vec![bodies::large(MAX_BODY, self.tenants)?]);
        let alone = Load::open(self.surety.webhook, 1, Arc::clone(&large)).await?.in_turn(3).await?;
        self.tell("7 MiB, one client", &alone);
        let many = Load::open(self.surety.webhook, LARGE, Arc::clone(&large)).await?;
        let beside = tokio::spawn(async move { many.in_turn(LARGE_EACH).await });
        let (tally, many) = self.load.paced(USUAL, async { beside.await? }).await?;
        self.tell(&format!("7 MiB, {LARGE} clients"), &many);
        self.tell_usual("beside them", &tally);
        self.hold(!many.times.is_empty(), || "no large body was served".to_owned());
        let seen = alone.shed + many.shed + tally.shed;
        self.end("large bodies", &before, seen, before.resident + BODIES).await?;
        self.too_large().await
    }

    async fn too_large(&mut self) -> Result<()> {
        let review = Review { body: vec![b' '; MAX_BODY + 1].into(), is_refused: true };
        let mut sender = connection::http2(self.surety.webhook).await?;
        let answer = sender.send_request(client::request(review.body)?).await?;
        println!("  {:<34} {}", "7 MiB and a byte", answer.status());
        self.hold(answer.status() == 413, || format!("7 MiB and a byte: {}", answer.status()));
        Ok(())
    }
}

/// Waits until the process has no more to do than to answer the usual reviews: less than a third of a core for 5 s, which is
/// longer than what it proves after a start takes from one proof to the next.
pub async fn settled(process: &Measured) -> Result<()> {
    const LOOK: Duration = Duration::from_millis(500);
    let mut quiet = 0;
    while quiet < 10 {
        let before = process.cpu()?;
        sleep(LOOK).await;
        let is_quiet = process.cpu()?.saturating_sub(before) < LOOK / 3;
        quiet = if is_quiet { quiet + 1 } else { 0 };
    }
    Ok(())
}

async fn pause(lasting: Duration) -> Result<()> {
    sleep(lasting).await;
    Ok(())
}
