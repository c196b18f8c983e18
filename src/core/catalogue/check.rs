//! Whether the parameters that a profile gives a control are ones that it takes.

use std::collections::BTreeMap;

use serde_json::Value;
use thiserror::Error;

use super::model::{ParameterSpec, ParameterType, PlannedControl};
use crate::api::{Span, span::SpanError};

/// What is wrong with a parameter.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ParameterError {
    /// The value is not of the parameter's type.
    #[error("control {control}: parameter `{parameter}` is {found}, wanted {wanted}")]
    WrongValue {
        /// The control.
        control: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// The value, or the entry of a list or map, that does not fit, as JSON.
        found: String,
        /// What would fit.
        wanted: ParameterType,
        /// Why a text is not a span.
        source: Option<SpanError>,
    },
    /// The control has no such parameter.
    #[error("control {control}: found parameter `{parameter}`, wanted one of {}{}", .known.join(", "), hint(*.near))]
    Unknown {
        /// The control.
        control: &'static str,
        /// The name that was given.
        parameter: String,
        /// The names that it has.
        known: Vec<&'static str>,
        /// What was probably meant.
        near: Option<&'static str>,
    },
    /// A parameter without default is missing.
    #[error("control {control}: parameter `{parameter}` is not given, wanted {wanted}")]
    Missing {
        /// The control.
        control: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// What would fit.
        wanted: ParameterType,
    },
    /// None of the parameters is given of which one is needed.
    #[error("control {control}: none of its parameters {} is given, wanted at least one", .parameters.join(", "))]
    NoneGiven {
        /// The control.
        control: &'static str,
        /// The parameters of which one is needed.
        parameters: &'static [&'static str],
    },
}

fn hint(near: Option<&str>) -> String {
    near.map(|name| format!(": did you mean `{name}`?")).unwrap_or_default()
}

/// Whether `value` is of the type that `spec`, a parameter of `control`, wants.
pub fn check_parameter(
    control: &PlannedControl,
    spec: &ParameterSpec,
    value: &Value,
) -> Result<(), ParameterError> {
    misfit(spec.parameter_type, value).map_or(Ok(()), |(found, source)| {
        Err(ParameterError::WrongValue {
            control: control.id,
            parameter: spec.name,
            found: excerpt(found),
            wanted: spec.parameter_type,
            source,
        })
    })
}

impl PlannedControl {
    /// Everything that is wrong with the parameters that a profile gives this control.
    pub fn faults(&self, parameters: &BTreeMap<String, Value>) -> Vec<ParameterError> {
        let given = parameters.iter().filter_map(|(name, value)| self.fault(name, value));
        let missing = self
            .parameters()
            .filter(|spec| spec.default.is_none() && !parameters.contains_key(spec.name))
            .map(|spec| ParameterError::Missing {
                control: self.id,
                parameter: spec.name,
                wanted: spec.parameter_type,
            });
        given.chain(missing).chain(self.none_given(parameters)).collect()
    }

    fn fault(&self, name: &str, value: &Value) -> Option<ParameterError> {
        let Some(spec) = self.parameter(name) else {
            return Some(ParameterError::Unknown {
                control: self.id,
                parameter: shortened(name),
                known: self.parameters().map(|spec| spec.name).collect(),
                near: self.near_parameter(name),
            });
        };
        check_parameter(self, spec, value).err()
    }

    fn none_given(&self, parameters: &BTreeMap<String, Value>) -> Option<ParameterError> {
        let is_satisfied =
            self.one_of.is_empty() || self.one_of.iter().any(|name| parameters.contains_key(*name));
        (!is_satisfied).then_some(ParameterError::NoneGiven { control: self.id, parameters: self.one_of })
    }
}

type Misfit<'a> = (&'a Value, Option<SpanError>);

/// The part of `value` that is not of `wanted`.
fn misfit(wanted: ParameterType, value: &Value) -> Option<Misfit<'_>> {
    match wanted {
        ParameterType::Span => span_misfit(value),
        ParameterType::Bool => unless(value.is_boolean(), value),
        ParameterType::Integer => {
            unless(value.as_u64().is_some_and(|number| u32::try_from(number).is_ok()), value)
        }
        ParameterType::Text => unless(is_text(value), value),
        ParameterType::TextList => list_misfit(value, is_text),
        ParameterType::Enumeration(options) => unless(is_option(options, value), value),
        ParameterType::EnumerationList(options) => list_misfit(value, |entry| is_option(options, entry)),
        ParameterType::Map => map_misfit(value),
    }
}

fn unless(fits: bool, value: &Value) -> Option<Misfit<'_>> {
    (!fits).then_some((value, None))
}

fn span_misfit(value: &Value) -> Option<Misfit<'_>> {
    let Some(text) = value.as_str() else {
        return Some((value, None));
    };
    text.parse::<Span>().err().map(|error| (value, Some(error)))
}

fn list_misfit(value: &Value, fits: impl Fn(&Value) -> bool) -> Option<Misfit<'_>> {
    let Some(entries) = value.as_array() else {
        return Some((value, None));
    };
    entries.iter().find(|entry| !fits(entry)).map(|entry| (entry, None))
}

fn map_misfit(value: &Value) -> Option<Misfit<'_>> {
    let Some(entries) = value.as_object() else {
        return Some((value, None));
    };
    let fits = |entry: &Value| is_text(entry) || entry.is_number() || list_misfit(entry, is_text).is_none();
    entries.values().find(|entry| !fits(entry)).map(|entry| (entry, None))
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

fn is_option(options: &[&str], value: &Value) -> bool {
    value.as_str().is_some_and(|text| options.contains(&text))
}

/// A message quotes no more than this of what it was given.
const LONGEST_QUOTED: usize = 60;

fn excerpt(value: &Value) -> String {
    shortened(&value.to_string())
}

fn shortened(text: &str) -> String {
    let mut rest = text.chars();
    let mut short: String = rest.by_ref().take(LONGEST_QUOTED).collect();
    if rest.next().is_some() {
        short.push('…');
    }
    short
}
