//! Whether a value is the thing itself, or stands for it: a reference, a placeholder, a path, a switch.

/// Words that say that there is no credential here.
const NOTHING: &[&str] = &[
    "auto",
    "changeit",
    "default",
    "disabled",
    "dummy",
    "empty",
    "enabled",
    "example",
    "fake",
    "false",
    "ignored",
    "nil",
    "no",
    "none",
    "not-needed",
    "not-required",
    "null",
    "off",
    "on",
    "optional",
    "placeholder",
    "redacted",
    "required",
    "tbd",
    "todo",
    "true",
    "undefined",
    "unset",
    "unused",
    "yes",
];

/// Where a resolver fetches the value at start; what has `://` is told from a password without a list.
const REFERENCES: &[&str] = &[
    "vault:",
    "vault.",
    ">>",
    "secret:",
    "secretref:",
    "ref+",
    "arn:",
    "ssm:",
    "awssm",
    "gcp:",
    "env:",
    "file:",
    "projects/",
];

/// What a template or a document leaves to be filled in.
const TO_BE_FILLED: &[&str] =
    &["your-", "your_", "<your", "replace-me", "replace_me", "replaceme", "fill-me", "insert-"];

/// Whether `value` is a literal that could be a credential.
pub(super) fn is_literal(value: &str) -> bool {
    let value = bare(value);
    !(value.is_empty()
        || value.contains(char::is_whitespace)
        || is_template(value)
        || is_place(value)
        || is_word_for_nothing(value)
        || is_short_number(value)
        || is_one_character(value))
}

/// Without quotes, and without the scheme of an HTTP `Authorization` header.
pub(super) fn bare(value: &str) -> &str {
    let value = value.trim();
    let quoted = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
    let value = quoted.unwrap_or(value);
    ["Bearer ", "Basic ", "Token ", "bearer ", "token "]
        .iter()
        .find_map(|scheme| value.strip_prefix(scheme))
        .unwrap_or(value)
}

/// `$(VAR)`, `${VAR}`, `$VAR`, `{{ … }}`, `<password>`, `[PAD]`, `%(name)s`, `__NAME__`, `@NAME@`, `:name`, `` `command` ``.
/// A hash as `crypt` writes it (`$2y$…`) goes the same way: it is not the password.
fn is_template(value: &str) -> bool {
    value.starts_with(['$', '{', '%', '`', ':', '?'])
        || value.contains("$(")
        || value.contains("${")
        || value.contains("{{")
        || [("<", ">"), ("[", "]"), ("__", "__"), ("@", "@")]
            .iter()
            .any(|(open, close)| value.starts_with(open) && value.ends_with(close))
}

/// A path, a URL, or the address of a secret in a store.
fn is_place(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    value.starts_with(['/', '~', '\\'])
        || value.starts_with("./")
        || value.starts_with("../")
        || value.get(1..3) == Some(":\\")
        || value.contains("://")
        || REFERENCES.iter().any(|reference| lower.starts_with(reference))
}

fn is_word_for_nothing(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    NOTHING.contains(&lower.as_str()) || TO_BE_FILLED.iter().any(|phrase| lower.contains(phrase))
}

fn is_short_number(value: &str) -> bool {
    value.len() < 4 && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// `xxxx`, `****`, `----`.
pub(super) fn is_one_character(value: &str) -> bool {
    let mut characters = value.chars();
    characters.next().is_some_and(|first| characters.all(|character| character == first))
}

/// The shape of an object's name, of words joined by dashes: `orders-db-tls`.
pub(super) fn is_object_name(value: &str) -> bool {
    let mut parts = value.split('-');
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_later = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    value.contains('-') && parts.next().is_some_and(is_word) && parts.all(is_later)
}
