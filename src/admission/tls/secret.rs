//! The one Secret that holds the authorities, and who reads and writes it.

use std::{collections::BTreeMap, fmt, future::Future, hint::black_box};

use k8s_openapi::{ByteString, api::core::v1::Secret};

/// The Secret's name, in Surety's namespace.
pub const CA_SECRET: &str = "surety-webhook-ca";
/// Where the certificates stand in it: PEM, oldest first. This is the registration's `caBundle`.
const CERTIFICATES: &str = "ca.crt";
/// Where their private keys stand in it: PEM, in the same order.
const KEYS: &str = "ca.key";

/// Reads and writes the Secret [`CA_SECRET`]. Every call is bounded in time by the implementor.
pub trait CaStore: Send + Sync + 'static {
    /// The Secret as it is; none where there is none.
    fn load(&self) -> impl Future<Output = Result<Option<CaSecret>, StoreError>> + Send;

    /// Creates the Secret and never replaces one. Any replica may.
    fn create(&self, secret: &CaSecret) -> impl Future<Output = Result<Update, StoreError>> + Send;

    /// Replaces the Secret, with [`CaSecret::version`] as precondition. Only the leader does; another gives
    /// [`Update::Lost`].
    fn update(&self, secret: &CaSecret) -> impl Future<Output = Result<Update, StoreError>> + Send;
}

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// Written.
    Done,
    /// Somebody else's write came first, or this replica is not the one that writes: read again.
    Lost,
}

/// Why the Secret could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    message: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// An error with this sentence and this cause.
    pub fn new(message: impl Into<String>, source: Option<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { message: message.into(), source }
    }
}

/// Private keys as PEM. Does not show them, and overwrites them when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyText(Vec<u8>);

impl KeyText {
    /// Takes hold of these keys.
    pub const fn new(pem: Vec<u8>) -> Self {
        Self(pem)
    }

    /// The keys.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyText(not shown)")
    }
}

impl Drop for KeyText {
    fn drop(&mut self) {
        self.0.fill(0);
        // Without a reader the compiler may leave the overwriting out.
        black_box(&self.0);
    }
}

/// The Secret's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaSecret {
    /// The authorities' certificates as PEM, oldest first.
    pub certificates: String,
    /// Their keys, in the same order.
    pub keys: KeyText,
    /// `metadata.resourceVersion` of what was read; none for one not written yet.
    pub version: Option<String>,
}

impl CaSecret {
    /// Reads it from the Secret. Missing keys read as empty, and fail where they are parsed.
    pub fn from_secret(secret: &Secret) -> Self {
        let field = |key: &str| {
            secret
                .data
                .as_ref()
                .and_then(|data| data.get(key))
                .map(|bytes| bytes.0.clone())
                .unwrap_or_default()
        };
        Self {
            certificates: String::from_utf8_lossy(&field(CERTIFICATES)).into_owned(),
            keys: KeyText::new(field(KEYS)),
            version: secret.metadata.resource_version.clone(),
        }
    }

    /// The Secret's `data`.
    pub fn data(&self) -> BTreeMap<String, ByteString> {
        BTreeMap::from([
            (CERTIFICATES.to_owned(), ByteString(self.certificates.clone().into_bytes())),
            (KEYS.to_owned(), ByteString(self.keys.expose().to_vec())),
        ])
    }
}
