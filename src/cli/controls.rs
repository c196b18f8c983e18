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

/// List the controls, or explain one.
///
/// A control is one check: a pure function over what the cluster shows. Commitments of a profile name the controls that
/// uphold them, with parameters; policies ask for them by their figures. With an id: why it is there, what to do about
/// a finding, its parameters with types and defaults, what it reads, and the requirements of public frameworks that it
/// is evidence towards.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  surety controls
  surety controls --all --output json
  surety controls backup.recovery-point-age")]
pub struct ControlsArgs {
    /// The control to explain: area.check
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// Also list what is planned and not built in this version.
    #[arg(long, conflicts_with = "id")]
    all: bool,
    /// How to print it.
    #[arg(long, short, value_enum, default_value_t)]
    output: Format,
}

impl ControlsArgs {
    pub(super) fn execute(&self, console: &Console) -> Result<Outcome, CliError> {
        match &self.id {
            Some(id) => self.explain(id, console)?,
            None => self.list(console)?,
        }
        Ok(Outcome::Conforming)
    }

    fn list(&self, console: &Console) -> Result<(), CliError> {
        let entries: Vec<Entry> =
            catalogue::all().map(entry).filter(|entry| self.all || entry.built.is_some()).collect();
        match self.output {
            Format::Table => console.print(&report::list(&entries, console.layout())),
            Format::Json => console.print_json(&report::json(&entries)),
        }
    }

    fn explain(&self, id: &str, console: &Console) -> Result<(), CliError> {
        let planned = catalogue::find(id).ok_or_else(|| unknown(id))?;
        let entry = entry(planned);
        match self.output {
            Format::Table => console.print(&report::full(&entry, console.layout())),
            Format::Json => console.print_json(&report::json_of(&entry)),
        }
    }
}

fn entry(planned: &'static PlannedControl) -> Entry {
    Entry { planned, built: controls::all().iter().copied().find(|control| control.id == planned.id) }
}

fn unknown(id: &str) -> CliError {
    let hint = catalogue::near(id).map_or_else(
        || "`surety controls --all` lists them".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    CliError::input(format!("there is no control `{id}`: {hint}"))
}
