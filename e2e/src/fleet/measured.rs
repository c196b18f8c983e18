//! A process of its own whose time and memory are measured: the running program again, with other arguments.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser as _;

use crate::{http, ports};

/// The argument that makes a bench be Surety, with the arguments that follow.
const SURETY: &str = "be-surety";
/// How long Surety may take to know a fleet.
const READY: Duration = Duration::from_mins(5);

/// Is Surety where the arguments of this program ask for it, and then does not come back.
pub fn be_surety_if_asked() {
    let mut words = std::env::args().skip(1);
    if words.next().is_some_and(|word| word == SURETY) {
        let words = std::iter::once("surety".to_owned()).chain(words);
        let code = surety::cli::Cli::parse_from(words).command.execute();
        std::process::exit(i32::from(code != ExitCode::SUCCESS));
    }
}

/// A child process; killed when dropped.
#[derive(Debug)]
pub struct Measured {
    child: Child,
}

impl Measured {
    /// Starts this program again.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn start(arguments: &[&str]) -> Result<Self> {
        let program = std::env::current_exe()?;
        let child = Command::new(program).args(arguments).stdout(Stdio::piped()).spawn()?;
        Ok(Self { child })
    }

    /// The first line that it prints.
    ///
    /// # Errors
    /// When it prints none.
    pub fn first_line(&mut self) -> Result<String> {
        let output = self.child.stdout.take().context("its output was read already")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        if line.is_empty() {
            bail!("it ended without a word");
        }
        Ok(line.trim().to_owned())
    }

    /// Prints all that it prints.
    ///
    /// # Errors
    /// When it fails.
    pub fn print(mut self) -> Result<()> {
        let output = self.child.stdout.take().context("its output was read already")?;
        for line in BufReader::new(output).lines() {
            println!("{}", line?);
        }
        self.wait()
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it fails.
    pub fn wait(mut self) -> Result<()> {
        let status = self.child.wait()?;
        if !status.success() {
            bail!("it ended with {status}");
        }
        Ok(())
    }

    /// The processor time that it has used.
    ///
    /// # Errors
    /// When it runs no more.
    pub fn cpu(&self) -> Result<Duration> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let after_name = text.rsplit(')').next().unwrap_or_default();
        let ticks: u64 =
            after_name.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second()))
    }

    /// Memory that is resident now, in MiB.
    ///
    /// # Errors
    /// When it runs no more.
    pub fn resident(&self) -> Result<f64> {
        self.status("VmRSS:")
    }

    /// The most that was resident since the start, or since [`Self::forget_peak`], in MiB.
    ///
    /// # Errors
    /// When it runs no more.
    pub fn peak(&self) -> Result<f64> {
        self.status("VmHWM:")
    }

    /// Begins to look for the peak anew.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn forget_peak(&self) -> Result<()> {
        Ok(std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")?)
    }

    /// How many files and sockets it has open.
    ///
    /// # Errors
    /// When it runs no more.
    pub fn descriptors(&self) -> Result<usize> {
        Ok(std::fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count())
    }

    fn status(&self, field: &str) -> Result<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = text.lines().find(|line| line.starts_with(field)).context("no such field")?;
        let kib: f64 = line.split_whitespace().nth(1).context("no value")?.parse()?;
        Ok(kib / 1024.0)
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A replica of Surety that follows, on a fleet.
#[derive(Debug)]
pub struct Replica {
    /// Its process.
    pub process: Measured,
    /// Where its webhook listens.
    pub webhook: u16,
    /// Where it tells its metrics.
    pub metrics: u16,
}

impl Replica {
    /// Starts one with the credentials of a kubeconfig file.
    ///
    /// # Errors
    /// When no port is free, or the system refuses.
    pub fn start(kubeconfig: &std::path::Path) -> Result<Self> {
        let (webhook, metrics) = (ports::free()?, ports::free()?);
        let process = Measured::start(&[
            SURETY,
            "run",
            "--kubeconfig",
            &kubeconfig.to_string_lossy(),
            "--listen",
            &format!("127.0.0.1:{webhook}"),
            "--metrics-listen",
            &format!("127.0.0.1:{metrics}"),
            "--webhook-url",
            &format!("https://127.0.0.1:{webhook}"),
            "--log-level",
            "warn",
        ])?;
        Ok(Self { process, webhook, metrics })
    }

    /// Waits until it is ready.
    ///
    /// # Errors
    /// When it does not get ready.
    pub async fn ready(&self) -> Result<()> {
        let begun = tokio::time::Instant::now();
        while http::healthy(self.metrics, "/readyz").await.is_err() {
            if begun.elapsed() > READY {
                bail!("Surety was not ready within {READY:?}");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// The sum of a metric over its series.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn metric(&self, name: &str) -> Result<f64> {
        let text = http::get(self.metrics, "/metrics").await?.body;
        let lines = text.lines().filter(|line| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with('{') || rest.starts_with(' '))
        });
        Ok(lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum())
    }
}
