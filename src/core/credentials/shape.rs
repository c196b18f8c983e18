//! Credentials that can be told by their shape alone.

use super::{CLOUD_KEY, PRIVATE_KEY, TOKEN, URL_PASSWORD, literal};

/// Shorter than any shape.
const MIN_BYTES: usize = 8;

pub(super) fn detect(value: &str) -> Option<&'static str> {
    if value.len() < MIN_BYTES {
        return None;
    }
    if is_cloud_key(value) {
        return Some(CLOUD_KEY);
    }
    if has_private_key(value) {
        return Some(PRIVATE_KEY);
    }
    if words(value).any(is_token) {
        return Some(TOKEN);
    }
    has_url_password(value).then_some(URL_PASSWORD)
}

fn is_cloud_key(value: &str) -> bool {
    words(value).any(is_aws_access_key) || has_azure_key(value) || has_gcp_key(value)
}

/// Runs of the characters that tokens are made of.
fn words(value: &str) -> impl Iterator<Item = &str> {
    value
        .split(|character: char| !(character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.')))
}

/// `AKIA…` or, temporary, `ASIA…`. The keys of AWS's own documentation end in EXAMPLE.
fn is_aws_access_key(word: &str) -> bool {
    let id = word.strip_prefix("AKIA").or_else(|| word.strip_prefix("ASIA"));
    id.is_some_and(|id| {
        id.len() == 16
            && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
            && !id.ends_with("EXAMPLE")
    })
}

/// Whether this could be an AWS secret key: it looks like any other 40 characters, so a name has to say so too.
pub(super) fn is_aws_secret_key(value: &str) -> bool {
    value.len() == 40 && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+'))
}

fn has_azure_key(value: &str) -> bool {
    // Here and below: one sign that cannot be missing is looked for first, because a text is searched for much slower.
    if !value.contains('=') {
        return false;
    }
    ["AccountKey=", "SharedAccessKey="].iter().any(|field| {
        value.split(field).skip(1).any(|rest| {
            let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+' | b'=');
            rest.bytes().take_while(is_base64).take(40).count() == 40
        })
    })
}

fn has_gcp_key(value: &str) -> bool {
    value.contains('"')
        && value.contains("\"service_account\"")
        && value.contains("\"private_key\"")
        && has_private_key(value)
}

fn has_private_key(value: &str) -> bool {
    if !value.contains(' ') {
        return false;
    }
    value.split("-----BEGIN ").skip(1).any(|rest| {
        let label = rest.split_once("-----").map(|(label, _)| label);
        label.is_some_and(|label| {
            label.len() < 32 && (label.ends_with("PRIVATE KEY") || label.ends_with("PRIVATE KEY BLOCK"))
        })
    })
}

/// Prefix of a kind of token, and how many characters follow at least.
const PREFIXES: &[(&str, usize)] = &[
    ("ghp_", 30),
    ("gho_", 30),
    ("ghu_", 30),
    ("ghs_", 30),
    ("ghr_", 30),
    ("github_pat_", 22),
    ("glpat-", 20),
    ("xoxa-", 10),
    ("xoxb-", 10),
    ("xoxe-", 10),
    ("xoxo-", 10),
    ("xoxp-", 10),
    ("xoxr-", 10),
    ("xoxs-", 10),
    ("sk_live_", 16),
    ("rk_live_", 16),
    ("npm_", 36),
];

fn is_token(word: &str) -> bool {
    let Some(first) = word.bytes().next() else { return false };
    if !matches!(first, b'e' | b'g' | b'n' | b'r' | b's' | b'x') {
        return false;
    }
    let by_prefix = PREFIXES.iter().any(|(prefix, length)| {
        word.strip_prefix(prefix)
            .is_some_and(|rest| rest.len() >= *length && !literal::is_one_character(rest))
    });
    by_prefix || is_json_web_token(word)
}

/// Header and payload are JSON objects, whose base64 begins with `eyJ`; an unsigned one proves nothing.
fn is_json_web_token(word: &str) -> bool {
    let mut parts = word.split('.');
    let is_object = |part: Option<&str>| part.is_some_and(|part| part.len() >= 10 && part.starts_with("eyJ"));
    is_object(parts.next())
        && is_object(parts.next())
        && parts.next().is_some_and(|signature| signature.len() >= 10)
}

/// `scheme://user:password@host`.
fn has_url_password(value: &str) -> bool {
    if !value.contains('@') {
        return false;
    }
    value.split("://").skip(1).any(|rest| {
        let ends =
            |character: char| character.is_whitespace() || matches!(character, '/' | '?' | '#' | '"' | '\'');
        let authority = rest.split(ends).next().unwrap_or_default();
        let password = authority.rsplit_once('@').and_then(|(user, _)| user.split_once(':'));
        password.is_some_and(|(_, password)| password != "PASSWORD" && literal::is_literal(password))
    })
}
