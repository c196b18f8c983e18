//! Pods and what makes them, alone and as chains of owners.

use serde_json::{Value, json};
use surety::core::facts::Kind;

use super::{Maker, Objects, pods::sidecar};

const ALONE: [Kind; 8] = [
    Kind::Pod,
    Kind::ReplicationController,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::ReplicaSet,
    Kind::Job,
    Kind::CronJob,
];

/// Who makes whom.
const CHAINS: [(Kind, Kind); 7] = [
    (Kind::Deployment, Kind::ReplicaSet),
    (Kind::ReplicaSet, Kind::Pod),
    (Kind::StatefulSet, Kind::Pod),
    (Kind::DaemonSet, Kind::Pod),
    (Kind::ReplicationController, Kind::Pod),
    (Kind::Job, Kind::Pod),
    (Kind::CronJob, Kind::Job),
];

impl Maker {
    pub(super) fn add_workloads(&mut self, objects: &mut Objects) {
        for _ in 0..self.random.between(0, 3) {
            let kind = self.random.pick(&ALONE);
            let (place, name) = (self.place(), self.random.pick(&["web", "db"]));
            let value = self.workload(kind, place, name);
            objects.add(kind, value);
        }
        // Twice, so that pods of a ReplicaSet of a Deployment come up.
        for _ in 0..2 {
            for (owner, owned) in CHAINS {
                for value in objects.of(owner) {
                    if self.random.chance(30) {
                        let value = self.owned_by(owner, &value, owned);
                        objects.add(owned, value);
                    }
                }
            }
        }
    }

    pub(super) fn workload(&mut self, kind: Kind, namespace: &str, name: &str) -> Value {
        let template = self.template();
        self.workload_of(kind, namespace, name, &template)
    }

    fn workload_of(&mut self, kind: Kind, namespace: &str, name: &str, template: &Value) -> Value {
        let mut metadata = self.metadata(kind, namespace, name);
        let spec = match kind {
            Kind::Pod => {
                for field in ["labels", "annotations"] {
                    metadata[field] = template["metadata"][field].clone();
                }
                template["spec"].clone()
            }
            Kind::CronJob => {
                json!({"schedule": "0 * * * *", "jobTemplate": {"spec": {"template": template}}})
            }
            Kind::StatefulSet => {
                let count = self.random.pick(&[0, 1, 1]);
                let claims: Vec<Value> = (0..count).map(|_| self.named_claim_template("data")).collect();
                json!({"serviceName": name, "template": template, "volumeClaimTemplates": claims})
            }
            _ => json!({"replicas": 1, "template": template}),
        };
        Self::object(kind, metadata, json!({"spec": spec}))
    }

    fn named_claim_template(&mut self, name: &str) -> Value {
        let mut template = self.claim_template();
        template["metadata"]["name"] = json!(name);
        template
    }

    /// Mostly of the owner's template, or with a container more; the reference is mostly right.
    fn owned_by(&mut self, owner_kind: Kind, owner: &Value, kind: Kind) -> Value {
        let text =
            |field: &str| owner.pointer(&format!("/metadata/{field}")).and_then(Value::as_str).unwrap();
        let pointer =
            if owner_kind == Kind::CronJob { "/spec/jobTemplate/spec/template" } else { "/spec/template" };
        let mut template = owner.pointer(pointer).unwrap().clone();
        match self.random.below(10) {
            0 => template = self.template(),
            1 | 2 => {
                template["spec"]["ephemeralContainers"] = json!([sidecar("extra")]);
            }
            3 => template["metadata"]["labels"]["pod-template-hash"] = json!("1"),
            _ => {}
        }
        let name = format!("{}-0", text("name"));
        let mut value = self.workload_of(kind, text("namespace"), &name, &template);
        let uid = if self.random.chance(90) { text("uid") } else { "somebody-else" };
        let reference = json!({
            "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": text("name"), "uid": uid,
            "controller": self.random.chance(92),
        });
        value["metadata"]["ownerReferences"] = json!([reference]);
        value
    }

    /// Another form of a workload of the same name, of the same owner where it has one.
    pub(super) fn another_workload(&mut self, kind: Kind, old: &Value) -> Value {
        let text = |field: &str| {
            old.pointer(&format!("/metadata/{field}")).and_then(Value::as_str).unwrap_or_default()
        };
        let mut value = if self.random.chance(50) {
            self.workload(kind, text("namespace"), text("name"))
        } else {
            let mut value = old.clone();
            let (mut metadata, mut spec) = (json!({}), json!({"containers": [{"name": "app"}]}));
            self.flaw(&mut metadata, &mut spec);
            let pointer = match kind {
                Kind::Pod => "/spec",
                Kind::CronJob => "/spec/jobTemplate/spec/template/spec",
                _ => "/spec/template/spec",
            };
            if let (Some(Value::Object(target)), Value::Object(flaws)) = (value.pointer_mut(pointer), spec) {
                target.extend(flaws);
            }
            value
        };
        if self.random.chance(85) {
            value["metadata"]["ownerReferences"] = old["metadata"]["ownerReferences"].clone();
        }
        value
    }
}
