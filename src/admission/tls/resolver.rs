//! The certificate that new connections get, and what is known of it.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs::default_provider,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::sync::watch;

use super::{Published, TlsError};

/// The present certificates. Clones see the same ones. Connections that are open keep what they began with.
#[derive(Clone, Debug)]
pub struct Certificates {
    served: Arc<Served>,
    published: watch::Sender<Option<Published>>,
}

#[derive(Debug, Default)]
struct Served(ArcSwapOption<CertifiedKey>);

impl ResolvesServerCert for Served {
    fn resolve(&self, _client: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load_full()
    }
}

impl Default for Certificates {
    fn default() -> Self {
        Self { served: Arc::default(), published: watch::Sender::new(None) }
    }
}

impl Certificates {
    /// What is published; none until the first leaf is there. Wakes when it changes.
    pub fn published(&self) -> watch::Receiver<Option<Published>> {
        self.published.subscribe()
    }

    /// What a new connection gets now.
    #[cfg(test)]
    pub(super) fn served(&self) -> Option<Arc<CertifiedKey>> {
        self.served.0.load_full()
    }

    pub(super) fn serve(&self, certified: Arc<CertifiedKey>) {
        self.served.0.store(Some(certified));
    }

    /// Publishes where something changed, so that nothing is written to the registration when nothing did.
    pub(super) fn publish(&self, published: Published) {
        self.published.send_if_modified(|current| {
            let is_new = current.as_ref() != Some(&published);
            *current = Some(published);
            is_new
        });
    }
}

/// The TLS configuration that serves `certificates`: TLS 1.2 and 1.3, HTTP/2 before HTTP/1.1.
pub fn server_config(certificates: &Certificates) -> Result<Arc<ServerConfig>, TlsError> {
    let served: Arc<dyn ResolvesServerCert> = Arc::clone(&certificates.served) as _;
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(served);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
