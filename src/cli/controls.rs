//! `surety controls`

use clap::Args;

use super::{
    CliError, Outcome,
    output::{Console, Format},
};
use crate::{
    core::{
        catalogue::{self, PlannedControl},
        controls,
    },
    report::controls::{self as report, Entry},
};

/// List the controls.
///
/// A control is one check: a pure function over what the cluster shows. Commitments of a profile name the controls that
/// uphold them, with parameters; policies ask for them by their figures. `surety explain` tells all about one.
///
/// Exit codes: 0 listed, 2 bad usage, 3 internal error.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  surety controls
  surety controls --all --output json

Environment:
  NO_COLOR  set to anything: no colours
  COLUMNS   the width of the table on a terminal")]
pub struct ControlsArgs {
    /// Also list what is planned and not built in this version.
    #[arg(long)]
    all: bool,
    /// How to print it.
    #[arg(long, short, value_enum, default_value_t)]
    output: Format,
}

impl ControlsArgs {
    pub(super) fn execute(&self, console: &Console) -> Result<Outcome, CliError> {
        list(self.all, self.output, console)?;
        Ok(Outcome::Conforming)
    }
}

/// Prints those that are built, or all that are planned.
pub(super) fn list(all: bool, output: Format, console: &Console) -> Result<(), CliError> {
    let entries: Vec<Entry> =
        catalogue::all().map(entry).filter(|entry| all || entry.built.is_some()).collect();
    match output {
        Format::Table => console.print(&report::list(&entries, console.layout())),
        Format::Json => console.print_json(&report::json(&entries)),
    }
}

/// What is planned, and what is built of it.
pub(super) fn entry(planned: &'static PlannedControl) -> Entry {
    Entry { planned, built: controls::all().iter().copied().find(|control| control.id == planned.id) }
}
