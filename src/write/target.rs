//! The object that a write is for.

use std::fmt;

use serde_json::{Map, Value};

use super::WriteError;
use crate::{
    core::facts::{Name, Resource},
    watch::path,
};

/// An object by resource, namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Its resource.
    pub resource: Resource,
    /// Its namespace; none for cluster-scoped resources.
    pub namespace: Option<Name>,
    /// Its name.
    pub name: Name,
}

/// Which part of an object a write is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// All but the status.
    Object,
    /// The status, where it is a subresource.
    Status,
}

impl Target {
    /// A cluster-scoped object.
    pub fn cluster(resource: Resource, name: impl Into<Name>) -> Self {
        Self { resource, namespace: None, name: name.into() }
    }

    /// An object in a namespace.
    pub fn namespaced(resource: Resource, namespace: impl Into<Name>, name: impl Into<Name>) -> Self {
        Self { resource, namespace: Some(namespace.into()), name: name.into() }
    }

    /// `apiVersion` of its objects.
    pub fn api_version(&self) -> String {
        let Resource { group, version, .. } = self.resource;
        if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
    }

    /// The path of all objects of its resource and namespace.
    pub(super) fn collection(&self) -> String {
        path(&self.resource, self.namespace.as_deref())
    }

    /// `body` with `apiVersion`, `kind`, name and namespace of this target, whatever it had there.
    pub(super) fn complete(&self, body: &Value) -> Result<Value, WriteError> {
        let Value::Object(fields) = body else { return Err(self.malformed("the body")) };
        let mut fields = fields.clone();
        fields.insert("apiVersion".to_owned(), self.api_version().into());
        fields.insert("kind".to_owned(), self.resource.kind.into());
        let metadata = fields.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(metadata) = metadata else { return Err(self.malformed("metadata")) };
        metadata.insert("name".to_owned(), self.name.as_str().into());
        if let Some(namespace) = &self.namespace {
            metadata.insert("namespace".to_owned(), namespace.as_str().into());
        }
        Ok(Value::Object(fields))
    }

    /// Refuses names that would lead a path elsewhere. The API server allows none of them.
    pub(super) fn check(&self) -> Result<(), WriteError> {
        let is_safe = |text: &str| {
            !text.is_empty() && text != "." && text != ".." && !text.contains(['/', '%', '?', '#'])
        };
        let is_scoped = self.resource.is_namespaced == self.namespace.is_some();
        if is_scoped && is_safe(&self.name) && self.namespace.as_deref().is_none_or(is_safe) {
            return Ok(());
        }
        Err(self.malformed("name or namespace"))
    }

    fn malformed(&self, what: &'static str) -> WriteError {
        WriteError::Malformed { object: self.to_string(), what }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.resource.kind, self.name),
            None => write!(f, "{} {}", self.resource.kind, self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;
    use crate::core::facts::Kind;

    #[test]
    fn a_body_is_of_its_target_whatever_it_says() {
        let target = Target::namespaced(Kind::NetworkPolicy.resource(), "acme", "default-deny");
        let body = json!({"kind": "Pod", "metadata": {"name": "other", "uid": "u"}, "spec": {}});
        let expected = json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "default-deny", "namespace": "acme", "uid": "u"}, "spec": {},
        });
        assert_eq!(target.complete(&body).unwrap(), expected);
        let target = Target::cluster(Kind::Namespace.resource(), "acme");
        let expected = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "acme"}});
        assert_eq!(target.complete(&json!({})).unwrap(), expected);
    }

    #[test]
    fn a_name_that_would_lead_elsewhere_is_refused() {
        let policies = Kind::NetworkPolicy.resource();
        let cases = [
            (Target::namespaced(policies, "acme", "deny"), true),
            (Target::namespaced(policies, "acme", "system:deny"), true),
            (Target::namespaced(policies, "acme", "../../secrets/x"), false),
            (Target::namespaced(policies, "..", "deny"), false),
            (Target::namespaced(policies, "acme", "deny?dryRun=All"), false),
            (Target::namespaced(policies, "", "deny"), false),
            (Target::cluster(policies, "deny"), false),
            (Target::namespaced(Kind::Namespace.resource(), "acme", "acme"), false),
        ];
        for (target, expected) in cases {
            assert_eq!(target.check().is_ok(), expected, "{target}");
        }
    }

    #[test]
    fn a_body_that_is_no_object_is_refused() {
        let target = Target::cluster(Kind::Namespace.resource(), "acme");
        for body in [json!([]), json!("x"), json!({"metadata": 1})] {
            assert!(target.complete(&body).is_err(), "{body}");
        }
    }
}
