//! How the demo tells and checks: each step is a command that is run and shown, and what is expected of its answer. What
//! the steps are is not said here.

use std::time::Duration;

use anyhow::Result;

use super::print::Screen;
use super::shell::{Answer, Shell};

/// How many lines of an answer are shown where a step does not say otherwise.
const SHOWN: usize = 12;

/// What is expected of an answer.
#[derive(Debug, Clone, Copy)]
pub enum Expected {
    /// It passes.
    Passes,
    /// It passes, and says all of this.
    PassesSaying(&'static [&'static str]),
    /// The entry of the webhook refuses it, naming the control and saying all of this.
    Refused {
        /// The entry: `conform`, `protect-tenant`, `protect-engine`, `protect-cluster`, `system`.
        door: &'static str,
        /// The control.
        control: &'static str,
        /// What else the refusal says.
        saying: &'static [&'static str],
    },
    /// It passes with a warning of this control.
    Warned {
        /// The control.
        control: &'static str,
    },
}

impl Expected {
    /// What is missing in an answer; nothing where it is as expected.
    fn missing_in(self, answer: &Answer) -> Vec<String> {
        let has = |text: &str| answer.text.contains(text);
        let unsaid = |texts: &[&str]| -> Vec<String> {
            texts.iter().filter(|text| !has(text)).map(|text| format!("it does not say `{text}`")).collect()
        };
        let mut missing = match self {
            Self::Passes => Vec::new(),
            Self::PassesSaying(texts) => unsaid(texts),
            Self::Refused { door, control, saying } => {
                let denial = format!("admission webhook \"{door}.surety.dev\" denied the request");
                let mut missing = unsaid(&[&denial, &format!("[{control}]")]);
                missing.extend(unsaid(saying));
                missing
            }
            Self::Warned { control } => unsaid(&["Warning: ", &format!("{control}: ")]),
        };
        let is_refusal_wanted = matches!(self, Self::Refused { .. });
        if answer.is_success == is_refusal_wanted {
            let what = if answer.is_success { "it passed" } else { "it did not pass" };
            missing.insert(0, what.to_owned());
        }
        missing
    }

    fn in_words(self) -> String {
        match self {
            Self::Passes | Self::PassesSaying(_) => "passed".to_owned(),
            Self::Refused { door, control, .. } => format!("refused at {door}.surety.dev by {control}"),
            Self::Warned { control } => format!("passed with a warning of {control}"),
        }
    }
}

/// One step of the story.
#[derive(Debug, Clone)]
pub struct Step {
    /// One line that says what happens.
    pub title: String,
    /// The command line.
    pub command: String,
    /// What is expected of its answer.
    pub expected: Expected,
    /// How many lines of the answer are shown.
    pub shown: usize,
}

impl Step {
    /// A step that passes.
    pub fn new(title: impl Into<String>, command: impl Into<String>) -> Self {
        Self { title: title.into(), command: command.into(), expected: Expected::Passes, shown: SHOWN }
    }

    /// The same, expected to end like this.
    pub fn expecting(self, expected: Expected) -> Self {
        Self { expected, ..self }
    }

    /// The same, of whose answer this many lines are shown.
    pub fn showing(self, shown: usize) -> Self {
        Self { shown, ..self }
    }
}

/// The story as it is told: what is shown, and what has been as expected so far.
#[derive(Debug)]
pub struct Story<'s> {
    shell: &'s Shell,
    screen: Screen,
    met: usize,
    failures: Vec<String>,
}

impl<'s> Story<'s> {
    /// A story that has not begun.
    pub fn new(shell: &'s Shell, screen: Screen) -> Self {
        Self { shell, screen, met: 0, failures: Vec::new() }
    }

    /// The shell that commands run in.
    pub fn shell(&self) -> &'s Shell {
        self.shell
    }

    /// The screen.
    pub fn screen(&self) -> Screen {
        self.screen
    }

    /// Begins a chapter.
    pub fn chapter(&self, title: &str, remark: &str) -> Result<()> {
        self.screen.chapter(title)?;
        Ok(self.screen.remark(remark)?)
    }

    /// Runs, shows and checks one step.
    pub async fn step(&mut self, step: Step) -> Result<Answer> {
        self.screen.heading(&step.title)?;
        self.screen.command(&step.command)?;
        let answer = self.shell.run(&step.command).await?;
        self.screen.output(&answer.text, step.shown)?;
        let missing = step.expected.missing_in(&answer);
        let words = step.expected.in_words();
        if missing.is_empty() {
            self.expect(true, &words)?;
        } else {
            self.expect(false, &format!("expected: {words}; but {}", missing.join(", ")))?;
        }
        Ok(answer)
    }

    /// Shows and counts whether something is as expected.
    pub fn expect(&mut self, is_so: bool, what: &str) -> Result<()> {
        if is_so {
            self.met += 1;
            return Ok(self.screen.tick(what)?);
        }
        self.failures.push(what.to_owned());
        Ok(self.screen.cross(what)?)
    }

    /// Ends the story: says how much of it was as expected, and returns whether all was.
    pub fn end(&self, took: Duration) -> Result<bool> {
        let total = self.met + self.failures.len();
        self.screen.chapter(&format!(
            "{} of {total} expectations met, {:.0} s after the control plane was asked for",
            self.met,
            took.as_secs_f64()
        ))?;
        for failure in &self.failures {
            self.screen.cross(failure)?;
        }
        Ok(self.failures.is_empty())
    }
}
