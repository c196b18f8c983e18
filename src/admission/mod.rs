//! Admission: the webhook that the API server asks before it stores an object.
//!
//! `wire` is what goes over the wire, `http` the server, `tls` its certificates, `register` the object that
//! tells the API server what to send. What is decided comes from `core`; nothing here may write to the API
//! or name a control.

pub mod http;
pub mod register;
pub mod tls;
pub mod wire;

use std::fmt;

/// What a request does to an object, as the API server spells it. `CONNECT` is never sent to Surety.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// The object is new.
    Create,
    /// The object changes.
    Update,
    /// The object goes.
    Delete,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 3] = [Self::Create, Self::Update, Self::Delete];

    /// As reviews and rules spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
