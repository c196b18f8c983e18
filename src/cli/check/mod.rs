//! `surety check`

mod findings;
mod judge;
mod live;
mod places;
mod profiles;
mod scope;
mod standings;
mod told;
mod world;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::{
    CliError, Outcome,
    cluster::ClusterArgs,
    input::{self, Text},
    manifests,
    output::Console,
};
use crate::{
    core::world::World,
    report::check::{self as report, CheckReport},
};

/// Judge manifests in files, or a cluster, before anything is installed.
///
/// Reads Kubernetes manifests (rendered by Helm or kustomize, or exported by kubectl) together with Surety's own kinds,
/// and evaluates them with the functions of the webhook and the controller: every namespaced object against the
/// profiles and policies that reach the tenant of its namespace, every policy against the promises above it, the form
/// of every declaration.
///
/// What files cannot show (a recovery point, a storage class that the platform team keeps) is unknown, told apart,
/// and no violation; with --strict it is one. What the waivers among the files accept is no violation either.
///
/// A namespace is a tenant's when a Tenant among the files lists or selects it. With --profile, profiles are applied
/// to every tenant found, whatever they select; when there is no Tenant, to all namespaces together, so that an
/// application team can judge its chart alone. Policies among the files that select tenants by the labels that the
/// profile selects by apply there too.
///
/// With --cluster the facts come from a cluster, by listing alone, and Surety need not be installed there. Without
/// manifests the whole cluster is judged: for each namespace how much of what runs would be refused if it came in again,
/// and how much is found beside that. Declarations in files count on top of the cluster's own. With manifests those are
/// judged in the light of what the cluster has. Credentials that may list are enough; what they may not list is unknown,
/// and said. Where there is no Tenant, each namespace is a tenant, or as --selector and --tenant-label say.
///
/// Exit codes: 0 nothing breaks a promise or a policy, 1 something does (or, with --strict, is unknown), 2 bad input or
/// usage, 3 internal error.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  A repository with tenants, policies and applications:
    surety check tenants/ policies/ apps/

  One application, as it would be installed:
    helm template shop ./chart | surety check - -n shop --profile processor-baseline
    kubectl kustomize overlays/production | surety check - --profile profiles/ours.yaml

  In a pipeline:
    surety check --strict --output junit manifests/ > surety.xml
    surety check --quiet --output sarif manifests/ > surety.sarif

  A cluster in which nothing is installed yet:
    surety check --cluster --profile processor-baseline
    surety check --cluster --profile profiles/ours.yaml --tenant-label customer
    surety check --cluster --profile profiles/ours.yaml -l 'team,team!=platform' --quiet

  One application in the light of its cluster:
    helm template shop ./chart | surety check - -n shop --cluster --profile processor-baseline

Environment:
  KUBECONFIG  the credentials for --cluster; ~/.kube/config where it is not set
  NO_COLOR    set to anything: no colours
  COLUMNS     the width of tables on a terminal")]
pub struct CheckArgs {
    /// Files, folders (read recursively: *.yaml, *.yml, *.json), or `-` for standard input.
    #[arg(value_name = "PATH", required_unless_present_any = ["filenames", "cluster"])]
    paths: Vec<PathBuf>,
    /// The same, as kubectl spells it.
    #[arg(short = 'f', long = "filename", value_name = "PATH")]
    filenames: Vec<PathBuf>,
    /// Apply a profile to every tenant found, or to all namespaces where there is no Tenant: a file, or the name of one
    /// that comes with Surety.
    #[arg(long = "profile", value_name = "FILE|NAME")]
    profiles: Vec<String>,
    /// The namespace of objects that name none.
    #[arg(long, short = 'n', default_value = "default")]
    namespace: String,
    #[command(flatten)]
    live: live::LiveArgs,
    /// How to print the outcome.
    #[arg(long, short, value_enum, default_value_t)]
    output: CheckFormat,
    /// What cannot be told from these files is a violation.
    #[arg(long)]
    strict: bool,
    /// Print violations only. SARIF then holds nothing else, for viewers that make an alert of every result; JSON and JUnit
    /// stay whole.
    #[arg(long, short)]
    quiet: bool,
    /// The present, for tests.
    #[arg(long, hide = true, value_name = "RFC3339")]
    now: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum CheckFormat {
    /// For people.
    #[default]
    Table,
    /// For programs; field names are stable.
    Json,
    /// SARIF 2.1.0, for code scanning and editors: file and line of each field.
    Sarif,
    /// JUnit XML, for the test report of a pipeline.
    Junit,
}

impl CheckArgs {
    pub(super) fn execute(&self, console: &Console) -> Result<Outcome, CliError> {
        let now = self.now.unwrap_or_else(Timestamp::now);
        let paths: Vec<PathBuf> = self.paths.iter().chain(&self.filenames).cloned().collect();
        let mut texts = input::read(&paths)?;
        let objects = manifests::decode(&texts, &self.namespace, now)?;
        let (profiles, more) = profiles::read(&self.profiles, now)?;
        texts.extend(more);
        let report = if self.live.cluster.cluster {
            live::judge(&self.live, objects, profiles, &texts, now, console)?
        } else {
            judge::judge(objects, profiles, &texts, now)?
        };
        self.print(&report, console)?;
        let conforms = if self.strict { report.conforms_strictly() } else { report.conforms() };
        Ok(if conforms { Outcome::Conforming } else { Outcome::Violations })
    }

    fn print(&self, report: &CheckReport, console: &Console) -> Result<(), CliError> {
        match self.output {
            CheckFormat::Table => console.print(&report::text(report, self.quiet, console.layout())),
            CheckFormat::Json => console.print_json(&report::json(report)),
            CheckFormat::Sarif => {
                console.print_json(&report::sarif(report, env!("CARGO_PKG_VERSION"), self.quiet))
            }
            CheckFormat::Junit => console.print(&report::junit(report, self.strict)),
        }
    }
}

/// The outcome for texts alone.
pub(super) fn judge_texts(texts: &[Text], now: Timestamp) -> Result<CheckReport, CliError> {
    judge::judge(manifests::decode(texts, "default", now)?, Vec::new(), texts, now)
}

/// The world of what is declared in files, and in a cluster where one is asked.
pub(super) fn declared(
    cluster: &ClusterArgs,
    paths: &[PathBuf],
    profiles: &[String],
    now: Timestamp,
    console: &Console,
) -> Result<World, CliError> {
    let objects = manifests::decode(&input::read(paths)?, "default", now)?.judged;
    let (profiles, _) = profiles::read(profiles, now)?;
    if cluster.cluster {
        return live::declared(cluster, objects, profiles, console);
    }
    Ok(world::build(objects, profiles, now)?.world)
}
