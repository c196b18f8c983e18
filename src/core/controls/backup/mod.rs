//! Controls over backups: every volume is taken in by a schedule, its newest recovery point is young enough, and no point
//! goes early or stays late.
//!
//! What they share lies beside them: `engine` (whose objects are believed, what engines call their fields), `exempt`
//! (which claims a policy leaves out), `holding` (what a recovery point shows of a claim), `demand` (which tenants an act
//! concerns).

mod covered;
mod demand;
mod encrypted;
mod engine;
mod exempt;
mod holding;
mod oldest;
mod recovery_point_age;
mod retention;
#[cfg(test)]
pub mod testkit;
#[cfg(test)]
mod tests;

pub use oldest::oldest_newest_point;

/// How the ids of these controls begin.
pub const AREA: &str = "backup.";

use jiff::SignedDuration;

use crate::core::control::Control;

/// The area's controls.
pub const CONTROLS: &[&Control] =
    &[&covered::CONTROL, &encrypted::CONTROL, &recovery_point_age::CONTROL, &retention::CONTROL];

/// How long another object has to supply what a new one needs.
const SETTLE: SignedDuration = SignedDuration::from_mins(5);
