//! The pieces of schema that several kinds share: patterns and bounds that the API server checks by itself.
//!
//! Everything here is bounded, because the API server refuses a CRD whose rules it estimates as too dear, and because
//! an object that passed the schema must fit the memory of whoever reads it. No decisions; see [`super`].

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::json;

/// A DNS label (RFC 1123): namespaces, data classes, engines' namespaces.
pub const DNS_LABEL: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
/// A DNS subdomain (RFC 1123): the names of cluster-scoped objects.
pub const DNS_SUBDOMAIN: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
/// A DNS label, or the start of one and `*` for any rest; `*` alone would let every namespace in.
pub const NAMESPACE_PATTERN: &str = r"^[a-z0-9]([-a-z0-9]*([a-z0-9]|\*))?$";
/// The id of a control, `area.check`.
pub const CONTROL_ID: &str = r"^[a-z]+\.[a-z]([a-z0-9-]*[a-z0-9])?$";
/// The id of a commitment within its profile.
pub const COMMITMENT_ID: &str = "^[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?$";
/// A word of a closed set that the webhook knows, in lower case with hyphens.
pub const KEBAB_CASE: &str = "^[a-z]([a-z0-9-]*[a-z0-9])?$";
/// The name of a Kubernetes kind.
pub const KIND: &str = "^[A-Z][A-Za-z0-9]*$";
/// A URI with its scheme.
pub const URI: &str = "^[a-z][a-z0-9+.-]*:.+$";
/// The shape of a schedule; [`super::rules::cron`] checks the ranges and says what is wanted.
pub const CRON_SHAPE: &str =
    "^(@(hourly|daily|weekly|monthly|yearly)|[0-9A-Za-z*,/-]+( [0-9A-Za-z*,/-]+){4})$";

/// A label of `metadata.labels`, and so the longest name that Surety can write into one.
const LABEL_VALUE: &str = "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$";
const LABEL_KEY: &str = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$";
// Narrower than the server's `date-time`, which takes any character before the fraction and years that no clock has.
const INSTANT: &str = concat!(
    "^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])",
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
);
const DAY: &str = "^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$";

/// A label selector. `k8s-openapi` gives it no bounds and takes operators that do not exist.
pub fn label_selector(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "x-kubernetes-map-type": "atomic",
        "properties": {
            "matchLabels": {
                "description": "Labels that must have exactly these values.",
                "type": "object",
                "maxProperties": 16,
                "additionalProperties": {"type": "string", "maxLength": 63, "pattern": LABEL_VALUE},
            },
            "matchExpressions": {
                "description": "Requirements that must all hold.",
                "type": "array",
                "maxItems": 16,
                "x-kubernetes-list-type": "atomic",
                "items": selector_requirement(),
            },
        },
    })
}

/// A label selector that must ask for something, where `{}` would reach every namespace of the cluster.
pub fn narrowing_selector(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = label_selector(generator);
    let asks = |field: &str| format!("(has(self.{field}) && self.{field}.size() > 0)");
    let rule = json!([{
        "rule": format!("{} || {}", asks("matchLabels"), asks("matchExpressions")),
        "message": "an empty selector would reach every namespace: give a label or an expression",
    }]);
    schema.insert("x-kubernetes-validations".to_owned(), rule);
    schema
}

fn selector_requirement() -> Schema {
    json_schema!({
        "type": "object",
        "required": ["key", "operator"],
        "properties": {
            "key": {
                "description": "The label's key.",
                "type": "string", "minLength": 1, "maxLength": 317, "pattern": LABEL_KEY,
            },
            "operator": {
                "description": "How the label's value relates to `values`.",
                "type": "string", "enum": ["In", "NotIn", "Exists", "DoesNotExist"],
            },
            "values": {
                "description": "The values of In and NotIn; nothing for Exists and DoesNotExist.",
                "type": "array",
                "maxItems": 32,
                "x-kubernetes-list-type": "atomic",
                "items": {"type": "string", "maxLength": 63, "pattern": LABEL_VALUE},
            },
        },
        "x-kubernetes-validations": [{
            "rule": "(self.operator in ['In', 'NotIn']) == (has(self.values) && self.values.size() > 0)",
            "message": "In and NotIn need values; Exists and DoesNotExist must have none",
        }],
    })
}

/// An instant in RFC 3339 with its zone, in years 1000 to 2999.
pub fn instant(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "date-time", "maxLength": 35, "pattern": INSTANT})
}

/// A day of the calendar, `YYYY-MM-DD`.
pub fn day(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "date", "maxLength": 10, "pattern": DAY})
}

/// A map from names to free values, 16 at most; what the values mean is the webhook's to judge.
pub fn free_form_map(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 16,
        "additionalProperties": {"x-kubernetes-preserve-unknown-fields": true},
    })
}

/// Conditions as KEP-1623 wants them: merged by type, each field bounded.
pub fn conditions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 16,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": {
            "type": "object",
            "required": ["type", "status", "reason", "message", "lastTransitionTime"],
            "properties": {
                "type": {
                    "description": "What the condition is about.",
                    "type": "string", "minLength": 1, "maxLength": 316, "pattern": "^[A-Z][A-Za-z0-9]*$",
                },
                "status": {
                    "description": "Whether it holds.",
                    "type": "string", "enum": ["True", "False", "Unknown"],
                },
                "observedGeneration": {
                    "description": "The generation that the condition speaks of.",
                    "type": "integer", "format": "int64", "minimum": 0,
                },
                "lastTransitionTime": {
                    "description": "When the status last changed.",
                    "type": "string", "format": "date-time", "maxLength": 35,
                },
                "reason": {
                    "description": "Why, as one word for programs.",
                    "type": "string", "minLength": 1, "maxLength": 1024,
                    "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
                },
                "message": {
                    "description": "Why, in words for people.",
                    "type": "string", "maxLength": 32768,
                },
            },
        },
    })
}
