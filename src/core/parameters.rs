//! Parameters of a control: typed, with every default already filled in.

use std::{collections::BTreeMap, fmt};

use super::facts::Name;
use crate::api::Span;

/// The value of one parameter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Parameter {
    /// A calendar span.
    Span(Span),
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A word.
    Text(Name),
    /// Words.
    List(Vec<Name>),
    /// Words by a key.
    Map(BTreeMap<Name, Vec<Name>>),
}

/// The parameters of one use of a control. Two uses with equal parameters are evaluated once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Parameters(BTreeMap<Name, Parameter>);

impl Parameters {
    /// With one more; a later value replaces an earlier one.
    #[must_use]
    pub fn with(mut self, name: &str, value: Parameter) -> Self {
        self.0.insert(Name::from(name), value);
        self
    }

    /// With one more where there is a value.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<Parameter>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<&Parameter> {
        self.0.get(name)
    }

    /// A span.
    pub fn span(&self, name: &str) -> Option<Span> {
        match self.get(name) {
            Some(Parameter::Span(span)) => Some(*span),
            _ => None,
        }
    }

    /// A flag; false where it is not given.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Parameter::Flag(true)))
    }

    /// A whole number.
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Parameter::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    /// A word; none where it is not given, or `any` or `all`, which demand nothing.
    pub fn text(&self, name: &str) -> Option<&Name> {
        match self.get(name) {
            Some(Parameter::Text(text)) if *text != "any" && *text != "all" => Some(text),
            _ => None,
        }
    }

    /// Words; empty where none are given.
    pub fn list(&self, name: &str) -> &[Name] {
        match self.get(name) {
            Some(Parameter::List(list)) => list,
            _ => &[],
        }
    }

    /// All of them, in order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Parameter)> {
        self.0.iter()
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Span(span) => span.fmt(f),
            Self::Flag(flag) => flag.fmt(f),
            Self::Integer(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
            Self::List(list) => {
                write!(f, "[{}]", list.iter().map(Name::as_str).collect::<Vec<_>>().join(", "))
            }
            Self::Map(map) => {
                write!(f, "{{{}}}", map.keys().map(Name::as_str).collect::<Vec<_>>().join(", "))
            }
        }
    }
}
