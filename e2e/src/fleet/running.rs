//! What runs: namespaces, controllers with their pods, claims with their volumes, what is reached from outside, and
//! recovery points.

use serde_json::{Value, json};
use surety::{api::keys, core::facts::Kind};

use super::{FAILING, NAMESPACES, declared::data_class, metadata, namespace_name, tenant_name};

const STATEFUL: usize = 4;
const STATELESS: usize = 3;
const PODS_OF_STATEFUL: usize = 5;
/// Twenty pods over three controllers.
const PODS_OF_STATELESS: [usize; STATELESS] = [7, 7, 6];
const CLAIMS: usize = 20;
const ROUTES: usize = 10;
const POINTS: usize = 30;

/// The objects of a kind that a tenant has.
pub(super) fn of_tenant(at: usize, kind: Kind) -> Vec<Value> {
    match kind {
        Kind::Namespace => (0..NAMESPACES.len()).map(|part| namespace(at, part)).collect(),
        Kind::NetworkPolicy => (0..NAMESPACES.len()).map(|part| fence(at, part)).collect(),
        Kind::StatefulSet => {
            (0..STATEFUL).map(|number| controller(at, number, "db", "StatefulSet")).collect()
        }
        Kind::Deployment => {
            (0..STATELESS).map(|number| controller(at, number, "web", "Deployment")).collect()
        }
        Kind::ReplicaSet => (0..STATELESS).map(|number| replica_set(at, number)).collect(),
        Kind::Pod => pods(at),
        Kind::PersistentVolumeClaim => (0..CLAIMS).map(|number| claim(at, number)).collect(),
        Kind::PersistentVolume => (0..CLAIMS).map(|number| volume(at, number)).collect(),
        Kind::Service => (0..ROUTES).map(|number| service(at, number)).collect(),
        Kind::Ingress => (0..ROUTES).map(|number| ingress(at, number)).collect(),
        Kind::VeleroSchedule => vec![schedule(at)],
        Kind::VeleroBackup => (0..POINTS).map(|number| point(at, number)).collect(),
        _ => Vec::new(),
    }
}

/// Whether this object of a tenant breaks a promise.
fn is_failing(at: usize, number: usize) -> bool {
    (at + number).is_multiple_of(FAILING)
}

fn app(name: &str) -> Value {
    json!({"app": name, "app.kubernetes.io/name": name, "app.kubernetes.io/managed-by": "Helm"})
}

fn namespace(at: usize, part: usize) -> Value {
    let name = namespace_name(at, part);
    let labels = json!({
        keys::TENANT: tenant_name(at), keys::POD_SECURITY_ENFORCE: "baseline", "kubernetes.io/metadata.name": name,
    });
    json!({"metadata": metadata(None, &name, &labels), "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}})
}

fn fence(at: usize, part: usize) -> Value {
    let metadata = metadata(Some(&namespace_name(at, part)), "default-deny", &json!({}));
    json!({"metadata": metadata, "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}})
}

fn template(at: usize, number: usize, name: &str) -> Value {
    let container = |name: &str| {
        json!({
            "name": name, "image": format!("registry.example.com/{name}:1.{number}"), "imagePullPolicy": "IfNotPresent",
            "ports": [{"containerPort": 8080, "protocol": "TCP", "name": "http"}],
            "env": [{"name": "MODE", "value": "production"}, {"name": "LEVEL", "value": "info"}],
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
            "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10},
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
        })
    };
    let volumes = json!([
        {"name": "tmp", "emptyDir": {}},
        {"name": "data", "persistentVolumeClaim": {"claimName": format!("data-{number}")}},
    ]);
    let mut spec = json!({
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container("app"), container("proxy")], "volumes": volumes,
        "restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler",
    });
    if is_failing(at, number) {
        spec["hostNetwork"] = json!(true);
    }
    json!({"metadata": {"labels": app(name)}, "spec": spec})
}

fn controller(at: usize, number: usize, prefix: &str, kind: &str) -> Value {
    let name = format!("{prefix}-{number}");
    let part = usize::from(kind == "StatefulSet");
    let mut spec = json!({
        "replicas": 5, "selector": {"matchLabels": {"app": name}}, "template": template(at, number, &name),
    });
    if kind == "StatefulSet" {
        spec["serviceName"] = json!(name);
    }
    let status = json!({"replicas": 5, "readyReplicas": 5, "observedGeneration": 1});
    json!({"metadata": metadata(Some(&namespace_name(at, part)), &name, &app(&name)), "spec": spec, "status": status})
}

fn owned_by(mut metadata: Value, namespace: &str, kind: &str, name: &str) -> Value {
    metadata["ownerReferences"] = json!([{
        "apiVersion": "apps/v1", "kind": kind, "name": name, "uid": format!("{namespace}-{name}"),
        "controller": true, "blockOwnerDeletion": true,
    }]);
    metadata
}

fn replica_set(at: usize, number: usize) -> Value {
    let (namespace, owner) = (namespace_name(at, 0), format!("web-{number}"));
    let metadata = metadata(Some(&namespace), &format!("{owner}-5d9c7"), &app(&owner));
    let spec = json!({
        "replicas": PODS_OF_STATELESS[number], "selector": {"matchLabels": {"app": owner}},
        "template": template(at, number, &owner),
    });
    json!({"metadata": owned_by(metadata, &namespace, "Deployment", &owner), "spec": spec, "status": {"replicas": 7}})
}

fn pods(at: usize) -> Vec<Value> {
    let stateful = (0..STATEFUL).flat_map(|number| {
        let owner = format!("db-{number}");
        (0..PODS_OF_STATEFUL).map(move |ordinal| pod(at, number, 1, "StatefulSet", &owner, ordinal))
    });
    let stateless = (0..STATELESS).flat_map(|number| {
        let owner = format!("web-{number}-5d9c7");
        (0..PODS_OF_STATELESS[number]).map(move |ordinal| pod(at, number, 0, "ReplicaSet", &owner, ordinal))
    });
    stateful.chain(stateless).collect()
}

fn pod(at: usize, number: usize, part: usize, kind: &str, owner: &str, ordinal: usize) -> Value {
    let namespace = namespace_name(at, part);
    let name = format!("{owner}-{ordinal}");
    let metadata = metadata(Some(&namespace), &name, &app(owner));
    let mut spec = template(at, number, owner)["spec"].take();
    spec["nodeName"] = json!(format!("node-{}", ordinal % 7));
    let state = |name: &str| {
        json!({"name": name, "ready": true, "restartCount": 0, "image": "registry.example.com/app:1",
               "imageID": "registry.example.com/app@sha256:0000", "state": {"running": {"startedAt": super::CREATED}}})
    };
    let status =
        json!({"phase": "Running", "podIP": "10.0.0.1", "containerStatuses": [state("app"), state("proxy")]});
    json!({"metadata": owned_by(metadata, &namespace, kind, owner), "spec": spec, "status": status})
}

fn class_name(at: usize, number: usize) -> &'static str {
    if is_failing(at, number) { "plain" } else { "encrypted" }
}

fn claim(at: usize, number: usize) -> Value {
    let name = format!("data-{number}");
    let mut labels = app(&name);
    labels[keys::DATA_CLASS] = json!(data_class(at));
    let spec = json!({
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "8Gi"}}, "volumeMode": "Filesystem",
        "storageClassName": class_name(at, number), "volumeName": format!("pvc-{at}-{number}"),
    });
    let status = json!({"phase": "Bound", "capacity": {"storage": "8Gi"}, "accessModes": ["ReadWriteOnce"]});
    json!({"metadata": metadata(Some(&namespace_name(at, number % 2)), &name, &labels), "spec": spec, "status": status})
}

fn volume(at: usize, number: usize) -> Value {
    let (namespace, claim) = (namespace_name(at, number % 2), format!("data-{number}"));
    let spec = json!({
        "capacity": {"storage": "8Gi"}, "accessModes": ["ReadWriteOnce"], "persistentVolumeReclaimPolicy": "Delete",
        "storageClassName": class_name(at, number), "volumeMode": "Filesystem",
        "claimRef": {"kind": "PersistentVolumeClaim", "namespace": namespace, "name": claim, "uid": format!("{namespace}-{claim}")},
        "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": format!("vol-{at}-{number}"),
                "volumeAttributes": {"storage.kubernetes.io/csiProvisionerIdentity": "1-ebs"}},
    });
    json!({"metadata": metadata(None, &format!("pvc-{at}-{number}"), &json!({})), "spec": spec, "status": {"phase": "Bound"}})
}

fn service(at: usize, number: usize) -> Value {
    let name = format!("svc-{number}");
    let spec = json!({
        "type": "ClusterIP", "clusterIP": "10.0.0.7", "selector": {"app": name},
        "ports": [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}],
    });
    json!({"metadata": metadata(Some(&namespace_name(at, 0)), &name, &app(&name)), "spec": spec})
}

fn ingress(at: usize, number: usize) -> Value {
    let (name, host) = (format!("web-{number}"), format!("w{number}.{}.example.com", tenant_name(at)));
    let backend = json!({"service": {"name": format!("svc-{number}"), "port": {"number": 80}}});
    let path = json!({"path": "/", "pathType": "Prefix", "backend": backend});
    let mut spec = json!({"ingressClassName": "nginx", "rules": [{"host": host, "http": {"paths": [path]}}]});
    if !is_failing(at, number) {
        spec["tls"] = json!([{"hosts": [host], "secretName": "tls"}]);
    }
    json!({"metadata": metadata(Some(&namespace_name(at, 0)), &name, &app(&name)), "spec": spec})
}

/// A recovery point for each of the last days.
fn point(at: usize, days_ago: usize) -> Value {
    let day = |time: &str| {
        let today: jiff::civil::Date = jiff::civil::date(2026, 6, 15);
        let day = today.saturating_sub(jiff::Span::new().days(i64::try_from(days_ago).unwrap_or_default()));
        format!("{day}T{time}Z")
    };
    let expiry = jiff::civil::date(2026, 7, 16)
        .saturating_sub(jiff::Span::new().days(i64::try_from(days_ago).unwrap_or_default()));
    let status = json!({
        "phase": "Completed", "startTimestamp": day("03:00:00"), "completionTimestamp": day("03:05:00"),
        "expiration": format!("{expiry}T03:00:00Z"), "version": 1, "formatVersion": "1.1.0",
        "csiVolumeSnapshotsAttempted": 20, "csiVolumeSnapshotsCompleted": 20,
        "progress": {"itemsBackedUp": 143, "totalItems": 143},
    });
    let spec = json!({"includedNamespaces": included(at), "storageLocation": "default", "ttl": "744h", "snapshotMoveData": true,
                      "defaultVolumesToFsBackup": false, "hooks": {}, "metadata": {}});
    let name = format!("{}-daily-{days_ago:02}", tenant_name(at));
    let labels = json!({"velero.io/schedule-name": format!("{}-daily", tenant_name(at)), "velero.io/storage-location": "default"});
    let mut metadata = metadata(Some("velero"), &name, &labels);
    metadata["creationTimestamp"] = json!(day("03:00:00"));
    json!({"metadata": metadata, "spec": spec, "status": status})
}

fn included(at: usize) -> Vec<String> {
    (0..NAMESPACES.len()).map(|part| namespace_name(at, part)).collect()
}

fn schedule(at: usize) -> Value {
    let template = json!({"includedNamespaces": included(at), "ttl": "744h", "snapshotMoveData": true});
    let metadata = metadata(Some("velero"), &format!("{}-daily", tenant_name(at)), &json!({}));
    json!({"metadata": metadata, "spec": {"schedule": "0 3 * * *", "template": template}, "status": {"phase": "Enabled"}})
}

/// One class that encrypts, and one that does not.
pub(super) fn classes() -> Vec<Value> {
    let class = |name: &str, encrypted: &str| {
        json!({"metadata": metadata(None, name, &json!({})), "provisioner": "ebs.csi.aws.com",
               "parameters": {"encrypted": encrypted, "type": "gp3"}})
    };
    vec![class("encrypted", "true"), class("plain", "false")]
}

/// The place of all recovery points.
pub(super) fn location() -> Value {
    let spec = json!({"provider": "aws", "objectStorage": {"bucket": "b"}, "default": true});
    let status =
        json!({"phase": "Available", "lastSyncedTime": super::NOW, "lastValidationTime": super::NOW});
    json!({"metadata": metadata(Some("velero"), "default", &json!({})), "spec": spec, "status": status})
}
