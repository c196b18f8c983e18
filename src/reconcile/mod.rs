//! Reconciling: what changed is evaluated again, what is due is written. gather → evaluate → build → apply → status.
//!
//! Decisions are `core`'s, writes are `write`'s; here they are put in order and in time.

pub mod book;
pub mod deadlines;
pub mod desired;
pub mod engine;
mod figures;
mod notices;
pub mod record;
mod reported;
pub mod status;
pub mod unwanted;
mod withdrawals;
pub mod writes;
