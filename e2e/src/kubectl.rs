//! The pinned kubectl as a program: what a user types, and what it answers.

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

/// What one command may take.
const LIMIT: Duration = Duration::from_mins(1);

/// Why a command has no result, or not the wanted one.
#[derive(Debug, Error)]
pub enum KubectlError {
    /// It could not be run.
    #[error("kubectl {arguments} could not be run")]
    Run {
        /// What it was to do.
        arguments: String,
        /// The system's answer.
        source: io::Error,
    },
    /// It did not end in time.
    #[error("kubectl {arguments} did not end within {limit:?}")]
    TooSlow {
        /// What it was to do.
        arguments: String,
        /// What it was given.
        limit: Duration,
    },
    /// It ended with an error.
    #[error("kubectl {arguments} failed with {code:?}: {stderr}")]
    Failed {
        /// What it was to do.
        arguments: String,
        /// Its exit code, unless a signal ended it.
        code: Option<i32>,
        /// What it said.
        stderr: String,
    },
}

/// What a command printed and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Standard output.
    pub stdout: String,
    /// Standard error: warnings and refusals.
    pub stderr: String,
    /// The exit code, unless a signal ended it.
    pub code: Option<i32>,
}

/// kubectl with a kubeconfig.
#[derive(Debug, Clone)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
    home: PathBuf,
    group: i32,
    limit: Duration,
}

impl Kubectl {
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

    /// The same with another time limit for each command (60 s unless set).
    #[must_use]
    pub fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs any command.
    ///
    /// # Errors
    /// When it cannot be run or does not end in time. A refusal is no error: it is in the output.
    pub async fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Result<Output, KubectlError> {
        self.run_with_input(arguments, "").await
    }

    /// Runs any command with `input` on its standard input.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn run_with_input<A: AsRef<OsStr>>(
        &self,
        arguments: &[A],
        input: &str,
    ) -> Result<Output, KubectlError> {
        let words: Vec<_> = arguments.iter().map(|argument| argument.as_ref().to_string_lossy()).collect();
        let words = words.join(" ");
        let run = async { exchange(self.command(arguments).spawn()?, input).await };
        match timeout(self.limit, run).await {
            Ok(result) => result.map_err(|source| KubectlError::Run { arguments: words, source }),
            Err(_) => Err(KubectlError::TooSlow { arguments: words, limit: self.limit }),
        }
    }

    /// Runs a command that must succeed, and returns what it printed.
    ///
    /// # Errors
    /// As [`Self::run`], and when its exit code is not 0.
    pub async fn must<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Result<String, KubectlError> {
        self.run(arguments).await?.success(arguments)
    }

    /// `kubectl apply -f` of a file or a folder that must succeed.
    ///
    /// # Errors
    /// As [`Self::must`].
    pub async fn apply_file(&self, path: &Path) -> Result<String, KubectlError> {
        self.must(&[OsStr::new("apply"), OsStr::new("-f"), path.as_os_str()]).await
    }

    /// `kubectl apply` of a text. What came of it is for the story to judge.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn apply_text(&self, yaml: &str) -> Result<Output, KubectlError> {
        self.run_with_input(&["apply", "-f", "-"], yaml).await
    }

    /// A home of its own, so that neither a user's settings nor discovery cached for another server gets in.
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
        command
    }
}

impl Output {
    /// Standard output of a command that succeeded.
    ///
    /// # Errors
    /// When its exit code is not 0.
    pub fn success<A: AsRef<OsStr>>(self, arguments: &[A]) -> Result<String, KubectlError> {
        if self.code == Some(0) {
            return Ok(self.stdout);
        }
        let words: Vec<_> = arguments.iter().map(|argument| argument.as_ref().to_string_lossy()).collect();
        Err(KubectlError::Failed { arguments: words.join(" "), code: self.code, stderr: self.stderr })
    }
}

/// Writes the input beside reading the output, for a command may answer before it has read everything.
async fn exchange(mut child: Child, input: &str) -> io::Result<Output> {
    let mut stdin = child.stdin.take();
    let feed = async {
        let Some(mut stdin) = stdin.take() else { return Ok(()) };
        match stdin.write_all(input.as_bytes()).await {
            // It ended without reading: its output says why.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    };
    let (written, output) = tokio::join!(feed, child.wait_with_output());
    written?;
    let output = output?;
    Ok(Output {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code(),
    })
}
