//! Surety holds a service provider to its data-protection promises on Kubernetes.

pub mod api;
pub mod core;
pub mod watch;
pub mod write;
