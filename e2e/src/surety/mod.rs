//! Surety as it runs in production: its own program, with the credentials that the shipped RBAC gives it. What it
//! is asked and what it answers is the stories' business, not ours.

mod build;
mod installation;

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use thiserror::Error;

use crate::control_plane::{ControlPlane, ControlPlaneError};
use crate::metrics::Samples;
use crate::process::{Process, ProcessError};
use crate::{http, ports};
pub use build::program;
pub use installation::Installation;

/// The user that Surety is: the `ServiceAccount` that `config/rbac` binds. Never an administrator, so that a missing
/// rule fails a story.
pub const USER: &str = "system:serviceaccount:surety-system:surety";
/// The groups of that `ServiceAccount`.
pub const GROUPS: [&str; 2] = ["system:serviceaccounts", "system:serviceaccounts:surety-system"];

/// What the webhook registration goes away with.
const OWNER: &str = "surety-register";

/// Why Surety does not run or does not answer.
#[derive(Debug, Error)]
pub enum SuretyError {
    /// Its credentials could not be made.
    #[error(transparent)]
    ControlPlane(#[from] ControlPlaneError),
    /// It does not build, start or get ready.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// No port or thread is free.
    #[error("no loopback port is free for Surety")]
    Port(#[from] std::io::Error),
    /// The place of the running test says nothing about where programs are built.
    #[error(
        "{program} lies in no folder that cargo builds into, so the program `surety` cannot be built beside it"
    )]
    NoTarget {
        /// The running program.
        program: String,
    },
    /// The build failed, as the first story that asked for it was told.
    #[error("surety could not be built: {0}")]
    Build(String),
    /// The metrics could not be read.
    #[error("the metrics of Surety could not be read: {0}")]
    Metrics(String),
    /// There is no replica of this number.
    #[error("there is no replica {0}")]
    NoReplica(usize),
}

/// What one replica is told besides what all are told.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub program: std::path::PathBuf,
    pub webhook_port: u16,
    pub extra_arguments: Vec<String>,
}

/// One running replica.
#[derive(Debug)]
pub struct Surety {
    process: Process,
    listen: u16,
    metrics: u16,
}

impl Surety {
    /// Starts a replica without waiting for it.
    pub(crate) fn start(control_plane: &ControlPlane, settings: &Settings) -> Result<Self, SuretyError> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let kubeconfig = control_plane.kubeconfig_for(USER, &GROUPS)?;
        let (listen, metrics) = (ports::free()?, ports::free()?);
        let mut command = Command::new(&settings.program);
        command
            .args(arguments(&kubeconfig, settings.webhook_port, listen, metrics))
            .args(&settings.extra_arguments)
            .env("RUST_BACKTRACE", "1")
            .env_remove("KUBECONFIG");
        let name = format!("surety-{}", STARTED.fetch_add(1, Ordering::Relaxed) + 1);
        let process = Process::spawn(control_plane.sandbox(), &name, command)?;
        Ok(Self { process, listen, metrics })
    }

    /// Waits until it is ready.
    ///
    /// # Errors
    /// When it ends or is not ready within `limit`: its own reason and the end of its log.
    pub async fn ready(&mut self, limit: Duration) -> Result<(), SuretyError> {
        let metrics = self.metrics;
        let probe = async || http::healthy(metrics, "/readyz").await;
        Ok(self.process.wait_until("/readyz", limit, probe).await?)
    }

    /// What it measures now.
    ///
    /// # Errors
    /// When it does not answer, or not with metrics.
    pub async fn metrics(&self) -> Result<Samples, SuretyError> {
        let unreadable = |reason: String| SuretyError::Metrics(reason);
        let answer =
            http::get(self.metrics, "/metrics").await.map_err(|error| unreadable(error.to_string()))?;
        if answer.status != 200 {
            return Err(unreadable(format!("{} {}", answer.status, answer.body)));
        }
        Samples::parse(&answer.body).map_err(|error| unreadable(format!("{error:#}")))
    }

    /// The port of its webhook.
    #[must_use]
    pub fn listen_port(&self) -> u16 {
        self.listen
    }

    /// The port of its metrics and health.
    #[must_use]
    pub fn metrics_port(&self) -> u16 {
        self.metrics
    }

    /// The file that takes its output.
    #[must_use]
    pub fn log(&self) -> &Path {
        self.process.log()
    }

    /// All that it has written.
    #[must_use]
    pub fn output(&self) -> String {
        self.process.output()
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Stops it in the middle of whatever it does, as a machine that sleeps; see [`Self::thaw`].
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn freeze(&mut self) -> Result<(), SuretyError> {
        Ok(self.process.freeze()?)
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn thaw(&mut self) -> Result<(), SuretyError> {
        Ok(self.process.thaw()?)
    }

    /// Asks it to stop and waits for its end, which it may delay to drain.
    ///
    /// # Errors
    /// When it still runs after `limit`.
    pub async fn terminate(&mut self, limit: Duration) -> Result<ExitStatus, SuretyError> {
        Ok(self.process.terminate(limit).await?)
    }

    /// Kills it, as a lost machine would.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> Result<ExitStatus, SuretyError> {
        Ok(self.process.kill()?)
    }
}

/// The command line of a replica: the only place that knows Surety's flags.
fn arguments(kubeconfig: &Path, webhook: u16, listen: u16, metrics: u16) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["run".into(), "--kubeconfig".into(), kubeconfig.into()];
    let loopback = |port: u16| format!("127.0.0.1:{port}");
    for (flag, value) in [
        ("--webhook-url", format!("https://{}", loopback(webhook))),
        ("--listen", loopback(listen)),
        ("--metrics-listen", loopback(metrics)),
        ("--owner-cluster-role", OWNER.to_owned()),
    ] {
        arguments.extend([flag.into(), value.into()]);
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_is_told_its_credentials_and_addresses() {
        let told = arguments(Path::new("/k"), 1, 2, 3);
        let wanted = "run --kubeconfig /k --webhook-url https://127.0.0.1:1 --listen 127.0.0.1:2 \
                      --metrics-listen 127.0.0.1:3 --owner-cluster-role surety-register";
        assert_eq!(told, wanted.split(' ').collect::<Vec<_>>());
    }

    #[test]
    fn surety_is_no_administrator() {
        assert!(GROUPS.iter().all(|group| *group != "system:masters"));
        assert!(USER.starts_with("system:serviceaccount:"));
    }
}
