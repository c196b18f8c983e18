//! Shares equal names, label maps and pod templates between objects. Bounded, and forgotten when full.
//!
//! One table a thread, so that no decode waits for another.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    hash::{BuildHasher, Hash, Hasher},
    sync::Arc,
};

use ahash::{AHashMap, AHashSet, RandomState};

use crate::core::facts::{Labels, Name, Owner, PodTemplate};

/// More names than a large cluster has images, namespaces and container names; about 2 MiB when full.
const MAX_NAMES: usize = 16_384;
/// A longer text is not worth a place.
const MAX_NAME_BYTES: usize = 256;
const MAX_LABELS: usize = 4_096;
const MAX_TEMPLATES: usize = 4_096;
const MAX_OWNERS: usize = 4_096;

thread_local! {
    static TABLE: RefCell<Table> = RefCell::default();
}

#[derive(Default)]
struct Table {
    hasher: RandomState,
    names: AHashSet<Name>,
    /// By the hash of their pairs: a lookup need not build a map first. Two with one hash take turns.
    labels: AHashMap<u64, Labels>,
    templates: AHashSet<Arc<PodTemplate>>,
    owners: AHashSet<Arc<[Owner]>>,
}

/// The shared name of `text`.
pub(crate) fn name(text: &str) -> Name {
    if text.len() > MAX_NAME_BYTES {
        return Name::from(text);
    }
    TABLE.with_borrow_mut(|table| {
        if let Some(known) = table.names.get(text) {
            return known.clone();
        }
        if table.names.len() >= MAX_NAMES {
            table.names.clear();
        }
        let new = Name::from(text);
        table.names.insert(new.clone());
        new
    })
}

/// The shared labels of `pairs`, which come in order of keys.
pub(super) fn labels<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Labels {
    TABLE.with_borrow_mut(|table| {
        let mut hasher = table.hasher.build_hasher();
        pairs.clone().for_each(|pair| pair.hash(&mut hasher));
        let hash = hasher.finish();
        if let Some(known) = table.labels.get(&hash).filter(|known| is_same(known, pairs.clone())) {
            return known.clone();
        }
        if table.labels.len() >= MAX_LABELS {
            table.labels.clear();
        }
        let map: BTreeMap<_, _> = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let new = Labels::from(map);
        table.labels.insert(hash, new.clone());
        new
    })
}

fn is_same<'a>(known: &Labels, mut pairs: impl Iterator<Item = (&'a str, &'a str)>) -> bool {
    let mut known = known.iter();
    pairs.all(|(key, value)| known.next() == Some((key, value))) && known.next().is_none()
}

/// The shared template equal to `template`.
pub(super) fn template(template: PodTemplate) -> Arc<PodTemplate> {
    TABLE.with_borrow_mut(|table| {
        if let Some(known) = table.templates.get(&template) {
            return Arc::clone(known);
        }
        if table.templates.len() >= MAX_TEMPLATES {
            table.templates.clear();
        }
        let new = Arc::new(template);
        table.templates.insert(Arc::clone(&new));
        new
    })
}

/// The shared list equal to `owners`.
pub(super) fn owners(owners: Vec<Owner>) -> Arc<[Owner]> {
    TABLE.with_borrow_mut(|table| {
        if let Some(known) = table.owners.get(owners.as_slice()) {
            return Arc::clone(known);
        }
        if table.owners.len() >= MAX_OWNERS {
            table.owners.clear();
        }
        let new: Arc<[Owner]> = Arc::from(owners);
        table.owners.insert(Arc::clone(&new));
        new
    })
}
