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

    #[allow(clippy::too_many_lines, reason = "one flaw a line")]
    pub(super) fn flaw(&mut self, metadata: &mut Value, spec: &mut Value) {
        let list = if spec["initContainers"].is_array() && self.random.chance(30) {
            "initContainers"
        } else {
            "containers"
        };
        match self.random.below(34) {
            0 => spec["hostNetwork"] = json!(true),
            1 => spec["hostPID"] = json!(true),
            2 => spec["hostIPC"] = json!(true),
            3 => *first(&mut spec["volumes"]) = json!({"name": "node", "hostPath": {"path": "/var/run"}}),
            4 => {
                *first(&mut spec["volumes"]) =
                    json!({"name": "share", "nfs": {"server": "nfs.example.com", "path": "/"}})
            }
            5 => first(&mut spec[list])["ports"] = json!([{"containerPort": 80, "hostPort": 80}]),
            6 => first(&mut spec[list])["securityContext"]["privileged"] = json!(true),
            7 => first(&mut spec[list])["securityContext"]["allowPrivilegeEscalation"] = json!(true),
            8 => {
                first(&mut spec[list])["securityContext"]["capabilities"] =
                    json!({"add": [self.random.pick(&["NET_ADMIN", "CHOWN", "NET_BIND_SERVICE"])]})
            }
            9 => first(&mut spec[list])["securityContext"]["runAsNonRoot"] = json!(false),
            10 => first(&mut spec[list])["securityContext"]["runAsUser"] = json!(0),
            11 => spec["securityContext"] = json!({}),
            12 => spec["securityContext"]["runAsUser"] = json!(0),
            13 => spec["securityContext"]["seccompProfile"] = json!({"type": "Unconfined"}),
            14 => spec["securityContext"]["appArmorProfile"] = json!({"type": "Unconfined"}),
            15 => spec["securityContext"]["seLinuxOptions"] = json!({"type": "spc_t", "user": "u"}),
            16 => spec["securityContext"]["sysctls"] = json!([{"name": "kernel.msgmax", "value": "1"}]),
            17 => spec["securityContext"]["windowsOptions"] = json!({"hostProcess": true}),
            18 => first(&mut spec[list])["securityContext"]["procMount"] = json!("Unmasked"),
            19 => {
                first(&mut spec[list])["securityContext"]["seccompProfile"] =
                    json!({"type": "Localhost", "localhostProfile": "p"})
            }
            20 => first(&mut spec[list])["securityContext"]["seLinuxOptions"] = json!({"role": "r"}),
            21 => first(&mut spec[list])["securityContext"] = json!(null),
            22 => {
                metadata["annotations"] =
                    json!({"container.apparmor.security.beta.kubernetes.io/app": "unconfined"})
            }
            23 => metadata["labels"][keys::VELERO_EXCLUDE] = json!("true"),
            24 => metadata["annotations"] = json!({keys::VELERO_EXCLUDE_VOLUMES: "v0, v1"}),
            25 => {
                *first(&mut first(&mut spec[list])["env"]) =
                    json!({"name": "DB_PASSWORD", "value": "hunter-twelve-7"})
            }
            26 => first(&mut spec[list])["args"] = json!(["--user", "app", "--password=Winter.2019x"]),
            27 => {
                first(&mut spec[list])["command"] =
                    json!(["sh", "-c", "curl https://app:s3cretly9@db.example.com/x"])
            }
            28 => {
                *first(&mut first(&mut spec[list])["env"]) =
                    json!({"name": "KEY", "value": format!("AKIA{}", "Q7Z4".repeat(4))})
            }
            29 => {
                *first(&mut first(&mut spec[list])["env"]) =
                    json!({"name": "TOKEN", "value": format!("glpat-{}", "x9Y".repeat(8))})
            }
            30 => metadata["annotations"] = json!({"example.com/api-token": "0f9a8b7c6d5e4f3a2b1c"}),
            31 => {
                *first(&mut first(&mut spec[list])["env"]) =
                    json!({"name": "NUMBER", "value": "4111 1111 1111 1111"})
            }
            32 => {
                spec["ephemeralContainers"] =
                    json!([{"name": "debug", "image": "busybox", "securityContext": {"privileged": true}}])
            }
            _ => first(&mut spec[list])["image"] = json!("hub.example.com/mesh/proxy:1"),
        }
    }
}

/// The first of a list, which is made where it is missing.
fn first(list: &mut Value) -> &mut Value {
    if list.as_array().is_none_or(Vec::is_empty) {
        *list = json!([{}]);
    }
    &mut list[0]
}
