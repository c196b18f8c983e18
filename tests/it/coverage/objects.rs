//! Kubernetes objects as the API server stores them, of a tenant that keeps its promises.

use jiff::Timestamp;
use serde_json::{Value, json};
use surety::core::facts::Kind;

/// The tenant of every case.
pub const TENANT: &str = "acme";
/// Another tenant of the cluster.
pub const NEIGHBOUR: &str = "globex";
/// The tenant's namespace.
pub const NAMESPACE: &str = "acme-prod";
/// A namespace that the tenant lists, and that is not there yet.
pub const NEW_NAMESPACE: &str = "acme-new";
/// When everything was created.
pub const BEGINNING: &str = "2026-12-01T00:00:00Z";
/// The present of a case, unless it says otherwise.
pub const NOW: &str = "2027-01-15T12:00:00Z";
/// A storage class that encrypts with AES-256 and the customer's key.
pub const ENCRYPTED_CLASS: &str = "encrypted";
/// A storage class that does not encrypt.
pub const PLAIN_CLASS: &str = "plain";

/// An instant.
pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// An instant as objects carry it.
pub fn text_of(moment: Timestamp) -> String {
    format!("{moment:.0}")
}

/// An object that was created at [`BEGINNING`]; namespaced kinds lie in [`NAMESPACE`].
pub fn object(kind: Kind, name: &str, body: Value) -> Value {
    let resource = kind.resource();
    let api_version = match resource.group {
        "" => resource.version.to_owned(),
        group => format!("{group}/{}", resource.version),
    };
    let mut object = json!({
        "apiVersion": api_version, "kind": resource.kind,
        "metadata": {
            "name": name, "uid": format!("uid-{}-{name}", resource.plural), "resourceVersion": "1",
            "generation": 1, "creationTimestamp": BEGINNING,
        },
    });
    if resource.is_namespaced {
        object["metadata"]["namespace"] = json!(NAMESPACE);
    }
    merge(&mut object, body);
    object
}

/// Writes `over` into `base`, field by field; lists are replaced, and null takes a field away.
pub fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (field, value) in over {
                if value.is_null() {
                    base.remove(&field);
                } else {
                    merge(base.entry(field).or_insert(Value::Null), value);
                }
            }
        }
        (base, over) => *base = over,
    }
}

/// The same object with other fields.
pub fn with(object: &Value, change: Value) -> Value {
    let mut changed = object.clone();
    merge(&mut changed, change);
    changed
}

/// A namespace of the tenant.
pub fn namespace(name: &str) -> Value {
    let labels = json!({
        "kubernetes.io/metadata.name": name, "surety.dev/tenant": TENANT, "surety.dev/environment": "production",
        "pod-security.kubernetes.io/enforce": "baseline",
    });
    object(Kind::Namespace, name, json!({"metadata": {"labels": labels}, "status": {"phase": "Active"}}))
}

/// A fence that lets nothing through.
pub fn fence(name: &str) -> Value {
    let spec = json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]});
    object(Kind::NetworkPolicy, name, json!({"spec": spec}))
}

/// A storage class on EBS.
pub fn storage_class(name: &str, encrypted: bool) -> Value {
    let mut parameters = json!({"type": "gp3", "encrypted": encrypted.to_string()});
    if encrypted {
        parameters["kmsKeyId"] = json!("arn:aws:kms:eu-central-1:111122223333:key/acme");
    }
    let body = json!({"provisioner": "ebs.csi.aws.com", "parameters": parameters, "reclaimPolicy": "Retain"});
    object(Kind::StorageClass, name, body)
}

/// What a claim asks of its class.
pub fn claim_spec(class: &str) -> Value {
    json!({
        "accessModes": ["ReadWriteOnce"], "storageClassName": class,
        "resources": {"requests": {"storage": "1Gi"}},
    })
}

/// A claim that is not bound yet.
pub fn claim(name: &str, class: &str) -> Value {
    object(
        Kind::PersistentVolumeClaim,
        name,
        json!({"spec": claim_spec(class), "status": {"phase": "Pending"}}),
    )
}

/// A claim that is bound to the volume `pv-{name}`.
pub fn bound_claim(name: &str, class: &str, data_class: &str) -> Value {
    let bound = json!({
        "metadata": {"labels": {"surety.dev/data-class": data_class}},
        "spec": {"volumeName": format!("pv-{name}")}, "status": {"phase": "Bound"},
    });
    with(&claim(name, class), bound)
}

/// The volume that was provisioned for a bound claim.
pub fn volume_of(claim: &str, class: &str) -> Value {
    let body = json!({
        "metadata": {"annotations": {"pv.kubernetes.io/provisioned-by": "ebs.csi.aws.com"}},
        "spec": {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": class,
            "persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {
                "kind": "PersistentVolumeClaim", "namespace": NAMESPACE, "name": claim,
                "uid": format!("uid-persistentvolumeclaims-{claim}"),
            },
            "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": format!("vol-{claim}")},
        },
        "status": {"phase": "Bound"},
    });
    object(Kind::PersistentVolume, &format!("pv-{claim}"), body)
}

/// The spec of a pod that asks for nothing that anybody could mind.
pub fn pod_spec() -> Value {
    json!({
        "automountServiceAccountToken": false,
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{
            "name": "web", "image": "registry.example.com/web:1.0",
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
        }],
    })
}

/// A workload of this kind around a pod's spec.
pub fn workload(kind: Kind, name: &str, pod_spec: &Value) -> Value {
    let template = json!({"metadata": {"labels": {"app": name}}, "spec": pod_spec});
    let selector = json!({"matchLabels": {"app": name}});
    let spec = match kind {
        Kind::Pod => return object(kind, name, json!({"spec": template["spec"]})),
        Kind::CronJob => json!({
            "schedule": "0 4 * * *",
            "jobTemplate": {"spec": {"template": with(&template, json!({"spec": {"restartPolicy": "Never"}}))}},
        }),
        Kind::StatefulSet => json!({"serviceName": name, "selector": selector, "template": template}),
        _ => json!({"selector": selector, "template": template}),
    };
    object(kind, name, json!({"spec": spec}))
}

/// The pod's spec within a workload.
pub fn pod_spec_of(workload: &mut Value) -> &mut Value {
    let pointer = match workload["kind"].as_str() {
        Some("Pod") => "/spec",
        Some("CronJob") => "/spec/jobTemplate/spec/template/spec",
        _ => "/spec/template/spec",
    };
    workload.pointer_mut(pointer).unwrap()
}

/// An Ingress of ingress-nginx that speaks TLS only.
pub fn ingress(name: &str) -> Value {
    let host = format!("{name}.example.com");
    let backend = json!({"service": {"name": "web", "port": {"number": 80}}});
    let spec = json!({
        "ingressClassName": "nginx",
        "tls": [{"hosts": [host], "secretName": format!("{name}-tls")}],
        "rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}],
    });
    let annotations = json!({"nginx.ingress.kubernetes.io/force-ssl-redirect": "true"});
    object(Kind::Ingress, name, json!({"metadata": {"annotations": annotations}, "spec": spec}))
}

/// A policy that reaches every tenant.
pub fn policy(kind: Kind, name: &str, spec: Value) -> Value {
    let mut reaching_all = json!({"tenantSelector": {}, "enforcement": "Deny"});
    merge(&mut reaching_all, spec);
    object(kind, name, json!({"spec": reaching_all}))
}
