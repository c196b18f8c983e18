//! Controls of encryption: at rest, in transit, and of credentials.

mod at_rest;
mod attested;
pub mod provisioners;
mod storage;
#[cfg(test)]
mod testkit;
mod volume;

use crate::core::control::Control;

/// The area's controls.
pub const CONTROLS: &[&Control] = &[&storage::CONTROL, &volume::CONTROL];
