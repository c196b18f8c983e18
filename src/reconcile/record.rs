//! What Surety remembers of a tenant, as it shall be written: claims with UIDs, findings with their dates.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::desired::Desired;
use crate::api::TenantSpec;
use crate::{
    api::keys,
    core::{
        facts::{ClaimRecord, Declared, FindingMemory, Kind, Name, ObjectKey, TenantRecord},
        tenancy,
        world::World,
    },
};

/// How many namespaces that are gone are remembered for each tenant, so that a restored one is adopted again.
const GONE_REMEMBERED: usize = 256;
/// The label of the ConfigMaps.
pub const RECORD_LABEL: &str = "surety.dev/record";
/// The value of [`RECORD_LABEL`].
pub const RECORD_OF_TENANT: &str = "tenant";
/// The key under which the record stands.
pub const RECORD_KEY: &str = "record";

/// The record of a tenant as it shall be.
pub fn next(
    world: &World,
    tenant: &Declared<TenantSpec>,
    findings: BTreeMap<Name, FindingMemory>,
) -> TenantRecord {
    let known = world.record(&tenant.name).map(|record| record.namespaces.clone()).unwrap_or_default();
    let mut namespaces: BTreeMap<Name, ClaimRecord> = world
        .namespaces_of(&tenant.name)
        .filter_map(|name| world.namespace(name))
        .map(|namespace| {
            let asks = tenancy::asks_for(tenant, namespace).is_some();
            let recorded =
                known.get(&namespace.name).map_or(tenant.meta.generation, |claim| claim.generation);
            let generation = if asks { tenant.meta.generation } else { recorded };
            (namespace.name.clone(), ClaimRecord { uid: namespace.meta.uid.clone(), generation })
        })
        .collect();
    let gone = known.into_iter().filter(|(name, _)| world.namespace(name).is_none());
    for (name, claim) in gone.take(GONE_REMEMBERED) {
        namespaces.entry(name).or_insert(claim);
    }
    TenantRecord { tenant: tenant.name.clone(), namespaces, findings }
}

/// The ConfigMap that holds a record, in Surety's namespace.
pub fn config_map(own_namespace: &str, record: &TenantRecord) -> Result<Desired, serde_json::Error> {
    let name = format!("surety-tenant-{}", record.tenant);
    let text = serde_json::to_string(record)?;
    let body: Value = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {
            "name": name, "namespace": own_namespace,
            "labels": {keys::MANAGED_BY: keys::MANAGED_BY_SURETY, RECORD_LABEL: RECORD_OF_TENANT},
        },
        "data": {RECORD_KEY: text},
    });
    let key = ObjectKey::namespaced(Kind::TenantRecord, own_namespace, name);
    Ok(Desired { key, manager: keys::MANAGER_STATE, body })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]
    use super::*;
    use crate::{
        core::{
            controls::testkit::{Bench, NAMESPACE, TENANT, declared},
            facts::{Change, Fact, Labels},
        },
        index,
    };

    fn bench() -> Bench {
        let control = crate::core::controls::all().iter().copied().next();
        Bench::new(control.unwrap())
    }

    fn record_of(bench: &Bench) -> TenantRecord {
        let tenant = bench.world.tenant(TENANT).unwrap().clone();
        next(&bench.world, &tenant, BTreeMap::new())
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

    #[test]
    fn the_record_is_written_as_one_config_map_and_read_back_unchanged() {
        let record = record_of(&bench());
        let desired = config_map("surety-system", &record).unwrap();
        let text = desired.body.pointer("/data/record").and_then(Value::as_str).unwrap();
        assert_eq!(serde_json::from_str::<TenantRecord>(text).unwrap(), record);
    }
}
