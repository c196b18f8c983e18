//! The decisions: facts, controls and what follows from them, as pure functions.
//!
//! No client, no runtime, no file, no environment, no clock: the present is an argument.

pub mod catalogue;
pub mod frameworks;
