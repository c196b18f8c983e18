//! The pinned kubectl, with what stories use it for most.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use crate::cli::{Cli, CliError, Output};

/// kubectl with a kubeconfig.
#[derive(Debug, Clone)]
pub struct Kubectl {
    cli: Cli,
}

impl Kubectl {
    pub(crate) fn new(cli: Cli) -> Self {
        Self { cli }
    }

    /// Where the program is.
    #[must_use]
    pub fn program(&self) -> &Path {
        self.cli.program()
    }

    /// The same with another time limit for each command (1 min unless set).
    #[must_use]
    pub fn with_limit(self, limit: Duration) -> Self {
        Self { cli: self.cli.with_limit(limit) }
    }

    /// Runs any command. A refusal is no error: it is in the output.
    ///
    /// # Errors
    /// When it cannot be run or does not end in time.
    pub async fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Result<Output, CliError> {
        self.cli.run(arguments).await
    }

    /// Runs any command that must succeed, and returns what it printed.
    ///
    /// # Errors
    /// As [`Self::run`], and when its exit code is not 0.
    pub async fn must<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Result<String, CliError> {
        self.cli.must(arguments).await
    }

    /// Runs any command with `input` on its standard input.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn run_with_input<A: AsRef<OsStr>>(
        &self,
        arguments: &[A],
        input: &str,
    ) -> Result<Output, CliError> {
        self.cli.run_with_input(arguments, input).await
    }

    /// `kubectl apply -f` of a file or folder. What came of it is for the story to judge.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn apply_file(&self, path: &Path) -> Result<Output, CliError> {
        self.run(&[OsStr::new("apply"), OsStr::new("-f"), path.as_os_str()]).await
    }

    /// `kubectl apply -f` of a text. What came of it is for the story to judge.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn apply_text(&self, yaml: &str) -> Result<Output, CliError> {
        self.run_with_input(&["apply", "-f", "-"], yaml).await
    }
}
