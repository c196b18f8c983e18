//! What a storage location shows of its store: how it is encrypted, and how data gets there.
//!
//! No engine's field names here, and no secrets: `engines` translates what is declared.

use super::Name;
use crate::api::KeyClass;

/// How a store encrypts what it is given. Ordered weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServerSideEncryption {
    /// With keys that the store keeps.
    Aes256,
    /// With a key of a key service.
    Kms,
    /// Twice, with a key of a key service.
    DualKms,
    /// With a key that the client sends along.
    CustomerKey,
}

impl ServerSideEncryption {
    /// All of them, weakest first.
    pub const ALL: [Self; 4] = [Self::Aes256, Self::Kms, Self::DualKms, Self::CustomerKey];

    /// As promises and the API of S3 spell it; the client's key has no spelling there.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aes256 => "AES256",
            Self::Kms => "aws:kms",
            Self::DualKms => "aws:kms:dsse",
            Self::CustomerKey => "customer key",
        }
    }

    /// The one that is spelt so.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sse| sse.as_str() == text)
    }
}

/// How the objects of a location are encrypted. Every way there is uses AES-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StoreEncryption {
    /// How the objects that the engine itself writes are.
    pub sse: ServerSideEncryption,
    /// Who keeps their key; none where that is not shown.
    pub key: Option<KeyClass>,
    /// Whether the store encrypts every object, whoever writes it; else the engine asks for it with each of its own, and
    /// the data mover, which keeps a repository of its own there, does not.
    pub is_always_on: bool,
}

/// How data gets to a location.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DataPath {
    /// Encrypted, to a server whose certificate is verified.
    Encrypted,
    /// In plain text, to this endpoint.
    Plain(Name),
    /// Encrypted, to whoever answers.
    Unverified,
}
