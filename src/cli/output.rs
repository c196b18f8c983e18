//! The two streams that a command writes to.

use std::{
    env,
    error::Error,
    ffi::OsString,
    io::{self, IsTerminal as _, Write as _},
};

use clap::ValueEnum;
use serde_json::Value;

use super::CliError;
use crate::report::table::{Layout, Tone};

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs; field names are stable.
    Json,
}

/// Standard output and standard error.
#[derive(Debug)]
pub struct Console {
    layout: Layout,
    has_colour_on_error: bool,
}

impl Console {
    /// As the terminal and the environment say.
    pub fn detect() -> Self {
        let may_colour = may_colour(env::var_os("NO_COLOR"), env::var_os("TERM"));
        let layout = if io::stdout().is_terminal() {
            Layout { width: width_of_terminal(), has_colour: may_colour }
        } else {
            Layout::PLAIN
        };
        Self { layout, has_colour_on_error: may_colour && io::stderr().is_terminal() }
    }

    /// How text is to be laid out.
    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// Writes to standard output. A reader that has seen enough (`surety controls | head`) is no error.
    #[allow(clippy::unused_self, reason = "a console is what commands print to")]
    pub fn print(&self, text: &str) -> Result<(), CliError> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(CliError::Output),
        }
    }

    /// Writes JSON to standard output.
    pub fn print_json(&self, value: &Value) -> Result<(), CliError> {
        self.print(&format!("{}\n", serde_json::to_string_pretty(value)?))
    }

    /// Tells on standard error how far something is that takes its time.
    #[allow(clippy::unused_self, reason = "a console is what commands print to")]
    pub fn tell(&self, progress: &str) {
        // Where it cannot be written, nobody is waiting for it.
        let _ = writeln!(io::stderr().lock(), "surety: {progress}");
    }

    /// Says on standard error what went wrong, one line a problem.
    pub fn complain(&self, error: &dyn Error) {
        let layout = Layout { has_colour: self.has_colour_on_error, ..self.layout };
        let mut stderr = io::stderr().lock();
        for line in error.to_string().lines() {
            // Where even this cannot be written, nobody is there to be told.
            let _ = writeln!(stderr, "{} {line}", layout.paint(Tone::Bad, "surety:"));
        }
    }
}

/// `NO_COLOR` counts by being set to anything (no-color.org).
fn may_colour(no_color: Option<OsString>, terminal: Option<OsString>) -> bool {
    no_color.is_none_or(|value| value.is_empty()) && terminal.is_none_or(|terminal| terminal != "dumb")
}

/// Between what can still be read and what the eye can follow.
fn width_of_terminal() -> u16 {
    let stated = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    stated.or_else(|| comfy_table::Table::new().width()).unwrap_or(Layout::PLAIN.width).clamp(60, 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_color_and_a_dumb_terminal_forbid_colours() {
        let set = |text: &str| Some(OsString::from(text));
        for (no_color, terminal, expected) in [
            (None, set("xterm"), true),
            (set(""), None, true),
            (set("0"), set("xterm"), false),
            (None, set("dumb"), false),
        ] {
            assert_eq!(may_colour(no_color.clone(), terminal.clone()), expected, "{no_color:?} {terminal:?}");
        }
    }
}
