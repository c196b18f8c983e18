//! Plays stories side by side, on as few cores as there are: a story mostly waits for a cluster.
//!
//! The test harness of the standard library runs as many tests at a time as there are cores, each in a runtime of its
//! own, and has no place for what is to be looked at when all are over. Arguments and output are the same as there.

mod arguments;

use std::io::Write as _;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, anyhow};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use futures::stream::{self, StreamExt};
use tokio::time::{Instant, timeout};

pub use arguments::Arguments;

/// What one story may take: far more than it needs, so that a story that hangs ends.
const LIMIT: Duration = Duration::from_mins(4);

/// A story: its name is a sentence, and it is played on a stage.
pub struct Story<S> {
    /// The name.
    pub name: &'static str,
    /// Plays it.
    pub play: for<'s> fn(&'s S) -> LocalBoxFuture<'s, Result<()>>,
}

/// Stories by the names of their functions, each `async fn(&Stage) -> anyhow::Result<()>`.
#[macro_export]
macro_rules! stories {
    ($($($part:ident)::+),* $(,)?) => {
        [$($crate::stories::runner::Story {
            name: $crate::last_of!($($part)+),
            play: |stage| ::std::boxed::Box::pin($($part)::+(stage)),
        }),*]
    };
}

/// The last part of a path, as text.
#[macro_export]
#[doc(hidden)]
macro_rules! last_of {
    ($last:ident) => { stringify!($last) };
    ($first:ident $($rest:ident)+) => { $crate::last_of!($($rest)+) };
}

/// The stories of a test binary.
pub struct Programme<S: 'static> {
    /// Played side by side.
    pub stories: &'static [Story<S>],
    /// Played when those are over, one after the other: they look back at all of them.
    pub afterwards: &'static [Story<S>],
    /// How many are played at a time unless the arguments say otherwise.
    pub at_a_time: usize,
}

/// Plays what the arguments of this process select, on the stage that `set` sets. Nothing is set when nothing is
/// selected.
pub fn run<S>(programme: &Programme<S>, set: impl AsyncFnOnce(&Arguments) -> Result<S>) -> ExitCode {
    let arguments = Arguments::of_process();
    let chosen = |stories: &'static [Story<S>]| -> Vec<&'static Story<S>> {
        stories.iter().filter(|story| arguments.select(story.name)).collect()
    };
    let (stories, afterwards) = (chosen(programme.stories), chosen(programme.afterwards));
    if arguments.lists {
        for story in stories.iter().chain(&afterwards) {
            say(format_args!("{}: test", story.name));
        }
        return ExitCode::SUCCESS;
    }
    let count = stories.len() + afterwards.len();
    say(format_args!("\nrunning {count} {}", if count == 1 { "story" } else { "stories" }));
    if count == 0 {
        say(format_args!("\ntest result: ok. 0 passed; 0 failed"));
        return ExitCode::SUCCESS;
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(format_args!("no runtime can be started: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let at_a_time = arguments.at_a_time.unwrap_or(programme.at_a_time);
    runtime.block_on(async {
        let stage = match set(&arguments).await {
            Ok(stage) => stage,
            Err(error) => {
                say(format_args!("the stage cannot be set: {error:#}"));
                return ExitCode::FAILURE;
            }
        };
        let mut failures = play(&stage, stories, at_a_time).await;
        failures.extend(play(&stage, afterwards, 1).await);
        conclude(count, &failures)
    })
}

/// Plays stories, and returns those that failed with the reasons.
async fn play<S>(
    stage: &S,
    stories: Vec<&'static Story<S>>,
    at_a_time: usize,
) -> Vec<(&'static str, anyhow::Error)> {
    let played = stories.into_iter().map(async |story| {
        let started = Instant::now();
        let result = play_one(stage, story).await;
        let word = if result.is_ok() { "ok" } else { "FAILED" };
        say(format_args!("test {} ... {word} ({:.1} s)", story.name, started.elapsed().as_secs_f64()));
        result.err().map(|error| (story.name, error))
    });
    stream::iter(played).buffer_unordered(at_a_time.max(1)).filter_map(std::future::ready).collect().await
}

/// A story that panics or hangs has failed, and the others go on.
async fn play_one<S>(stage: &S, story: &Story<S>) -> Result<()> {
    let caught = AssertUnwindSafe((story.play)(stage)).catch_unwind();
    match timeout(LIMIT, caught).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(anyhow!("it panicked; the message is above")),
        Err(_) => Err(anyhow!("it did not end within {LIMIT:?}")),
    }
}

fn conclude(count: usize, failures: &[(&'static str, anyhow::Error)]) -> ExitCode {
    if !failures.is_empty() {
        say(format_args!("\nfailures:"));
    }
    for (name, error) in failures {
        say(format_args!("\n---- {name} ----\n{error:#}"));
    }
    let word = if failures.is_empty() { "ok" } else { "FAILED" };
    say(format_args!(
        "\ntest result: {word}. {} passed; {} failed\n",
        count - failures.len(),
        failures.len()
    ));
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Where nobody reads the output, the exit code still tells.
fn say(text: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}
