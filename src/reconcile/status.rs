//! The status of every declaration as it shall be written: conditions, counts, columns. Pure.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde_json::{Value, json};

use super::{desired::Desired, reported::Reported};
use crate::{
    api::{TenantSpec, keys},
    core::{
        effective::{Conflict, PolicyReference},
        facts::{Declared, Fact, Kind, Name, ObjectKey},
        intent,
        result::TenantResult,
        score::percent,
        verdict::State,
        world::World,
    },
    report::{
        compliance,
        conditions::{self, Observed},
    },
};

/// What the results of all tenants together say of a policy or profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// How many tenants it reaches.
    pub tenants: i32,
    /// The worst state over them.
    pub state: Option<State>,
    /// How many findings stand against it.
    pub failing: i32,
    /// Contradictions that it is part of.
    pub conflicts: Vec<Conflict>,
}

/// What is known of a tenant beside its result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Of the tenant's volumes the oldest newest recovery point.
    pub oldest_point: Option<Timestamp>,
    /// Fields that Surety should write and that belong to somebody else.
    pub disputes: Vec<String>,
}

/// The status of a tenant.
pub fn of_tenant(
    world: &World,
    tenant: &Declared<TenantSpec>,
    result: &TenantResult,
    known: &Known,
    now: Timestamp,
) -> Desired {
    let contested = contested_namespaces(world, tenant);
    let observed = conditions::of_tenant(result, &contested, &known.disputes);
    let mut status = json!({
        "conditions": merged(&tenant.conditions, observed, tenant.meta.generation, now),
        "observedGeneration": tenant.meta.generation,
        "namespaces": world.namespaces_of(&tenant.name).count(),
        "failing": result.open_findings(),
    });
    if let Some(fields) = status.as_object_mut() {
        let optional = [
            ("score", result.weights.score().map(|score| json!(percent(score)))),
            ("coverage", result.weights.coverage().map(|coverage| json!(percent(coverage)))),
            ("oldestRecoveryPoint", known.oldest_point.map(|moment| json!(format!("{moment:.0}")))),
        ];
        fields.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    desired(Kind::Tenant, &tenant.name, &status)
}

/// Namespaces that other tenants ask for too, or that two ask for and nobody holds.
fn contested_namespaces(world: &World, tenant: &Declared<TenantSpec>) -> Vec<String> {
    let listed = tenant.spec.namespaces.names.iter().filter_map(|name| world.namespace(name));
    let held = world.namespaces_of(&tenant.name).filter_map(|name| world.namespace(name));
    let contested = listed.chain(held).filter(|namespace| {
        let ownership = crate::core::tenancy::ownership(world, namespace);
        !ownership.others.is_empty()
    });
    let mut names: Vec<String> = contested.map(|namespace| namespace.name.to_string()).collect();
    names.sort();
    names.dedup();
    names
}

/// The report of a tenant, under the tenant's own name. Two objects: the report, and its status.
pub fn report_of(tenant: &Name, result: &TenantResult) -> Result<(Desired, Desired), serde_json::Error> {
    let key = ObjectKey::cluster(Kind::ComplianceReport, tenant.clone());
    let object = json!({
        "apiVersion": "surety.dev/v1alpha1", "kind": "ComplianceReport",
        "metadata": {
            "name": tenant,
            "labels": {keys::MANAGED_BY: keys::MANAGED_BY_SURETY, keys::TENANT: tenant},
        },
        "spec": {"tenant": tenant},
    });
    let status = serde_json::to_value(compliance::report(result))?;
    let object = Desired { key, manager: keys::MANAGER_STATUS, body: object };
    Ok((object, desired(Kind::ComplianceReport, tenant, &status)))
}

/// The status of a policy, profile, waiver or attestation.
pub fn of_declaration(fact: &Fact, standing: &Standing, now: Timestamp) -> Option<Desired> {
    let key = fact.key();
    let (current, generation) = current_of(fact)?;
    let mut observed = vec![readiness(fact, now)];
    match fact {
        Fact::Waiver(waiver) => observed.push(conditions::live(waiver.spec.expires_at, now)),
        Fact::Attestation(attestation) => observed.push(conditions::live(attestation.spec.valid_until, now)),
        Fact::Profile(_) => {}
        _ => {
            observed.push(conditions::policy_compliant(standing.state, standing.failing));
            observed.push(conditions::conflict(&standing.conflicts.iter().collect::<Vec<_>>()));
        }
    }
    let mut status = json!({
        "conditions": merged(current, observed, generation, now),
        "observedGeneration": generation,
        "tenants": standing.tenants,
    });
    let counts_findings = !matches!(fact, Fact::Waiver(_) | Fact::Attestation(_));
    if let Some(fields) = status.as_object_mut().filter(|_| counts_findings) {
        fields.insert("failing".to_owned(), json!(standing.failing));
    }
    Some(desired(key.kind, &key.name, &status))
}

/// The controller says what the webhook would have said.
fn readiness(fact: &Fact, now: Timestamp) -> Observed {
    let objections = intent::form_of(fact, now);
    // An expiry that has come is no wrong form: the webhook only refuses to grant one in the past.
    let first = objections.iter().find(|objection| {
        let field = objection.issue.field.as_str();
        let is_about_time = matches!(field, "spec.expiresAt" | "spec.validUntil")
            || field.rsplit('.').next() == Some("until");
        objection.enforcement == crate::api::Enforcement::Deny && !is_about_time
    });
    first.map_or_else(conditions::ready, |objection| {
        let issue = &objection.issue;
        conditions::malformed(format!("{}: found {}; wanted {}", issue.field, issue.found, issue.wanted))
    })
}

/// Every policy, profile, waiver and attestation.
pub fn declarations(world: &World) -> Vec<Fact> {
    let profiles = world.profiles().map(|declared| Fact::Profile((**declared).clone()));
    let backup = world.backup_policies().map(|declared| Fact::BackupPolicy((**declared).clone()));
    let retention = world.retention_policies().map(|declared| Fact::RetentionPolicy((**declared).clone()));
    let encryption = world.encryption_policies().map(|declared| Fact::EncryptionPolicy((**declared).clone()));
    let isolation = world.isolation_policies().map(|declared| Fact::IsolationPolicy((**declared).clone()));
    let waivers = world.waivers().map(|declared| Fact::Waiver((**declared).clone()));
    let attestations = world.attestations().map(|declared| Fact::Attestation((**declared).clone()));
    profiles
        .chain(backup)
        .chain(retention)
        .chain(encryption)
        .chain(isolation)
        .chain(waivers)
        .chain(attestations)
        .collect()
}

fn current_of(fact: &Fact) -> Option<(&Arc<[Condition]>, i64)> {
    match fact {
        Fact::Profile(declared) => Some((&declared.conditions, declared.meta.generation)),
        Fact::BackupPolicy(declared) => Some((&declared.conditions, declared.meta.generation)),
        Fact::RetentionPolicy(declared) => Some((&declared.conditions, declared.meta.generation)),
        Fact::EncryptionPolicy(declared) => Some((&declared.conditions, declared.meta.generation)),
        Fact::IsolationPolicy(declared) => Some((&declared.conditions, declared.meta.generation)),
        Fact::Waiver(declared) => Some((&declared.conditions, declared.meta.generation)),
        Fact::Attestation(declared) => Some((&declared.conditions, declared.meta.generation)),
        _ => None,
    }
}

/// What the results say of every policy and profile.
pub fn standings<'a>(
    world: &World,
    results: impl Iterator<Item = &'a Reported>,
) -> BTreeMap<PolicyReference, Standing> {
    let mut standings: BTreeMap<PolicyReference, Standing> = BTreeMap::new();
    for result in results {
        let Some(plan) = world.plan(&result.tenant) else { continue };
        for (reference, (state, failing)) in &result.against {
            let standing = standings.entry(reference.clone()).or_default();
            standing.state = standing.state.into_iter().chain(*state).min();
            standing.failing = standing.failing.saturating_add(*failing);
        }
        for reference in references(plan) {
            standings.entry(reference).or_default().tenants += 1;
        }
        for conflict in &plan.conflicts {
            for policy in &conflict.policies {
                let standing = standings.entry(policy.clone()).or_default();
                if !standing.conflicts.contains(conflict) {
                    standing.conflicts.push(conflict.clone());
                }
            }
        }
    }
    standings
}

/// Everything that reaches a tenant.
fn references(plan: &crate::core::plan::Plan) -> Vec<PolicyReference> {
    let of = |kind: Kind, name: &Name| PolicyReference::new(kind, name);
    let effective = &plan.effective;
    let mut references: Vec<PolicyReference> =
        plan.profiles.iter().map(|p| of(Kind::Profile, &p.name)).collect();
    references.extend(effective.backup.iter().map(|p| of(Kind::BackupPolicy, &p.name)));
    references.extend(effective.retention.iter().map(|p| of(Kind::RetentionPolicy, &p.name)));
    references.extend(effective.encryption.iter().map(|p| of(Kind::EncryptionPolicy, &p.name)));
    references.extend(effective.isolation.iter().map(|p| of(Kind::IsolationPolicy, &p.name)));
    references.extend(plan.waivers.iter().map(|p| of(Kind::Waiver, &p.name)));
    references.extend(plan.attestations.iter().map(|p| of(Kind::Attestation, &p.name)));
    references
}

fn merged(
    current: &Arc<[Condition]>,
    observed: Vec<Observed>,
    generation: i64,
    now: Timestamp,
) -> Vec<Value> {
    let conditions = conditions::merged(current, observed, generation, now);
    conditions.iter().map(|condition| json!(condition)).collect()
}

fn desired(kind: Kind, name: &Name, status: &Value) -> Desired {
    let resource = kind.resource();
    Desired {
        key: ObjectKey::cluster(kind, name.clone()),
        manager: keys::MANAGER_STATUS,
        body: json!({
            "apiVersion": format!("{}/{}", resource.group, resource.version), "kind": resource.kind,
            "metadata": {"name": name},
            "status": status,
        }),
    }
}
