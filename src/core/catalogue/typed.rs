//! From what a profile writes to typed parameters, every default filled in that is a value and not a rule.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{ParameterError, ParameterSpec, ParameterType, find};
use crate::core::{
    facts::Name,
    parameters::{Parameter, Parameters},
};

/// The typed parameters of a control. Values that do not fit are refused whole, by the first fault.
pub fn parameters(control: &str, given: &BTreeMap<String, Value>) -> Result<Parameters, ParameterError> {
    let Some(planned) = find(control) else { return Ok(untyped(given)) };
    if let Some(fault) = planned.faults(given).into_iter().next() {
        return Err(fault);
    }
    let typed = given.iter().fold(Parameters::default(), |parameters, (name, value)| {
        let value = planned.parameter(name).and_then(|spec| typed(spec.parameter_type, value));
        parameters.with_some(name, value)
    });
    Ok(with_defaults(control, typed))
}

/// The same parameters, and the default of each that is absent.
pub fn with_defaults(control: &str, parameters: Parameters) -> Parameters {
    let Some(planned) = find(control) else { return parameters };
    let absent: Vec<&ParameterSpec> =
        planned.parameters().filter(|spec| parameters.get(spec.name).is_none()).collect();
    absent.into_iter().fold(parameters, |parameters, spec| parameters.with_some(spec.name, default_of(spec)))
}

/// A control that the catalogue does not know (one that a test adds) takes what it is given.
fn untyped(given: &BTreeMap<String, Value>) -> Parameters {
    given.iter().fold(Parameters::default(), |parameters, (name, value)| {
        let guess = match value {
            Value::Bool(_) => ParameterType::Bool,
            Value::Number(_) => ParameterType::Integer,
            Value::Array(_) => ParameterType::TextList,
            Value::Object(_) => ParameterType::Map,
            Value::Null | Value::String(_) => ParameterType::Text,
        };
        parameters.with_some(name, typed(guess, value))
    })
}

fn typed(parameter_type: ParameterType, value: &Value) -> Option<Parameter> {
    match parameter_type {
        ParameterType::Span => value.as_str()?.parse().ok().map(Parameter::Span),
        ParameterType::Bool => value.as_bool().map(Parameter::Flag),
        ParameterType::Integer => value.as_i64().map(Parameter::Integer),
        ParameterType::Text | ParameterType::Enumeration(_) => {
            value.as_str().map(Name::from).map(Parameter::Text)
        }
        ParameterType::TextList | ParameterType::EnumerationList(_) => Some(Parameter::List(texts(value))),
        ParameterType::Map => {
            let entries = value.as_object()?.iter().map(|(key, value)| (Name::from(key), texts(value)));
            Some(Parameter::Map(entries.collect()))
        }
    }
}

/// The texts of a list, sorted, or the one text or number that stands for a list of one.
fn texts(value: &Value) -> Vec<Name> {
    let one = |value: &Value| match value {
        Value::String(text) => Name::from(text),
        other => Name::from(other.to_string()),
    };
    let mut texts: Vec<Name> = match value {
        Value::Array(values) => values.iter().map(one).collect(),
        single => vec![one(single)],
    };
    texts.sort();
    texts
}

/// The default where it is a value; none where it is a rule in words, or demands nothing.
fn default_of(spec: &ParameterSpec) -> Option<Parameter> {
    let text = spec.default?;
    match spec.parameter_type {
        ParameterType::Span => text.parse().ok().map(Parameter::Span),
        ParameterType::Bool => text.parse().ok().map(Parameter::Flag),
        ParameterType::Integer => text.parse().ok().map(Parameter::Integer),
        ParameterType::Enumeration(options) if options.contains(&text) && !matches!(text, "any" | "all") => {
            Some(Parameter::Text(Name::from(text)))
        }
        ParameterType::EnumerationList(_) | ParameterType::TextList => {
            let inner = text.strip_prefix('[')?.strip_suffix(']')?;
            let mut entries: Vec<Name> =
                inner.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(Name::from).collect();
            entries.sort();
            (!entries.is_empty()).then_some(Parameter::List(entries))
        }
        ParameterType::Text | ParameterType::Enumeration(_) | ParameterType::Map => None,
    }
}
