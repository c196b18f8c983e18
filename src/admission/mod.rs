//! Admission: the webhook that the API server asks before it stores an object.
//!
//! `wire` is what goes over the wire, `http` the server, `tls` its certificates, `register` the object that
//! tells the API server what to send. What is decided comes from `core`; nothing here may write to the API
//! or name a control.

pub mod http;
pub mod register;
pub mod tls;
pub mod wire;
