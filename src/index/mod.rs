//! The index: applies changes to a world, says what a change touches, and hands out consistent snapshots.
//!
//! Synchronous. No client, no runtime, no clock.

mod apply;
mod implied;
mod snapshot;
mod subjects;
#[cfg(test)]
mod tests;
mod touched;

pub use apply::{apply, is_known, missing, set_enforcing_since, set_proofs, set_source};
pub use implied::imply_namespace;
pub use snapshot::Snapshots;
pub use subjects::{is_of_tenant, is_subject, refers_to_tenant, resolve, subjects_of};
pub use touched::{Touched, TouchedSubject, is_unchanged, touched};
