//! What the benches share: a stopwatch that compares, and a cluster of tenants.
//!
//! Absolute times belong to one machine and one moment. What is compared is measured in one run, in turns, so that
//! whatever else the machine does falls on all alike; the median of the turns counts, and ratios are printed.
#![allow(dead_code, reason = "no bench uses all of it")]

pub(crate) mod cluster;
pub(crate) mod stopwatch;
