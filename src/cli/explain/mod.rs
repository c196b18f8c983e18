//! `surety explain`

mod example;

use clap::Args;

use super::{
    CliError, Outcome, controls,
    output::{Console, Format},
};
use crate::{core::catalogue, report::controls as report};

/// Explain a control: what it checks and why, and the way out of a finding.
///
/// Also: the objects it is evaluated on and the kinds it reads, the requests at which the webhook asks it, its parameters
/// with types and defaults, the policy that upholds it, the requirements of public frameworks that it is evidence
/// towards, and what it says of an object that breaks it. Without an id it lists the controls.
///
/// Exit codes: 0 explained, 2 there is no such control (with the nearest name) or bad usage, 3 internal error.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  surety explain
  surety explain isolation.host-access
  surety explain backup.recovery-point-age --output json

Environment:
  NO_COLOR  set to anything: no colours
  COLUMNS   the width of the text on a terminal")]
pub struct ExplainArgs {
    /// The control: area.check
    #[arg(value_name = "CONTROL")]
    id: Option<String>,
    /// How to print it.
    #[arg(long, short, value_enum, default_value_t)]
    output: Format,
}

impl ExplainArgs {
    pub(super) fn execute(&self, console: &Console) -> Result<Outcome, CliError> {
        match &self.id {
            Some(id) => self.explain(id, console)?,
            None => controls::list(false, self.output, console)?,
        }
        Ok(Outcome::Conforming)
    }

    fn explain(&self, id: &str, console: &Console) -> Result<(), CliError> {
        let planned = catalogue::find(id).ok_or_else(|| unknown(id))?;
        let entry = controls::entry(planned);
        let example = example::of(planned.id)?;
        match self.output {
            Format::Table => console.print(&report::full(&entry, example.as_ref(), console.layout())),
            Format::Json => console.print_json(&report::json_in_full(&entry, example.as_ref())),
        }
    }
}

fn unknown(id: &str) -> CliError {
    let hint = catalogue::near(id).map_or_else(
        || "`surety controls --all` lists them".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    CliError::input(format!("there is no control `{id}`: {hint}"))
}
