//! The webhook's certificates: an authority of its own kept in one Secret, a leaf for each replica, or files that
//! somebody else writes; swapped while connections stay open.
//!
//! `plan` is pure and takes `now`; the Secret is read and written through [`CaStore`] alone. Key material leaves
//! this room in a [`CaSecret`] only, which does not show it.

mod authority;
mod certificate;
mod files;
mod keeper;
mod names;
pub mod plan;
mod resolver;
mod secret;

#[cfg(test)]
pub(in crate::admission) mod tests;

use jiff::Timestamp;

pub use files::FileSource;
pub use keeper::Keeper;
pub use names::server_names;
pub use plan::Validity;
pub use resolver::{Certificates, server_config};
pub use secret::{CA_SECRET, CaSecret, CaStore, KeyText, StoreError, Update};

/// What the present certificates are, for the registration and for metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The authorities that vouch for the leaf, as PEM, old and new during an overlap; none where somebody else
    /// writes `caBundle` into the registration.
    pub ca_bundle: Option<String>,
    /// When the leaf ends.
    pub leaf_expiry: Timestamp,
    /// When the newest authority ends; none where it is not known.
    pub authority_expiry: Option<Timestamp>,
}

/// What can go wrong with certificates.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The library refused to make or read a certificate.
    #[error("the certificate library failed: {0}")]
    Generate(#[from] rcgen::Error),
    /// rustls refused a key or a configuration.
    #[error("the TLS library failed: {0}")]
    Rustls(#[from] rustls::Error),
    /// A PEM text cannot be read.
    #[error("{what} cannot be read: {reason}; it must be PEM as written by Surety or cert-manager")]
    Unreadable {
        /// Which text.
        what: String,
        /// What was found.
        reason: String,
    },
    /// Certificate and key do not belong together.
    #[error("{what} does not belong to its private key; replace both together")]
    Mismatch {
        /// Which certificate.
        what: String,
    },
    /// The Secret's certificates and keys do not pair up.
    #[error(
        "Secret {CA_SECRET} holds {certificates} certificates in ca.crt and {keys} keys in ca.key; delete it and Surety makes a new one"
    )]
    Unpaired {
        /// How many certificates there are.
        certificates: usize,
        /// How many keys there are.
        keys: usize,
    },
    /// The store failed.
    #[error("Secret {CA_SECRET} could not be read or written: {0}")]
    Store(#[from] StoreError),
    /// A file cannot be read.
    #[error("file {path} cannot be read: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The webhook's URL names no host.
    #[error("the webhook URL {0:?} names no host; write it as https://host:port")]
    Url(String),
    /// There is no authority that could sign a leaf, and none could be made.
    #[error("no authority can sign a certificate now; it is tried again")]
    NoAuthority,
}
