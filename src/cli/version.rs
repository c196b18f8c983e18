//! `surety version`

use clap::Args;
use serde_json::json;

use super::{
    CliError, Outcome,
    output::{Console, Format},
};

/// Print the version.
///
/// Exit codes: 0 printed, 2 bad usage, 3 internal error.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  surety version
  surety version --output json")]
pub struct VersionArgs {
    /// How to print it.
    #[arg(long, short, value_enum, default_value_t)]
    output: Format,
}

impl VersionArgs {
    pub(super) fn execute(&self, console: &Console) -> Result<Outcome, CliError> {
        let (name, version) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        match self.output {
            Format::Table => console.print(&format!("{name} {version}\n"))?,
            Format::Json => console.print_json(&json!({"name": name, "version": version}))?,
        }
        Ok(Outcome::Conforming)
    }
}
