//! `surety coverage`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::{
    CliError, Outcome,
    cluster::ClusterArgs,
    input,
    manifests::{self, Object},
    output::Console,
};
use crate::{
    core::facts::{Fact, Kind},
    report::coverage::{self, Measure, NamedProfile},
};

/// Show which promises this version holds, by which means, and what is missing.
///
/// For each commitment: the means in which it is promised (prevent: a request that would break it is refused; repair:
/// what it needs is created or restored; detect: a breach in the cluster's real state is found; attest: a person attests
/// it), and which of them are held. A means is held where a test with the profile's own parameters has shown it. For
/// the five profiles that come with Surety a register says what is promised; for a commitment of your own it is what its
/// controls offer, and it is held where each of them has been shown elsewhere. A profile turned from Deny to Warn
/// prevents nothing: such a cell reads "warned".
///
/// Exit codes: 0 told, whatever is missing, 2 bad input or usage, 3 internal error.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  surety coverage
  surety coverage profiles/ours.yaml
  surety coverage --cluster
  surety coverage --output json | jq .totals.all

Environment:
  KUBECONFIG  the credentials for --cluster; ~/.kube/config where it is not set
  NO_COLOR    set to anything: no colours
  COLUMNS     the width of tables on a terminal")]
pub struct CoverageArgs {
    /// Files or folders with profiles; `-` is standard input. Without any: the five that come with Surety.
    #[arg(value_name = "PATH", conflicts_with = "cluster")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// How to print it.
    #[arg(long, short, value_enum, default_value_t)]
    output: CoverageFormat,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum CoverageFormat {
    /// For people.
    #[default]
    Table,
    /// For programs; field names are stable.
    Json,
    /// For documents.
    Markdown,
}

impl CoverageArgs {
    pub(super) fn execute(&self, console: &Console) -> Result<Outcome, CliError> {
        let measure = Measure::embedded().map_err(CliError::Embedded)?;
        let given = self.given()?;
        let coverage = coverage::coverage(measure, given.as_deref().unwrap_or(measure.profiles()));
        match self.output {
            CoverageFormat::Table => console.print(&coverage::text(&coverage, console.layout()))?,
            CoverageFormat::Json => console.print_json(&coverage::json(&coverage))?,
            CoverageFormat::Markdown => console.print(&coverage::markdown(&coverage))?,
        }
        Ok(Outcome::Conforming)
    }

    /// The profiles that were asked for; none where those are meant that come with Surety.
    fn given(&self) -> Result<Option<Vec<NamedProfile>>, CliError> {
        let (texts, place) = if self.cluster.cluster {
            (vec![self.cluster.list(Kind::Profile)?], "in the cluster: apply one, or leave --cluster out")
        } else if self.paths.is_empty() {
            return Ok(None);
        } else {
            (input::read(&self.paths)?, "among these files: name files of kind Profile")
        };
        let objects = manifests::decode(&texts, "default", Timestamp::now())?.judged;
        let profile = |object: Object| match object.fact {
            Fact::Profile(profile) => {
                Some(NamedProfile { name: profile.name.to_string(), spec: (*profile.spec).clone() })
            }
            _ => None,
        };
        let profiles: Vec<NamedProfile> = objects.into_iter().filter_map(profile).collect();
        if profiles.is_empty() {
            return Err(CliError::input(format!("no Profile is {place}")));
        }
        Ok(Some(profiles))
    }
}
