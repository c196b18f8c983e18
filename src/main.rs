//! Starts Surety and turns its result into an exit code.

use std::process::ExitCode;

use clap::Parser as _;
use surety::cli::{Cli, Command};

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Run(args) => surety::serve::run(*args),
        command => command.execute(),
    }
}
