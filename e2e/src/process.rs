//! One child process with its log file: started in a sandbox, watched, signalled, and never left behind.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use thiserror::Error;
use tokio::time::{Instant, sleep};

use crate::sandbox::Sandbox;

/// Lines of a log that an error message quotes.
const QUOTED_LINES: usize = 20;
/// How often the state of a process is looked at while waiting for it.
pub(crate) const POLL: Duration = Duration::from_millis(50);

/// Why a process could not be started, or did not do what was waited for.
#[derive(Debug, Error)]
pub enum ProcessError {
    /// The program or its log file could not be opened.
    #[error("{name} could not be started")]
    Start {
        /// The program.
        name: String,
        /// The system's answer.
        source: io::Error,
    },
    /// It ended although it was to go on.
    #[error("{name} ended with {status}; the end of its log:\n{log}")]
    Ended {
        /// The program.
        name: String,
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its log.
        log: String,
    },
    /// What was waited for did not come in time.
    #[error("{name} did not get as far as {wanted} within {limit:?} ({reason}); the end of its log:\n{log}")]
    TooSlow {
        /// The program.
        name: String,
        /// What was waited for.
        wanted: &'static str,
        /// How long was waited.
        limit: Duration,
        /// What was found the last time.
        reason: String,
        /// The last lines of its log.
        log: String,
    },
    /// A signal could not be sent, or the end could not be awaited.
    #[error("{name} could not be signalled or waited for")]
    Control {
        /// The program.
        name: String,
        /// The system's answer.
        source: io::Error,
    },
}

/// A running child. Dropping it kills it and waits for its end.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    log_start: usize,
}

impl Process {
    /// Starts `command` in the sandbox's process group, without standard input and with all output appended to
    /// `<name>.log` among the sandbox's logs.
    ///
    /// # Errors
    /// When the log cannot be opened or the program cannot be started.
    pub fn spawn(sandbox: &Sandbox, name: &str, mut command: Command) -> Result<Self, ProcessError> {
        let log = sandbox.logs().join(format!("{name}.log"));
        let started = (|| {
            let output = File::options().create(true).append(true).open(&log)?;
            let log_start = usize::try_from(output.metadata()?.len()).unwrap_or(usize::MAX);
            command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
            command.process_group(sandbox.group()).spawn().map(|child| (child, log_start))
        })();
        let (child, log_start) =
            started.map_err(|source| ProcessError::Start { name: name.to_owned(), source })?;
        Ok(Self { name: name.to_owned(), child, log, log_start })
    }

    /// The process id, valid until the end was seen by one of these methods.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The file that takes its output.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// What it has written since this start; empty when the log cannot be read.
    #[must_use]
    pub fn output(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(bytes.get(self.log_start..).unwrap_or_default()).into_owned()
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// [`ProcessError::Ended`] when it does not, with the end of its log.
    pub fn check_running(&mut self) -> Result<(), ProcessError> {
        match self.ended()? {
            None => Ok(()),
            Some(status) => Err(self.ended_error(status)),
        }
    }

    /// How it ended, if it did.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>, ProcessError> {
        self.child.try_wait().map_err(|source| ProcessError::Control { name: self.name.clone(), source })
    }

    /// Waits until `probe` answers `Ok`, as long as the process runs.
    ///
    /// # Errors
    /// When the process ends or `limit` passes first; the probe's last answer is quoted.
    pub async fn wait_until<T>(
        &mut self,
        wanted: &'static str,
        limit: Duration,
        probe: impl AsyncFn() -> Result<T, String>,
    ) -> Result<T, ProcessError> {
        let deadline = Instant::now() + limit;
        loop {
            self.check_running()?;
            let reason = match probe().await {
                Ok(found) => return self.check_running().map(|()| found),
                Err(reason) => reason,
            };
            if Instant::now() >= deadline {
                return Err(self.too_slow(wanted, limit, reason));
            }
            sleep(POLL).await;
        }
    }

    /// Asks it to stop (SIGTERM) and waits for its end.
    ///
    /// # Errors
    /// When it cannot be signalled or still runs after `limit`.
    pub async fn terminate(&mut self, limit: Duration) -> Result<ExitStatus, ProcessError> {
        self.signal(Signal::TERM)?;
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            if Instant::now() >= deadline {
                return Err(self.too_slow("its end after SIGTERM", limit, "it still runs".to_owned()));
            }
            sleep(POLL).await;
        }
    }

    /// Kills it (SIGKILL) and collects its end. Nothing happens when it has ended already.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> Result<ExitStatus, ProcessError> {
        let killed = self.child.kill().and_then(|()| self.child.wait());
        killed.map_err(|source| ProcessError::Control { name: self.name.clone(), source })
    }

    /// Stops it in the middle of whatever it does, as a machine that sleeps: it does not notice.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn freeze(&mut self) -> Result<(), ProcessError> {
        self.signal(Signal::STOP)
    }

    /// Lets it go on after [`Self::freeze`].
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn thaw(&mut self) -> Result<(), ProcessError> {
        self.signal(Signal::CONT)
    }

    fn signal(&mut self, signal: Signal) -> Result<(), ProcessError> {
        if self.ended()?.is_some() {
            return Ok(());
        }
        kill_process(Pid::from_child(&self.child), signal)
            .map_err(|source| ProcessError::Control { name: self.name.clone(), source: source.into() })
    }

    fn too_slow(&self, wanted: &'static str, limit: Duration, reason: String) -> ProcessError {
        let log = last_lines(&self.output(), QUOTED_LINES);
        ProcessError::TooSlow { name: self.name.clone(), wanted, limit, reason, log }
    }

    fn ended_error(&self, status: ExitStatus) -> ProcessError {
        let log = last_lines(&self.output(), QUOTED_LINES);
        ProcessError::Ended { name: self.name.clone(), status, log }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A process that cannot be killed here is left to the sandbox, which kills its whole group.
        let _ = self.kill();
    }
}

/// The last `count` lines of `text`.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(count)..).unwrap_or_default().join("\n")
}

/// A command with its arguments, for what needs no more.
pub(crate) fn command<A: AsRef<OsStr>>(program: &Path, arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    fn script(sandbox: &Sandbox, text: &str) -> Process {
        Process::spawn(sandbox, "script", command(Path::new("/bin/sh"), ["-c", text])).unwrap()
    }

    async fn wait_for(process: &mut Process, word: &str) -> Result<(), ProcessError> {
        let log = process.log().to_owned();
        let said = async || match fs::read_to_string(&log) {
            Ok(text) if text.contains(word) => Ok(()),
            other => Err(format!("{other:?}")),
        };
        process.wait_until("a word", LIMIT, said).await
    }

    #[tokio::test]
    async fn the_end_comes_with_status_and_log() {
        let sandbox = Sandbox::new().unwrap();
        let mut process = script(&sandbox, "echo too bad >&2; exit 3");
        let error = wait_for(&mut process, "never said").await.unwrap_err();
        assert_eq!(error.to_string(), "script ended with exit status: 3; the end of its log:\ntoo bad");
    }

    #[tokio::test]
    async fn what_does_not_come_in_time_says_why() {
        let sandbox = Sandbox::new().unwrap();
        let mut process = script(&sandbox, "sleep 60");
        let never = async || Err::<(), _>("not synced".to_owned());
        let error = process.wait_until("readiness", Duration::from_millis(100), never).await.unwrap_err();
        assert!(error.to_string().contains("readiness within 100ms (not synced)"), "{error}");
    }

    #[tokio::test]
    async fn a_polite_stop_is_awaited() {
        let sandbox = Sandbox::new().unwrap();
        let mut process = script(&sandbox, "trap 'exit 7' TERM; echo ready; while :; do sleep 0.1; done");
        wait_for(&mut process, "ready").await.unwrap();
        assert_eq!(process.terminate(LIMIT).await.unwrap().code(), Some(7));
        assert_eq!(process.terminate(LIMIT).await.unwrap().code(), Some(7), "a second time it is no error");
    }

    #[tokio::test]
    async fn a_refused_stop_is_an_error() {
        let sandbox = Sandbox::new().unwrap();
        let mut process = script(&sandbox, "trap '' TERM; echo ready; while :; do sleep 0.1; done");
        wait_for(&mut process, "ready").await.unwrap();
        let error = process.terminate(Duration::from_millis(100)).await.unwrap_err();
        assert!(error.to_string().contains("its end after SIGTERM"), "{error}");
    }

    #[tokio::test]
    async fn only_the_output_of_this_start_is_quoted() {
        let sandbox = Sandbox::new().unwrap();
        for round in ["first", "second"] {
            let mut process = script(&sandbox, &format!("echo {round}; sleep 60"));
            wait_for(&mut process, round).await.unwrap();
            assert_eq!(process.output(), format!("{round}\n"));
        }
    }

    #[test]
    fn the_last_lines_are_at_most_what_there_is() {
        assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc");
        assert_eq!(last_lines("a", 2), "a");
        assert_eq!(last_lines("", 2), "");
    }
}
