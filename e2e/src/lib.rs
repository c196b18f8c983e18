//! A real Kubernetes control plane for Surety's stories and its demo.
//!
//! Everything here starts, watches and stops real programs: etcd, the API server and its controllers, kwok,
//! kubectl, and Surety itself as a child process. Nothing here decides anything about data protection, and nothing
//! in Surety may depend on it.

pub mod audit;
pub mod balancer;
pub mod binaries;
pub mod cli;
pub mod control_plane;
pub mod definitions;
pub mod demo;
pub mod fleet;
pub mod http;
pub mod kubectl;
pub mod kwok;
pub mod load;
pub mod metrics;
pub mod node;
pub mod ports;
pub mod process;
mod progress;
pub mod sandbox;
pub mod stories;
pub mod surety;
pub mod world;

pub use control_plane::{ControlPlane, Options};
