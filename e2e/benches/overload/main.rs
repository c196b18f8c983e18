//! What becomes of reviews when much comes at once: everything is listed again, ten times the usual rate, clients that hold
//! what they were given, bodies of the largest size. Prints figures as ratios to a quiet run of the same process, and ends
//! with an error when a bound is broken.
//!
//! `cargo bench -p e2e --bench overload -- [TENANTS]`; the fleet has 1,000 tenants unless told otherwise.
#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a bench prints, counts, and may stop at the first surprise"
)]

mod paced;
mod scenarios;

use std::sync::Arc;

use anyhow::{Result, ensure};
use e2e::fleet::measured::{self, Measured, Replica};
use e2e::fleet::{Fleet, server::Server};
use e2e::load::bodies::{Review, SORTS};
use paced::{Load, Tally};

const TENANTS: usize = 1000;
/// Reviews a second of a cluster of that size on a busy day: a rollout of 200 Deployments a minute, at eight reviews each,
/// is 27.
const USUAL: u32 = 200;
/// An API server holds one or two connections.
const CONNECTIONS: usize = 2;
/// Connections at the same time, as the webhook bounds them.
const CONNECTION_CAP: usize = 512;
/// The most that may be resident beyond what was when a scenario began, in MiB: twice the 64 MiB of bodies that are held at
/// once, because a body is read into facts while it is held, and what has arrived on connections and was not read yet.
const BODIES: f64 = 160.0;
/// The most that may be resident through a relist, as a ratio to what is at rest.
const RELIST: f64 = 2.5;

fn main() -> Result<()> {
    measured::be_surety_if_asked();
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let tenants = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(TENANTS);
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run(tenants))
}

async fn run(tenants: usize) -> Result<()> {
    let server = Server::start(Fleet { tenants }).await?;
    let kubeconfig = tempfile::NamedTempFile::new()?;
    std::fs::write(kubeconfig.path(), server.kubeconfig().to_string())?;
    let surety = Replica::start(kubeconfig.path())?;
    surety.ready().await?;
    let load = Load::open(surety.webhook, CONNECTIONS, Arc::new(mixed(tenants)?)).await?;
    let (start, ()) = load.paced(USUAL, scenarios::settled(&surety.process)).await?;
    let at_rest = surety.process.resident()?;
    println!(
        "A fleet of {tenants} tenants, {} objects, {at_rest:.0} MiB resident; usual is {USUAL} reviews a second.\n",
        tenants * Fleet::OBJECTS_OF_TENANT
    );
    let mut bench = Bench { server, surety, load, tenants, at_rest, quiet: 0.0, broken: Vec::new() };
    bench.tell_usual("just ready, all is judged", &start);
    bench.quiet().await?;
    bench.relist().await?;
    bench.ten_times().await?;
    bench.burst().await?;
    bench.slow_clients().await?;
    bench.silent_connections().await?;
    bench.large_bodies().await?;
    ensure!(bench.broken.is_empty(), "broken bounds:\n  {}", bench.broken.join("\n  "));
    println!("\nEvery bound was kept.");
    Ok(())
}

/// All sorts of reviews, by turns.
fn mixed(tenants: usize) -> Result<Vec<Review>> {
    let sorts = SORTS.map(|sort| sort.reviews(tenants)).into_iter().collect::<Result<Vec<_>, _>>()?;
    let longest = sorts.iter().map(Vec::len).max().unwrap_or_default();
    Ok((0..longest).flat_map(|at| sorts.iter().filter_map(move |sort| sort.get(at).cloned())).collect())
}

/// A replica under load, and what was found of it.
struct Bench {
    server: Server,
    surety: Replica,
    load: Load,
    tenants: usize,
    /// MiB that are resident once all was judged.
    at_rest: f64,
    /// The p99 of the quiet run, in milliseconds.
    quiet: f64,
    /// Bounds that were broken.
    broken: Vec<String>,
}

/// What a scenario began with.
struct Before {
    shed: f64,
    /// MiB that were resident.
    resident: f64,
}

impl Bench {
    const fn process(&self) -> &Measured {
        &self.surety.process
    }

    async fn begin(&self) -> Result<Before> {
        self.process().forget_peak()?;
        Ok(Before { shed: self.shed().await?, resident: self.process().resident()? })
    }

    async fn shed(&self) -> Result<f64> {
        self.surety.metric("surety_admission_shed_total").await
    }

    /// Prints a tally, and holds it to what every load is held to.
    fn tell(&mut self, name: &str, tally: &Tally) {
        let (p50, p99, most) = (tally.quantile(0.5), tally.quantile(0.99), tally.quantile(1.0));
        println!(
            "  {name:<34} {:>6} asked {:>6} served {:>5} shed {:>3} late   p50 {p50:>7.2} ms  p99 {p99:>7.2} ms  most \
             {most:>7.2} ms   p99 {:>6}",
            tally.asked(),
            tally.times.len(),
            tally.shed,
            tally.late,
            if self.quiet > 0.0 { format!("{:.2}", p99 / self.quiet) } else { "-".to_owned() },
        );
        self.hold(tally.late == 0, || format!("{name}: {} answers did not come in time", tally.late));
        self.hold(tally.wrong == 0, || format!("{name}: {} answers are wrong", tally.wrong));
        self.hold(tally.others.is_empty(), || format!("{name}: {:?}", tally.others.first()));
    }

    /// What is usual is served, all of it.
    fn tell_usual(&mut self, name: &str, tally: &Tally) {
        self.tell(name, tally);
        self.hold(tally.shed == 0, || format!("{name}: {} of the usual reviews were shed", tally.shed));
    }

    /// Sheds that were counted are those that were seen, and memory is bounded.
    async fn end(&mut self, name: &str, before: &Before, seen: usize, most: f64) -> Result<()> {
        let (counted, peak) = (self.shed().await? - before.shed, self.process().peak()?);
        println!(
            "  {:<34} {counted:>6} counted as shed; most resident {peak:.0} MiB, {:.2} times what is at rest",
            "",
            peak / self.at_rest
        );
        self.hold((counted - seen as f64).abs() < 0.5, || {
            format!("{name}: {seen} requests were shed, and {counted} are counted")
        });
        self.hold(peak <= most, || format!("{name}: {peak:.0} MiB were resident, more than {most:.0}"));
        Ok(())
    }

    fn hold(&mut self, is_kept: bool, sentence: impl FnOnce() -> String) {
        if !is_kept {
            let sentence = sentence();
            println!("  BROKEN: {sentence}");
            self.broken.push(sentence);
        }
    }
}
