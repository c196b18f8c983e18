//! Requests to be judged: creations, changes and deletions of what is in the world, by anybody.

use serde_json::{Value, json};
use surety::core::facts::Kind;

use super::{Maker, words};
use crate::parity::scenario::{Object, Request, Seen};

impl Maker {
    pub(super) fn requests(&mut self, objects: &[Object]) -> Vec<Request> {
        // Neither Surety's own records nor `kube-system` are sent to the webhook.
        let is_sent = |object: &&Object| {
            let is_system =
                object.kind == Kind::Namespace && object.newest()["metadata"]["name"] == "kube-system";
            object.now.is_some() && object.kind != Kind::TenantRecord && !is_system
        };
        let candidates: Vec<&Object> = objects.iter().filter(is_sent).collect();
        if candidates.is_empty() {
            return Vec::new();
        }
        let mut requests: Vec<Request> = (0..self.random.pick(&[1, 1, 2]))
            .map(|_| {
                let object = self.random.pick(&candidates);
                self.request(object)
            })
            .collect();
        if self.random.chance(5) {
            requests.push(self.deletion_request());
        }
        requests
    }

    fn request(&mut self, object: &Object) -> Request {
        let (kind, now) = (object.kind, object.now.as_ref().unwrap());
        let (old, new) = match self.random.below(10) {
            0..=3 => (None, Some(now.clone())),
            4..=6 => {
                let mut new = self.another(kind, now);
                new["metadata"]["uid"] = now["metadata"]["uid"].clone();
                if self.random.chance(60) {
                    new["metadata"]["creationTimestamp"] = now["metadata"]["creationTimestamp"].clone();
                }
                (Some(now.clone()), Some(new))
            }
            7 => {
                // Nothing but the owners.
                let mut new = now.clone();
                let owner = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "x"});
                let had_owners = now["metadata"]["ownerReferences"].is_array();
                new["metadata"]["ownerReferences"] = if had_owners { json!([]) } else { json!([owner]) };
                (Some(now.clone()), Some(new))
            }
            _ => (Some(now.clone()), None),
        };
        let seen = self.random.pick(&[Seen::Truth, Seen::Truth, Seen::Truth, Seen::Nothing, Seen::Future]);
        Request {
            kind,
            old,
            new,
            seen,
            user: self.random.pick(&words::USERS),
            groups: self.random.some_of(&["system:authenticated", "developers"]),
            propagation: self.random.pick(&[
                None,
                None,
                Some("Orphan"),
                Some("Background"),
                Some("Foreground"),
            ]),
        }
    }

    /// That the engine delete a recovery point.
    fn deletion_request(&mut self) -> Request {
        let kind = Kind::DeleteBackupRequest;
        let metadata = self.metadata(kind, "velero", "daily-1-x");
        let new = Self::object(
            kind,
            metadata,
            json!({"spec": {"backupName": self.random.pick(&["daily-1", "daily-2"])}}),
        );
        Request {
            kind,
            old: None,
            new: Some(new),
            seen: Seen::Truth,
            user: self.random.pick(&words::USERS),
            groups: Vec::new(),
            propagation: None,
        }
    }

    /// Another form of an object, under the same name.
    pub(super) fn another(&mut self, kind: Kind, now: &Value) -> Value {
        let text = |field: &str| {
            now.pointer(&format!("/metadata/{field}")).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let (namespace, name) = (text("namespace"), text("name"));
        match kind {
            kind if kind.is_workload() => self.another_workload(kind, now),
            kind if kind.is_declaration() => self.another_declaration(kind, &name),
            Kind::Namespace | Kind::TenantRecord => self.another_declaration(kind, &name),
            Kind::StorageClass | Kind::PersistentVolume | Kind::PersistentVolumeClaim => {
                self.another_of_storage(kind, &namespace, &name)
            }
            Kind::Service | Kind::Ingress | Kind::NetworkPolicy => {
                self.another_of_network(kind, &namespace, &name)
            }
            _ => self.another_of_engine(kind, &namespace, &name),
        }
    }
}
