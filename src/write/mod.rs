//! The only room that sends a write or a dry run to the API server.
//!
//! Server-side apply, time limits, the leader's gate, bounds and counters. It decides nothing about what is written:
//! bodies come from `reconcile` and `admission`. Reads happen only where a write rests on them.

mod anytime;
mod ca_store;
mod cache;
mod elector;
mod error;
mod events;
mod gate;
mod lease;
mod metrics;
mod notices;
mod pending;
mod queue;
mod settled;
mod target;
#[cfg(test)]
mod tests;
mod writer;

pub use ca_store::CaSecrets;
pub use elector::{Elector, LeaseSettings};
pub use error::WriteError;
pub use events::{EventRecorder, Reporter};
pub use gate::{LeaderGate, Leadership};
pub use lease::{Decision, LeaseRecord, decide};
pub use metrics::{WriteCounts, WriteMetrics};
pub use notices::{Action, Aggregation, Notice, Reason, Regarding, Severity};
pub use pending::{Operation, Submitted, Write, WriteKey};
pub use queue::{Outcome, QueueLimits, WriteQueue};
pub use target::{Part, Target};
pub use writer::{DryRun, Force, Revision, Writer, WriterLimits, Written};
