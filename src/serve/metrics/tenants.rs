//! State of each tenant: kept whole, written at each scrape. What is no longer in it has no series any more.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use jiff::{SignedDuration, Timestamp};
use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};

use super::write_gauge;
use crate::core::verdict::State;

/// The figures of all tenants. Clones see the same ones.
#[derive(Clone, Debug, Default)]
pub struct TenantMetrics {
    tenants: Arc<RwLock<BTreeMap<String, Figures>>>,
}

/// What is exported of one tenant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// By profile.
    pub profiles: BTreeMap<String, ProfileFigures>,
    /// Policies that reach the tenant, by the worst state of what they ask of it; what is missing is 0.
    pub policies: BTreeMap<State, i64>,
    /// When the tenant was evaluated last.
    pub last_evaluation: Option<Timestamp>,
    /// How long at most lies between two evaluations.
    pub evaluation_interval: Option<SignedDuration>,
    /// Backups, by policy.
    pub backups: BTreeMap<String, AgeLimit>,
    /// Waivers that reach the tenant, by state; what is missing is 0.
    pub waivers: BTreeMap<WaiverState, i64>,
    /// When each waiver ends.
    pub waiver_expiries: BTreeMap<String, Timestamp>,
}

/// How far one profile is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProfileFigures {
    /// Score from 0 to 1; none where nothing is applicable.
    pub score: Option<f64>,
    /// Coverage from 0 to 1; none where nothing is applicable.
    pub coverage: Option<f64>,
    /// Commitments by state; what is missing is 0.
    pub commitments: BTreeMap<State, i64>,
}

/// A success and how old it may become. Both are exported, and never an age: an age stands still with its exporter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgeLimit {
    /// The last success; of several volumes the oldest.
    pub last_success: Option<Timestamp>,
    /// How old it may become.
    pub max_age: Option<SignedDuration>,
}

/// How a waiver stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WaiverState {
    /// It accepts at least one finding.
    Used,
    /// It accepts none.
    Unused,
    /// It has expired.
    Expired,
}

impl WaiverState {
    const ALL: [Self; 3] = [Self::Used, Self::Unused, Self::Expired];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Used => "Used",
            Self::Unused => "Unused",
            Self::Expired => "Expired",
        }
    }
}

impl TenantMetrics {
    /// Replaces what is exported of `tenant`.
    pub fn set(&self, tenant: &str, figures: Figures) {
        self.tenants.write().unwrap_or_else(PoisonError::into_inner).insert(tenant.to_owned(), figures);
    }

    /// Takes away all series of a tenant that is gone.
    pub fn remove(&self, tenant: &str) {
        self.tenants.write().unwrap_or_else(PoisonError::into_inner).remove(tenant);
    }
}

impl Collector for TenantMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        write_compliance(&mut encoder, &tenants)?;
        write_evaluation(&mut encoder, &tenants)?;
        write_backups(&mut encoder, &tenants)?;
        write_waivers(&mut encoder, &tenants)
    }
}

type Tenants = BTreeMap<String, Figures>;

fn profiles(tenants: &Tenants) -> impl Iterator<Item = ([(&str, &str); 2], &ProfileFigures)> {
    tenants.iter().flat_map(|(tenant, figures)| {
        figures.profiles.iter().map(|(profile, of_profile)| labelled(tenant, "profile", profile, of_profile))
    })
}

fn labelled<'a, T>(tenant: &'a str, key: &'a str, value: &'a str, item: T) -> ([(&'a str, &'a str); 2], T) {
    ([("tenant", tenant), (key, value)], item)
}

fn write_compliance(encoder: &mut DescriptorEncoder, tenants: &Tenants) -> fmt::Result {
    let scores = profiles(tenants).filter_map(|(labels, figures)| Some((labels, figures.score?)));
    write_gauge(
        encoder,
        "compliance_score_ratio",
        "Weight of commitments kept by weight of those applicable",
        scores,
    )?;
    let coverage = profiles(tenants).filter_map(|(labels, figures)| Some((labels, figures.coverage?)));
    write_gauge(
        encoder,
        "compliance_coverage_ratio",
        "Weight of commitments evaluated by weight of those applicable",
        coverage,
    )?;
    let counts = profiles(tenants).flat_map(|([tenant, profile], figures)| {
        State::ALL.map(|state| {
            let count = figures.commitments.get(&state).copied().unwrap_or(0);
            ([tenant, profile, ("state", state.as_str())], count)
        })
    });
    write_gauge(encoder, "commitments", "Commitments by state", counts)?;
    let policies = tenants.iter().flat_map(|(tenant, figures)| {
        State::ALL.map(|state| {
            labelled(tenant, "state", state.as_str(), figures.policies.get(&state).copied().unwrap_or(0))
        })
    });
    write_gauge(
        encoder,
        "policies",
        "Policies that reach the tenant, by the worst state under them",
        policies,
    )
}

fn write_evaluation(encoder: &mut DescriptorEncoder, tenants: &Tenants) -> fmt::Result {
    let by_tenant = || tenants.iter().map(|(tenant, figures)| ([("tenant", tenant.as_str())], figures));
    let evaluations =
        by_tenant().filter_map(|(labels, figures)| Some((labels, figures.last_evaluation?.as_second())));
    write_gauge(
        encoder,
        "last_evaluation_timestamp_seconds",
        "When the tenant was evaluated last",
        evaluations,
    )?;
    let intervals = by_tenant()
        .filter_map(|(labels, figures)| Some((labels, figures.evaluation_interval?.as_secs_f64())));
    write_gauge(
        encoder,
        "evaluation_interval_seconds",
        "Longest time between two evaluations of the tenant",
        intervals,
    )
}

fn write_backups(encoder: &mut DescriptorEncoder, tenants: &Tenants) -> fmt::Result {
    let backups = || {
        tenants.iter().flat_map(|(tenant, figures)| {
            figures.backups.iter().map(|(policy, backup)| labelled(tenant, "policy", policy, *backup))
        })
    };
    let successes = backups().filter_map(|(labels, backup)| Some((labels, backup.last_success?.as_second())));
    write_gauge(
        encoder,
        "backup_last_success_timestamp_seconds",
        "Start of the oldest of the latest usable recovery points that the policy asks for",
        successes,
    )?;
    let limits = backups().filter_map(|(labels, backup)| Some((labels, backup.max_age?.as_secs_f64())));
    write_gauge(encoder, "backup_max_age_seconds", "How old the latest recovery point may become", limits)
}

fn write_waivers(encoder: &mut DescriptorEncoder, tenants: &Tenants) -> fmt::Result {
    let counts = tenants.iter().flat_map(|(tenant, figures)| {
        WaiverState::ALL.map(|state| {
            labelled(tenant, "state", state.as_str(), figures.waivers.get(&state).copied().unwrap_or(0))
        })
    });
    write_gauge(encoder, "waivers", "Waivers that reach the tenant, by state", counts)?;
    let expiries = tenants.iter().flat_map(|(tenant, figures)| {
        let expiries = figures.waiver_expiries.iter();
        expiries.map(|(waiver, expiry)| labelled(tenant, "waiver", waiver, expiry.as_second()))
    });
    write_gauge(encoder, "waiver_expiry_timestamp_seconds", "When the waiver ends", expiries)
}
