//! What Surety decides. PURE: facts and `now` go in, verdicts come out.
//!
//! No client, no runtime, no file, no environment, no clock may enter here. A decision is made once, here,
//! and called by the webhook, the controller and the command line alike.

pub mod canary;
pub mod catalogue;
pub mod context;
pub mod control;
pub mod controls;
pub mod credentials;
pub mod effective;
pub mod evaluation;
pub mod facts;
pub mod field;
pub mod frameworks;
pub mod glob;
pub mod integrity;
pub mod intent;
pub mod judge;
pub mod parameters;
pub mod plan;
pub mod result;
pub mod schedule;
pub mod score;
pub mod standings;
pub mod subject;
pub mod tenancy;
pub mod transition;
pub mod verdict;
pub mod waiver;
pub mod world;
