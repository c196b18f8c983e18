//! Starts Surety and turns its result into an exit code.

use std::process::ExitCode;

use clap::Parser as _;
use surety::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().command.execute()
}
