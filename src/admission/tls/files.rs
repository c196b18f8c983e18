//! Certificates from files that somebody else writes, cert-manager for instance.
//!
//! Files in a mounted Secret change by the swap of a symlink, of which no watch on the file tells: so they are read
//! on a timer and their digests compared.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::{
    Certificates, KeyText, Published, TlsError, certificate,
    certificate::{Digest, sha256},
};

/// How often the files are read.
const POLL: Duration = Duration::from_secs(10);

/// Certificates from files.
#[derive(Debug)]
pub struct FileSource {
    certificate: PathBuf,
    key: PathBuf,
    authority: Option<PathBuf>,
    certificates: Certificates,
    /// What was served, or refused, last: said once, not every ten seconds.
    seen: Option<Digest>,
}

/// What the files held.
struct Content {
    certificate: Vec<u8>,
    key: KeyText,
    authority: Option<String>,
}

impl FileSource {
    /// Serves the chain in `certificate` with the key in `key` through `certificates`. `authority` holds the
    /// `caBundle`; without it somebody else writes that into the registration.
    pub const fn new(
        certificate: PathBuf,
        key: PathBuf,
        authority: Option<PathBuf>,
        certificates: Certificates,
    ) -> Self {
        Self { certificate, key, authority, certificates, seen: None }
    }

    /// Reads the files every ten seconds until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.check().await {
                tracing::warn!(%error, "the certificate files could not be used, the last good pair stays");
            }
            if stop.run_until_cancelled(tokio::time::sleep(POLL)).await.is_none() {
                return;
            }
        }
    }

    /// Reads the files and swaps when they changed, parse and belong together; else what was served stays.
    /// An error is given once for each content.
    pub async fn check(&mut self) -> Result<(), TlsError> {
        let content = self.read().await?;
        let digest = content.digest();
        if self.seen == Some(digest) {
            return Ok(());
        }
        self.seen = Some(digest);
        self.swap(content)
    }

    async fn read(&self) -> Result<Content, TlsError> {
        let authority = match &self.authority {
            Some(path) => Some(String::from_utf8_lossy(&read(path).await?).into_owned()),
            None => None,
        };
        Ok(Content {
            certificate: read(&self.certificate).await?,
            key: KeyText::new(read(&self.key).await?),
            authority,
        })
    }

    fn swap(&self, content: Content) -> Result<(), TlsError> {
        let what = self.certificate.display().to_string();
        let chain = certificate::parse_certificates(&what, &content.certificate)?;
        let first =
            chain.first().ok_or_else(|| certificate::unreadable(&what, &"it holds no certificate"))?;
        let leaf_expiry = certificate::validity_of(&what, first)?.not_after;
        let authority_expiry = content.authority.as_deref().map(newest_expiry).transpose()?;
        let key = certificate::parse_key(&self.key.display().to_string(), content.key.expose())?;
        self.certificates.serve(certificate::certified(&what, chain, key)?);
        tracing::info!(until = %leaf_expiry, file = what, "serving a certificate from files");
        self.certificates.publish(Published { ca_bundle: content.authority, leaf_expiry, authority_expiry });
        Ok(())
    }
}

impl Content {
    fn digest(&self) -> Digest {
        let parts = [
            self.certificate.as_slice(),
            self.key.expose(),
            self.authority.as_deref().unwrap_or("").as_bytes(),
        ];
        sha256(&parts.map(sha256).concat())
    }
}

async fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    tokio::fs::read(path).await.map_err(|source| TlsError::File { path: path.display().to_string(), source })
}

fn newest_expiry(bundle: &str) -> Result<jiff::Timestamp, TlsError> {
    const WHAT: &str = "the file with the authority's certificate";
    let certificates = certificate::parse_certificates(WHAT, bundle.as_bytes())?;
    let expiries = certificates.iter().map(|der| Ok(certificate::validity_of(WHAT, der)?.not_after));
    let newest = expiries.collect::<Result<Vec<_>, TlsError>>()?.into_iter().max();
    newest.ok_or_else(|| certificate::unreadable(WHAT, &"it holds no certificate"))
}
