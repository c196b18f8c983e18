//! Pod templates: good ones, and ones with a flaw in any field that a control reads.

use serde_json::{Value, json};
use surety::api::keys;

use super::{Maker, words};

impl Maker {
    /// `metadata` and `spec` of a template.
    pub(super) fn template(&mut self) -> Value {
        let mut spec = json!({
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [Self::good_container("app")],
        });
        let mut metadata = json!({"labels": {"app": self.random.pick(&["web", "db"])}});
        if self.random.chance(20) {
            spec["initContainers"] = json!([Self::good_container("prepare")]);
        }
        if self.random.chance(15) {
            let image = self.random.pick(&["hub.example.com/mesh/proxy:1", "evil/proxy:1"]);
            spec["containers"].as_array_mut().unwrap().push(json!({"name": "mesh", "image": image}));
        }
        let count = self.random.pick(&[0, 1, 1, 2]);
        let volumes: Vec<Value> = (0..count).map(|at| self.pod_volume(&format!("v{at}"))).collect();
        spec["volumes"] = json!(volumes);
        if !self.careful() || self.random.chance(15) {
            for _ in 0..self.random.between(1, 3) {
                self.flaw(&mut metadata, &mut spec);
            }
        }
        json!({"metadata": metadata, "spec": spec})
    }

    fn good_container(name: &str) -> Value {
        json!({
            "name": name, "image": "registry.example.com/app:1", "ports": [{"containerPort": 8080}],
            "env": [{"name": "MODE", "value": "production"}, {"name": "HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}],
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
        })
    }

    pub(super) fn claim_template(&mut self) -> Value {
        let mut spec = json!({"resources": {"requests": {"storage": "1Gi"}}});
        self.class_name(&mut spec);
        if self.random.chance(8) {
            spec["volumeName"] = json!(self.random.pick(&words::VOLUMES));
        }
        let mut labels = json!({});
        self.data_class_label(&mut labels);
        if self.random.chance(5) {
            labels[keys::VELERO_EXCLUDE] = json!("true");
        }
        json!({"metadata": {"labels": labels}, "spec": spec})
    }

    fn pod_volume(&mut self, name: &str) -> Value {
        let mut volume = json!({"name": name});
        match self.random.below(9) {
            0..=2 => volume["persistentVolumeClaim"] = json!({"claimName": self.random.pick(&words::CLAIMS)}),
            3 => volume["ephemeral"] = json!({"volumeClaimTemplate": self.claim_template()}),
            4 => volume["emptyDir"] = json!({}),
            5 => volume["emptyDir"] = json!({"medium": "Memory"}),
            6 => volume["configMap"] = json!({"name": "settings"}),
            7 => {
                let driver = self.random.pick(&[
                    "secrets-store.csi.k8s.io",
                    "file.csi.azure.com",
                    "example.com/unknown",
                ]);
                volume["csi"] = json!({"driver": driver, "volumeAttributes": {"secretName": "x"}});
            }
            _ => volume["projected"] = json!({"sources": []}),
        }
        volume
    }

    /// Puts one flaw in, where there is place for it.
    pub(super) fn flaw(&mut self, metadata: &mut Value, spec: &mut Value) {
        let has_init = spec["initContainers"].is_array() && self.random.chance(30);
        let list = if has_init { "initContainers" } else { "containers" };
        let (path, value) = flaw(self.random.below(FLAWS));
        let (place, path) = path.split_once('/').unwrap_or((path, ""));
        let place = match place {
            "metadata" => metadata,
            "container" => first(&mut spec[list]),
            _ => spec,
        };
        let field = path.split('/').fold(place, |place, part| match part {
            "0" => first(place),
            field => &mut place[field],
        });
        *field = value;
    }
}

const FLAWS: usize = 37;

/// A flaw, and where it goes: into the pod's spec, its metadata, or a container.
fn flaw(number: usize) -> (&'static str, Value) {
    match number {
        0 => ("spec/hostNetwork", json!(true)),
        1 => ("spec/hostPID", json!(true)),
        2 => ("spec/hostIPC", json!(true)),
        3 => ("spec/volumes/0", json!({"name": "node", "hostPath": {"path": "/var/run"}})),
        4 => ("spec/volumes/0", json!({"name": "share", "nfs": {"server": "nfs.example.com", "path": "/"}})),
        5 => ("spec/securityContext", json!({})),
        6 => ("spec/securityContext/runAsUser", json!(0)),
        7 => ("spec/securityContext/seccompProfile", json!({"type": "Unconfined"})),
        8 => ("spec/securityContext/appArmorProfile", json!({"type": "Unconfined"})),
        9 => ("spec/securityContext/seLinuxOptions", json!({"type": "spc_t", "user": "u"})),
        10 => ("spec/securityContext/sysctls", json!([{"name": "kernel.msgmax", "value": "1"}])),
        11 => ("spec/securityContext/windowsOptions", json!({"hostProcess": true})),
        12 => ("spec/ephemeralContainers", json!([sidecar("debug")])),
        13..=25 => flaw_of_security(number - 13),
        _ => flaw_of_words(number - 26),
    }
}

fn flaw_of_security(number: usize) -> (&'static str, Value) {
    match number {
        0 => ("container/ports", json!([{"containerPort": 80, "hostPort": 80}])),
        1 => ("container/securityContext/privileged", json!(true)),
        2 => ("container/securityContext/allowPrivilegeEscalation", json!(true)),
        3 => ("container/securityContext/capabilities", json!({"add": ["NET_ADMIN"]})),
        4 => ("container/securityContext/capabilities", json!({"add": ["CHOWN"], "drop": ["ALL"]})),
        5 => {
            ("container/securityContext/capabilities", json!({"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}))
        }
        6 => ("container/securityContext/runAsNonRoot", json!(false)),
        7 => ("container/securityContext/runAsUser", json!(0)),
        8 => ("container/securityContext/procMount", json!("Unmasked")),
        9 => (
            "container/securityContext/seccompProfile",
            json!({"type": "Localhost", "localhostProfile": "p"}),
        ),
        10 => ("container/securityContext/seLinuxOptions", json!({"role": "r"})),
        11 => ("container/securityContext", json!(null)),
        _ => (
            "metadata/annotations",
            json!({"container.apparmor.security.beta.kubernetes.io/app": "unconfined"}),
        ),
    }
}

/// Credentials, opt-outs of backups, and an image that is known elsewhere.
fn flaw_of_words(number: usize) -> (&'static str, Value) {
    let variable = |name: &str, value: &str| ("container/env/0", json!({"name": name, "value": value}));
    match number {
        0 => variable("DB_PASSWORD", "hunter-twelve-7"),
        1 => variable("KEY", &format!("AKIA{}", "Q7Z4".repeat(4))),
        2 => variable("TOKEN", &format!("glpat-{}", "x9Y".repeat(8))),
        3 => variable("NUMBER", "4111 1111 1111 1111"),
        4 => ("container/args", json!(["--user", "app", "--password=Winter.2019x"])),
        5 => ("container/command", json!(["sh", "-c", "curl https://app:s3cretly9@db.example.com/x"])),
        6 => ("metadata/annotations", json!({"example.com/api-token": "0f9a8b7c6d5e4f3a2b1c"})),
        7 => ("metadata/annotations", json!({keys::VELERO_EXCLUDE_VOLUMES: "v0, v1"})),
        8 => ("metadata/labels", json!({keys::VELERO_EXCLUDE: "true"})),
        9 => ("container/image", json!("hub.example.com/mesh/proxy:1")),
        _ => ("spec/ephemeralContainers", json!([])),
    }
}

/// A container that people put into a pod.
pub(super) fn sidecar(name: &str) -> Value {
    json!({"name": name, "image": "busybox", "securityContext": {"privileged": true}})
}

/// The first of a list, which is made where it is missing.
fn first(list: &mut Value) -> &mut Value {
    if list.as_array().is_none_or(Vec::is_empty) {
        *list = json!([{}]);
    }
    &mut list[0]
}
