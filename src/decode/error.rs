//! Why bytes cannot be read as what they should be.

use std::fmt;

use thiserror::Error;

use super::{metadata, path::path_at};
use crate::core::facts::Kind;

/// What an error may quote of a bad object at most; what is longer is cut.
const MAX_REASON_CHARS: usize = 256;

/// Why bytes are not the object, event, list, review or manifest that they should be.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// The JSON is broken, or a field has another type than its kind gives it.
    #[error("{what} cannot be read{}: {}", At(.path), Bounded(.source))]
    Json {
        /// What should have been read.
        what: String,
        /// The field; empty where it is the whole.
        path: String,
        /// What was found and what was expected.
        source: serde_json::Error,
    },
    /// A field has the right type and a value that cannot be.
    #[error("{what} cannot be read at `{path}`: {problem}")]
    Field {
        /// What should have been read.
        what: String,
        /// The field.
        path: &'static str,
        /// What was found and what was expected.
        problem: String,
    },
    /// The kind has no facts.
    #[error("{0} has no facts to be read")]
    NotDecoded(Kind),
    /// A manifest is not YAML or JSON that Kubernetes would take.
    #[error("{file}:{line}: {problem}")]
    Manifest {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong, and what is expected.
        problem: String,
    },
}

/// What a decoder of one kind finds wrong; becomes a [`DecodeError`] once it is known which object it was.
#[derive(Debug)]
pub(crate) enum Fault {
    Json(serde_json::Error),
    Field { path: &'static str, problem: String },
    NotDecoded,
}

impl Fault {
    pub(crate) fn field(path: &'static str, problem: impl Into<String>) -> Self {
        Self::Field { path, problem: problem.into() }
    }
}

impl From<serde_json::Error> for Fault {
    fn from(source: serde_json::Error) -> Self {
        Self::Json(source)
    }
}

impl DecodeError {
    /// Names the object, as far as its metadata can be read.
    pub(super) fn of_object(kind: Kind, json: &[u8], fault: Fault) -> Self {
        let kind_name = kind.resource().kind;
        match (fault, metadata::meta_only(kind, json)) {
            (Fault::NotDecoded, _) => Self::NotDecoded(kind),
            (fault, Ok(meta)) => Self::of_anything(&meta.key.to_string(), json, fault),
            (fault, Err(_)) => Self::of_anything(kind_name, json, fault),
        }
    }

    pub(super) fn of_anything(what: &str, json: &[u8], fault: Fault) -> Self {
        let what = what.to_owned();
        match fault {
            Fault::Field { path, problem } => Self::Field { what, path, problem },
            Fault::Json(source) => {
                Self::Json { what, path: path_at(json, source.line(), source.column()), source }
            }
            Fault::NotDecoded => Self::Field { what, path: "kind", problem: "it has no facts".to_owned() },
        }
    }
}

struct At<'a>(&'a str);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " at `{}`", self.0) }
    }
}

/// serde_json quotes the offending value whole, however long it is. Where the JSON is sound, the path says where the
/// value stands; its position in the bytes would make one object read differently by each way that its bytes come.
struct Bounded<'a>(&'a serde_json::Error);

impl fmt::Display for Bounded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.0.to_string();
        if self.0.is_data() {
            let position = format!(" at line {} column {}", self.0.line(), self.0.column());
            text.truncate(text.strip_suffix(&position).unwrap_or(&text).len());
        }
        match text.char_indices().nth(MAX_REASON_CHARS) {
            Some((end, _)) => write!(f, "{}…", text.get(..end).unwrap_or_default()),
            None => f.write_str(&text),
        }
    }
}
