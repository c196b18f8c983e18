//! Looking up schedules, recovery points, copies and locations.

use std::sync::Arc;

use imbl::OrdSet;

use super::World;
use crate::core::{
    facts::{
        Kind, Location, Name, NamespacePattern, ObjectKey, RecoveryPoint, Schedule, Selection, VolumeCopy,
    },
    glob::glob_matches,
};

impl World {
    /// All schedules, in order of keys.
    pub fn schedules(&self) -> impl Iterator<Item = &Arc<Schedule>> {
        self.schedules.values()
    }

    /// The schedules that take in a namespace.
    pub fn schedules_of<'a>(&'a self, namespace: &'a Name) -> impl Iterator<Item = &'a Arc<Schedule>> + 'a {
        let literal = in_set(&self.schedules_of_namespace, namespace);
        let keys = literal.chain(self.wide_schedules.iter());
        keys.filter_map(|key| self.schedules.get(key))
            .filter(|schedule| schedule.selection.takes_in(namespace))
    }

    /// The recovery points whose runs took in a namespace.
    pub fn points_of<'a>(&'a self, namespace: &'a Name) -> impl Iterator<Item = &'a Arc<RecoveryPoint>> + 'a {
        let first = ObjectKey::cluster(Kind::Namespace, Name::default());
        let literal = self.points_of_namespace.range((namespace.clone(), first)..);
        let literal = literal.take_while(move |((place, _), _)| place == namespace).map(|(_, point)| point);
        let wide = self.wide_points.iter().filter_map(|key| self.points.get(key));
        literal.chain(wide).filter(|point| point.selection.takes_in(namespace))
    }

    /// A recovery point.
    pub fn point(&self, key: &ObjectKey) -> Option<&Arc<RecoveryPoint>> {
        self.points.get(key)
    }

    /// A schedule.
    pub fn schedule(&self, key: &ObjectKey) -> Option<&Arc<Schedule>> {
        self.schedules.get(key)
    }

    /// All recovery points, in order of keys.
    pub fn points(&self) -> impl Iterator<Item = &Arc<RecoveryPoint>> {
        self.points.values()
    }

    /// The copies that were made of a claim.
    pub fn copies_of<'a>(
        &'a self,
        namespace: &'a Name,
        claim: &'a Name,
    ) -> impl Iterator<Item = &'a Arc<VolumeCopy>> + 'a {
        let first = ObjectKey::cluster(Kind::Namespace, Name::default());
        self.copies_of_claim
            .range((namespace.clone(), claim.clone(), first)..)
            .take_while(move |(place, name, _)| place == namespace && name == claim)
            .filter_map(|(.., key)| self.copies.get(key))
    }

    /// All storage locations, in order of keys.
    pub fn locations(&self) -> impl Iterator<Item = &Arc<Location>> {
        self.locations.values()
    }
}

fn in_set<'a>(
    set: &'a OrdSet<(Name, ObjectKey)>,
    namespace: &'a Name,
) -> impl Iterator<Item = &'a ObjectKey> + 'a {
    let first = ObjectKey::cluster(Kind::Namespace, Name::default());
    set.range((namespace.clone(), first)..)
        .take_while(move |(place, _)| place == namespace)
        .map(|(_, key)| key)
}

impl Selection {
    /// Whether the namespace is taken in. Excluded wins; an empty list of included takes in all.
    pub fn takes_in(&self, namespace: &str) -> bool {
        let is_excluded = self.excluded.iter().any(|pattern| pattern.matches(namespace));
        let is_included =
            self.included.is_empty() || self.included.iter().any(|pattern| pattern.matches(namespace));
        is_included && !is_excluded
    }

    /// Whether only names are included, so that it can be looked up by namespace.
    pub fn literal_namespaces(&self) -> Option<Vec<&Name>> {
        let names = self.included.iter().map(|pattern| match pattern {
            NamespacePattern::Literal(name) => Some(name),
            NamespacePattern::All | NamespacePattern::Glob(_) => None,
        });
        names.collect::<Option<Vec<_>>>().filter(|names| !names.is_empty())
    }
}

impl NamespacePattern {
    /// Whether it matches a namespace's name.
    pub fn matches(&self, namespace: &str) -> bool {
        match self {
            Self::All => true,
            Self::Literal(name) => &**name == namespace,
            Self::Glob(glob) => glob_matches(glob, namespace),
        }
    }
}
