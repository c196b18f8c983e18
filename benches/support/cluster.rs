//! A cluster in which tenants were promised `processor-baseline`, with the policies of its sample: objects as JSON.

use std::fs;

use jiff::Timestamp;
use serde_json::{Value, json};
use surety::{
    api::keys,
    core::{
        controls,
        facts::{Change, Kind, Source, SourceState},
        world::World,
    },
    decode, index,
    reconcile::book::Book,
};

const PROMISED: &str = "profile.surety.dev/processor-baseline";

/// How much a tenant has.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) workloads: usize,
    pub(crate) claims: usize,
}

pub(crate) fn now() -> Timestamp {
    "2026-06-15T12:00:00Z".parse().unwrap()
}

fn text(path: &str) -> String {
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A sample of what an API server sends.
pub(crate) fn review(name: &str) -> Vec<u8> {
    text(&format!("tests/data/admission/{name}.json")).into_bytes()
}

/// What is read of an object.
pub(crate) fn change(kind: Kind, object: &Value) -> Change {
    Change::Apply(decode::object(kind, object.to_string().as_bytes()).unwrap())
}

/// The promises and policies, which reach every tenant.
fn declarations() -> Vec<Change> {
    let policies = ["backup", "retention", "encryption", "isolation"]
        .map(|area| format!("config/samples/processor-baseline/{area}-policy.yaml"));
    let files = policies.into_iter().chain(["config/profiles/processor-baseline.yaml".to_owned()]);
    let objects = files.flat_map(|file| decode::manifests(&file, &text(&file), "default").unwrap());
    objects.map(|object| Change::Apply(decode::object(object.kind.unwrap(), &object.json).unwrap())).collect()
}

/// The objects of a tenant that holds the namespace of its own name.
pub(crate) fn tenant(name: &str, size: Size) -> Vec<Change> {
    let spec = json!({
        "namespaces": {"names": [name]}, "dataClasses": ["customer"], "defaultDataClass": "customer",
        "enforcement": "Deny",
    });
    let mut changes = vec![
        change(
            Kind::Tenant,
            &json!({"metadata": {"name": name, "labels": {PROMISED: "true"}}, "spec": spec}),
        ),
        change(Kind::Namespace, &namespace(name)),
        change(Kind::NetworkPolicy, &fence(name)),
        change(Kind::VeleroSchedule, &schedule(name)),
        change(Kind::VeleroBackup, &point(name)),
        change(Kind::Ingress, &ingress(name)),
    ];
    changes.extend((0..size.workloads).map(|at| change(Kind::Deployment, &deployment(name, at, "1"))));
    changes.extend((0..size.claims).map(|at| change(Kind::PersistentVolumeClaim, &claim(name, at))));
    changes
}

/// A cluster of tenants `t-0`, `t-1`, … in which every source is known.
pub(crate) fn world(tenants: usize, size: Size) -> World {
    let mut world = World::new(controls::all());
    for source in Source::ALL {
        index::set_source(&mut world, *source, SourceState::Synced);
    }
    let of_tenants = (0..tenants).flat_map(|at| tenant(&format!("t-{at}"), size));
    for change in declarations().into_iter().chain([class(), location()]).chain(of_tenants) {
        index::apply(&mut world, change);
    }
    world
}

/// The controller's book of such a cluster, open.
pub(crate) fn book(tenants: usize, size: Size) -> Book {
    let mut book = Book::new(world(tenants, size));
    book.open(now());
    book
}

fn metadata(namespace: &str, name: &str) -> Value {
    json!({
        "name": name, "namespace": namespace, "uid": format!("{namespace}-{name}"), "generation": 1,
        "creationTimestamp": "2026-01-01T00:00:00Z", "labels": {"app": name},
    })
}

/// A namespace as its tenant's policies want it.
pub(crate) fn namespace(name: &str) -> Value {
    let labels = json!({
        keys::TENANT: name, keys::POD_SECURITY_ENFORCE: "baseline", keys::NAMESPACE_NAME: name,
    });
    let metadata =
        json!({"name": name, "uid": name, "creationTimestamp": "2026-01-01T00:00:00Z", "labels": labels});
    json!({"metadata": metadata})
}

/// Default-deny in both directions.
pub(crate) fn fence(namespace: &str) -> Value {
    let spec = json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]});
    json!({"metadata": metadata(namespace, "default-deny"), "spec": spec})
}

/// A conforming Deployment; another version is another image.
pub(crate) fn deployment(namespace: &str, at: usize, version: &str) -> Value {
    let container = |name: &str| {
        json!({
            "name": name, "image": format!("registry.example.com/{name}:{version}"),
            "ports": [{"containerPort": 8080}], "env": [{"name": "MODE", "value": "production"}],
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
        })
    };
    let spec = json!({
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container("app"), container("proxy")],
        "volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "data", "persistentVolumeClaim": {"claimName": format!("data-{at}")}}],
    });
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": spec});
    json!({"metadata": metadata(namespace, &format!("web-{at}")), "spec": {"replicas": 2, "template": template}})
}

/// A bound claim on encrypted storage.
pub(crate) fn claim(namespace: &str, at: usize) -> Value {
    let spec = json!({"storageClassName": "encrypted", "volumeName": format!("pv-{namespace}-{at}")});
    json!({"metadata": metadata(namespace, &format!("data-{at}")), "spec": spec, "status": {"phase": "Bound"}})
}

/// An Ingress with TLS for its host.
pub(crate) fn ingress(namespace: &str) -> Value {
    let host = format!("{namespace}.example.com");
    let spec = json!({
        "ingressClassName": "nginx", "rules": [{"host": host}], "tls": [{"hosts": [host], "secretName": "tls"}],
    });
    json!({"metadata": metadata(namespace, "web"), "spec": spec})
}

/// A recovery point of this morning.
pub(crate) fn point(namespace: &str) -> Value {
    let status = json!({
        "phase": "Completed", "startTimestamp": "2026-06-15T03:00:00Z", "completionTimestamp": "2026-06-15T03:05:00Z",
        "expiration": "2026-07-16T03:00:00Z", "csiVolumeSnapshotsAttempted": 50, "csiVolumeSnapshotsCompleted": 50,
    });
    let spec = json!({"includedNamespaces": [namespace], "storageLocation": "default"});
    json!({"metadata": metadata("velero", &format!("{namespace}-daily")), "spec": spec, "status": status})
}

fn schedule(namespace: &str) -> Value {
    let template = json!({"includedNamespaces": [namespace], "ttl": "732h", "snapshotMoveData": true});
    let spec = json!({"schedule": "0 3 * * *", "template": template});
    json!({"metadata": metadata("velero", &format!("{namespace}-daily")), "spec": spec})
}

fn class() -> Change {
    let metadata = json!({"name": "encrypted", "creationTimestamp": "2026-01-01T00:00:00Z"});
    let parameters = json!({"encrypted": "true"});
    let class = json!({"metadata": metadata, "provisioner": "ebs.csi.aws.com", "parameters": parameters});
    change(Kind::StorageClass, &class)
}

fn location() -> Change {
    let spec = json!({"provider": "aws", "objectStorage": {"bucket": "b"}, "default": true});
    let status = json!({"phase": "Available", "lastSyncedTime": "2026-06-15T12:00:00Z"});
    let location = json!({"metadata": metadata("velero", "default"), "spec": spec, "status": status});
    change(Kind::BackupStorageLocation, &location)
}
