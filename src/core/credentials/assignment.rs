//! Credentials that are assigned inside a longer text: `--password=…`, `PASSWORD=… command`, `?token=…`, `Password=…;`,
//! `-Dspring.datasource.password=…`, `{"password":"…"}`.

use super::name;

/// How far a name reaches back from its sign; longer ones are nobody's.
const MAX_NAME_BYTES: usize = 64;
/// How much of an assigned value is looked at.
const MAX_VALUE_BYTES: usize = 256;

/// The first assignment of a literal to a name that asks for a credential.
pub(super) fn detect(text: &str) -> Option<&'static str> {
    let signs = text.char_indices().filter(|(_, character)| matches!(character, '=' | ':'));
    signs.into_iter().find_map(|(at, sign)| {
        let (before, after) = (text.get(..at)?, text.get(at + 1..)?);
        let (name, value) = if sign == '=' { plain(before, after)? } else { json(before, after)? };
        name::credential(name)?.detect(value)
    })
}

/// What follows a flag as a word of its own: `--password hunter2`.
pub(super) fn detect_after_flag(flag: &str, word: &str) -> Option<&'static str> {
    let name = flag.strip_prefix('-').filter(|name| !name.contains('='))?;
    if word.starts_with('-') {
        return None;
    }
    name::credential(name)?.detect(word)
}

/// What follows a flag in a line that a shell reads.
pub(super) fn detect_in_shell(line: &str) -> Option<&'static str> {
    let words = line.split_ascii_whitespace();
    words.clone().zip(words.skip(1)).find_map(|(flag, word)| detect_after_flag(flag, word))
}

/// `name=value`, `name="value"`.
fn plain<'a>(before: &'a str, after: &'a str) -> Option<(&'a str, &'a str)> {
    let name = name_at_end(before);
    if name.is_empty() || after.starts_with('=') {
        return None;
    }
    let after = beginning_of(after);
    if let Some(quote) = after.chars().next().filter(|first| matches!(first, '"' | '\'')) {
        let value = after.get(1..)?;
        return Some((name, value.split_once(quote).map_or(value, |(value, _)| value)));
    }
    let ends = |character: char| {
        character.is_whitespace() || matches!(character, ';' | '&' | ',' | '|' | ')' | '"' | '\'')
    };
    // A command substitution has spaces in it; what it yields is no literal, so its beginning says enough.
    Some((name, after.split(ends).next().unwrap_or_default()))
}

/// `"name": "value"`.
fn json<'a>(before: &'a str, after: &'a str) -> Option<(&'a str, &'a str)> {
    let name = name_at_end(before.trim_end().strip_suffix('"')?);
    let value = beginning_of(after).trim_start().strip_prefix('"')?;
    Some((name, value.split_once('"').map_or(value, |(value, _)| value)))
}

fn name_at_end(text: &str) -> &str {
    let bytes = text.bytes().rev().take(MAX_NAME_BYTES);
    let length =
        bytes.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')).count();
    text.get(text.len() - length..).unwrap_or_default()
}

fn beginning_of(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_VALUE_BYTES)).unwrap_or(text)
}
