//! The command line: one file a subcommand, each with its arguments.
//!
//! Parses, reads files, prints. Decisions are `core`'s, layouts are `report`'s.

pub mod check;
mod cluster;
pub mod completions;
pub mod controls;
pub mod coverage;
pub mod crds;
pub mod effective;
mod error;
pub mod explain;
mod input;
mod manifests;
mod output;
pub mod run;
pub mod version;

use std::{
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

pub use error::CliError;
use output::Console;
pub use run::RunArgs;

/// Holds a service provider to its data-protection promises on Kubernetes.
///
/// What a provider promises its customers (a Profile) and how it is done (policies) become resources. Surety prevents
/// what would break a promise, repairs what it needs, detects what is broken and proves what was kept.
///
/// Exit codes: 0 conforming, 1 violations, 2 bad input or usage, 3 internal error.
#[derive(Debug, Parser)]
#[command(name = "surety", version, max_term_width = 100, after_long_help = AFTER_HELP, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  Judge manifests before they reach a cluster:
    surety check tenants/ apps/
    helm template shop ./chart | surety check - --profile processor-baseline

  See what a control wants, and where its parameters come from:
    surety controls
    surety explain isolation.host-access

  See what would be refused in a cluster, before anything is installed there:
    surety check --cluster --profile processor-baseline

  See what is asked of a tenant, and by whom:
    surety effective acme tenants/ policies/ profiles/

  See which promises this version holds, and by which means:
    surety coverage

Environment:
  KUBECONFIG  the credentials for --cluster and `run`; ~/.kube/config where it is not set
  NO_COLOR    set to anything: no colours
  COLUMNS     the width of tables on a terminal

`surety COMMAND --help` tells more.";

/// A subcommand; what it does stands at its arguments.
#[derive(Debug, Subcommand)]
#[allow(missing_docs, reason = "a description here would take the place of the one at the arguments")]
pub enum Command {
    Check(check::CheckArgs),
    Explain(explain::ExplainArgs),
    Effective(effective::EffectiveArgs),
    Coverage(coverage::CoverageArgs),
    Controls(controls::ControlsArgs),
    Crds(crds::CrdsArgs),
    Completions(completions::CompletionsArgs),
    Run(Box<RunArgs>),
    Version(version::VersionArgs),
}

/// How a command ended that did what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to object.
    Conforming,
    /// Something breaks a promise or a policy.
    Violations,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Conforming => Self::SUCCESS,
            Outcome::Violations => Self::from(1),
        }
    }
}

impl Command {
    /// Does it, and says how it ended: by words and by exit code.
    pub fn execute(self) -> ExitCode {
        let console = Console::detect();
        let ended = panic::catch_unwind(AssertUnwindSafe(|| self.outcome(&console)));
        match ended.unwrap_or(Err(CliError::Panicked)) {
            Ok(outcome) => outcome.into(),
            Err(error) => {
                console.complain(&error);
                error.exit_code()
            }
        }
    }

    fn outcome(self, console: &Console) -> Result<Outcome, CliError> {
        match self {
            Self::Run(args) => args.execute(),
            Self::Check(args) => args.execute(console),
            Self::Explain(args) => args.execute(console),
            Self::Effective(args) => args.execute(console),
            Self::Completions(args) => args.execute(console),
            Self::Coverage(args) => args.execute(console),
            Self::Controls(args) => args.execute(console),
            Self::Crds(args) => args.execute(console),
            Self::Version(args) => args.execute(console),
        }
    }
}
