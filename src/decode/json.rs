//! Reading JSON as Kubernetes writes it, where `null` stands for "nothing" wherever a value may stand.

use std::ops::Deref;

use serde::{Deserialize, Deserializer, de::IgnoredAny};

/// A value for which `null` (and, with `#[serde(default)]`, absence) stands for its default.
#[derive(Debug, Default)]
pub(crate) struct OrDefault<T>(pub(crate) T);

/// A list; `null` is the empty one.
pub(crate) type List<T> = OrDefault<Vec<T>>;

/// Something that is only asked for whether it is there; `null` is not.
pub(crate) type Present = Option<IgnoredAny>;

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for OrDefault<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|value| Self(value.unwrap_or_default()))
    }
}

impl<T> Deref for OrDefault<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
