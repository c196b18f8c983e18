//! Surety holds a service provider to its data-protection promises on Kubernetes.

pub mod admission;
pub mod api;
pub mod cli;
pub mod core;
pub mod decode;
pub mod engines;
pub mod index;
pub mod reconcile;
pub mod report;
pub mod serve;
pub mod watch;
pub mod write;
