//! What people do to a cluster in which Surety runs, and what becomes of it. One control plane and one installation
//! of two replicas for all stories; each has a tenant and a namespace of its own.

#[path = "stories/doors.rs"]
mod doors;

use std::process::ExitCode;

use e2e::ControlPlane;
use e2e::stories;
use e2e::stories::Stage;
use e2e::stories::runner::{self, Programme};

static PROGRAMME: Programme<Stage<'static>> = Programme {
    stories: &stories![
        doors::a_conforming_application_goes_in_and_offenders_are_refused_at_every_door,
        doors::every_way_to_a_volume_is_judged,
        doors::a_claim_without_a_class_is_judged_by_the_default_of_the_cluster,
    ],
    afterwards: &[],
    at_a_time: 6,
};

fn main() -> ExitCode {
    runner::run(&PROGRAMME, async |_| {
        let control_plane = ControlPlane::shared().await?;
        Stage::set(control_plane, 2).await?.with_profiles_and_samples().await
    })
}
