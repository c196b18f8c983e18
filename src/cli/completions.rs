//! `surety completions`

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Cli, CliError, Outcome, output::Console};

/// Print a script that completes Surety's commands in a shell.
///
/// Exit codes: 0 printed, 2 bad usage, 3 internal error.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  surety completions bash > ~/.local/share/bash-completion/completions/surety
  surety completions zsh > \"${fpath[1]}/_surety\"
  surety completions fish > ~/.config/fish/completions/surety.fish")]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

impl CompletionsArgs {
    pub(super) fn execute(&self, console: &Console) -> Result<Outcome, CliError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "surety", &mut script);
        console.print(&String::from_utf8_lossy(&script))?;
        Ok(Outcome::Conforming)
    }
}
