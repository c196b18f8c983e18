//! Admission: the decision, and the way to it.

pub mod decide;
