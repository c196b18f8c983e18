//! Reviews as an API server sends them, and clients that send them to a webhook. What is measured with them is the benches'
//! business.

pub mod bodies;
pub mod client;
pub mod connection;
pub mod nuisance;
