//! Requests on intent: what operators declare. Judged by declarations alone, never by reality: is it well formed beyond
//! what a schema can say, is a policy weaker than a promise, do policies contradict each other, is the last policy that
//! upholds a promise released. Demanding more is never refused.

mod attestation;
mod conflict;
mod form;
mod history;
mod release;
mod tenant;
#[cfg(test)]
mod testkit;
mod weakness;

use jiff::Timestamp;

use super::{effective::PolicyReference, facts::Fact, transition::Transition, verdict::Issue};
use crate::api::Enforcement;

/// Why a declaration is refused or warned about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// The control whose promise is at stake; empty where the form is wrong.
    pub control: &'static str,
    /// The promise, as `profile/commitment`; empty where none is.
    pub commitment: String,
    /// The promise in its words.
    pub promise: String,
    /// What is wrong.
    pub issue: Issue,
    /// How strictly it is answered.
    pub enforcement: Enforcement,
}

impl Objection {
    /// The form is wrong: always refused.
    fn malformed(issue: Issue) -> Self {
        Self {
            control: "",
            commitment: String::new(),
            promise: String::new(),
            issue,
            enforcement: Enforcement::Deny,
        }
    }
}

/// What stands against a request on one of Surety's kinds.
pub fn objections(transition: &Transition<'_>) -> Vec<Objection> {
    let mut objections =
        transition.act.new.as_ref().map_or_else(Vec::new, |new| form_of(new, transition.now));
    if objections.iter().any(|objection| objection.enforcement == Enforcement::Deny) {
        return objections;
    }
    objections.extend(history::objections(transition));
    objections.extend(weakness::objections(transition));
    objections.extend(attestation::objections(transition));
    objections.extend(conflict::objections(transition));
    objections.extend(release::objections(transition));
    objections.extend(tenant::objections(transition));
    objections
}

/// What is wrong with the form of a declaration. The controller says the same in its `Ready` condition.
pub fn form_of(fact: &Fact, now: Timestamp) -> Vec<Objection> {
    form::objections(fact, now)
}

/// The reference of a policy, where the fact is one.
pub fn policy_reference(fact: &Fact) -> Option<PolicyReference> {
    let key = fact.key();
    let is_policy = matches!(
        fact,
        Fact::BackupPolicy(_)
            | Fact::RetentionPolicy(_)
            | Fact::EncryptionPolicy(_)
            | Fact::IsolationPolicy(_)
    );
    is_policy.then(|| PolicyReference::new(key.kind, &key.name))
}
