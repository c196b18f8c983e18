//! The part of a world that is asked about: manifests among everything that a cluster has.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::{
    core::{
        facts::{Name, ObjectKey},
        result::Finding,
        subject::SubjectKey,
        world::World,
    },
    reconcile::book::Book,
};

/// These subjects, and what came to stand against others since the world was as it was before.
pub(super) struct Only {
    pub(super) subjects: BTreeSet<ObjectKey>,
    pub(super) before: World,
}

/// What is asked about.
pub(super) struct Scope {
    pub(super) subjects: BTreeSet<ObjectKey>,
    known: BTreeSet<Name>,
}

impl Scope {
    /// By what stood against anything before.
    pub(super) fn of(only: Only, now: Timestamp) -> Self {
        let mut book = Book::new(only.before);
        book.open(now);
        let results = book.tenants().filter_map(|tenant| book.result(tenant, now));
        let known = results.flat_map(|result| result.findings).map(|finding| finding.key).collect();
        Self { subjects: only.subjects, known }
    }

    /// Whether a subject is asked about.
    pub(super) fn has(&self, subject: &SubjectKey) -> bool {
        matches!(subject, SubjectKey::Object(key) if self.subjects.contains(key))
    }

    /// Whether a finding is: it stands against such a subject, or is new.
    pub(super) fn is_about(&self, finding: &Finding) -> bool {
        self.has(&finding.subject) || !self.known.contains(&finding.key)
    }
}
