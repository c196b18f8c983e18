//! Why a command could not do what it was asked, and the exit code that says so.

use std::{fmt, io, path::PathBuf, process::ExitCode};

use crate::{api::crds::PrintError, report::coverage::CoverageError};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// A file or folder cannot be read.
    #[error("{path} cannot be read: {source}", path = .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("{path} cannot be written: {source}", path = .path.display())]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Standard output cannot be written.
    #[error("standard output cannot be written: {0}")]
    Output(io::Error),
    /// What was given cannot be worked with; one sentence each.
    #[error("{}", Lines(.0))]
    Input(Vec<String>),
    /// A cluster cannot be asked.
    #[error(
        "the {plural} of the cluster cannot be listed: {}; try `kubectl get {plural}` with the same credentials",
        Cause(source)
    )]
    Cluster {
        /// What was asked for.
        plural: &'static str,
        /// Why.
        source: anyhow::Error,
    },
    /// The generated definitions cannot be printed.
    #[error(transparent)]
    Definitions(#[from] PrintError),
    /// The embedded data cannot be read.
    #[error("{0}; this is a bug of Surety")]
    Embedded(&'static CoverageError),
    /// A value cannot be written as JSON.
    #[error("the result cannot be written as JSON: {0}; this is a bug of Surety")]
    Json(#[from] serde_json::Error),
    /// The runtime cannot be started.
    #[error("the threads of Surety cannot be started: {0}")]
    Runtime(io::Error),
    /// The log cannot be started.
    #[error("the log cannot be started: {0}")]
    Log(String),
    /// The server ended.
    #[error("Surety ended: {0:#}")]
    Serve(anyhow::Error),
    /// Surety came upon what it holds to be impossible; the panic has been printed.
    #[error("this is a bug of Surety: please report it with the lines above")]
    Panicked,
}

impl CliError {
    /// One thing that is wrong with what was given.
    pub fn input(problem: impl Into<String>) -> Self {
        Self::Input(vec![problem.into()])
    }

    /// 2 where the user can help it, 3 where not.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Unreadable { .. } | Self::Unwritable { .. } | Self::Input(_) | Self::Cluster { .. } => {
                ExitCode::from(2)
            }
            Self::Output(_)
            | Self::Definitions(_)
            | Self::Embedded(_)
            | Self::Json(_)
            | Self::Runtime(_)
            | Self::Log(_)
            | Self::Serve(_)
            | Self::Panicked => ExitCode::from(3),
        }
    }
}

/// What failed, and where it began; what lies between says the same in other words.
struct Cause<'a>(&'a anyhow::Error);

impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (error, root) = (self.0.to_string(), self.0.root_cause().to_string());
        if error.contains(&root) { f.write_str(&error) } else { write!(f, "{error}: {root}") }
    }
}

struct Lines<'a>(&'a [String]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}
