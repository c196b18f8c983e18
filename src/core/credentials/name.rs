//! Names that ask for a credential: `DB_PASSWORD`, `--client-secret`, `spring.datasource.password`, `apiKey`.

use super::{CLOUD_KEY, PASSWORD, literal, shape};

/// Longer names are nobody's.
const MAX_NAME_BYTES: usize = 256;
/// A key is not as short as this; the name of a key is.
const MIN_KEY_BYTES: usize = 8;

/// What a name asks for. The last word decides: `PASSWORD_FILE` asks for a path, `TOKEN_TTL` for a time.
pub(super) struct Credential {
    kind: Kind,
    is_of_aws: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A password or token.
    Password,
    /// A secret; could also be the name of a Secret.
    Secret,
    /// A secret that is surely one: of a client, of a signature.
    SureSecret,
    /// A key.
    Key,
}

/// Endings of a word that is glued to what is before it (`PGPASSWORD`, `clientsecret`).
const PASSWORDS: &[&str] = &["PASSWORD", "PASSWD", "PASSPHRASE", "TOKEN"];
const SHORT_PASSWORDS: &[&str] = &["PASS", "PWD"];
const KEYS: &[&str] = &["APIKEY", "SECRETKEY", "PRIVATEKEY", "ACCESSKEY"];
/// What stands before `KEY` where it is not a public key, the name of a key or a key of a map.
const BEFORE_KEY: &[&str] = &[
    "ACCOUNT",
    "API",
    "APP",
    "AUTH",
    "COOKIE",
    "ENCRYPTION",
    "HMAC",
    "JWT",
    "LICENSE",
    "MASTER",
    "PRIVATE",
    "SECRET",
    "SESSION",
    "SHARED",
    "SIGNING",
    "STORAGE",
];
/// Before `ACCESS_KEY`: alone it is the public half of a pair.
const BEFORE_ACCESS_KEY: &[&str] = &["ACCOUNT", "SECRET", "SHARED", "STORAGE"];
/// A secret of these is a text, not an object.
const BEFORE_SECRET: &[&str] = &[
    "API", "APP", "CLIENT", "CONSUMER", "COOKIE", "HMAC", "JWT", "OAUTH", "OAUTH2", "SESSION", "SHARED",
    "SIGNING", "TOKEN", "WEBHOOK",
];
/// A secret of these is an object.
const BEFORE_SECRET_OBJECT: &[&str] =
    &["CA", "CERT", "CERTIFICATE", "EXISTING", "PULL", "SERVING", "SSL", "TLS"];
/// A digest of a secret is none.
const DIGESTS: &[&str] = &["CHECKSUM", "DIGEST", "HASH", "MD5", "SHA", "SHA1", "SHA256", "SHA512"];
/// Words that say how the value is written.
const SPELLINGS: &[&str] = &["B64", "BASE64", "PLAIN", "PLAINTEXT", "VALUE"];

/// What `name` asks for, where it asks for a credential.
pub(super) fn credential(name: &str) -> Option<Credential> {
    if name.is_empty() || name.len() > MAX_NAME_BYTES || !may_ask(name) {
        return None;
    }
    let words = words(name);
    if words.iter().any(|word| DIGESTS.contains(&word.as_str())) {
        return None;
    }
    let is_of_aws = words.iter().any(|word| word == "AWS");
    kind(&words).map(|kind| Credential { kind, is_of_aws })
}

impl Credential {
    /// The detector, where `value` is what the name asks for.
    pub(super) fn detect(&self, value: &str) -> Option<&'static str> {
        let bare = literal::bare(value);
        if !literal::is_literal(value) || self.is_only_called(bare) {
            return None;
        }
        Some(if self.is_of_aws && shape::is_aws_secret_key(bare) { CLOUD_KEY } else { PASSWORD })
    }

    fn is_only_called(&self, value: &str) -> bool {
        match self.kind {
            Kind::Password | Kind::SureSecret => false,
            Kind::Secret => literal::is_object_name(value),
            Kind::Key => value.len() < MIN_KEY_BYTES,
        }
    }
}

/// Before the name is taken apart: most names ask for none.
fn may_ask(name: &str) -> bool {
    ["pass", "pwd", "secret", "token", "key", "rediscli_auth"].iter().any(|part| {
        name.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
    })
}

/// Upper-case words: split at what is neither letter nor digit, and where a capital follows a small letter. Numbers and
/// spellings at the end do not count.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for character in name.chars() {
        let begins_word = !character.is_alphanumeric() || (was_small && character.is_uppercase());
        if begins_word {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| character.is_alphanumeric()) {
            word.extend(character.to_uppercase());
        }
        was_small = character.is_lowercase() || character.is_numeric();
    }
    words.retain(|word| !word.is_empty());
    while words.last().is_some_and(|last| is_no_word(last)) {
        words.pop();
    }
    words
}

fn is_no_word(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit()) || SPELLINGS.contains(&word)
}

fn kind(words: &[String]) -> Option<Kind> {
    let mut back = words.iter().rev().map(|word| word.trim_end_matches(|digit: char| digit.is_ascii_digit()));
    let last = back.next()?;
    let before = back.next().unwrap_or_default();
    let before_that = back.next().unwrap_or_default();
    match last {
        "PWD" if before.is_empty() => None,
        "AUTH" if before == "REDISCLI" => Some(Kind::Password),
        "BASE" if (before_that, before) == ("SECRET", "KEY") => Some(Kind::Key),
        "KEY" if before == "ACCESS" => BEFORE_ACCESS_KEY.contains(&before_that).then_some(Kind::Key),
        "KEY" => BEFORE_KEY.contains(&before).then_some(Kind::Key),
        "SECRET" if BEFORE_SECRET_OBJECT.contains(&before) => None,
        "SECRET" if BEFORE_SECRET.contains(&before) => Some(Kind::SureSecret),
        word if SHORT_PASSWORDS.contains(&word) => Some(Kind::Password),
        word if PASSWORDS.iter().any(|ending| word.ends_with(ending)) => Some(Kind::Password),
        word if KEYS.contains(&word) => (word != "ACCESSKEY" || before == "SECRET").then_some(Kind::Key),
        word if word.ends_with("SECRET") => Some(Kind::Secret),
        _ => None,
    }
}
