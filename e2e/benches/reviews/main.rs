//! What a review costs, against two servers that judge nothing: one reads the uid of a review, one the whole of it into a
//! generic JSON tree. All three speak HTTP/2 over TLS and are measured in one run, by turns.
//!
//! `cargo bench -p e2e --bench reviews -- [TENANTS]`; the fleet has 1,000 tenants unless told otherwise. With `pieces`
//! before the number, what reading and deciding cost by themselves, without a server.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench prints, and may stop at the first surprise"
)]

mod floor;
mod pieces;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::fleet::measured::{self, Measured, Replica};
use e2e::fleet::{Fleet, server::Server};
use e2e::load::bodies::{Review, SORTS, Sort};
use e2e::load::client;
use floor::Floor;

const TENANTS: usize = 1000;
/// How long one turn of one server lasts.
const TURN: Duration = Duration::from_secs(2);
/// How many turns each server has with each number of clients.
const TURNS: usize = 3;
/// How many clients ask at once, where throughput is measured.
const MANY: usize = 16;

fn main() -> Result<()> {
    measured::be_surety_if_asked();
    let arguments: Vec<String> = std::env::args().collect();
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match arguments.get(1).map(String::as_str) {
        Some("floor-uid") => runtime.block_on(Floor::Uid.serve()),
        Some("floor-tree") => runtime.block_on(Floor::Tree.serve()),
        Some("pieces") => pieces::measure(tenants_of(&arguments)),
        _ => runtime.block_on(compare(tenants_of(&arguments))),
    }
}

fn tenants_of(arguments: &[String]) -> usize {
    arguments.iter().find_map(|word| word.parse().ok()).unwrap_or(TENANTS)
}

/// A server that is measured.
struct Candidate<'a> {
    name: &'static str,
    process: &'a Measured,
    port: u16,
    judges: bool,
}

/// What was measured of a candidate.
#[derive(Clone, Copy, Debug)]
struct Figures {
    /// Processor time for one request, in microseconds.
    cpu: f64,
    rate: f64,
    p50: f64,
    p99: f64,
}

async fn compare(tenants: usize) -> Result<()> {
    let server = Server::start(Fleet { tenants }).await?;
    let kubeconfig = tempfile::NamedTempFile::new()?;
    std::fs::write(kubeconfig.path(), server.kubeconfig().to_string())?;
    let surety = Replica::start(kubeconfig.path())?;
    let (mut uid, mut tree) = (Measured::start(&["floor-uid"])?, Measured::start(&["floor-tree"])?);
    let (uid_port, tree_port) = (uid.first_line()?.parse()?, tree.first_line()?.parse()?);
    surety.ready().await?;
    println!(
        "Reviews of {tenants} tenants' objects; half are refused, a third are updates. CPU per review is what counts.\n"
    );
    let candidates = [
        Candidate { name: "floor: reads the uid", process: &uid, port: uid_port, judges: false },
        Candidate { name: "floor: reads a JSON tree", process: &tree, port: tree_port, judges: false },
        Candidate { name: "Surety", process: &surety.process, port: surety.webhook, judges: true },
    ];
    for sort in SORTS {
        measure(sort, &candidates, tenants).await?;
    }
    println!("\nSurety: {:.0} MiB resident", surety.process.resident()?);
    Ok(())
}

async fn measure(sort: Sort, candidates: &[Candidate<'_>], tenants: usize) -> Result<()> {
    let reviews = Arc::new(sort.reviews(tenants)?);
    let bytes = reviews.iter().map(|review| review.body.len()).sum::<usize>() / reviews.len();
    println!("{} ({bytes} bytes), {MANY} clients", sort.name());
    let mut best: Vec<Option<Figures>> = vec![None; candidates.len()];
    for turn in 0..=TURNS {
        for (candidate, best) in candidates.iter().zip(&mut best) {
            let figures = one_turn(candidate, &reviews).await?;
            // The first turn warms up. Of the others the quietest counts: whatever else ran only added to it.
            if turn > 0 && best.is_none_or(|best| figures.cpu < best.cpu) {
                *best = Some(figures);
            }
        }
    }
    let best: Vec<Figures> = best.into_iter().flatten().collect();
    for (candidate, figures) in candidates.iter().zip(&best) {
        println!(
            "  {:<26} {:>7.1} µs CPU  {:>6.0}/s  p50 {:>5.2} ms  p99 {:>5.2} ms   CPU {:>5.2}  rate {:>4.2}  p99 {:>5.2}",
            candidate.name,
            figures.cpu,
            figures.rate,
            figures.p50,
            figures.p99,
            figures.cpu / best[0].cpu,
            figures.rate / best[0].rate,
            figures.p99 / best[0].p99,
        );
    }
    Ok(())
}

async fn one_turn(candidate: &Candidate<'_>, reviews: &Arc<Vec<Review>>) -> Result<Figures> {
    let before = candidate.process.cpu()?;
    let load = client::load(candidate.port, reviews, MANY, TURN).await?;
    let used = candidate.process.cpu()?.saturating_sub(before);
    if candidate.judges && load.wrong > 0 {
        explain(candidate, reviews).await?;
    }
    #[allow(clippy::cast_precision_loss, reason = "a count of requests")]
    let requests = load.times.len().max(1) as f64;
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    Ok(Figures {
        cpu: used.as_secs_f64() * 1e6 / requests,
        rate: load.rate(),
        p50: millis(load.quantile(0.5)),
        p99: millis(load.quantile(0.99)),
    })
}

/// Says which answer is not what it must be.
async fn explain(candidate: &Candidate<'_>, reviews: &[Review]) -> Result<()> {
    for review in reviews {
        let answer = client::once(candidate.port, &review.body).await?;
        let is_refused = answer.contains("\"allowed\":false");
        ensure!(
            is_refused == review.is_refused,
            "must be {}: {answer}\n{}",
            if review.is_refused { "refused" } else { "admitted" },
            String::from_utf8_lossy(&review.body),
        );
    }
    Ok(())
}
