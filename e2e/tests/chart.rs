//! The chart, by real helm on a real API server: rendered, judged by the server, installed, upgraded, rolled back and
//! uninstalled. Pods do not run here: Surety runs beside, with the arguments and the rights that the chart gave its pods.

#[path = "chart/release.rs"]
mod release;
#[path = "chart/rendering.rs"]
mod rendering;
#[path = "chart/settings.rs"]
mod settings;

use std::process::ExitCode;

use anyhow::{Context, Result};
use e2e::cli::Cli;
use e2e::kubectl::Kubectl;
use e2e::stories;
use e2e::stories::runner::{self, Programme};
use e2e::world::repository;
use e2e::{ControlPlane, Options};

static PROGRAMME: Programme<Cluster> = Programme {
    stories: &stories![
        rendering::the_chart_is_linted_and_renders_by_default_what_is_in_the_golden_file,
        rendering::every_object_of_every_way_to_install_is_taken_by_the_api_server,
        rendering::the_rendered_rules_are_those_of_the_shipped_roles_and_no_others,
        rendering::values_that_nobody_can_mean_are_refused_with_a_reason,
        release::a_release_is_upgraded_and_rolled_back_and_when_it_goes_blocks_nothing_though_surety_is_dead,
        settings::with_the_right_to_refuse_alone_it_refuses_and_while_paused_it_warns,
        settings::a_certificate_that_somebody_else_keeps_is_served_and_registered_and_so_is_the_next,
    ],
    afterwards: &[],
    at_a_time: 2,
};

fn main() -> ExitCode {
    runner::run(&PROGRAMME, async |_| Cluster::new().await)
}

/// A cluster, and helm.
struct Cluster {
    control_plane: ControlPlane,
    helm: Cli,
    kubectl: Kubectl,
}

impl Cluster {
    async fn new() -> Result<Self> {
        let control_plane = ControlPlane::start(Options::default()).await?;
        Ok(Self { helm: control_plane.helm().await?, kubectl: control_plane.kubectl(), control_plane })
    }
}

/// The chart's folder.
fn chart() -> Result<String> {
    let path = repository("charts/surety");
    Ok(path.to_str().context("the folder's name is not UTF-8")?.to_owned())
}
