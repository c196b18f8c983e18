//! Renderers: results as reports, conditions, tables. PURE: a result goes in, text or an object comes out.
//!
//! No client, no runtime, no file, no environment, no clock.

pub mod check;
pub mod compliance;
pub mod conditions;
pub mod controls;
pub mod coverage;
pub mod effective;
pub mod status;
pub mod table;
pub mod words;
