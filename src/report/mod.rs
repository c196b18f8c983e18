//! Renderers: results as reports, conditions, tables. PURE: a result goes in, text or an object comes out.
//!
//! No client, no runtime, no file, no environment, no clock.

pub mod compliance;
pub mod conditions;
pub mod coverage;
pub mod table;
