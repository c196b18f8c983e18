//! Schedules: what a cron text means, when it runs next, how far apart its runs can lie, and which schedule Surety writes
//! for a tenant.
//!
//! Texts are read as Velero reads them. No clock: `now` is an argument. No engine's objects: `engines` makes those.

mod cadence;
mod gap;
mod grammar;
mod managed;
mod runs;
mod spread;

pub use cadence::{Cadence, CadenceError};
pub use managed::{ManagedSchedule, Unmanageable, age_limit, managed_schedule};
pub use runs::usual_duration;
pub use spread::{NotExpressible, longest_period_within, spread};
