//! Surety holds a service provider to its data-protection promises on Kubernetes.

pub mod api;
pub mod core;
pub mod decode;
pub mod engines;
pub mod index;
