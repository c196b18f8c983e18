//! `cargo demo`: Surety's whole job on a real control plane, told as it happens.
//!
//! The demo says what a user would type, runs exactly that, shows what came back and compares it with what is expected. It
//! decides nothing about data protection and knows Surety by its kinds and its words only.

mod expected;
mod print;
mod shell;
mod stage;
mod steps;
mod story;

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::control_plane::{ControlPlane, Options};
use crate::surety::Installation;
use print::Screen;
use shell::Shell;
use story::Story;

/// What a replica may take to be ready.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// Tells the story on a control plane of its own. With `is_once` it returns at the end, else it stays for as long as it is
/// polled; dropping it stops and removes everything. Returns whether everything was as expected.
pub async fn run(is_once: bool) -> Result<bool> {
    let (started, screen) = (Instant::now(), Screen::new());
    stage::introduce(screen)?;
    let control_plane = ControlPlane::start(Options::default()).await?;
    let shell = Shell::new(&control_plane)?;
    let mut story = Story::new(&shell, screen);
    stage::announce(screen, &shell, &control_plane.url(), started.elapsed())?;
    stage::install(&mut story).await?;
    let mut surety = Installation::start(&control_plane, 2).await?;
    surety.ready(READY_LIMIT).await?;
    stage::is_running(&mut story, &surety).await?;
    steps::all(&mut story, &surety).await?;
    let is_as_expected = story.end(started.elapsed())?;
    if !is_once {
        stage::invite(screen, &shell)?;
        std::future::pending::<()>().await;
    }
    Ok(is_as_expected)
}
