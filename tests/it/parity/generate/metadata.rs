//! `metadata`, and moments around the present.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use surety::{api::keys, core::facts::Kind};

use super::{Maker, words};

/// Ages that lie beside what controls count with.
const AGES: [i64; 18] = [
    0,
    1,
    20,
    60,
    299,
    300,
    301,
    660,
    3_600,
    3_961,
    86_399,
    86_400,
    172_800,
    7 * 86_400,
    30 * 86_400,
    45 * 86_400,
    400 * 86_400,
    8 * 365 * 86_400,
];

impl Maker {
    /// A moment in the past, or now.
    pub(super) fn ago(&mut self) -> Timestamp {
        let mut age = self.random.pick(&AGES);
        if self.random.chance(40) {
            age += i64::try_from(self.random.below(5_000)).unwrap();
        }
        self.now - SignedDuration::from_secs(age)
    }

    /// A moment in the future.
    pub(super) fn ahead(&mut self) -> Timestamp {
        let ahead = self.now - self.ago().max(self.now - SignedDuration::from_hours(24 * 300));
        self.now + SignedDuration::try_from(ahead).unwrap() + SignedDuration::from_secs(1)
    }

    /// Mostly in the future, at times now or in the past.
    pub(super) fn around(&mut self) -> Timestamp {
        if self.random.chance(65) { self.ahead() } else { self.ago() }
    }

    /// Metadata of a cluster-scoped object.
    pub(super) fn cluster_metadata(&mut self, kind: Kind, name: &str) -> Value {
        let mut metadata = json!({
            "name": name,
            "uid": format!("{}-{name}", kind.resource().plural),
            "creationTimestamp": self.ago(),
            "resourceVersion": self.random.between(1, 99_999).to_string(),
        });
        if self.random.chance(40) {
            metadata["generation"] = json!(self.random.between(1, 3));
        }
        if self.random.chance(3) {
            metadata["deletionTimestamp"] = json!(self.now);
            metadata["finalizers"] = json!(["example.com/wait"]);
        }
        if self.random.chance(10) {
            let entry = json!({"manager": "kubectl", "operation": "Apply", "fieldsV1": {"f:spec": {}}});
            metadata["managedFields"] = json!([entry]);
        }
        metadata
    }

    /// Metadata of a namespaced object.
    pub(super) fn metadata(&mut self, kind: Kind, namespace: &str, name: &str) -> Value {
        let mut metadata = self.cluster_metadata(kind, name);
        metadata["namespace"] = json!(namespace);
        metadata["uid"] = json!(format!("{}-{namespace}-{name}", kind.resource().plural));
        metadata
    }

    /// With `apiVersion` and `kind`.
    pub(super) fn object(kind: Kind, metadata: Value, rest: Value) -> Value {
        let resource = kind.resource();
        let version = match resource.group {
            "" => resource.version.to_owned(),
            group => format!("{group}/{}", resource.version),
        };
        let mut object = json!({"apiVersion": version, "kind": resource.kind});
        object["metadata"] = metadata;
        if let (Some(fields), Value::Object(rest)) = (object.as_object_mut(), rest) {
            fields.extend(rest);
        }
        object
    }

    /// A label that names a data class, on some.
    pub(super) fn data_class_label(&mut self, labels: &mut Value) {
        if self.random.chance(40) {
            labels[keys::DATA_CLASS] = json!(self.data_class());
        }
    }

    pub(super) fn data_class(&mut self) -> &'static str {
        let most = if self.careful() { 2 } else { words::DATA_CLASSES.len() };
        self.random.pick(&words::DATA_CLASSES[..most])
    }

    /// A namespace in which objects of tenants lie.
    pub(super) fn place(&mut self) -> &'static str {
        let meant = &words::NAMESPACES[..if self.tenants.len() > 1 { 3 } else { 2 }];
        if self.random.chance(90) { self.random.pick(meant) } else { self.random.pick(&words::NAMESPACES) }
    }

    /// A name that nothing has now.
    pub(super) fn name_of_a_ghost(&mut self, kind: Kind) -> String {
        match kind {
            Kind::TenantRecord => format!("{}ghost", keys::RECORD_OF_TENANT_PREFIX),
            _ => format!("ghost-{}", self.random.below(3)),
        }
    }
}
