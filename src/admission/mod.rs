//! Admission: the webhook that the API server asks before it stores an object.
//!
//! `decide` is the decision, `wire` what goes over the wire, `http` the server, `tls` its certificates, `register`
//! the object that tells the API server what to send. What is judged comes from `core`; nothing here may write to
//! the API or name a control.

pub mod decide;
pub mod http;
pub mod register;
pub mod tls;
pub mod wire;
