//! The one figure that people watch: of a tenant's volumes the oldest newest recovery point.

use jiff::Timestamp;

use super::{
    exempt::{Volume, is_left_out},
    holding::newest,
};
use crate::core::{context::Context, parameters::Parameters, plan::Plan, world::World};

/// Of the tenant's volumes that are backed up the oldest newest recovery point; none where no volume has one.
pub fn oldest_newest_point(world: &World, plan: &Plan, now: Timestamp) -> Option<Timestamp> {
    let parameters = Parameters::default();
    let context = Context::new(world, plan, &parameters, now);
    let claims = world.namespaces_of(&plan.tenant.name).flat_map(|namespace| world.claims_in(namespace));
    let expected = claims.filter(|claim| claim.is_bound && !is_left_out(&context, Volume::from(&***claim)));
    expected.filter_map(|claim| newest(&context, claim).held.map(|(taken_at, ..)| taken_at)).min()
}
