//! Controls over the keeping of promises itself.

pub mod attested;
mod enforcement_continuous;
mod profile_current;

use crate::{
    api::profile::Commitment,
    core::{catalogue, control::Control, parameters::Parameters},
};

/// The area's controls.
pub const CONTROLS: &[&Control] =
    &[&attested::CONTROL, &enforcement_continuous::CONTROL, &profile_current::CONTROL];

/// Whether a commitment makes this use of a control. A tenant may have been promised the same control with other
/// parameters by other commitments: those are judged by their own.
fn is_asked_by(commitment: &Commitment, control: &str, parameters: &Parameters) -> bool {
    let mut uses = commitment.controls.iter().filter(|control_use| control_use.id == control);
    uses.any(|control_use| {
        catalogue::parameters(control, &control_use.parameters).is_ok_and(|asked| asked == *parameters)
    })
}
