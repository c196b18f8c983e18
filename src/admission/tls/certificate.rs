//! Reads certificates and keys.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use rustls::{crypto::aws_lc_rs::default_provider, sign::CertifiedKey};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use super::{TlsError, Validity};

/// Identifies a certificate, or a file's content.
pub(super) type Digest = [u8; 32];

pub(super) fn sha256(bytes: &[u8]) -> Digest {
    let mut sum = Digest::default();
    sum.copy_from_slice(digest(&SHA256, bytes).as_ref());
    sum
}

pub(super) fn unreadable(what: &str, reason: &impl ToString) -> TlsError {
    TlsError::Unreadable { what: what.to_owned(), reason: reason.to_string() }
}

/// The certificates of a PEM text, in their order.
pub(super) fn parse_certificates(what: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|error| unreadable(what, &error))
}

/// The first private key of a PEM text.
pub(super) fn parse_key(what: &str, pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| unreadable(what, &error))
}

pub(super) fn parse_x509<'a>(
    what: &str,
    der: &'a CertificateDer<'_>,
) -> Result<X509Certificate<'a>, TlsError> {
    let (_, certificate) = X509Certificate::from_der(der).map_err(|error| unreadable(what, &error))?;
    Ok(certificate)
}

pub(super) fn validity_of(what: &str, der: &CertificateDer<'_>) -> Result<Validity, TlsError> {
    let certificate = parse_x509(what, der)?;
    let moment = |seconds: i64| Timestamp::from_second(seconds).map_err(|error| unreadable(what, &error));
    let validity = certificate.validity();
    Ok(Validity {
        not_before: moment(validity.not_before.timestamp())?,
        not_after: moment(validity.not_after.timestamp())?,
    })
}

/// Chain and key as rustls serves them; an error where the key is not the first certificate's.
pub(super) fn certified(
    what: &str,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<CertifiedKey>, TlsError> {
    match CertifiedKey::from_der(chain, key, &default_provider()) {
        Ok(certified) => Ok(Arc::new(certified)),
        Err(rustls::Error::InconsistentKeys(_)) => Err(TlsError::Mismatch { what: what.to_owned() }),
        Err(error) => Err(TlsError::Rustls(error)),
    }
}
