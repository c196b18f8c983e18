//! What Surety writes into the cluster for a tenant under Managed policies: labels of its namespaces, the fence around
//! them, schedules of the backup engine. Pure: the same world wants the same objects.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    api::{
        BackupPolicySpec, Direction, IsolationPolicySpec, Management, PodSecurityLevel,
        isolation_policy::{NetworkIsolation, NetworkPeer},
        keys,
    },
    core::{
        effective::Effective,
        facts::{Declared, Kind, Name, Namespace, ObjectKey, Schedule, Source, SourceState},
        plan::Plan,
        schedule::{ManagedSchedule, Unmanageable, managed_schedule},
        world::World,
    },
    engines::velero::{self, ScheduleRequest},
};

/// An object, or Surety's part of one, as it shall be.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// The object.
    pub key: ObjectKey,
    /// The field manager that owns Surety's part.
    pub manager: &'static str,
    /// Surety's part, as server-side apply takes it.
    pub body: Value,
}

/// The NetworkPolicy that denies by default.
pub const DEFAULT_DENY: &str = "surety-default-deny";
/// The NetworkPolicy that lets DNS through.
pub const ALLOW_DNS: &str = "surety-allow-dns";
/// The NetworkPolicy that lets the tenant's own namespaces through.
pub const ALLOW_TENANT: &str = "surety-allow-tenant";

/// Everything that Surety writes for a tenant under Managed policies.
pub fn of_tenant(world: &World, plan: &Plan) -> Vec<Desired> {
    let mut desired = in_namespaces(world, plan);
    desired.extend(schedules(world, plan));
    desired
}

/// The tenant that one of Surety's own schedules is for.
pub fn tenant_of_schedule(schedule: &Schedule) -> Option<Name> {
    let is_ours = schedule.labels.get(keys::MANAGED_BY) == Some(keys::MANAGED_BY_SURETY);
    schedule.labels.get(keys::TENANT).filter(|_| is_ours).map(Name::from)
}

/// One schedule for each Managed backup policy, where the engine is there to take it.
pub fn schedules(world: &World, plan: &Plan) -> Vec<Desired> {
    let has_engine = world.source_state(Source::VeleroSchedules) == SourceState::Synced;
    let managed = plan.effective.backup.iter().filter(|policy| policy.spec.management == Management::Managed);
    managed.filter(|_| has_engine).filter_map(|policy| schedule(world, plan, policy)).collect()
}

fn schedule(world: &World, plan: &Plan, policy: &Declared<BackupPolicySpec>) -> Option<Desired> {
    let namespaces = world.namespaces_of(&plan.tenant.name).filter_map(|name| world.namespace(name));
    match managed_schedule(plan, policy, namespaces, world.cluster_id()) {
        Ok(wanted) => velero_schedule(&wanted),
        Err(Unmanageable::NoNamespaces(..)) => None,
        Err(error) => {
            tracing::warn!(tenant = %plan.tenant.name, policy = %policy.name, %error, "no schedule is written");
            None
        }
    }
}

/// Velero keeps a backup for 30 days where nothing is said.
const VELERO_DEFAULT_TIME_TO_LIVE: SignedDuration = SignedDuration::from_hours(720);

fn velero_schedule(wanted: &ManagedSchedule) -> Option<Desired> {
    let request = ScheduleRequest {
        namespace: wanted.engine_namespace.clone(),
        tenant: wanted.tenant.clone(),
        policy: wanted.policy.clone(),
        cluster: wanted.cluster.clone().unwrap_or_default(),
        cron: Name::from(&wanted.cron),
        namespaces: wanted.namespaces.clone(),
        time_to_live: wanted.time_to_live.unwrap_or(VELERO_DEFAULT_TIME_TO_LIVE),
        location: wanted.location.clone(),
        snapshot_move_data: wanted.moves_snapshots,
        default_volumes_to_fs_backup: wanted.reads_files_by_default,
    };
    let body = velero::schedule_object(&request)?;
    let name = velero::schedule_name(&wanted.tenant, &wanted.policy);
    let key = ObjectKey::namespaced(Kind::VeleroSchedule, wanted.engine_namespace.clone(), name);
    Some(Desired { key, manager: keys::MANAGER_SCHEDULES, body })
}

/// Everything that Surety writes for a tenant in its namespaces.
pub fn in_namespaces(world: &World, plan: &Plan) -> Vec<Desired> {
    let managed: Vec<&IsolationPolicySpec> = plan
        .effective
        .isolation
        .iter()
        .map(|policy| policy.spec.as_ref())
        .filter(|spec| spec.management == Management::Managed)
        .collect();
    if !plan.effective.claims_are_managed() {
        return Vec::new();
    }
    let tenant = &plan.tenant.name;
    let namespaces = world.namespaces_of(tenant).filter_map(|name| world.namespace(name));
    let living = namespaces.filter(|namespace| !namespace.meta.is_deleting);
    let allowed = plan.effective.allowed_peers().unwrap_or_default();
    living.flat_map(|namespace| for_namespace(tenant, namespace, &managed, &allowed)).collect()
}

fn for_namespace(
    tenant: &Name,
    namespace: &Namespace,
    managed: &[&IsolationPolicySpec],
    allowed: &[NetworkPeer],
) -> Vec<Desired> {
    let mut desired = vec![claim_label(tenant, &namespace.name)];
    desired.extend(pod_security_label(namespace, managed));
    let namespace = &namespace.name;
    let rules: Vec<&NetworkIsolation> = managed.iter().filter_map(|spec| spec.network.as_ref()).collect();
    if rules.is_empty() {
        return desired;
    }
    let mut directions: Vec<Direction> =
        rules.iter().flat_map(|rule| Effective::directions_denied_by(rule)).collect();
    directions.sort();
    directions.dedup();
    // No gate that another policy of the tenant would find open.
    let peers =
        |peer: NetworkPeer| allowed.contains(&peer) && rules.iter().any(|rule| rule.peers.contains(&peer));
    desired.push(network_policy(
        tenant,
        namespace,
        DEFAULT_DENY,
        &json!({
            "podSelector": {}, "policyTypes": names_of(&directions),
        }),
    ));
    if peers(NetworkPeer::Dns) && directions.contains(&Direction::Egress) {
        desired.push(network_policy(tenant, namespace, ALLOW_DNS, &dns()));
    }
    if peers(NetworkPeer::Tenant) {
        desired.push(network_policy(tenant, namespace, ALLOW_TENANT, &own_tenant(tenant, &directions)));
    }
    desired
}

fn claim_label(tenant: &Name, namespace: &Name) -> Desired {
    labels_of(namespace, keys::MANAGER_NAMESPACES, &json!({"labels": {keys::TENANT: tenant}}))
}

/// The level that is wanted. Where none is, an apply without fields takes back what Surety may have written.
fn pod_security_label(namespace: &Namespace, managed: &[&IsolationPolicySpec]) -> Option<Desired> {
    let level = managed.iter().filter_map(|spec| spec.pod_security.as_ref()).map(|rule| rule.level).max();
    let metadata = if let Some(level) = level.map(level_name) {
        json!({"labels": {keys::POD_SECURITY_ENFORCE: level, keys::APPLIED_POD_SECURITY: level}})
    } else {
        namespace.labels.get(keys::APPLIED_POD_SECURITY)?;
        json!({})
    };
    Some(labels_of(&namespace.name, keys::MANAGER_POD_SECURITY, &metadata))
}

const fn level_name(level: PodSecurityLevel) -> &'static str {
    match level {
        PodSecurityLevel::Baseline => "baseline",
        PodSecurityLevel::Restricted => "restricted",
    }
}

fn labels_of(namespace: &Name, manager: &'static str, metadata: &Value) -> Desired {
    let mut body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
    if let Some(metadata) = body.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        metadata.insert("name".to_owned(), json!(namespace));
    }
    Desired { key: ObjectKey::cluster(Kind::Namespace, namespace.clone()), manager, body }
}

fn network_policy(tenant: &Name, namespace: &Name, name: &str, spec: &Value) -> Desired {
    Desired {
        key: ObjectKey::namespaced(Kind::NetworkPolicy, namespace.clone(), name),
        manager: keys::MANAGER_NETWORK,
        body: json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {
                "name": name, "namespace": namespace,
                "labels": {keys::MANAGED_BY: keys::MANAGED_BY_SURETY, keys::TENANT: tenant},
            },
            "spec": spec,
        }),
    }
}

/// Port 53 in `kube-system`, by its immutable label, for UDP and TCP.
fn dns() -> Value {
    json!({
        "podSelector": {}, "policyTypes": ["Egress"],
        "egress": [{
            "to": [{"namespaceSelector": {"matchLabels": {keys::NAMESPACE_NAME: "kube-system"}}}],
            "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
        }],
    })
}

/// Namespaces with the tenant's label. Only Surety moves that label, so that nobody lets himself in.
fn own_tenant(tenant: &Name, directions: &[Direction]) -> Value {
    let peer = json!([{"namespaceSelector": {"matchLabels": {keys::TENANT: tenant}}}]);
    let mut spec = json!({"podSelector": {}, "policyTypes": names_of(directions)});
    if let Some(fields) = spec.as_object_mut() {
        if directions.contains(&Direction::Ingress) {
            fields.insert("ingress".to_owned(), json!([{"from": peer}]));
        }
        if directions.contains(&Direction::Egress) {
            fields.insert("egress".to_owned(), json!([{"to": peer}]));
        }
    }
    spec
}

fn names_of(directions: &[Direction]) -> Vec<&'static str> {
    let name = |direction: &Direction| match direction {
        Direction::Ingress => "Ingress",
        Direction::Egress => "Egress",
    };
    directions.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
    use super::*;
    use crate::core::{
        controls::{
            self,
            testkit::{Bench, NAMESPACE, TENANT, declared, namespace},
        },
        facts::{Fact, Labels},
    };

    fn desired_under(policies: &[Value]) -> Vec<ObjectKey> {
        let mut bench = Bench::new(controls::all()[0]);
        for (index, spec) in policies.iter().enumerate() {
            let spec: IsolationPolicySpec = serde_json::from_value(spec.clone()).unwrap();
            bench.apply(Fact::IsolationPolicy(declared(&format!("p-{index}"), Labels::default(), spec)));
        }
        let plan = bench.world.plan(TENANT).unwrap();
        of_tenant(&bench.world, plan).into_iter().map(|desired| desired.key).collect()
    }

    #[test]
    fn the_tenants_label_is_written_unless_every_policy_only_observes() {
        let namespace = ObjectKey::cluster(Kind::Namespace, NAMESPACE);
        let policy = |management: &str| json!({"tenantSelector": {}, "management": management});
        assert_eq!(desired_under(&[]), std::slice::from_ref(&namespace));
        assert_eq!(desired_under(&[policy("Managed")]), std::slice::from_ref(&namespace));
        assert_eq!(desired_under(&[policy("Observed"), policy("Managed")]), [namespace]);
        assert_eq!(desired_under(&[policy("Observed")]), []);
    }

    #[test]
    fn the_level_is_a_part_of_its_own_and_is_taken_back_by_an_apply_without_fields() {
        let mut bench = Bench::new(controls::all()[0]);
        let parts = |bench: &Bench| -> Vec<(&str, Value)> {
            let desired = in_namespaces(&bench.world, bench.world.plan(TENANT).unwrap());
            let part = |desired: Desired| (desired.manager, desired.body["metadata"]["labels"].clone());
            desired.into_iter().map(part).collect()
        };
        let claim = ("surety/namespaces", json!({"surety.dev/tenant": TENANT}));
        assert_eq!(parts(&bench), std::slice::from_ref(&claim));
        let applied = Labels::from([(keys::APPLIED_POD_SECURITY, "baseline")]);
        bench.apply(namespace(applied));
        assert_eq!(parts(&bench), [claim.clone(), ("surety/pod-security", Value::Null)]);
        let spec =
            json!({"tenantSelector": {}, "management": "Managed", "podSecurity": {"level": "Restricted"}});
        let spec: IsolationPolicySpec = serde_json::from_value(spec).unwrap();
        bench.apply(Fact::IsolationPolicy(declared("p", Labels::default(), spec)));
        let level = json!({"pod-security.kubernetes.io/enforce": "restricted", "surety.dev/pod-security": "restricted"});
        assert_eq!(parts(&bench), [claim, ("surety/pod-security", level)]);
    }

    #[test]
    fn a_gate_is_written_for_a_peer_that_no_policy_leaves_out() {
        let policy = |management: &str, peers: &[&str]| json!({"tenantSelector": {}, "management": management, "network": {"peers": peers}});
        let gates = |policies: &[Value]| -> Vec<String> {
            let names = desired_under(policies).into_iter().map(|key| key.name.to_string());
            names.filter(|name| name.starts_with("surety-allow")).collect()
        };
        let both = policy("Managed", &["dns", "tenant"]);
        assert_eq!(gates(std::slice::from_ref(&both)), [ALLOW_DNS, ALLOW_TENANT]);
        assert_eq!(gates(&[both.clone(), policy("Observed", &["dns"])]), [ALLOW_DNS]);
        assert_eq!(gates(&[both, policy("Observed", &[])]), [ALLOW_DNS, ALLOW_TENANT]);
    }
}
