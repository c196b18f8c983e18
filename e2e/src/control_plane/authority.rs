//! The cluster's certificate authority: serving and client certificates, and the key of service account tokens.

use std::net::{IpAddr, Ipv4Addr};

use jiff::{Timestamp, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};
use thiserror::Error;

use super::kubeconfig::render;

/// The OID of organizationName. A distinguished name holds one value of each attribute type here, and spelling the
/// type out makes room for a second organisation.
const ORGANIZATION: [u64; 4] = [2, 5, 4, 10];

/// Why a certificate could not be made.
#[derive(Debug, Error)]
pub enum AuthorityError {
    /// More groups than a certificate of ours can carry.
    #[error(
        "a client certificate carries at most two groups here, and {user} is to have {count}: grant to fewer"
    )]
    TooManyGroups {
        /// The user.
        user: String,
        /// How many groups were asked for.
        count: usize,
    },
    /// The library refused.
    #[error("a certificate could not be made")]
    Certificate(#[from] rcgen::Error),
}

/// A certificate with its key, both PEM.
#[derive(Debug)]
pub(super) struct Identity {
    pub certificate: String,
    pub key: String,
}

/// Signs for one cluster.
#[derive(Debug)]
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new() -> Result<Self, AuthorityError> {
        let mut params = parameters("surety-e2e");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        Ok(Self { issuer })
    }

    /// The authority's own certificate and key, for the controllers that sign requests.
    pub(super) fn identity(&self) -> Identity {
        Identity { certificate: self.issuer.pem(), key: self.issuer.key().serialize_pem() }
    }

    /// The API server's certificate, good on loopback and for clients inside the cluster.
    pub(super) fn serving(&self) -> Result<Identity, AuthorityError> {
        let names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
        let mut params = parameters("kube-apiserver");
        params.subject_alt_names = [Ipv4Addr::LOCALHOST, Ipv4Addr::new(10, 0, 0, 1)]
            .map(|address| SanType::IpAddress(IpAddr::V4(address)))
            .to_vec();
        for name in names {
            params.subject_alt_names.push(SanType::DnsName(name.try_into()?));
        }
        self.sign(params, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A certificate that authenticates `user` as a member of `groups`.
    fn client(&self, user: &str, groups: &[&str]) -> Result<Identity, AuthorityError> {
        let types = [DnType::OrganizationName, DnType::CustomDnType(ORGANIZATION.to_vec())];
        if groups.len() > types.len() {
            return Err(AuthorityError::TooManyGroups { user: user.to_owned(), count: groups.len() });
        }
        let mut params = parameters(user);
        for (group, attribute) in groups.iter().zip(types) {
            params.distinguished_name.push(attribute, *group);
        }
        self.sign(params, ExtendedKeyUsagePurpose::ClientAuth)
    }

    /// A kubeconfig of `user` as a member of `groups`.
    pub(super) fn kubeconfig(
        &self,
        server: &str,
        user: &str,
        groups: &[&str],
    ) -> Result<String, AuthorityError> {
        Ok(render(server, &self.issuer.pem(), user, &self.client(user, groups)?))
    }

    fn sign(
        &self,
        mut params: CertificateParams,
        usage: ExtendedKeyUsagePurpose,
    ) -> Result<Identity, AuthorityError> {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Identity { certificate, key: key.serialize_pem() })
    }
}

/// Valid from last year to the end of next year: a cluster lives for minutes, and clocks may differ a little.
fn parameters(common_name: &str) -> CertificateParams {
    let year = i32::from(Timestamp::now().to_zoned(TimeZone::UTC).year());
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(year - 1, 1, 1);
    params.not_after = date_time_ymd(year + 1, 12, 31);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

/// The key that signs service account tokens, private and public part, both PEM.
pub(super) fn token_key() -> Result<(String, String), AuthorityError> {
    let key = KeyPair::generate()?;
    Ok((key.serialize_pem(), key.public_key_pem()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_user_with_more_groups_than_fit_is_refused() {
        let error = Authority::new().unwrap().client("jo", &["a", "b", "c"]).unwrap_err();
        assert!(error.to_string().contains("jo is to have 3"), "{error}");
    }
}
