//! What Surety decides. PURE: facts and `now` go in, verdicts come out.
//!
//! No client, no runtime, no file, no environment, no clock may enter here. A decision is made once, here,
//! and called by the webhook, the controller and the command line alike.

pub mod facts;
