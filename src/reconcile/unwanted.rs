//! What Surety wrote and nothing wants any more. Pure. Nothing is destroyed on doubt: where a source cannot be trusted, a
//! definition is lost, policies contradict each other or only observe, or a promise still rests on it, it stays.

use super::desired::{self, ALLOW_DNS, ALLOW_TENANT, DEFAULT_DENY};
use crate::{
    api::{Management, keys},
    core::{
        controls::{backup, isolation::NETWORK_DEFAULT_DENY},
        facts::{Kind, Name, ObjectKey, Source, SourceState},
        plan::Plan,
        world::World,
    },
    engines::velero,
};

/// An object that is to go, if it is Surety's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwanted {
    /// The object.
    pub key: ObjectKey,
    /// The field manager that wrote it.
    pub manager: &'static str,
    /// The tenant for whom it was written.
    pub tenant: Name,
}

/// Everything that is to go.
pub fn all(world: &World) -> Vec<Unwanted> {
    let mut unwanted = reports(world);
    for tenant in world.tenants() {
        let Some(plan) = world.plan(&tenant.name) else { continue };
        unwanted.extend(fences(world, plan));
        unwanted.extend(schedules(world, plan));
    }
    unwanted
}

/// Reports of tenants that are gone and remembered. What is remembered of them stays.
fn reports(world: &World) -> Vec<Unwanted> {
    if !is_settled(world, &[Source::Records]) || !is_defined(world, Kind::Tenant) {
        return Vec::new();
    }
    let gone = world.records().filter(|record| world.tenant(&record.tenant).is_none());
    gone.map(|record| Unwanted {
        key: ObjectKey::cluster(Kind::ComplianceReport, record.tenant.clone()),
        manager: keys::MANAGER_STATUS,
        tenant: record.tenant.clone(),
    })
    .collect()
}

/// Network policies of a fence that is no longer asked for. The openings of a fence stay as long as the fence stays.
fn fences(world: &World, plan: &Plan) -> Vec<Unwanted> {
    let only_observed = !plan.effective.claims_are_managed();
    let sources = [Source::Namespaces, Source::Records, Source::NetworkPolicies];
    if only_observed || !is_certain(world, plan, Kind::IsolationPolicy) || !is_settled(world, &sources) {
        return Vec::new();
    }
    let wanted: Vec<ObjectKey> =
        desired::in_namespaces(world, plan).into_iter().map(|desired| desired.key).collect();
    let is_fenced = wanted.iter().any(|key| key.name.as_str() == DEFAULT_DENY);
    if !is_fenced && is_demanded(plan, NETWORK_DEFAULT_DENY) {
        return Vec::new();
    }
    let tenant = &plan.tenant.name;
    let policies = world.namespaces_of(tenant).flat_map(|namespace| world.network_policies_in(namespace));
    let candidates = policies.filter(|policy| {
        !policy.meta.is_deleting && [DEFAULT_DENY, ALLOW_DNS, ALLOW_TENANT].contains(&policy.name.as_str())
    });
    let unwanted = candidates.map(|policy| policy.key()).filter(|key| !wanted.contains(key));
    unwanted.map(|key| Unwanted { key, manager: keys::MANAGER_NETWORK, tenant: tenant.clone() }).collect()
}

/// Schedules of backup policies that no longer reach the tenant, once those of the others are in place. Their backups
/// stay: Surety's schedules own none, and one that does stays too.
fn schedules(world: &World, plan: &Plan) -> Vec<Unwanted> {
    let policies = &plan.effective.backup;
    let managed = policies.iter().filter(|policy| policy.spec.management == Management::Managed).count();
    let only_observed = managed == 0 && !policies.is_empty();
    let sources = [Source::Namespaces, Source::Records, Source::VeleroSchedules, Source::VeleroBackups];
    if only_observed || !is_certain(world, plan, Kind::BackupPolicy) || !is_settled(world, &sources) {
        return Vec::new();
    }
    let wanted = desired::schedules(world, plan);
    let are_in_place = wanted.iter().all(|desired| world.schedule(&desired.key).is_some());
    if wanted.len() != managed || !are_in_place || (managed == 0 && is_demanded(plan, backup::AREA)) {
        return Vec::new();
    }
    let tenant = &plan.tenant.name;
    let names: Vec<String> =
        policies.iter().map(|policy| velero::schedule_name(tenant, &policy.name)).collect();
    let of_tenant = world.schedules().filter(|schedule| {
        desired::tenant_of_schedule(schedule).as_ref() == Some(tenant) && !schedule.meta.is_deleting
    });
    let unwanted = of_tenant.filter(|schedule| !names.iter().any(|name| schedule.name.as_str() == name));
    unwanted
        .filter(|schedule| !owns_a_point(world, &schedule.meta.uid))
        .map(|schedule| Unwanted {
            key: schedule.key(),
            manager: keys::MANAGER_SCHEDULES,
            tenant: tenant.clone(),
        })
        .collect()
}

/// Whether a recovery point would go with the object of this UID.
fn owns_a_point(world: &World, uid: &Name) -> bool {
    world.points().any(|point| point.meta.owner_references.iter().any(|owner| owner.uid == *uid))
}

/// Whether a promise or a policy still asks for a control whose id begins so.
fn is_demanded(plan: &Plan, control: &str) -> bool {
    let is_built = plan.requirements.iter().any(|requirement| requirement.control.id.starts_with(control));
    is_built || plan.unbuilt.iter().any(|unbuilt| unbuilt.control.starts_with(control))
}

/// Whether it is beyond doubt which policies of a kind reach a tenant.
fn is_certain(world: &World, plan: &Plan, policies: Kind) -> bool {
    plan.conflicts.is_empty()
        && !plan.tenant.meta.is_deleting
        && [Kind::Tenant, Kind::Profile, policies].iter().all(|kind| is_defined(world, *kind))
}

/// Whether a kind is there to stay. Where its definition is lost, so are its objects, and that says nothing.
fn is_defined(world: &World, kind: Kind) -> bool {
    let resource = kind.resource();
    let name = format!("{}.{}", resource.plural, resource.group);
    let definition = world.definition(&name);
    let stands =
        definition.is_some_and(|definition| definition.is_established && !definition.meta.is_deleting);
    stands && is_settled(world, &[Source::Declarations, Source::Definitions])
}

fn is_settled(world: &World, sources: &[Source]) -> bool {
    sources.iter().all(|source| world.source_state(*source) == SourceState::Synced)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::{
        core::{
            controls::{
                self,
                testkit::{Bench, NAMESPACE, TENANT, declared, meta, profile_demanding},
            },
            facts::{Change, Definition, Fact, Labels, Meta, NetworkPolicy, Openness, TenantRecord},
        },
        index,
    };

    fn definition(kind: Kind) -> Definition {
        let resource = kind.resource();
        Definition {
            name: format!("{}.{}", resource.plural, resource.group).into(),
            group: resource.group.into(),
            plural: resource.plural.into(),
            is_established: true,
            ..Definition::default()
        }
    }

    fn bench() -> Bench {
        let kinds = [Kind::Tenant, Kind::Profile, Kind::IsolationPolicy, Kind::BackupPolicy];
        kinds.iter().fold(Bench::new(controls::all()[0]), |bench, kind| {
            bench.with(Fact::Definition(definition(*kind)))
        })
    }

    fn of_gone_tenant() -> Bench {
        bench().with(Fact::TenantRecord(TenantRecord { tenant: "gone".into(), ..TenantRecord::default() }))
    }

    fn deleting(kind: Kind) -> Fact {
        let meta = Meta { is_deleting: true, ..Meta::default() };
        Fact::Definition(Definition { meta, ..definition(kind) })
    }

    fn without(mut bench: Bench, kind: Kind) -> Bench {
        index::apply(&mut bench.world, Change::Delete(definition(kind).key()));
        bench
    }

    fn found(bench: &Bench) -> Vec<String> {
        all(&bench.world).into_iter().map(|unwanted| unwanted.key.name.to_string()).collect()
    }

    const DOUBTS: [SourceState; 4] = [
        SourceState::Pending,
        SourceState::Absent,
        SourceState::Forbidden,
        SourceState::Stale(jiff::Timestamp::UNIX_EPOCH),
    ];

    #[test]
    fn the_report_of_a_tenant_that_is_gone_goes_unless_there_is_doubt() {
        assert_eq!(found(&bench()), [] as [&str; 0], "the tenant is there");
        assert_eq!(found(&of_gone_tenant()), ["gone"]);
        for state in DOUBTS {
            for source in [Source::Declarations, Source::Definitions, Source::Records] {
                let doubtful = of_gone_tenant().with_source(source, state.clone());
                assert_eq!(found(&doubtful), [] as [&str; 0], "{source}: {state:?}");
            }
        }
        assert_eq!(found(&without(of_gone_tenant(), Kind::Tenant)), [] as [&str; 0], "no definition");
        let ending = of_gone_tenant().with(deleting(Kind::Tenant));
        assert_eq!(found(&ending), [] as [&str; 0], "a definition that goes");
    }

    fn network_policy(name: &str) -> Fact {
        Fact::NetworkPolicy(NetworkPolicy {
            namespace: NAMESPACE.into(),
            name: name.into(),
            meta: meta(name),
            pod_selector: k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector::default(),
            directions: Vec::new(),
            ingress: Openness::default(),
            egress: Openness::default(),
            ingress_namespaces: Vec::new(),
            egress_namespaces: Vec::new(),
        })
    }

    fn fenced() -> Bench {
        bench().with(network_policy(DEFAULT_DENY)).with(network_policy(ALLOW_DNS)).with(network_policy("own"))
    }

    fn isolation(bench: Bench, spec: Value) -> Bench {
        let mut spec = spec;
        spec["tenantSelector"] = json!({});
        bench.with(Fact::IsolationPolicy(declared(
            "p",
            Labels::default(),
            serde_json::from_value(spec).unwrap(),
        )))
    }

    #[test]
    fn a_fence_goes_when_no_policy_and_no_promise_asks_for_it() {
        let both = vec![ALLOW_DNS.to_owned(), DEFAULT_DENY.to_owned()];
        let network = json!({"directions": ["Ingress", "Egress"], "peers": ["dns"]});
        let closed = json!({"directions": ["Ingress", "Egress"]});
        assert_eq!(found(&fenced()), both, "no policy at all");
        let cases = [
            ("wanted", json!({"management": "Managed", "network": network}), vec![]),
            (
                "no longer open",
                json!({"management": "Managed", "network": closed}),
                vec![ALLOW_DNS.to_owned()],
            ),
            ("no longer wanted", json!({"management": "Managed"}), both.clone()),
            ("observed", json!({"management": "Observed"}), vec![]),
        ];
        for (what, spec, expected) in cases {
            assert_eq!(found(&isolation(fenced(), spec)), expected, "{what}");
        }
        let promised = fenced().with(profile_demanding("isolation.network-default-deny", &json!({})));
        assert_eq!(found(&promised), [] as [&str; 0], "a promise rests on it");
    }

    #[test]
    fn a_fence_stays_where_there_is_doubt() {
        for state in DOUBTS {
            for source in
                [Source::Declarations, Source::Definitions, Source::Namespaces, Source::NetworkPolicies]
            {
                let doubtful = fenced().with_source(source, state.clone());
                assert_eq!(found(&doubtful), [] as [&str; 0], "{source}: {state:?}");
            }
        }
        for kind in [Kind::Tenant, Kind::Profile, Kind::IsolationPolicy] {
            assert_eq!(found(&without(fenced(), kind)), [] as [&str; 0], "{kind} is not defined");
            assert_eq!(found(&fenced().with(deleting(kind))), [] as [&str; 0], "{kind} is to go");
        }
    }

    fn backup(bench: Bench, name: &str, management: &str) -> Bench {
        let spec = json!({
            "tenantSelector": {}, "management": management, "schedule": "15 2 * * *",
            "engine": {"name": "Velero", "namespace": "velero"},
            "retention": {"atLeast": "30d", "atMost": "30d"},
        });
        bench.with(Fact::BackupPolicy(declared(
            name,
            Labels::default(),
            serde_json::from_value(spec).unwrap(),
        )))
    }

    fn schedule_of(policy: &str, uid: &str) -> Fact {
        let mut world = backup(bench(), policy, "Managed").world;
        index::set_source(&mut world, Source::VeleroSchedules, SourceState::Synced);
        let plan = Arc::clone(world.plan(TENANT).unwrap());
        let body = desired::schedules(&world, &plan).remove(0).body;
        let mut object = body;
        object["metadata"]["uid"] = json!(uid);
        object["metadata"]["creationTimestamp"] = json!("2026-06-01T00:00:00Z");
        crate::decode::object(Kind::VeleroSchedule, &serde_json::to_vec(&object).unwrap()).unwrap()
    }

    #[test]
    fn a_schedule_goes_when_its_policy_no_longer_reaches_the_tenant() {
        let scheduled = || bench().with(schedule_of("old", "s1"));
        let name = velero::schedule_name(TENANT, "old");
        let new = || backup(scheduled(), "new", "Managed");
        let cases = [
            ("its policy is there", backup(scheduled(), "old", "Managed"), vec![]),
            ("its policy only observes now", backup(scheduled(), "old", "Observed"), vec![]),
            ("no policy is left", scheduled(), vec![name.clone()]),
            ("what takes its place is not there yet", new(), vec![]),
            ("what takes its place is there", new().with(schedule_of("new", "s2")), vec![name]),
            ("another only observes", backup(scheduled(), "new", "Observed"), vec![]),
            ("promised", scheduled().with(profile_demanding("backup.covered", &json!({}))), vec![]),
            (
                "planned and promised",
                scheduled().with(profile_demanding("backup.offsite", &json!({}))),
                vec![],
            ),
            ("policies without a definition", without(scheduled(), Kind::BackupPolicy), vec![]),
            (
                "backups that are not known",
                scheduled().with_source(Source::VeleroBackups, SourceState::Forbidden),
                vec![],
            ),
        ];
        for (what, bench, expected) in cases {
            assert_eq!(found(&bench), expected, "{what}");
        }
    }
}
