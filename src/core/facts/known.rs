//! Three-valued facts: known, absent, unknown with a reason.

use std::fmt;

use jiff::Timestamp;

use super::{Name, Source};

/// A fact that may be known, known to be absent, or unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known<T> {
    /// It is this.
    Known(T),
    /// There is none.
    Absent,
    /// It cannot be told, for this reason.
    Unknown(Unknown),
}

impl<T> Known<T> {
    /// The value, where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Unknown(_) => None,
        }
    }
}

/// Why something is unknown. The two cases are answered by different people and at admission by different rules.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Unknown {
    /// What is declared cannot be decided by anybody who reads only the declaration; the text says what and why.
    Undecidable(String),
    /// Surety itself does not know.
    NotKnown(Ignorance),
}

/// Why Surety does not know.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ignorance {
    /// The source has not been listed yet.
    NotSynced(Source),
    /// Nothing has been heard of the source since then.
    Stale(Source, Timestamp),
    /// Surety may not read the source.
    Forbidden(Source),
    /// An object could not be read; the reason says where.
    Unreadable(Source, Name),
    /// Only files were given, and they do not show it.
    NotInTheseFiles(Source),
}

impl Ignorance {
    /// The source that is to blame.
    pub const fn source(&self) -> Source {
        match self {
            Self::NotSynced(source)
            | Self::Stale(source, _)
            | Self::Forbidden(source)
            | Self::Unreadable(source, _)
            | Self::NotInTheseFiles(source) => *source,
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undecidable(what) => f.write_str(what),
            Self::NotKnown(why) => why.fmt(f),
        }
    }
}

impl fmt::Display for Ignorance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSynced(source) => write!(f, "{source} have not been listed yet"),
            Self::Stale(source, since) => write!(f, "nothing was heard of {source} since {since:.0}"),
            Self::Forbidden(source) => write!(f, "Surety may not read {source}"),
            Self::Unreadable(source, what) => write!(f, "{what} of {source} cannot be read"),
            Self::NotInTheseFiles(source) => write!(f, "not in these files: {source}"),
        }
    }
}
