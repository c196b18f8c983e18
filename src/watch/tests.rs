//! The watches against a scripted API server, in paused time: a wait costs nothing and every delay is exact.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

mod follow;
mod loopback;
mod optional;
mod rig;

pub(crate) use rig::clock as test_clock;
