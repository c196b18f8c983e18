//! `cargo run -p e2e --bin control-plane`: a control plane to try things on, until Ctrl-C.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use e2e::{ControlPlane, Options};
use tokio::signal::unix::{SignalKind, signal};

/// Starts a Kubernetes control plane on loopback and keeps it until Ctrl-C.
#[derive(Parser)]
#[command(name = "control-plane")]
struct Arguments {
    /// Write every request to an audit log, at level Metadata
    #[arg(long)]
    audit: bool,
    /// Run the scheduler too
    #[arg(long)]
    scheduler: bool,
    /// A flag for the API server, such as --apiserver-flag=--v=4; may be repeated
    #[arg(long, value_name = "FLAG", allow_hyphen_values = true)]
    apiserver_flag: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where nobody reads an error, the exit code still tells.
            let _ = writeln!(io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        result = serve(arguments) => result,
        // Dropping the other future, wherever it is, stops and removes what it has started.
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    }
}

async fn serve(arguments: Arguments) -> anyhow::Result<()> {
    let started = Instant::now();
    let control_plane = ControlPlane::start(Options {
        audit: arguments.audit,
        scheduler: arguments.scheduler,
        apiserver_flags: arguments.apiserver_flag,
    })
    .await?;
    announce(&control_plane, started)?;
    std::future::pending().await
}

fn announce(control_plane: &ControlPlane, started: Instant) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "ready after {:.1} s at {}", started.elapsed().as_secs_f64(), control_plane.url())?;
    writeln!(out, "folder {}", control_plane.sandbox().folder().display())?;
    if let Some(log) = control_plane.audit_log() {
        writeln!(out, "audit log {}", log.display())?;
    }
    writeln!(out, "export KUBECONFIG={}", control_plane.kubeconfig().display())?;
    writeln!(out, "kubectl is {}", control_plane.kubectl().program().display())?;
    writeln!(out, "Ctrl-C stops it and removes the folder")?;
    out.flush()
}
