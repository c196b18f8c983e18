//! What Surety remembers of a tenant, as it shall be written: claims with UIDs, findings with their dates.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::desired::Desired;
use crate::api::TenantSpec;
use crate::{
    api::keys,
    core::{
        controls::retention,
        facts::{
            ClaimRecord, Declared, FindingMemory, HeldData, Kind, Name, Namespace, ObjectKey, TenantRecord,
        },
        plan::Plan,
        tenancy,
        world::World,
    },
};

/// How many namespaces that are gone are remembered for each tenant, so that a restored one is adopted again.
const GONE_REMEMBERED: usize = 256;
/// The key under which the record stands.
pub const RECORD_KEY: &str = "record";

/// Which ConfigMaps are records of this kind, as the API server spells it; none of kinds that are no records.
pub fn selector(kind: Kind) -> Option<String> {
    let of = match kind {
        Kind::TenantRecord => keys::RECORD_OF_TENANT,
        Kind::ClusterRecord => keys::RECORD_OF_CLUSTER,
        _ => return None,
    };
    Some(format!("{}={of}", keys::RECORD))
}

/// The record of a tenant as it shall be. `held` is the data that was remembered last: what was sent a moment ago may not
/// have come back yet, and data goes only once.
pub fn next(
    world: &World,
    plan: &Plan,
    findings: BTreeMap<Name, FindingMemory>,
    held: &BTreeMap<Name, HeldData>,
    now: Timestamp,
) -> TenantRecord {
    let tenant = &plan.tenant;
    let data = retention::remember(world, plan, held, now);
    let known = world.record(&tenant.name).map(|record| record.namespaces.clone()).unwrap_or_default();
    let mut namespaces: BTreeMap<Name, ClaimRecord> = world
        .namespaces_of(&tenant.name)
        .filter_map(|name| world.namespace(name))
        .map(|namespace| (namespace.name.clone(), claim_on(tenant, namespace, known.get(&namespace.name))))
        .collect();
    let gone = known.into_iter().filter(|(name, _)| world.namespace(name).is_none());
    for (name, claim) in gone.take(GONE_REMEMBERED) {
        namespaces.entry(name).or_insert(claim);
    }
    TenantRecord { tenant: tenant.name.clone(), namespaces, findings, data }
}

/// The claim as the Tenant confirms it now, or as it was confirmed where the namespace no longer carries what it asks for.
fn claim_on(
    tenant: &Declared<TenantSpec>,
    namespace: &Namespace,
    known: Option<&ClaimRecord>,
) -> ClaimRecord {
    let uid = namespace.meta.uid.clone();
    match known {
        Some(known) if tenancy::asks_for(tenant, namespace).is_none() => ClaimRecord { uid, ..known.clone() },
        _ => ClaimRecord {
            uid,
            generation: tenant.meta.generation,
            labels: tenancy::deciding_labels(tenant, &namespace.labels),
        },
    }
}

/// The ConfigMap that holds a record, in Surety's namespace.
pub fn config_map(own_namespace: &str, record: &TenantRecord) -> Result<Desired, serde_json::Error> {
    let name = format!("surety-tenant-{}", record.tenant);
    let text = serde_json::to_string(record)?;
    let body: Value = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {
            "name": name, "namespace": own_namespace,
            "labels": {keys::MANAGED_BY: keys::MANAGED_BY_SURETY, keys::RECORD: keys::RECORD_OF_TENANT},
        },
        "data": {RECORD_KEY: text},
    });
    let key = ObjectKey::namespaced(Kind::TenantRecord, own_namespace, name);
    Ok(Desired { key, manager: keys::MANAGER_STATE, body })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]
    use proptest::prelude::*;

    use super::*;
    use crate::{
        core::{
            controls::testkit::{Bench, NAMESPACE, TENANT, declared, namespace},
            facts::{Change, Fact, Labels},
        },
        index,
    };

    fn bench() -> Bench {
        let control = crate::core::controls::all().iter().copied().next();
        Bench::new(control.unwrap())
    }

    fn record_of(bench: &Bench) -> TenantRecord {
        let plan = bench.world.plan(TENANT).unwrap().clone();
        next(&bench.world, &plan, BTreeMap::new(), &BTreeMap::new(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_namespace_that_is_gone_is_remembered_and_adopted_again_with_its_new_uid() {
        let mut bench = bench();
        index::apply(&mut bench.world, Change::Delete(ObjectKey::cluster(Kind::Namespace, NAMESPACE)));
        let record = record_of(&bench);
        assert!(record.namespaces.contains_key(NAMESPACE));
        bench.apply(Fact::TenantRecord(record));
        let mut restored =
            crate::core::facts::Namespace { name: Name::from(NAMESPACE), ..Default::default() };
        restored.meta.uid = Name::from("ns-2");
        bench.apply(Fact::Namespace(restored));
        assert_eq!(bench.world.owner_of(NAMESPACE), Some(&Name::from(TENANT)));
        assert_eq!(record_of(&bench).namespaces.get(NAMESPACE).unwrap().uid, Name::from("ns-2"));
    }

    #[test]
    fn a_claim_ends_with_a_later_generation_of_the_tenant_that_no_longer_asks_for_it() {
        let mut bench = bench();
        let Fact::Tenant(mut tenant) =
            Fact::Tenant(declared(TENANT, Labels::default(), TenantSpec::default()))
        else {
            panic!("a tenant")
        };
        tenant.meta.generation = 2;
        bench.apply(Fact::Tenant(tenant));
        assert_eq!(bench.world.owner_of(NAMESPACE), None);
        assert!(record_of(&bench).namespaces.is_empty());
    }

    fn selecting(team: &str, generation: i64) -> Fact {
        let selector = serde_json::from_value(json!({"matchLabels": {"team": team}})).unwrap();
        let mut spec = TenantSpec::default();
        spec.namespaces.selector = Some(selector);
        let mut tenant = declared(TENANT, Labels::default(), spec);
        tenant.meta.generation = generation;
        Fact::Tenant(tenant)
    }

    fn with_team(team: Option<&str>) -> Fact {
        namespace(team.map_or_else(Labels::default, |team| Labels::from([("team", team), ("other", "x")])))
    }

    /// A tenant that claimed its namespace by a label, as it is recorded.
    fn claimed_by_label() -> Bench {
        let bench = bench().with(with_team(Some("a"))).with(selecting("a", 1));
        let record = record_of(&bench);
        bench.with(Fact::TenantRecord(record))
    }

    #[test]
    fn a_claim_records_the_labels_that_decided_and_no_others() {
        let claim = record_of(&claimed_by_label()).namespaces.remove(NAMESPACE).unwrap();
        assert_eq!(claim.labels, BTreeMap::from([("team".to_owned(), "a".to_owned())]));
    }

    #[test]
    fn a_claim_by_label_ends_by_another_selector_and_not_by_the_label_and_another_change() {
        for (what, facts, is_held) in [
            ("the label goes", vec![with_team(None)], true),
            ("the label goes, the Tenant changes", vec![with_team(None), selecting("a", 2)], true),
            ("another label comes, the Tenant changes", vec![with_team(Some("b")), selecting("a", 2)], true),
            ("another selector, the label stays", vec![selecting("b", 2)], false),
            ("the label goes, another selector", vec![with_team(None), selecting("b", 2)], false),
            ("the label follows the selector", vec![selecting("b", 2), with_team(Some("b"))], true),
        ] {
            let mut bench = claimed_by_label();
            for fact in facts {
                bench.apply(fact);
                let record = record_of(&bench);
                if what != "the label follows the selector" {
                    bench.apply(Fact::TenantRecord(record));
                }
            }
            assert_eq!(bench.world.owner_of(NAMESPACE).is_some(), is_held, "{what}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn no_labels_of_a_namespace_and_no_unrelated_changes_of_its_tenant_end_a_recorded_claim(
            steps in prop::collection::vec(
                (prop::option::of("[abc]"), any::<bool>(), any::<bool>()), 0..12
            ),
        ) {
            let mut bench = claimed_by_label();
            let mut generation = 1;
            for (team, changes_tenant, is_recorded) in steps {
                bench.apply(with_team(team.as_deref()));
                if changes_tenant {
                    generation += 1;
                    bench.apply(selecting("a", generation));
                }
                if is_recorded {
                    let record = record_of(&bench);
                    bench.apply(Fact::TenantRecord(record));
                }
                prop_assert_eq!(bench.world.owner_of(NAMESPACE), Some(&Name::from(TENANT)));
            }
            bench.apply(with_team(None));
            bench.apply(selecting("z", generation + 1));
            prop_assert_eq!(bench.world.owner_of(NAMESPACE), None);
        }
    }

    #[test]
    fn the_record_is_written_as_one_config_map_and_read_back_unchanged() {
        let record = record_of(&bench());
        let desired = config_map("surety-system", &record).unwrap();
        let text = desired.body.pointer("/data/record").and_then(Value::as_str).unwrap();
        assert_eq!(serde_json::from_str::<TenantRecord>(text).unwrap(), record);
    }
}
