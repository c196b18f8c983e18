//! Controls over the keeping of promises itself.

use crate::core::control::Control;

/// The area's controls.
pub const CONTROLS: &[&Control] = &[];
