//! Controls over backups: every volume is taken in by a schedule, its newest recovery point is whole and young enough,
//! runs that fail or stop are told, and no point goes early or stays late.
//!
//! What they share lies beside them: `engine` (whose objects are believed, what engines call their fields), `exempt`
//! (which claims a policy leaves out), `holding` (what a recovery point shows of a claim), `demand` (which tenants an act
//! concerns).

mod completeness;
mod covered;
mod demand;
mod encrypted;
mod engine;
mod exempt;
mod failure_noticed;
mod holding;
mod oldest;
mod recovery_point_age;
mod retention;
mod serving;
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
pub const CONTROLS: &[&Control] = &[
    &completeness::CONTROL,
    &covered::CONTROL,
    &encrypted::CONTROL,
    &failure_noticed::CONTROL,
    &recovery_point_age::CONTROL,
    &retention::CONTROL,
];

/// How long another object has to supply what a new one needs.
const SETTLE: SignedDuration = SignedDuration::from_mins(5);

/// As whole hours where it is, else as minutes.
fn in_hours(duration: SignedDuration) -> String {
    match duration.as_secs() {
        seconds if seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        seconds => format!("{}m", seconds / 60),
    }
}
