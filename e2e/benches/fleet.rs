//! A fleet of a thousand tenants, 143,000 objects: how long from start to ready, against a bare paged list and decode of
//! the same types; how much memory, at rest and through a relist; how long a full evaluation takes.
//!
//! `cargo bench -p e2e --bench fleet -- [TENANTS]`
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench prints, and may stop at the first surprise"
)]

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::fleet::measured::{self, Measured, Replica};
use e2e::fleet::server::{Server, path};
use e2e::fleet::{Fleet, now};
use futures::future::try_join_all;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use surety::core::facts::{Kind, Source};
use surety::decode;
use surety::reconcile::{book::Book, engine::FULL_PASS};

const TENANTS: usize = 1000;
/// How often each start is measured; the quickest counts.
const STARTS: usize = 3;

type Reader = Client<HttpConnector, Empty<Bytes>>;

fn main() -> Result<()> {
    measured::be_surety_if_asked();
    let arguments: Vec<String> = std::env::args().collect();
    let word = |at: usize| arguments.get(at).map(String::as_str);
    match word(1) {
        Some("bare-list") => runtime()?.block_on(bare_list(word(2).context("no address")?)),
        Some("evaluate") => evaluate(word(2).context("no number")?.parse()?),
        _ => {
            let tenants = arguments.iter().find_map(|word| word.parse().ok()).unwrap_or(TENANTS);
            runtime()?.block_on(measure(tenants))
        }
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

async fn measure(tenants: usize) -> Result<()> {
    let objects = tenants * Fleet::OBJECTS_OF_TENANT;
    println!("A fleet of {tenants} tenants, {objects} objects\n");
    let server = Server::start(Fleet { tenants }).await?;
    let kubeconfig = tempfile::NamedTempFile::new()?;
    std::fs::write(kubeconfig.path(), server.kubeconfig().to_string())?;

    let (mut bare, mut ready) = (Duration::MAX, Duration::MAX);
    let mut replica = None;
    for _ in 0..STARTS {
        let started = Instant::now();
        let address = server.address.to_string();
        tokio::task::spawn_blocking(move || Measured::start(&["bare-list", &address])?.wait()).await??;
        bare = bare.min(started.elapsed());
        drop(replica.take());
        let started = Instant::now();
        let next = Replica::start(kubeconfig.path())?;
        next.ready().await?;
        ready = ready.min(started.elapsed());
        replica = Some(next);
    }
    let replica = replica.context("no start was measured")?;
    println!("  from start to the end of a bare list and decode   {bare:>8.2?}");
    println!(
        "  from start to ready                               {ready:>8.2?}   {:.2} times",
        ready.as_secs_f64() / bare.as_secs_f64()
    );
    memory(&server, &replica, tenants).await?;
    tokio::task::spawn_blocking(move || Measured::start(&["evaluate", &tenants.to_string()])?.print())
        .await??;
    Ok(())
}

async fn memory(server: &Server, replica: &Replica, tenants: usize) -> Result<()> {
    all_reported(replica, tenants).await?;
    let (at_rest, peak_of_start) = (replica.process.resident()?, replica.process.peak()?);
    println!("  resident once all is reported                     {at_rest:>6.0} MiB");
    println!(
        "  most resident during the start                    {peak_of_start:>6.0} MiB   {:.2} times",
        peak_of_start / at_rest
    );
    let listed = replica.metric(LISTED).await?;
    let streams = Source::ALL.iter().map(|source| source.kinds().len()).sum::<usize>();
    replica.process.forget_peak()?;
    server.expire();
    #[allow(clippy::cast_precision_loss, reason = "a count of kinds")]
    let wanted = listed + streams as f64;
    while replica.metric(LISTED).await? < wanted {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let peak = replica.process.peak()?;
    println!(
        "  most resident through a relist                    {peak:>6.0} MiB   {:.2} times",
        peak / at_rest
    );
    Ok(())
}

/// Waits until every tenant's figures are exported, and what that took is given back.
async fn all_reported(replica: &Replica, tenants: usize) -> Result<()> {
    #[allow(clippy::cast_precision_loss, reason = "a count of tenants")]
    let wanted = tenants as f64 * FULL_PASS.as_secs_f64();
    while replica.metric(INTERVALS).await? < wanted {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(REST).await;
    Ok(())
}

/// One for each tenant that was reported.
const INTERVALS: &str = "surety_evaluation_interval_seconds";
/// How long until it is quiet.
const REST: Duration = Duration::from_secs(2);

/// A watch is opened once a list is complete.
const LISTED: &str = "surety_watch_opened_total";

/// Lists and decodes everything that Surety watches, all kinds at once, and keeps nothing.
async fn bare_list(address: &str) -> Result<()> {
    let reader: Reader = Client::builder(TokioExecutor::new()).build_http();
    let kinds = Source::ALL.iter().flat_map(|source| source.kinds()).copied();
    let all = kinds.map(|kind| {
        let (reader, address) = (reader.clone(), address.to_owned());
        tokio::spawn(async move { list(&reader, &address, kind).await })
    });
    let mut count = 0;
    for listed in try_join_all(all).await? {
        count += listed?;
    }
    ensure!(count > 0, "nothing was listed");
    Ok(())
}

async fn list(reader: &Reader, address: &str, kind: Kind) -> Result<usize> {
    let (mut count, mut token) = (0, None::<String>);
    loop {
        let next = token.map(|token| format!("&continue={token}")).unwrap_or_default();
        let uri = format!("http://{address}{}?limit=500{next}", path(kind)).parse()?;
        let body = reader.get(uri).await?.into_body().collect().await?.to_bytes();
        let meta = decode::list_page(kind, &body, |_| count += 1)?;
        match meta.continue_token {
            Some(next) => token = Some(next.to_string()),
            None => return Ok(count),
        }
    }
}

fn evaluate(tenants: usize) -> Result<()> {
    let bare = resident()?;
    let mut book = Book::new(Fleet { tenants }.world()?);
    let known = resident()?;
    book.open(now());
    let judged = resident()?;
    let started = Instant::now();
    book.evaluate_all(now());
    println!("  a full evaluation, on one core                    {:>8.2?}", started.elapsed());
    println!("  what is known of the fleet                        {:>6.0} MiB", known - bare);
    println!("  all verdicts                                      {:>6.0} MiB", judged - known);
    Ok(())
}

fn resident() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u32 = text.split_whitespace().nth(1).context("no value")?.parse()?;
    let page = u32::try_from(rustix::param::page_size())?;
    Ok(f64::from(pages) * f64::from(page) / 1024.0 / 1024.0)
}
