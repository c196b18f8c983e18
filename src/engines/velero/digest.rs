//! SHA-256 where a short, stable stand-in for a longer text is wanted.

use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};

/// SHA-256 of `bytes`, as 64 lower-case hexadecimal digits.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// `text` where it is at most `max` bytes long; else its beginning and, behind `separator`, eight digits of its digest.
pub(super) fn bounded(text: &str, max: usize, separator: &str) -> String {
    if text.len() <= max { text.to_owned() } else { with_digest(text, text, max, separator) }
}

/// `text`, cut so that eight digits of the digest of `identity` fit behind it.
pub(super) fn with_digest(text: &str, identity: &str, max: usize, separator: &str) -> String {
    let digest = sha256_hex(identity.as_bytes());
    let kept = max.saturating_sub(8 + separator.len());
    let beginning = text.get(..text.floor_char_boundary(kept)).unwrap_or_default();
    let beginning = beginning.trim_end_matches(['-', '.', '_']);
    format!("{beginning}{separator}{}", digest.get(..8).unwrap_or_default())
}
