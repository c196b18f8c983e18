//! `surety effective`

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::{
    CliError, Outcome, check,
    cluster::ClusterArgs,
    output::{Console, Format},
};
use crate::{
    core::{plan::Plan, world::World},
    report::effective as report,
};

/// Show everything that is asked of a tenant, every figure with its source.
///
/// Of all policies that reach a tenant the strictest figure of each field wins; what a profile promises is asked beside
/// them, with the figures that its commitments write. Each figure is printed with the policy or commitment that it came
/// from, "default" where nobody gave it, and how a breach is answered, capped by the tenant's own enforcement. A control
/// that stands more than once is judged by each of its figures; at admission the stricter answer counts.
///
/// Exit codes: 0 told, 1 policies contradict each other, 2 there is no such tenant (with the nearest name), bad input or
/// usage, 3 internal error.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  surety effective acme tenants/ policies/ profiles/
  surety effective acme --cluster
  surety effective acme policies/ --cluster --output json

Environment:
  KUBECONFIG  the credentials for --cluster; ~/.kube/config where it is not set
  NO_COLOR    set to anything: no colours")]
pub struct EffectiveArgs {
    /// The tenant.
    #[arg(value_name = "TENANT")]
    tenant: String,
    /// Files, folders (read recursively: *.yaml, *.yml, *.json), or `-` for standard input. With --cluster they come on top
    /// of what the cluster has.
    #[arg(value_name = "PATH", required_unless_present_any = ["filenames", "cluster"])]
    paths: Vec<PathBuf>,
    /// The same, as kubectl spells it.
    #[arg(short = 'f', long = "filename", value_name = "PATH")]
    filenames: Vec<PathBuf>,
    /// Apply a profile to every tenant: a file, or the name of one that comes with Surety.
    #[arg(long = "profile", value_name = "FILE|NAME")]
    profiles: Vec<String>,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// How to print it.
    #[arg(long, short, value_enum, default_value_t)]
    output: Format,
}

impl EffectiveArgs {
    pub(super) fn execute(&self, console: &Console) -> Result<Outcome, CliError> {
        let paths: Vec<PathBuf> = self.paths.iter().chain(&self.filenames).cloned().collect();
        let world = check::declared(&self.cluster, &paths, &self.profiles, Timestamp::now(), console)?;
        let plan = world.plan(&self.tenant).ok_or_else(|| self.unknown(&world))?;
        self.print(plan, console)?;
        Ok(if plan.conflicts.is_empty() { Outcome::Conforming } else { Outcome::Violations })
    }

    fn print(&self, plan: &Plan, console: &Console) -> Result<(), CliError> {
        match self.output {
            Format::Table => console.print(&report::text(plan, console.layout())),
            Format::Json => console.print_json(&report::json(plan)),
        }
    }

    fn unknown(&self, world: &World) -> CliError {
        let names: Vec<&str> = world.tenants().map(|tenant| tenant.name.as_str()).collect();
        let near = names
            .iter()
            .map(|name| (strsim::normalized_damerau_levenshtein(&self.tenant, name), name))
            .filter(|(likeness, _)| *likeness >= LEAST_LIKENESS)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let hint = match (near, names.len()) {
            (Some((_, name)), _) => format!("did you mean `{name}`?"),
            (None, 0) => "there is none at all: name the files of the platform, or --cluster".to_owned(),
            (None, _) => format!("there are {}", bounded(&names)),
        };
        CliError::input(format!("there is no Tenant `{}`: {hint}", self.tenant))
    }
}

/// Below this likeness (0 to 1) a suggestion confuses more than it helps.
const LEAST_LIKENESS: f64 = 0.6;
const NAMES_TOLD: usize = 10;

fn bounded(names: &[&str]) -> String {
    let told = names.iter().take(NAMES_TOLD).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMES_TOLD) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}
