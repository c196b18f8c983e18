//! Promises, policies and tenants: those that are shipped, with more policies that reach a few tenants each.

use serde_json::{Value, json};
use surety::{core::facts::Kind, decode};

use super::{CREATED, NAMESPACES, metadata, namespace_name, tenant_name};

/// A profile with its sample: the promises, the policies that keep them, and a tenant.
struct Promised {
    name: &'static str,
    profile: &'static str,
    policies: [&'static str; 4],
    tenant: &'static str,
}

macro_rules! promised {
    ($($name:literal),* $(,)?) => {
        [$(Promised {
            name: $name,
            profile: include_str!(concat!("../../../config/profiles/", $name, ".yaml")),
            policies: [
                include_str!(concat!("../../../config/samples/", $name, "/backup-policy.yaml")),
                include_str!(concat!("../../../config/samples/", $name, "/retention-policy.yaml")),
                include_str!(concat!("../../../config/samples/", $name, "/encryption-policy.yaml")),
                include_str!(concat!("../../../config/samples/", $name, "/isolation-policy.yaml")),
            ],
            tenant: include_str!(concat!("../../../config/samples/", $name, "/tenant.yaml")),
        }),*]
    };
}

const ALL: [Promised; 5] =
    promised!["cloud-workspaces", "dev-assistant", "grc-workspaces", "msp-assurance", "processor-baseline"];
/// How many policies reach a group of tenants only.
const OF_GROUPS: usize = 30;
/// The label of a group.
const GROUP: &str = "example.com/group";

/// The class of data that a tenant's claims hold.
pub(super) fn data_class(at: usize) -> &'static str {
    match ALL[at % ALL.len()].name {
        "cloud-workspaces" | "msp-assurance" => "account",
        "dev-assistant" => "metadata",
        "grc-workspaces" => "workspace",
        _ => "customer",
    }
}

/// A tenant with one of the profiles.
pub(super) fn tenant(at: usize) -> Value {
    let promised = &ALL[at % ALL.len()];
    let mut tenant = read(promised.tenant);
    let mut labels = tenant["metadata"]["labels"].clone();
    labels[GROUP] = json!(format!("g-{}", at % OF_GROUPS));
    tenant["metadata"] = metadata(None, &tenant_name(at), &labels);
    let names: Vec<String> = (0..NAMESPACES.len()).map(|part| namespace_name(at, part)).collect();
    tenant["spec"]["namespaces"] = json!({"names": names});
    tenant
}

/// The profiles, or the policies of a kind.
pub(super) fn declarations(kind: Kind) -> Vec<Value> {
    let texts = ALL.iter().flat_map(|promised| promised.policies.into_iter().chain([promised.profile]));
    let name = kind.resource().kind;
    let mut objects: Vec<Value> =
        texts.map(read).filter(|object| object["kind"] == name).map(with_metadata).collect();
    objects.extend((0..OF_GROUPS).filter_map(|group| of_group(group, kind)));
    objects
}

/// Policies of groups are of the four kinds in turn, each the shipped one of a profile for fewer tenants.
fn of_group(group: usize, kind: Kind) -> Option<Value> {
    let promised = &ALL[group % ALL.len()];
    let mut policy = read(promised.policies[group % promised.policies.len()]);
    if policy["kind"] != kind.resource().kind {
        return None;
    }
    policy["metadata"]["name"] = json!(format!("group-{group}"));
    // A group's tenants have all profile labels of its number: 30 is a multiple of 5.
    policy["spec"]["tenantSelector"] = json!({"matchLabels": {GROUP: format!("g-{group}")}});
    Some(with_metadata(policy))
}

fn with_metadata(mut object: Value) -> Value {
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    object["metadata"] = metadata(None, &name, &json!({}));
    object
}

fn read(yaml: &str) -> Value {
    let manifests = decode::manifests("a shipped file", yaml, "default").unwrap_or_default();
    let first = manifests.into_iter().next().map(|manifest| manifest.json).unwrap_or_default();
    serde_json::from_slice(&first).unwrap_or_default()
}

/// The definitions of every kind that is no part of Kubernetes.
pub(super) fn definitions() -> Vec<Value> {
    let kinds = Kind::ALL.iter().map(|kind| kind.resource());
    let foreign = kinds.filter(|resource| ["velero.io", "surety.dev"].contains(&resource.group));
    let definition = |resource: surety::core::facts::Resource| {
        let name = format!("{}.{}", resource.plural, resource.group);
        let version = json!({"name": resource.version, "served": true, "storage": true});
        json!({
            "metadata": metadata(None, &name, &json!({})),
            "spec": {"group": resource.group, "names": {"kind": resource.kind, "plural": resource.plural},
                     "scope": if resource.is_namespaced { "Namespaced" } else { "Cluster" }, "versions": [version]},
            "status": {"conditions": [{"type": "Established", "status": "True", "lastTransitionTime": CREATED}]},
        })
    };
    foreign.map(definition).collect()
}
