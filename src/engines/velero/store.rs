//! What the provider and `spec.config` of a `BackupStorageLocation` say of its store: encryption, data path, region. Names
//! and settings only: what a Secret holds is neither here nor read.
//!
//! The keys are those of Velero's plugins for AWS (which serves every store that speaks S3), Google Cloud and Azure.

use crate::{
    api::KeyClass,
    core::facts::{
        DataPath, Known, Name, ServerSideEncryption, StoreEncryption, Unknown, parse_bool_like_go,
    },
    decode::Pairs,
};

/// What is kept of an endpoint, in characters.
const MAX_ENDPOINT: usize = 128;
/// What is kept of a word that a message repeats, in characters.
const MAX_WORD: usize = 64;

/// What a location says of its store.
#[derive(Clone, Copy)]
pub(super) struct Store<'a> {
    provider: &'a str,
    config: &'a Pairs<'a>,
}

impl<'a> Store<'a> {
    pub(super) fn new(provider: &'a str, config: &'a Pairs<'a>) -> Self {
        Self { provider: provider.strip_prefix("velero.io/").unwrap_or(provider), config }
    }

    /// The provider, without the prefix that Velero adds where it is left out.
    pub(super) fn provider(self) -> Name {
        Name::from(self.provider.chars().take(MAX_WORD).collect::<String>())
    }

    fn given(self, key: &str) -> Option<&'a str> {
        self.config.get(key).filter(|value| !value.is_empty())
    }

    pub(super) fn region(self) -> Known<Name> {
        let region = self.given("region").map(|region| region.chars().take(MAX_WORD).collect::<String>());
        region.map_or(Known::Absent, |region| Known::Known(Name::from(region)))
    }

    pub(super) fn encryption(self) -> Known<StoreEncryption> {
        match self.provider {
            "aws" => self.s3_encryption(),
            "gcp" => self.google_encryption(),
            "azure" => Known::Known(StoreEncryption {
                sse: ServerSideEncryption::Aes256,
                key: None,
                is_always_on: true,
            }),
            _ => undecidable(self.unknown_provider("encrypts")),
        }
    }

    /// In the order in which the plugin for AWS looks: a key of the key service, a key of the client's, an algorithm.
    fn s3_encryption(self) -> Known<StoreEncryption> {
        let by_request = |sse, key| Known::Known(StoreEncryption { sse, key, is_always_on: false });
        let algorithm = self.given("serverSideEncryption");
        if let Some(key) = self.given("kmsKeyId") {
            return by_request(ServerSideEncryption::Kms, Some(keeper_of(key)));
        }
        if ["customerKeyEncryptionSecret", "customerKeyEncryptionFile"]
            .iter()
            .any(|key| self.given(key).is_some())
        {
            return by_request(ServerSideEncryption::CustomerKey, Some(KeyClass::Customer));
        }
        match algorithm {
            None => undecidable(
                "it asks the store for no encryption, and the bucket's default cannot be read".to_owned(),
            ),
            Some(word) => match ServerSideEncryption::parse(word) {
                Some(ServerSideEncryption::Aes256) => {
                    by_request(ServerSideEncryption::Aes256, Some(KeyClass::Provider))
                }
                // The key is then the store's default one, and that may be anybody's.
                Some(sse @ (ServerSideEncryption::Kms | ServerSideEncryption::DualKms)) => {
                    by_request(sse, None)
                }
                Some(ServerSideEncryption::CustomerKey) | None => undecidable(format!(
                    "serverSideEncryption is `{}`, which this version does not know",
                    shortened(word)
                )),
            },
        }
    }

    /// Without a key of its own the bucket's default key counts, which may be the customer's.
    fn google_encryption(self) -> Known<StoreEncryption> {
        if let Some(endpoint) = self.given("storeEndpoint")
            && !host_of(endpoint).ends_with(".googleapis.com")
        {
            return undecidable(format!(
                "whether the store at {} encrypts cannot be told",
                host_of(endpoint)
            ));
        }
        let (sse, key) = match self.given("kmsKeyName") {
            Some(_) => (ServerSideEncryption::Kms, Some(KeyClass::Customer)),
            None => (ServerSideEncryption::Aes256, None),
        };
        Known::Known(StoreEncryption { sse, key, is_always_on: true })
    }

    pub(super) fn data_path(self) -> Known<DataPath> {
        let endpoint = match self.provider {
            "gcp" => self.given("storeEndpoint"),
            "azure" => self.given("storageAccountURI"),
            _ => self.given("s3Url"),
        };
        let scheme = endpoint.map(|endpoint| endpoint.split_once("://").map_or("", |(scheme, _)| scheme));
        let is = |wanted: &str| scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(wanted));
        match self.provider {
            _ if is("http") => Known::Known(DataPath::Plain(Name::from(format!(
                "http://{}",
                host_of(endpoint.unwrap_or_default())
            )))),
            "aws" if scheme.is_some() && !is("https") => {
                undecidable("s3Url names neither http:// nor https://, and the engine refuses it".to_owned())
            }
            "aws" => self.verification(),
            "gcp" | "azure" => Known::Known(DataPath::Encrypted),
            _ => undecidable(self.unknown_provider("is reached over TLS")),
        }
    }

    /// `insecureSkipTLSVerify`, which the plugin reads as Go reads booleans.
    fn verification(self) -> Known<DataPath> {
        let Some(word) = self.given("insecureSkipTLSVerify") else {
            return Known::Known(DataPath::Encrypted);
        };
        match parse_bool_like_go(word) {
            Some(true) => Known::Known(DataPath::Unverified),
            Some(false) => Known::Known(DataPath::Encrypted),
            None => undecidable(format!(
                "insecureSkipTLSVerify is `{}`, which is no boolean, and the engine refuses it",
                shortened(word)
            )),
        }
    }

    fn unknown_provider(self, what: &str) -> String {
        format!(
            "this version does not know whether a store of provider `{}` {what}",
            shortened(self.provider)
        )
    }

    /// The settings that decide where data goes: not how new objects are encrypted or how the way there is, which no
    /// object that lies there already depends on. A key of the client's decides what can be read again, so it stays.
    pub(super) fn settings(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        const PROTECTING: [&str; 4] =
            ["serverSideEncryption", "kmsKeyId", "kmsKeyName", "insecureSkipTLSVerify"];
        let deciding = self.config.iter().filter(|(key, _)| !PROTECTING.contains(key));
        deciding.map(|(key, value)| match key {
            "s3Url" => (key, value.split_once("://").map_or(value, |(_, place)| place)),
            _ => (key, value),
        })
    }
}

/// The key service's own default key of AWS is the provider's.
fn keeper_of(key: &str) -> KeyClass {
    let alias = key.rsplit_once(":alias/").map(|(_, alias)| alias).or_else(|| key.strip_prefix("alias/"));
    if alias.is_some_and(|alias| alias.starts_with("aws/")) { KeyClass::Provider } else { KeyClass::Customer }
}

/// Host and port of an endpoint: user, password, path and query are nobody's to read.
fn host_of(endpoint: &str) -> String {
    let place = endpoint.split_once("://").map_or(endpoint, |(_, place)| place);
    let authority = place.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    host.chars().take(MAX_ENDPOINT).collect()
}

fn shortened(word: &str) -> String {
    word.chars().take(MAX_WORD).collect()
}

fn undecidable<T>(why: String) -> Known<T> {
    Known::Unknown(Unknown::Undecidable(why))
}
