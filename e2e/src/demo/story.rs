//! How the demo tells and checks: each step is a command that is run and shown, and what is expected of its answer. What
//! the steps are is not said here.

use std::time::Duration;

use anyhow::Result;
use tokio::time::{Instant, sleep};

use super::expected::Expected;
use super::print::Screen;
use super::shell::{Answer, Shell};

/// How many lines of an answer are shown where a step does not say otherwise.
const SHOWN: usize = 12;
/// Between two tries of a command whose answer is awaited.
const AGAIN: Duration = Duration::from_millis(100);

/// One step of the story.
#[derive(Debug, Clone)]
pub struct Step {
    title: String,
    command: String,
    expected: Expected,
    shown: usize,
    limit: Duration,
}

impl Step {
    /// A command that passes. The title says in one line what happens.
    pub fn new(title: impl Into<String>, command: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            command: command.into(),
            expected: Expected::passes(),
            shown: SHOWN,
            limit: Duration::ZERO,
        }
    }

    /// The same, expected to end like this.
    pub fn expecting(self, expected: Expected) -> Self {
        Self { expected, ..self }
    }

    /// The same, of whose answer this many lines are shown.
    pub fn showing(self, shown: usize) -> Self {
        Self { shown, ..self }
    }

    /// The same, tried again until it is as expected or the time is over; the last answer is shown.
    pub fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
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
    pub async fn step(&mut self, step: Step) -> Result<()> {
        self.screen.heading(&step.title)?;
        self.screen.command(&step.command)?;
        let answer = self.answer_to(&step).await?;
        self.screen.output(&answer.text, step.shown)?;
        let (words, missing) = (step.expected.words(), step.expected.missing_in(&answer));
        if missing.is_empty() {
            self.expect(true, words)
        } else {
            self.expect(false, &format!("{}: expected: {words}, but {}", step.title, missing.join(", ")))
        }
    }

    async fn answer_to(&self, step: &Step) -> Result<Answer> {
        let deadline = Instant::now() + step.limit;
        loop {
            let answer = self.shell.run(&step.command).await?;
            if step.expected.missing_in(&answer).is_empty() || Instant::now() >= deadline {
                return Ok(answer);
            }
            sleep(AGAIN).await;
        }
    }

    /// The answer to a command that is not part of the story, such as the name of something.
    pub async fn ask(&self, command: &str) -> Result<String> {
        Ok(self.shell.run(command).await?.text.trim().to_owned())
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
        let took = took.as_secs_f64();
        self.screen.chapter(&format!("{} of {total} steps went as expected, in {took:.0} s", self.met))?;
        for failure in &self.failures {
            self.screen.cross(failure)?;
        }
        Ok(self.failures.is_empty())
    }
}
