//! `surety crds`

use std::{fs, path::PathBuf};

use clap::Args;

use super::{CliError, Outcome, output::Console};
use crate::api::crds;

/// Print the CustomResourceDefinitions of all kinds, or write them into a folder.
///
/// Exit codes: 0 printed or written, 2 the folder cannot be written or bad usage, 3 internal error.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  surety crds | kubectl apply --server-side -f -
  surety crds --dir crds/")]
pub struct CrdsArgs {
    /// Write <plural>.surety.dev.yaml for each kind into this folder, which is made where it is missing.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl CrdsArgs {
    pub(super) fn execute(&self, console: &Console) -> Result<Outcome, CliError> {
        let Some(folder) = &self.dir else {
            console.print(&crds::yaml()?)?;
            return Ok(Outcome::Conforming);
        };
        let unwritable = |path: &PathBuf| {
            let path = path.clone();
            move |source| CliError::Unwritable { path, source }
        };
        fs::create_dir_all(folder).map_err(unwritable(folder))?;
        for (name, text) in crds::files()? {
            let path = folder.join(name);
            fs::write(&path, text).map_err(unwritable(&path))?;
            console.print(&format!("{}\n", path.display()))?;
        }
        Ok(Outcome::Conforming)
    }
}
