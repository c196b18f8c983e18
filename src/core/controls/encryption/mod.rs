//! Controls of encryption: at rest, in transit, and of credentials.

mod at_rest;
mod attested;
pub mod plaintext_credential;
pub mod provisioners;
mod storage;
#[cfg(test)]
mod testkit;
mod tls_required;
mod volume;

use crate::core::control::Control;

/// The area's controls.
pub const CONTROLS: &[&Control] =
    &[&plaintext_credential::CONTROL, &storage::CONTROL, &tls_required::CONTROL, &volume::CONTROL];
