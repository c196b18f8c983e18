//! Finds credentials that stand as literals where a reference should stand. Pure detectors: a name and a value go in, the
//! detector's name comes out, and the value never does.
//!
//! A detector knows a shape, or a name that asks for a credential. Entropy alone never detects: a digest, an id and a
//! key look alike. Doubt is decided for the text, since a refusal that is wrong costs more trust than a miss.
//!
//! Time is linear in the value, of which only the first [`MAX_BYTES`] are looked at.

mod assignment;
mod card;
mod literal;
mod name;
mod shape;
#[cfg(test)]
mod tests;

/// Keys of cloud providers: AWS access keys and secret keys, GCP service-account keys, Azure account keys.
pub const CLOUD_KEY: &str = "cloud-key";
/// Private keys in PEM.
pub const PRIVATE_KEY: &str = "private-key";
/// Tokens that can be told by their shape: GitHub, GitLab, Slack, Stripe, npm, JSON Web Tokens.
pub const TOKEN: &str = "token";
/// A password in a URL.
pub const URL_PASSWORD: &str = "url-password";
/// A literal under a name that asks for a password, token, secret or key.
pub const PASSWORD: &str = "password";
/// Numbers of payment cards.
pub const CARD_NUMBER: &str = "card-number";

/// Every detector, the most specific first: where several match, the first names the finding.
pub const DETECTORS: &[&str] = &[CLOUD_KEY, PRIVATE_KEY, TOKEN, URL_PASSWORD, PASSWORD, CARD_NUMBER];

/// How much of a value is looked at.
pub const MAX_BYTES: usize = 4096;

/// The detector that finds a credential in `value`, which stands under `name` (of an environment variable, an
/// annotation; may be empty).
pub fn detect(name: &str, value: &str) -> Option<&'static str> {
    let value = beginning_of(value);
    shape::detect(value)
        .or_else(|| name::credential(name).and_then(|credential| credential.detect(value)))
        .or_else(|| assignment::detect(value))
        .or_else(|| card::is_in(value).then_some(CARD_NUMBER))
}

/// The words of a command or its arguments that hold credentials, by index. Reads `--password=…`, `--password …` and,
/// inside a word, what a shell would read.
pub fn detect_in_words(words: &[&str]) -> Vec<(usize, &'static str)> {
    let found = words.iter().enumerate().filter_map(|(at, word)| {
        let flag = at.checked_sub(1).and_then(|before| words.get(before));
        let detector = detect("", word)
            .or_else(|| flag.and_then(|flag| assignment::detect_after_flag(flag, word)))
            .or_else(|| assignment::detect_in_shell(beginning_of(word)))?;
        Some((at, detector))
    });
    found.collect()
}

fn beginning_of(value: &str) -> &str {
    value.get(..value.floor_char_boundary(MAX_BYTES)).unwrap_or(value)
}
