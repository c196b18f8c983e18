//! A shell as a user has it: in the repository's top folder, the pinned kubectl and Surety's program on the PATH,
//! KUBECONFIG set. What the demo shows as a command is what runs here, word for word.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use thiserror::Error;
use tokio::process::Command;
use tokio::time::timeout;

use crate::control_plane::ControlPlane;
use crate::world::repository;

/// What one command may take.
const LIMIT: Duration = Duration::from_mins(1);

/// Why a command has no answer.
#[derive(Debug, Error)]
pub enum ShellError {
    /// The PATH cannot be set.
    #[error("a folder on the way to kubectl cannot stand on the PATH")]
    Path(#[from] env::JoinPathsError),
    /// It could not be run.
    #[error("`{command}` could not be run")]
    Run {
        /// The command.
        command: String,
        /// The system's answer.
        source: io::Error,
    },
    /// It did not end in time.
    #[error("`{command}` did not end within {LIMIT:?}")]
    TooSlow {
        /// The command.
        command: String,
    },
}

/// What a command printed, as a terminal shows it, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Standard output and standard error, in the order in which they came.
    pub text: String,
    /// Whether the exit code is 0.
    pub is_success: bool,
}

/// Runs commands for one control plane, as its administrator.
#[derive(Debug, Clone)]
pub struct Shell {
    path: OsString,
    kubectl: PathBuf,
    kubeconfig: PathBuf,
    home: PathBuf,
    group: i32,
}

impl Shell {
    /// The shell of an administrator of this control plane.
    pub fn new(control_plane: &ControlPlane) -> Result<Self, ShellError> {
        let kubectl = control_plane.kubectl().program().to_owned();
        // Cargo puts Surety's program beside this one.
        let own = env::current_exe().ok();
        let programs = [Some(kubectl.as_path()), own.as_deref()];
        let folders = programs.into_iter().flatten().filter_map(Path::parent).map(Path::to_owned);
        let inherited = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(folders.chain(env::split_paths(&inherited)))?;
        let sandbox = control_plane.sandbox();
        Ok(Self {
            path,
            kubectl,
            kubeconfig: control_plane.kubeconfig().to_owned(),
            home: sandbox.folder().to_owned(),
            group: sandbox.group(),
        })
    }

    /// Where kubectl is.
    pub fn kubectl(&self) -> &Path {
        &self.kubectl
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Runs a command line. A refusal is no error: it is in the answer.
    pub async fn run(&self, command: &str) -> Result<Answer, ShellError> {
        let run = self.command(&format!("{{ {command}\n}} 2>&1")).output();
        let source = match timeout(LIMIT, run).await {
            Ok(Ok(output)) => {
                let text = String::from_utf8_lossy(&output.stdout).into_owned();
                return Ok(Answer { text, is_success: output.status.success() });
            }
            Ok(Err(source)) => source,
            Err(_) => return Err(ShellError::TooSlow { command: command.to_owned() }),
        };
        Err(ShellError::Run { command: command.to_owned(), source })
    }

    /// A home of its own, so that a user's settings do not get in and nothing is left in the user's home.
    fn command(&self, line: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", line])
            .current_dir(repository(""))
            .env("PATH", &self.path)
            .env("KUBECONFIG", &self.kubeconfig)
            .env("HOME", &self.home)
            .env_remove("KUBECACHEDIR")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(self.group)
            .kill_on_drop(true);
        command
    }
}
