//! Serving: health, readiness and metrics. Wiring, signals and drain belong here too.
//!
//! The only room that may start tasks for good and read the clock. No decision may enter here.

pub mod config;
mod connection;
pub mod decider;
mod decoder;
mod enforcement;
pub mod health;
mod identity;
mod ledger;
pub mod metrics;
mod notable;
mod owner;
mod premises;
mod registration;
mod run;
mod streams;
mod supervise;
pub mod tentative;
mod threads;
mod watching;

pub use decider::act_of;
pub use run::run;
