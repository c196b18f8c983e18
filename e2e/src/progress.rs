//! Says on standard error how far long work is: one line that is rewritten on a terminal, else one line now and then.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

const ON_TERMINAL: Duration = Duration::from_millis(500);
const IN_LOG: Duration = Duration::from_secs(15);

/// The progress of one piece of work.
pub(crate) struct Progress {
    started: Instant,
    told: Option<Instant>,
    is_terminal: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), told: None, is_terminal: io::stderr().is_terminal() }
    }

    /// Prints `what`, at once the first time and seldom after.
    pub(crate) fn tell(&mut self, what: impl FnOnce() -> String) {
        let interval = if self.is_terminal { ON_TERMINAL } else { IN_LOG };
        if self.told.is_none_or(|told| told.elapsed() >= interval) {
            self.told = Some(Instant::now());
            self.print(&what(), if self.is_terminal { "" } else { "\n" });
        }
    }

    /// Prints the last line of the work.
    pub(crate) fn done(&self, what: &str) {
        self.print(what, "\n");
    }

    /// Writes past the capture of the test harness, which would keep a build of minutes silent.
    fn print(&self, what: &str, end: &str) {
        let start = if self.is_terminal { "\r\x1b[2K" } else { "" };
        let line = format!("{start}e2e: {what} ({} s){end}", self.started.elapsed().as_secs());
        let mut stderr = io::stderr().lock();
        // Progress that cannot be shown is no reason to stop the work.
        let _ = stderr.write_all(line.as_bytes()).and_then(|()| stderr.flush());
    }
}
