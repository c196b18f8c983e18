//! Writes against a scripted API server, in paused time: every request is seen, and every delay is exact.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

mod elector;
mod events;
mod queue;
mod rig;
mod writer;
