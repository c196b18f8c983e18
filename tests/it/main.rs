//! The one integration binary: what must hold between files, or between the code and what is generated from it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

mod architecture;
mod chart;
mod cli;
mod coverage;
mod crds;
mod kstatus;
mod monitoring;
mod parity;
mod profiles;
mod rbac;
mod readme;
mod samples;
mod schema;
mod upgrade;
