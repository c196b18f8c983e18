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

/// Worlds are made on one thread, cloned to others and let go on yet others, all in small pieces: with few arenas that
/// give back what is free, the process stays at the size of what it knows. Its settings are in `.cargo/config.toml`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
