//! Rules: which kinds and operations an entry sees.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::{control::Operation, facts::Kind};

/// What one rule is about: a resource or subresource of one group and version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// API group.
    pub group: &'static str,
    /// API version. Requests in another version come converted (`matchPolicy: Equivalent`).
    pub version: &'static str,
    /// Where its objects live.
    pub scope: Scope,
    /// Plural, with `/subresource` where it is one.
    pub resource: String,
}

/// Where objects of a resource live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Without namespace.
    Cluster,
    /// In namespaces.
    Namespaced,
}

/// One rule of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// API group.
    pub group: &'static str,
    /// API version.
    pub version: &'static str,
    /// Where the objects live.
    pub scope: Scope,
    /// Plurals and subresources, sorted.
    pub resources: Vec<String>,
    /// What is done to them, in the order of [`Operation`].
    pub operations: Vec<Operation>,
}

impl Target {
    /// A kind itself.
    pub fn of(kind: Kind) -> Self {
        let resource = kind.resource();
        Self {
            group: resource.group,
            version: resource.version,
            scope: if resource.is_namespaced { Scope::Namespaced } else { Scope::Cluster },
            resource: resource.plural.to_owned(),
        }
    }

    /// A subresource of a kind.
    pub fn subresource(kind: Kind, name: &str) -> Self {
        let target = Self::of(kind);
        Self { resource: format!("{}/{name}", target.resource), ..target }
    }

    /// Secrets. Surety keeps no facts of them, so they are no [`Kind`].
    pub(super) fn secrets() -> Self {
        Self { group: "", version: "v1", scope: Scope::Namespaced, resource: "secrets".to_owned() }
    }
}

/// Targets with the operations that an entry sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sight(BTreeMap<Target, BTreeSet<Operation>>);

impl Sight {
    pub(super) fn add(&mut self, target: Target, operations: &[Operation]) {
        self.0.entry(target).or_default().extend(operations);
    }

    pub(super) fn add_kinds(&mut self, kinds: &[Kind], operations: &[Operation]) {
        for kind in kinds {
            self.add(Target::of(*kind), operations);
        }
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        for (target, operations) in &other.0 {
            self.0.entry(target.clone()).or_default().extend(operations);
        }
    }

    pub(super) fn contains(&self, target: &Target) -> bool {
        self.0.contains_key(target)
    }

    pub(super) fn sees(&self, target: &Target, operation: Operation) -> bool {
        self.0.get(target).is_some_and(|operations| operations.contains(&operation))
    }

    /// As few rules as there are differences, in a fixed order.
    pub(super) fn rules(&self) -> Vec<Rule> {
        let mut grouped: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for (target, operations) in &self.0 {
            let likeness = (target.group, target.version, target.scope, operations);
            grouped.entry(likeness).or_default().push(target.resource.clone());
        }
        let rule =
            |((group, version, scope, operations), resources): ((_, _, _, &BTreeSet<Operation>), _)| Rule {
                group,
                version,
                scope,
                resources,
                operations: operations.iter().copied().collect(),
            };
        grouped.into_iter().map(rule).collect()
    }
}
