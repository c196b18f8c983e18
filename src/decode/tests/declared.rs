//! Surety's own kinds, and what it remembers.

use serde_json::{Value, json};

use super::fact;
use crate::{
    api::keys,
    core::facts::{Kind, Name},
};

#[test]
fn own_kinds_carry_their_spec() {
    let tenant = fact!(
        Tenant,
        json!({
            "apiVersion": "surety.dev/v1alpha1", "kind": "Tenant",
            "metadata": {"name": "acme", "generation": 3, "labels": {"tier": "gold"}},
            "spec": {"namespaces": {"names": ["acme-prod"]}, "enforcement": "Warn"},
            "status": {"conditions": []},
        })
    );
    assert_eq!((&*tenant.name, tenant.meta.generation, tenant.labels.get("tier")), ("acme", 3, Some("gold")));
    assert_eq!(tenant.spec.namespaces.names, ["acme-prod"]);
    assert_eq!(tenant.spec.enforcement, crate::api::Enforcement::Warn);
}

#[test]
fn an_own_kind_that_does_not_fit_names_the_field() {
    let error = super::error(
        Kind::BackupPolicy,
        &json!({"metadata": {"name": "daily"}, "spec": {"tenantSelector": {}, "engine": {}, "every": "1d2h"}}),
    );
    assert!(
        error.contains("BackupPolicy daily") && error.contains("`spec.every`") && error.contains("1d2h"),
        "{error}"
    );
}

#[test]
fn a_record_is_read_from_the_config_map_that_carries_it() {
    let record = json!({"tenant": "acme", "namespaces": {"acme-prod": {"uid": "u", "generation": 2}}});
    let object = |name: &str, label: &str, record: &Value| {
        json!({
            "metadata": {"name": name, "namespace": "surety-system", "labels": {keys::RECORD: label}},
            "data": {keys::RECORD_DATA: record.to_string()},
        })
    };
    let fact = fact!(TenantRecord, object("surety-tenant-acme", "tenant", &record));
    assert_eq!(fact.tenant, "acme");
    assert_eq!(fact.namespaces[&Name::from("acme-prod")].generation, 2);
    for (bad, reason) in [
        (object("surety-tenant-other", "tenant", &record), "the name says `other`"),
        (object("surety-tenant-acme", "cluster", &record), "surety.dev/record"),
        (object("surety-tenant-acme", "tenant", &json!([])), "data.record"),
        (
            json!({"metadata": {"name": "surety-tenant-acme", "namespace": "s", "labels": {keys::RECORD: "tenant"}}}),
            "is missing",
        ),
    ] {
        let error = super::error(Kind::TenantRecord, &bad);
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn of_the_clusters_record_the_gaps_are_read_and_nothing_else() {
    let gap = |text: &str| {
        let data = json!({"break-glass.0000000000000001.a": "anything", "gap.0000000000000002": text});
        json!({"metadata": {"name": "surety-cluster", "namespace": "s", "labels": {"surety.dev/record": "cluster"}}, "data": data})
    };
    let told =
        r#"{"began": "2026-01-01T00:00:00Z", "cause": "it was deleted", "ended": null, "seconds": null}"#;
    let fact = fact!(ClusterRecord, gap(told));
    assert_eq!(fact.gaps.len(), 1);
    assert_eq!((fact.gaps[0].cause.as_str(), fact.gaps[0].ended), ("it was deleted", None));
    let error = super::error(Kind::ClusterRecord, &gap("{}"));
    assert!(error.contains("`gap.0000000000000002` is no gap in enforcement"), "{error}");
}
