//! Controls that keep tenants apart.

mod host_access;

use crate::core::control::Control;

/// The area's controls.
pub const CONTROLS: &[&Control] = &[&host_access::CONTROL];
