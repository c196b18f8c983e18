//! `cargo demo`: Surety's whole job on a real control plane, told as it happens.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use e2e::demo;
use tokio::signal::unix::{SignalKind, signal};

/// What shells report of a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Starts a Kubernetes control plane on loopback with Surety on it, and shows what Surety does: what it lets in, what it
/// refuses and in which words, what it repairs, finds and reports.
///
/// The first run builds the control plane with Go (1.26 or newer) into the user's cache folder; set `KUBEBUILDER_ASSETS` to
/// a folder with etcd, kube-apiserver, kube-controller-manager and kubectl to use those instead. Nothing outside that cache
/// and a temporary folder is written, and the temporary folder goes with the demo.
#[derive(Parser)]
#[command(name = "cargo demo", bin_name = "cargo demo")]
struct Arguments {
    /// End with the story instead of staying up, with exit code 1 when anything was not as expected
    #[arg(long)]
    once: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            // Where nobody reads an error, the exit code still tells.
            let _ = writeln!(io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        is_as_expected = demo::run(arguments.once) => {
            Ok(if is_as_expected? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        // Dropping the other future, wherever it is, stops and removes what it has started.
        _ = interrupt.recv() => Ok(ended(arguments.once)),
        _ = terminate.recv() => Ok(ended(arguments.once)),
    }
}

/// To be interrupted is how the demo ends, but not how a story that was to be told once does.
fn ended(is_once: bool) -> ExitCode {
    if is_once { ExitCode::from(INTERRUPTED) } else { ExitCode::SUCCESS }
}
