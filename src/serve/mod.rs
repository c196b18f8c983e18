//! Serving: health, readiness and metrics. Wiring, signals and drain belong here too.
//!
//! The only room that may start tasks for good and read the clock. No decision may enter here.

pub mod health;
pub mod metrics;
