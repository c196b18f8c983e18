//! What stands against an object, and where. Types only.

use std::{collections::BTreeSet, fmt};

use jiff::Timestamp;

use crate::{
    api::{Enforcement, Severity},
    core::{subject::SubjectKey, verdict::State},
};

/// Where an object begins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What a finding breaks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// A promise.
    Commitment {
        /// The profile.
        profile: String,
        /// The commitment's id.
        id: String,
        /// The promise in its words.
        promise: String,
    },
    /// A policy.
    Policy {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
    },
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commitment { profile, id, .. } => write!(f, "{profile}/{id}"),
            Self::Policy { kind, name } => write!(f, "{kind} {name}"),
        }
    }
}

/// Something that stands against an object.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckFinding {
    /// The same for the same control, subject, field and container, for ever.
    pub key: String,
    /// Where the object begins; none where no file holds it.
    pub place: Option<Place>,
    /// Where the field stands, or the innermost part of its path that is there; none where no file holds the object.
    pub field_place: Option<Place>,
    /// The object.
    pub subject: SubjectKey,
    /// The tenants that it concerns; none for declarations that are judged by themselves.
    pub tenants: BTreeSet<String>,
    /// The control; none where the form of a declaration is wrong.
    pub control: Option<&'static str>,
    /// Fail, Error, Stale or Waived.
    pub state: State,
    /// How much it matters; none where the form is wrong.
    pub severity: Option<Severity>,
    /// What the webhook would do, at its strictest.
    pub enforcement: Enforcement,
    /// Whether the webhook would refuse to create the object so.
    pub is_refused: bool,
    /// What it breaks.
    pub breaks: BTreeSet<Broken>,
    /// The field; empty where no single one is to blame.
    pub field: String,
    /// The container, where the field belongs to one.
    pub container: Option<String>,
    /// What was found.
    pub found: String,
    /// What is wanted.
    pub wanted: String,
    /// What to do.
    pub fix: String,
    /// The kind of facts that is not in the files, where that is the reason of an Error.
    pub not_in_these_files: Option<&'static str>,
    /// The kind of facts that the cluster did not give, where that is the reason of an Error.
    pub not_listed: Option<&'static str>,
    /// The waiver that accepts it, and when it ends.
    pub waiver: Option<(String, Timestamp)>,
}
