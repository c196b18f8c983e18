//! Authorities: made, read from the Secret, and issuing leaves.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject};

use super::{
    CaSecret, KeyText, TlsError, Validity, certificate,
    certificate::{Digest, sha256},
};

/// The authorities of the Secret, oldest first.
#[derive(Debug, Default)]
pub(super) struct Authorities(Vec<Authority>);

#[derive(Debug)]
pub(super) struct Authority {
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    key_pem: KeyText,
    validity: Validity,
}

/// A leaf in use.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) certified: Arc<CertifiedKey>,
    pub(super) validity: Validity,
    /// The authority that signed it.
    pub(super) signer: Digest,
}

impl Authorities {
    /// Reads what the Secret holds; an error where it holds none.
    pub(super) fn parse(secret: &CaSecret) -> Result<Self, TlsError> {
        let certificates = pem_blocks(secret.certificates.as_bytes());
        let keys = pem_blocks(secret.keys.expose());
        if certificates.len() != keys.len() || keys.is_empty() {
            return Err(TlsError::Unpaired { certificates: certificates.len(), keys: keys.len() });
        }
        let pairs = certificates.iter().zip(keys);
        let parsed = pairs.map(|(certificate, key)| Authority::parse(certificate.expose(), key));
        let mut authorities = parsed.collect::<Result<Vec<_>, _>>()?;
        authorities.sort_by_key(|authority| authority.validity.not_before);
        Ok(Self(authorities))
    }

    pub(super) fn validities(&self) -> Vec<Validity> {
        self.0.iter().map(|authority| authority.validity).collect()
    }

    pub(super) fn get(&self, position: usize) -> Option<&Authority> {
        self.0.get(position)
    }

    pub(super) fn newest_expiry(&self) -> Option<Timestamp> {
        self.0.last().map(|authority| authority.validity.not_after)
    }

    /// The registration's `caBundle`.
    pub(super) fn bundle(&self) -> String {
        self.0.iter().map(|authority| authority.certificate_pem.as_str()).collect()
    }

    pub(super) fn have_signed(&self, leaf: &Leaf) -> bool {
        self.0.iter().any(|authority| authority.digest() == leaf.signer)
    }

    /// With a new one made at `now`.
    pub(super) fn with_new(mut self, now: Timestamp) -> Result<Self, TlsError> {
        self.0.push(Authority::generate(now)?);
        Ok(self)
    }

    /// Without those at these positions.
    pub(super) fn without(mut self, dropped: &[usize]) -> Self {
        let mut position = 0;
        self.0.retain(|_| {
            let is_kept = !dropped.contains(&position);
            position += 1;
            is_kept
        });
        self
    }

    /// What the Secret is to hold, replacing what was read as `version`.
    pub(super) fn to_secret(&self, version: Option<String>) -> CaSecret {
        let keys = self.0.iter().flat_map(|authority| authority.key_pem.expose()).copied().collect();
        CaSecret { certificates: self.bundle(), keys: KeyText::new(keys), version }
    }
}

impl Authority {
    fn generate(now: Timestamp) -> Result<Self, TlsError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        // Old and new share no name, so that a verifier never tries the wrong one.
        params.distinguished_name = common_name(&format!("surety-webhook-ca {}", now.as_second()));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        set_validity(&mut params, Validity::of_authority(now));
        let certificate = params.self_signed(&key)?;
        Self::parse(certificate.pem().as_bytes(), KeyText::new(key.serialize_pem().into_bytes()))
    }

    fn parse(certificate_pem: &[u8], key_pem: KeyText) -> Result<Self, TlsError> {
        const WHAT: &str = "a certificate of the authority's Secret";
        let certificate = CertificateDer::from_pem_slice(certificate_pem)
            .map_err(|error| certificate::unreadable(WHAT, &error))?;
        let parsed = certificate::parse_x509(WHAT, &certificate)?;
        if parsed.public_key().subject_public_key.data.as_ref() != key_pair(&key_pem)?.public_key_raw() {
            return Err(TlsError::Mismatch { what: format!("the authority {}", parsed.subject()) });
        }
        Ok(Self {
            validity: certificate::validity_of(WHAT, &certificate)?,
            certificate_pem: String::from_utf8_lossy(certificate_pem).into_owned(),
            certificate,
            key_pem,
        })
    }

    pub(super) fn digest(&self) -> Digest {
        sha256(&self.certificate)
    }

    /// Issues a leaf for `names`, with a key of its own that never leaves this process.
    pub(super) fn issue(&self, names: &[String], now: Timestamp) -> Result<Leaf, TlsError> {
        let validity = Validity::of_leaf(now, self.validity);
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = common_name("surety-webhook");
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params, validity);
        let key = KeyPair::generate()?;
        let leaf = params.signed_by(&key, &self.issuer()?)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let certified = certificate::certified("the webhook's certificate", vec![leaf.der().clone()], key)?;
        Ok(Leaf { certified, validity, signer: self.digest() })
    }

    fn issuer(&self) -> Result<Issuer<'static, KeyPair>, TlsError> {
        Ok(Issuer::from_ca_cert_der(&self.certificate, key_pair(&self.key_pem)?)?)
    }
}

fn key_pair(pem: &KeyText) -> Result<KeyPair, TlsError> {
    const WHAT: &str = "a key of the authority's Secret";
    let text = str::from_utf8(pem.expose()).map_err(|error| certificate::unreadable(WHAT, &error))?;
    Ok(KeyPair::from_pem(text)?)
}

/// The blocks of a PEM text, each with its own first and last line. They may hold keys, so they are kept as such.
fn pem_blocks(pem: &[u8]) -> Vec<KeyText> {
    let mut blocks = Vec::new();
    let mut block = Vec::new();
    for line in pem.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b"-----BEGIN ") {
            block.clear();
        }
        block.extend_from_slice(line.trim_ascii_end());
        block.push(b'\n');
        if line.starts_with(b"-----END ") {
            blocks.push(KeyText::new(std::mem::take(&mut block)));
        }
    }
    blocks
}

fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn set_validity(params: &mut CertificateParams, validity: Validity) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let since_epoch = |moment: Timestamp| Duration::from_secs(u64::try_from(moment.as_second()).unwrap_or(0));
    params.not_before = epoch + since_epoch(validity.not_before);
    params.not_after = epoch + since_epoch(validity.not_after);
}
