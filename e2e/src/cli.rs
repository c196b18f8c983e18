//! Command line clients of the API server, kubectl and helm: what a user types, and what they answer.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use thiserror::Error;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::sandbox::Sandbox;

/// What one command may take unless said otherwise.
const LIMIT: Duration = Duration::from_mins(1);

/// Why a command has no result, or not the wanted one.
#[derive(Debug, Error)]
pub enum CliError {
    /// It could not be run.
    #[error("`{command}` could not be run")]
    Run {
        /// The program and its arguments.
        command: String,
        /// The system's answer.
        source: io::Error,
    },
    /// It did not end in time.
    #[error("`{command}` did not end within {limit:?}")]
    TooSlow {
        /// The program and its arguments.
        command: String,
        /// What it was given.
        limit: Duration,
    },
    /// It ended with an error.
    #[error("`{}` failed with {:?}: {}", .0.command, .0.code, .0.stderr)]
    Failed(Output),
}

/// What a command printed and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The program and its arguments.
    pub command: String,
    /// Standard output.
    pub stdout: String,
    /// Standard error: warnings and refusals.
    pub stderr: String,
    /// The exit code, unless a signal ended it.
    pub code: Option<i32>,
}

impl Output {
    /// Standard output of a command that succeeded.
    ///
    /// # Errors
    /// When its exit code is not 0.
    pub fn success(self) -> Result<String, CliError> {
        if self.code == Some(0) { Ok(self.stdout) } else { Err(CliError::Failed(self)) }
    }
}

/// A client with a kubeconfig.
#[derive(Debug, Clone)]
pub struct Cli {
    program: PathBuf,
    kubeconfig: PathBuf,
    home: PathBuf,
    group: i32,
    limit: Duration,
}

impl Cli {
    pub(crate) fn new(program: &Path, kubeconfig: &Path, sandbox: &Sandbox) -> Self {
        Self {
            program: program.to_owned(),
            kubeconfig: kubeconfig.to_owned(),
            home: sandbox.folder().to_owned(),
            group: sandbox.group(),
            limit: LIMIT,
        }
    }

    /// Where the program is.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The same with another time limit for each command (1 min unless set).
    #[must_use]
    pub fn with_limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Runs a command. A refusal is no error: it is in the output.
    ///
    /// # Errors
    /// When it cannot be run or does not end in time.
    pub async fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Result<Output, CliError> {
        self.run_with_input(arguments, "").await
    }

    /// Runs a command with `input` on its standard input.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn run_with_input<A: AsRef<OsStr>>(
        &self,
        arguments: &[A],
        input: &str,
    ) -> Result<Output, CliError> {
        let words = std::iter::once(self.program.file_name().unwrap_or_default())
            .chain(arguments.iter().map(AsRef::as_ref))
            .map(OsStr::to_string_lossy);
        let command = words.collect::<Vec<_>>().join(" ");
        let run = async { exchange(self.command(arguments).spawn()?, input).await };
        let output = match timeout(self.limit, run).await {
            Ok(Ok(output)) => output,
            Ok(Err(source)) => return Err(CliError::Run { command, source }),
            Err(_) => return Err(CliError::TooSlow { command, limit: self.limit }),
        };
        Ok(Output {
            command,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code(),
        })
    }

    /// Runs a command that must succeed, and returns what it printed.
    ///
    /// # Errors
    /// As [`Self::run`], and when its exit code is not 0.
    pub async fn must<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Result<String, CliError> {
        self.run(arguments).await?.success()
    }

    /// A home of its own, so that neither a user's settings nor what was cached for another server gets in.
    fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .env("HOME", &self.home)
            .env_remove("KUBECONFIG")
            .env_remove("KUBECACHEDIR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(self.group)
            .kill_on_drop(true);
        for folder in ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
            command.env_remove(folder);
        }
        command
    }
}

/// Writes the input beside reading the output, for a command may answer before it has read everything.
async fn exchange(mut child: Child, input: &str) -> io::Result<std::process::Output> {
    let stdin = child.stdin.take();
    let feed = async {
        let Some(mut stdin) = stdin else { return Ok(()) };
        match stdin.write_all(input.as_bytes()).await {
            // It ended without reading: its output says why.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    };
    let (written, output) = tokio::join!(feed, child.wait_with_output());
    written.and(output)
}
