//! Controls of retention: data has a known class, and is not deleted before its time.

mod class_declared;
mod classes;
mod duties;
mod held;
mod kept;
mod strength;
mod tenant;
#[cfg(test)]
mod testkit;

pub use duties::KEPT;
pub use held::remember;
pub use tenant::freed_by;

use crate::core::control::Control;

/// The area's controls.
pub const CONTROLS: &[&Control] = &[&class_declared::CONTROL, &kept::CONTROL];
