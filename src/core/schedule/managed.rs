//! The schedule that Surety writes for one tenant and one Managed policy. What it says is decided here; `engines` spells
//! it as the engine's object, and `write` applies it.

use jiff::SignedDuration;
use thiserror::Error;

use super::{Cadence, CadenceError, longest_period_within, spread};
use crate::{
    api::{BackupPolicySpec, Management, Span, backup_policy::EngineName},
    core::{
        effective::{AgeLimit, RetentionBounds},
        facts::{Declared, Name, Namespace},
        plan::Plan,
    },
};

/// What Surety's schedule for one tenant and policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedSchedule {
    /// The tenant: first part of the name.
    pub tenant: Name,
    /// The policy: second part of the name, and label of the runs.
    pub policy: Name,
    /// The cluster, as label of the runs: tells where a point was made after it was read from the store again.
    pub cluster: Option<Name>,
    /// Whose schedule it is.
    pub engine: EngineName,
    /// The namespace that the engine's objects live in.
    pub engine_namespace: Name,
    /// When runs start, in UTC.
    pub cron: String,
    /// The namespaces, in order of names; never empty, because engines read an empty list as all namespaces.
    pub namespaces: Vec<Name>,
    /// How long its points live; none where nothing bounds it and the engine's default serves.
    pub time_to_live: Option<SignedDuration>,
    /// The storage location; none for the engine's default.
    pub location: Option<Name>,
    /// Whether snapshots are copied into the location. Snapshots are made in any case, and the object says so.
    pub moves_snapshots: bool,
    /// Whether volumes are read file by file where no annotation says otherwise.
    pub reads_files_by_default: bool,
}

/// Why Surety writes no schedule.
#[derive(Debug, Error)]
pub enum Unmanageable {
    /// The policy is Observed.
    #[error("BackupPolicy {0} is Observed: set spec.management to Managed if Surety is to write schedules")]
    Observed(Name),
    /// The tenant holds no namespace to back up.
    #[error("tenant {0} holds no namespace that BackupPolicy {1} backs up")]
    NoNamespaces(Name, Name),
    /// Neither the policy nor a promise says how often.
    #[error(
        "BackupPolicy {0} says neither spec.schedule nor spec.every nor spec.maxRecoveryPointAge, and no promise of \
         tenant {1} does: set one of them"
    )]
    NoPeriod(Name, Name),
    /// The policy's schedule does not read.
    #[error("BackupPolicy {policy}: spec.schedule {source}")]
    Cadence {
        /// The policy.
        policy: Name,
        /// What is wrong.
        source: CadenceError,
    },
}

/// What Surety's schedule for the plan's tenant and this policy says. `namespaces` are those that the tenant holds; left
/// out are those that are ending (a missing name would make every run of Velero end badly) and those that the policy
/// exempts.
///
/// It runs by the policy's schedule, else as often as the policy's own figure asks, else as the strictest promise asks.
/// Its points live as all that is demanded of the tenant asks, because each policy's points are judged by all of it.
pub fn managed_schedule<'n>(
    plan: &Plan,
    policy: &Declared<BackupPolicySpec>,
    namespaces: impl Iterator<Item = &'n Namespace>,
    cluster: Option<&Name>,
) -> Result<ManagedSchedule, Unmanageable> {
    let (tenant, spec) = (&plan.tenant.name, &policy.spec);
    if spec.management != Management::Managed {
        return Err(Unmanageable::Observed(policy.name.clone()));
    }
    let mut namespaces: Vec<Name> = namespaces
        .filter(|namespace| !namespace.meta.is_deleting && !is_exempt(spec, namespace))
        .map(|namespace| namespace.name.clone())
        .collect();
    namespaces.sort();
    namespaces.dedup();
    if namespaces.is_empty() {
        return Err(Unmanageable::NoNamespaces(tenant.clone(), policy.name.clone()));
    }
    Ok(ManagedSchedule {
        tenant: tenant.clone(),
        policy: policy.name.clone(),
        cluster: cluster.cloned(),
        engine: spec.engine.name,
        engine_namespace: Name::from(&spec.engine.namespace),
        cron: cron_of(plan, policy)?,
        namespaces,
        time_to_live: bounds_of(plan).time_to_live(),
        location: spec.engine.storage_location.as_ref().map(Name::from),
        moves_snapshots: spec.engine.snapshot_move_data,
        reads_files_by_default: spec.engine.default_volumes_to_fs_backup,
    })
}

fn is_exempt(spec: &BackupPolicySpec, namespace: &Namespace) -> bool {
    let selector = spec.exempt.as_ref().and_then(|exempt| exempt.namespace_selector.as_ref());
    selector.is_some_and(|selector| namespace.labels.are_selected_by(selector))
}

fn cron_of(plan: &Plan, policy: &Declared<BackupPolicySpec>) -> Result<String, Unmanageable> {
    let (tenant, spec) = (&plan.tenant.name, &policy.spec);
    if let Some(text) = &spec.schedule {
        let cadence = Cadence::parse(text).map(|_| text.clone());
        return cadence.map_err(|source| Unmanageable::Cadence { policy: policy.name.clone(), source });
    }
    let period = age_limit(plan, spec).and_then(|limit| expressible_period(&limit));
    let cron = period.and_then(|period| spread(period, tenant, &policy.name).ok());
    cron.ok_or_else(|| Unmanageable::NoPeriod(policy.name.clone(), tenant.clone()))
}

/// How old a recovery point may become under a policy: its own figure, else the smallest that anything demands of the
/// tenant.
pub fn age_limit(plan: &Plan, policy: &BackupPolicySpec) -> Option<AgeLimit> {
    AgeLimit::of_policy(policy).or_else(|| promised_limit(plan))
}

/// The smallest age limit that anything demands of the tenant.
fn promised_limit(plan: &Plan) -> Option<AgeLimit> {
    let uses = plan.requirements.iter().filter(|use_of| use_of.control.id == "backup.recovery-point-age");
    uses.filter_map(|use_of| AgeLimit::of(&use_of.parameters)).min_by_key(AgeLimit::nominal)
}

/// The promised period itself where cron can say it; else the longest that it can say whose runs, with their allowance,
/// keep the limit. Runs a minute apart where even that is too long.
fn expressible_period(limit: &AgeLimit) -> Option<Span> {
    match limit {
        AgeLimit::Every { every, .. } if spread(*every, "", "").is_ok() => Some(*every),
        AgeLimit::Every { every, .. } => longest_period_within(|period| period <= *every),
        AgeLimit::Age(_) => {
            longest_period_within(|period| AgeLimit::every(period).nominal() <= limit.nominal())
        }
    }
    .or_else(|| longest_period_within(|period| period.nominal_seconds() <= 60))
}

fn bounds_of(plan: &Plan) -> RetentionBounds {
    let uses = plan.requirements.iter().filter(|use_of| use_of.control.id == "backup.retention");
    uses.fold(RetentionBounds::default(), |bounds, use_of| {
        bounds.and(&RetentionBounds::of(&use_of.parameters))
    })
}

#[cfg(test)]
mod tests;
