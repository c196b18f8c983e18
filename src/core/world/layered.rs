//! An ordered map for worlds of which one has a few objects more or less than another.
//!
//! A change of a shared map copies every node on its way, and with them touches hundreds of keys that have nothing to do
//! with it. What is only looked at and then let go, such as the world after a request, keeps its few changes beside the map.

use std::{
    cmp::Ordering,
    fmt,
    iter::{self, Peekable},
    ops::RangeFrom,
};

use imbl::OrdMap;

/// So many changes are kept beside the map; past it they go into it.
const BESIDE: usize = 16;

/// An ordered map, and changes to it that may be kept beside it: clones do so as well.
#[derive(Clone)]
pub(crate) struct Layered<K, V> {
    map: OrdMap<K, V>,
    /// In order of keys; none where the key is gone. Always empty where the map is no sketch.
    beside: Vec<(K, Option<V>)>,
    is_sketch: bool,
}

/// An ordered set that is layered.
pub(crate) type LayeredSet<K> = Layered<K, ()>;

impl<K, V> Default for Layered<K, V> {
    fn default() -> Self {
        Self { map: OrdMap::new(), beside: Vec::new(), is_sketch: false }
    }
}

impl<K: Ord + Clone, V: Clone> Layered<K, V> {
    /// From now on changes are kept beside the map.
    pub(crate) const fn keep_changes_beside(&mut self) {
        self.is_sketch = true;
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        match self.place_beside(key) {
            Ok(at) => self.beside.get(at).and_then(|(_, value)| value.as_ref()),
            Err(_) => self.map.get(key),
        }
    }

    pub(crate) fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.set(key, Some(value));
    }

    /// Removes a key and gives what stood there. Nothing is copied where nothing stood there.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let known = self.get(key).cloned()?;
        self.set(key.clone(), None);
        Some(known)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        Merged { map: self.map.iter().peekable(), beside: self.beside.iter().peekable() }.present()
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    /// What stands at `from` and after it.
    pub(crate) fn range(&self, from: RangeFrom<K>) -> impl Iterator<Item = (&K, &V)> {
        let first = self.beside.partition_point(|(key, _)| *key < from.start);
        let beside = self.beside.get(first..).unwrap_or_default().iter().peekable();
        Merged { map: self.map.range(from).peekable(), beside }.present()
    }

    fn place_beside(&self, key: &K) -> Result<usize, usize> {
        self.beside.binary_search_by(|(known, _)| known.cmp(key))
    }

    fn set(&mut self, key: K, value: Option<V>) {
        if !self.is_sketch {
            return self.set_in_map(key, value);
        }
        match self.place_beside(&key) {
            Ok(at) => {
                if let Some(known) = self.beside.get_mut(at) {
                    known.1 = value;
                }
            }
            Err(at) => self.beside.insert(at, (key, value)),
        }
        if self.beside.len() > BESIDE {
            self.is_sketch = false;
            for (key, value) in std::mem::take(&mut self.beside) {
                self.set_in_map(key, value);
            }
        }
    }

    fn set_in_map(&mut self, key: K, value: Option<V>) {
        match value {
            Some(value) => drop(self.map.insert(key, value)),
            None => drop(self.map.remove(&key)),
        }
    }
}

impl<K: Ord + Clone> LayeredSet<K> {
    pub(crate) fn add(&mut self, key: K) {
        self.insert(key, ());
    }

    pub(crate) fn extend(&mut self, keys: impl IntoIterator<Item = K>) {
        keys.into_iter().for_each(|key| self.add(key));
    }
}

impl<K: Ord + Clone + fmt::Debug, V: Clone + fmt::Debug> fmt::Debug for Layered<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Ord + Clone, V: Clone + PartialEq> PartialEq for Layered<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

/// Both layers in order of keys; what stands beside the map hides what stands in it.
struct Merged<'a, K, V, M: Iterator<Item = (&'a K, &'a V)>> {
    map: Peekable<M>,
    beside: Peekable<std::slice::Iter<'a, (K, Option<V>)>>,
}

impl<'a, K: Ord, V, M: Iterator<Item = (&'a K, &'a V)>> Merged<'a, K, V, M> {
    fn present(mut self) -> impl Iterator<Item = (&'a K, &'a V)> {
        iter::from_fn(move || self.next()).filter_map(|(key, value)| Some((key, value?)))
    }

    fn next(&mut self) -> Option<(&'a K, Option<&'a V>)> {
        let order = match (self.map.peek(), self.beside.peek()) {
            (Some((in_map, _)), Some((beside, _))) => in_map.cmp(&beside),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        if order == Ordering::Less {
            return self.map.next().map(|(key, value)| (key, Some(value)));
        }
        if order == Ordering::Equal {
            self.map.next();
        }
        self.beside.next().map(|(key, value)| (key, value.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(map: &Layered<u8, u8>) -> Vec<(u8, u8)> {
        map.iter().map(|(key, value)| (*key, *value)).collect()
    }

    proptest! {
        #[test]
        fn a_sketch_reads_as_a_map_that_was_changed_and_leaves_its_own_as_it_was(
            kept in proptest::collection::vec((0..40_u8, 0..4_u8), 0..30),
            changes in proptest::collection::vec((0..40_u8, proptest::option::of(0..4_u8)), 0..40),
            from in 0..40_u8,
        ) {
            let mut original = Layered::default();
            for (key, value) in kept {
                original.insert(key, value);
            }
            let untouched = pairs(&original);
            let (mut sketch, mut plain) = (original.clone(), original.clone());
            sketch.keep_changes_beside();
            for (key, value) in changes {
                if let Some(value) = value {
                    sketch.insert(key, value);
                    plain.insert(key, value);
                } else {
                    prop_assert_eq!(sketch.remove(&key), plain.remove(&key));
                }
            }
            prop_assert_eq!(pairs(&sketch), pairs(&plain));
            prop_assert!(sketch == plain);
            prop_assert_eq!(
                sketch.range(from..).collect::<Vec<_>>(),
                plain.range(from..).collect::<Vec<_>>()
            );
            for key in 0..40 {
                prop_assert_eq!(sketch.get(&key), plain.get(&key));
            }
            prop_assert_eq!(pairs(&original), untouched);
        }
    }
}
