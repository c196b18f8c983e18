//! Backup engines: one folder each, the only place that knows an engine's objects. Both ways: objects to facts
//! (called by `decode`), and what a policy asks for to the objects that the engine runs by.
//!
//! Pure: bytes and values, no client, no runtime, no file, no environment, no clock. Decisions live in `core`.

mod duration;
pub mod velero;

pub use duration::{go_duration, to_go_duration};
