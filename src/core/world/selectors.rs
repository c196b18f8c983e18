//! Whose selectors may select an object, by its labels: so that a change of one object does not ask everybody.

use imbl::OrdSet;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::core::facts::{Labels, Name};

/// Selectors and whose they are. `T`'s default is its smallest value.
#[derive(Clone, Debug)]
pub(crate) struct SelectorIndex<T: Ord + Clone> {
    /// Those that demand a label: one of the labels that they demand.
    demanding: OrdSet<(Name, Name, T)>,
    /// Those that demand none by value.
    wide: OrdSet<T>,
}

impl<T: Ord + Clone> Default for SelectorIndex<T> {
    fn default() -> Self {
        Self { demanding: OrdSet::new(), wide: OrdSet::new() }
    }
}

impl<T: Ord + Clone + Default> SelectorIndex<T> {
    /// Takes in a selector. More than one may be of the same owner.
    pub(crate) fn note(&mut self, selector: &LabelSelector, owner: T) {
        match demanded(selector) {
            Some((key, value)) => drop(self.demanding.insert((key, value, owner))),
            None => drop(self.wide.insert(owner)),
        }
    }

    /// Forgets a selector that was taken in.
    pub(crate) fn forget(&mut self, selector: &LabelSelector, owner: &T) {
        match demanded(selector) {
            Some((key, value)) => drop(self.demanding.remove(&(key, value, owner.clone()))),
            None => drop(self.wide.remove(owner)),
        }
    }

    /// Whoever selects an object with these labels is among them; some may be told twice.
    pub(crate) fn candidates<'a, 'l>(
        &'a self,
        labels: &'l Labels,
    ) -> impl Iterator<Item = &'a T> + use<'a, 'l, T> {
        let demanding = labels.iter().flat_map(|(key, value)| with_label(&self.demanding, key, value));
        demanding.chain(self.wide.iter())
    }
}

/// The label of a selector by which it is found.
pub(crate) fn demanded(selector: &LabelSelector) -> Option<(Name, Name)> {
    let (key, value) = selector.match_labels.as_ref()?.iter().next()?;
    Some((Name::from(key), Name::from(value)))
}

/// What stands under a label.
pub(crate) fn with_label<'a, T: Ord + Clone + Default>(
    set: &'a OrdSet<(Name, Name, T)>,
    key: &str,
    value: &str,
) -> impl Iterator<Item = &'a T> + use<'a, T> {
    let (key, value) = (Name::from(key), Name::from(value));
    set.range((key.clone(), value.clone(), T::default())..)
        .take_while(move |(found, with, _)| *found == key && *with == value)
        .map(|(_, _, owner)| owner)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelectorRequirement;

    use super::*;

    fn demanding(pairs: &[(&str, &str)]) -> LabelSelector {
        let labels: BTreeMap<String, String> =
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        LabelSelector { match_labels: Some(labels), match_expressions: None }
    }

    fn existing(key: &str) -> LabelSelector {
        let exists =
            LabelSelectorRequirement { key: key.to_owned(), operator: "Exists".to_owned(), values: None };
        LabelSelector { match_labels: None, match_expressions: Some(vec![exists]) }
    }

    #[test]
    fn whoever_selects_an_object_is_a_candidate_until_it_is_forgotten() {
        let selectors = [
            ("a", demanding(&[("team", "blue")])),
            ("b", demanding(&[("team", "red")])),
            ("c", demanding(&[("team", "blue"), ("tier", "gold")])),
            ("d", existing("team")),
            ("e", LabelSelector::default()),
        ];
        let mut index = SelectorIndex::<Name>::default();
        for (owner, selector) in &selectors {
            index.note(selector, Name::from(*owner));
        }
        let labels = Labels::from([("team", "blue"), ("x", "y")]);
        let candidates = |index: &SelectorIndex<Name>| -> Vec<String> {
            index.candidates(&labels).map(ToString::to_string).collect()
        };
        assert_eq!(candidates(&index), ["a", "c", "d", "e"]);
        for (owner, selector) in &selectors {
            let is_selecting = labels.are_selected_by(selector);
            assert!(!is_selecting || candidates(&index).contains(&(*owner).to_owned()), "{owner}");
            index.forget(selector, &Name::from(*owner));
            assert!(!candidates(&index).contains(&(*owner).to_owned()), "{owner}");
        }
    }
}
