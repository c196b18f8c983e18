//! The one integration binary: what must hold between files, or between the code and what is generated from it.

mod profiles;
mod samples;
