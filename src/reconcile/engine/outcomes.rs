//! What the engine learns from writes that were made, refused or contested.

use std::collections::BTreeSet;

use super::Engine;
use crate::{
    core::{
        facts::{Kind, Name},
        world::World,
    },
    reconcile::{desired::Desired, notices},
    write::{Outcome, Part, Target, WriteError, WriteKey, Written},
};

impl Engine {
    /// A report that somebody deleted is written again.
    pub(super) fn learn(&mut self, outcome: &Outcome) {
        let target = &outcome.key.target;
        match &outcome.result {
            Err(WriteError::NotFound { .. }) if target.resource == Kind::ComplianceReport.resource() => {
                self.parts.writes.forget(target);
                self.book.mark(target.name.clone());
            }
            Err(error @ WriteError::Conflict { .. }) if is_tenants_own(target) => {
                self.note_conflict(&outcome.key, error);
            }
            Err(error) => tracing::warn!(object = %target, %error, "a write was given up"),
            Ok(Written::Contested { retry_after }) => {
                tracing::warn!(object = %target, ?retry_after, "somebody changes it again and again; it is left alone");
                self.tell(notices::of_contest(target));
            }
            Ok(Written::Made(revision)) if revision.uid.is_empty() => self.note_withdrawn(&outcome.key),
            Ok(Written::Made(revision)) => self.note_written(&outcome.key, &revision.uid),
            Ok(Written::Unchanged) => self.forget_conflict(&outcome.key),
            Ok(Written::Skipped) => {}
        }
    }

    /// A field that was never Surety's belongs to somebody else: said in the tenant's condition, and not fought over.
    fn note_conflict(&mut self, key: &WriteKey, error: &WriteError) {
        let target = &key.target;
        let answer = error.status().map_or_else(|| error.to_string(), |status| status.message.clone());
        if self.disputed.insert(part_of(key), answer.clone()).as_ref() != Some(&answer) {
            tracing::warn!(object = %target, answer, "a field belongs to somebody else");
            self.mark_owner_of(target);
        }
    }

    fn forget_conflict(&mut self, key: &WriteKey) {
        if key.part == Part::Object && self.disputed.remove(&part_of(key)).is_some() {
            self.mark_owner_of(&key.target);
        }
    }

    fn mark_owner_of(&mut self, target: &Target) {
        let owner = self.book.world().owner_of(namespace_of(target)).cloned();
        if let Some(owner) = owner {
            self.book.mark(owner);
        }
    }

    /// What is not wanted any more is not disputed any more.
    pub(super) fn forget_disputes_beside(&mut self, wanted: &[Desired], tenant: &Name) {
        if self.disputed.is_empty() {
            return;
        }
        let wanted: BTreeSet<_> = wanted
            .iter()
            .map(|desired| (desired.key.namespace.as_ref(), &desired.key.name, desired.manager))
            .collect();
        let world = self.book.world();
        self.disputed.retain(|(target, manager), _| {
            !is_of(world, tenant, target)
                || wanted.contains(&(target.namespace.as_ref(), &target.name, *manager))
        });
    }

    /// What is disputed in the tenant's namespaces.
    pub(super) fn disputes_of(&self, tenant: &Name) -> Vec<String> {
        let world = self.book.world();
        let own = self.disputed.iter().filter(|((target, _), _)| is_of(world, tenant, target));
        let mut texts: Vec<String> = own.map(|((target, _), answer)| format!("{target}: {answer}")).collect();
        texts.sort();
        texts
    }

    fn note_withdrawn(&mut self, key: &WriteKey) {
        let target = &key.target;
        tracing::info!(object = %target, "it is withdrawn: nothing wants it any more");
        self.written.remove(target);
        self.looked_at.remove(&part_of(key));
        self.forget_conflict(key);
    }

    /// A second write of the same part of an object, after somebody had touched it, puts back what was changed.
    fn note_written(&mut self, key: &WriteKey, uid: &Name) {
        self.forget_conflict(key);
        if key.part != Part::Object || !is_tenants_own(&key.target) {
            return;
        }
        let is_touched = self.looked_at.remove(&part_of(key));
        let is_first = self.written.entry(key.target.clone()).or_default().insert(key.manager);
        if !is_first && is_touched {
            self.tell(notices::of_repair(&key.target, uid));
        }
    }
}

fn is_of(world: &World, tenant: &Name, target: &Target) -> bool {
    world.owner_of(namespace_of(target)) == Some(tenant)
}

fn part_of(key: &WriteKey) -> super::Part {
    (key.target.clone(), key.manager)
}

/// Whether an object is one that Surety keeps for a tenant, and that people look at.
fn is_tenants_own(target: &Target) -> bool {
    [Kind::Namespace, Kind::NetworkPolicy, Kind::VeleroSchedule]
        .iter()
        .any(|kind| kind.resource() == target.resource)
}

/// The namespace that an object is, or lies in.
fn namespace_of(target: &Target) -> &str {
    target.namespace.as_deref().unwrap_or(&target.name)
}
