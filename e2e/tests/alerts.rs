//! Alerts and dashboards with the programs that will use them: helm renders them, promtool tests each rule, and
//! Prometheus and Alertmanager tell of a tenant whose promises are broken.

#[path = "alerts/chart.rs"]
mod chart;
#[path = "alerts/monitoring.rs"]
mod monitoring;
#[path = "alerts/receiver.rs"]
mod receiver;
#[path = "alerts/rules.rs"]
mod rules;
#[path = "alerts/story.rs"]
mod story;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::cli::Output;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

/// What one run of helm or promtool may take on a busy machine.
const LIMIT: Duration = Duration::from_mins(2);

/// Runs a program with `input` on its standard input.
async fn run(program: &Path, arguments: &[&str], input: &str) -> Result<Output> {
    let mut command = Command::new(program);
    command.args(arguments).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let mut stdin = child.stdin.take().context("there is no standard input")?;
    stdin.write_all(input.as_bytes()).await?;
    drop(stdin);
    let line = format!("{} {}", program.display(), arguments.join(" "));
    let output = timeout(LIMIT, child.wait_with_output())
        .await
        .with_context(|| format!("`{line}` did not end within {LIMIT:?}"))??;
    Ok(Output {
        command: line,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code(),
    })
}
