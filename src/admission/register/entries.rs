//! The five entries: what each sees, and who is left out of it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

use super::{
    CONFORM, Entry, FailurePolicy, PROTECT_CLUSTER, PROTECT_ENGINE, PROTECT_TENANT, Premises, Registration,
    SYSTEM, TIMEOUT_SECONDS, conditions,
    rules::{Sight, Target},
};
use crate::{
    api::keys,
    core::{
        control::{
            Door,
            Operation::{self, Create, Delete, Update},
        },
        facts::Kind,
    },
};

const ALL: [Operation; 3] = [Create, Update, Delete];
const KUBE_SYSTEM: &str = "kube-system";

/// What backup engines keep. Only kinds that Surety can read stand here and below: a closed door that nobody
/// watches would refuse requests while Surety is down and judge none while it is up.
const ENGINE_OBJECTS: [Kind; 5] = [
    Kind::VeleroSchedule,
    Kind::VeleroBackup,
    Kind::BackupStorageLocation,
    Kind::PodVolumeBackup,
    Kind::DataUpload,
];
/// What asks an engine to act.
const ENGINE_REQUESTS: [Kind; 2] = [Kind::DeleteBackupRequest, Kind::Restore];
/// What belongs to a tenant and must not go or weaken.
const TENANT_OBJECTS: [Kind; 2] = [Kind::PersistentVolumeClaim, Kind::NetworkPolicy];
/// What belongs to the cluster and must not go or weaken.
const CLUSTER_OBJECTS: [Kind; 3] = [Kind::PersistentVolume, Kind::StorageClass, Kind::Definition];
/// Subresources through which metadata can be changed too: owner references, labels, annotations. Those of workloads and
/// pods are left out: nodes and controllers write them all the time, and drop the metadata that matters there.
const BACK_DOORS: [(Kind, &str); 6] = [
    (Kind::Namespace, "finalize"),
    (Kind::Namespace, "status"),
    (Kind::PersistentVolumeClaim, "status"),
    (Kind::PersistentVolume, "status"),
    (Kind::Service, "status"),
    (Kind::Ingress, "status"),
];
/// What tenants run, beside workloads.
const TENANT_RUNS: [Kind; 3] = [Kind::PersistentVolumeClaim, Kind::Ingress, Kind::Service];

/// The registration for these premises: the five entries, less those that would see nothing.
pub fn registration(premises: &Premises) -> Registration {
    let people = [
        (PROTECT_TENANT, protect_tenant(premises), FailurePolicy::Fail, in_tenants(premises)),
        (PROTECT_ENGINE, protect_engine(premises), FailurePolicy::Fail, in_engines(premises)),
        (PROTECT_CLUSTER, protect_cluster(premises), FailurePolicy::Fail, everywhere(premises)),
        (CONFORM, conform(premises), premises.conform_failure_policy, in_tenants(premises)),
    ];
    let mut all = Sight::default();
    let mut entries = Vec::new();
    for (name, mut sight, failure_policy, selector) in people {
        add_back_doors(&mut sight);
        all.add_all(&sight);
        let match_conditions = conditions::for_people(premises, &sight);
        entries.push(entry(name, failure_policy, &sight, selector, match_conditions));
    }
    let match_conditions = conditions::for_system(premises, &all);
    entries.push(entry(SYSTEM, FailurePolicy::Ignore, &all, everywhere(premises), match_conditions));
    entries.retain(|entry| !entry.rules.is_empty());
    Registration {
        name: premises.name.clone(),
        client: premises.client.clone(),
        ca_bundle: premises.ca_bundle.clone(),
        owner: premises.owner.clone(),
        entries,
    }
}

fn entry(
    name: &'static str,
    failure_policy: FailurePolicy,
    sight: &Sight,
    namespace_selector: LabelSelector,
    match_conditions: Vec<super::MatchCondition>,
) -> Entry {
    Entry {
        name,
        failure_policy,
        rules: sight.rules(),
        namespace_selector,
        match_conditions,
        timeout: TIMEOUT_SECONDS,
    }
}

fn protect_tenant(premises: &Premises) -> Sight {
    let mut sight = engine_kinds();
    sight.add_kinds(&TENANT_OBJECTS, &[Update, Delete]);
    add_declared(&mut sight, premises, Door::ProtectTenant);
    sight
}

fn protect_engine(premises: &Premises) -> Sight {
    if premises.engine_namespaces.is_empty() {
        return Sight::default();
    }
    let mut sight = engine_kinds();
    if !premises.repository_secrets.is_empty() {
        sight.add(Target::secrets(), &[Update, Delete]);
    }
    add_declared(&mut sight, premises, Door::ProtectEngine);
    sight
}

fn engine_kinds() -> Sight {
    let mut sight = Sight::default();
    sight.add_kinds(&ENGINE_OBJECTS, &[Update, Delete]);
    sight.add_kinds(&ENGINE_REQUESTS, &ALL);
    sight
}

fn protect_cluster(premises: &Premises) -> Sight {
    let mut sight = Sight::default();
    // A namespace joins a tenant by the label that it is created with, so its creation is judged too.
    sight.add_kinds(&[Kind::Namespace], &ALL);
    sight.add_kinds(&CLUSTER_OBJECTS, &[Update, Delete]);
    let declarations: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| kind.is_declaration()).collect();
    sight.add_kinds(&declarations, &ALL);
    // A report is all status, and Surety alone writes it, whatever is promised.
    sight.add_kinds(&[Kind::ComplianceReport], &ALL);
    sight.add(Target::subresource(Kind::ComplianceReport, "status"), &[Update]);
    add_declared(&mut sight, premises, Door::ProtectCluster);
    sight
}

fn conform(premises: &Premises) -> Sight {
    let mut sight = Sight::default();
    let workloads: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| kind.is_workload()).collect();
    sight.add_kinds(&workloads, &[Create, Update]);
    // A rule on pods does not see their subresources.
    sight.add(Target::subresource(Kind::Pod, "ephemeralcontainers"), &[Update]);
    sight.add_kinds(&TENANT_RUNS, &[Create, Update]);
    add_declared(&mut sight, premises, Door::Conform);
    sight
}

fn add_declared(sight: &mut Sight, premises: &Premises, door: Door) {
    for guarded in premises.guarded.iter().filter(|guarded| guarded.door == door) {
        sight.add(Target::of(guarded.kind), guarded.operations);
    }
}

fn add_back_doors(sight: &mut Sight) {
    for (kind, name) in BACK_DOORS {
        if sight.sees(&Target::of(kind), Update) {
            sight.add(Target::subresource(kind, name), &[Update]);
        }
    }
}

/// Namespaces with the tenant label.
fn in_tenants(premises: &Premises) -> LabelSelector {
    selector(vec![requirement(keys::TENANT, "Exists", None), outside_own(premises)])
}

/// Namespaces of backup engines.
fn in_engines(premises: &Premises) -> LabelSelector {
    let mut names = premises.engine_namespaces.clone();
    names.sort();
    names.dedup();
    selector(vec![requirement(keys::NAMESPACE_NAME, "In", Some(names)), outside_own(premises)])
}

fn everywhere(premises: &Premises) -> LabelSelector {
    selector(vec![outside_own(premises)])
}

/// By the label that the API server sets and nobody can change: a cluster must be able to start without Surety, and
/// Surety without itself.
fn outside_own(premises: &Premises) -> LabelSelectorRequirement {
    let mut names = vec![KUBE_SYSTEM.to_owned(), premises.own_namespace.clone()];
    names.sort();
    names.dedup();
    requirement(keys::NAMESPACE_NAME, "NotIn", Some(names))
}

fn requirement(key: &str, operator: &str, values: Option<Vec<String>>) -> LabelSelectorRequirement {
    LabelSelectorRequirement { key: key.to_owned(), operator: operator.to_owned(), values }
}

fn selector(requirements: Vec<LabelSelectorRequirement>) -> LabelSelector {
    LabelSelector { match_expressions: Some(requirements), match_labels: None }
}
