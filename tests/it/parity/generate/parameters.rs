//! Parameters of controls, from the catalogue's own table: a control that is built later is covered without a change here.

use serde_json::{Map, Value, json};
use surety::core::catalogue::{ParameterSpec, ParameterType, PlannedControl};

use super::{Maker, words};

impl Maker {
    /// What a profile may give a control.
    pub(super) fn parameters(&mut self, control: &PlannedControl) -> Value {
        let mut parameters = Map::new();
        for spec in control.parameters() {
            let wanted = match spec.name {
                "environments" => self.random.chance(12),
                _ => spec.default.is_none() || self.random.chance(35),
            };
            if wanted {
                parameters.insert(spec.name.to_owned(), self.value_of(spec));
            }
        }
        let is_satisfied =
            control.one_of.is_empty() || control.one_of.iter().any(|name| parameters.contains_key(*name));
        if !is_satisfied {
            let spec = control.parameter(self.random.pick(control.one_of)).unwrap();
            let value = self.value_of(spec);
            parameters.insert(spec.name.to_owned(), value);
        }
        if self.random.chance(1) {
            parameters.insert("misspelt".to_owned(), json!(true));
        }
        Value::Object(parameters)
    }

    fn value_of(&mut self, spec: &ParameterSpec) -> Value {
        match spec.parameter_type {
            ParameterType::Span => json!(self.random.pick(&words::SPANS)),
            ParameterType::Bool => json!(self.random.chance(60)),
            ParameterType::Integer => json!(self.random.pick(&[0, 2, 128, 256, 512])),
            ParameterType::Text => json!(self.text(spec.name)),
            ParameterType::TextList => {
                let count = self.random.between(1, 2);
                json!((0..count).map(|_| self.text(spec.name)).collect::<Vec<_>>())
            }
            ParameterType::Enumeration(options) => json!(self.random.pick(options)),
            ParameterType::EnumerationList(options) => json!(self.random.some_of(options)),
            ParameterType::Map => json!({"cpu": "2", "memory": ["1Gi"]}),
        }
    }

    fn text(&mut self, parameter: &str) -> &'static str {
        match parameter {
            "environments" => self.random.pick(&["prod", "staging", "dev", "all"]),
            "dataClass" => self.random.pick(&["all", "customer", "logs", "scratch"]),
            "forbidden" => self.random.pick(&["scratch", "invented"]),
            "keyIds" => self.random.pick(&words::KEYS),
            "detectors" => self.random.pick(&[
                "default",
                "all but card-number",
                "cloud-key",
                "token",
                "private-key",
                "url-password",
                "password",
                "card-number",
                "no-such-detector",
            ]),
            _ => self.random.pick(&["a", "b"]),
        }
    }
}
