//! Merging backup policies.

use jiff::{SignedDuration, Timestamp};

use super::{Asking, Conflict, Demand, Effective, Figure, PolicyReference, strictest};
use crate::{
    api::{BackupPolicySpec, Span},
    core::{
        facts::{Declared, Kind},
        parameters::{Parameter, Parameters},
    },
};

/// How old the newest recovery point may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgeLimit {
    /// Promised as a period; the limit is the period and its allowance, because a run takes time.
    Every {
        /// The period.
        every: Span,
        /// The allowance; by rule the larger of ten minutes and a tenth.
        allowance: SignedDuration,
    },
    /// Given as an age.
    Age(Span),
}

impl AgeLimit {
    /// The limit that a period gives, with the allowance by rule.
    pub fn every(every: Span) -> Self {
        Self::Every { every, allowance: every.period_allowance() }
    }

    /// The limit of a use of a control: `every` with `allowance`, or `maxAge`.
    pub fn of(parameters: &Parameters) -> Option<Self> {
        let age = parameters.span("maxAge").map(Self::Age);
        let every = parameters.span("every").map(|every| Self::Every {
            every,
            allowance: parameters.span("allowance").map_or_else(|| every.period_allowance(), Span::nominal),
        });
        [age, every].into_iter().flatten().min_by_key(Self::nominal)
    }

    /// The limit that a policy gives.
    pub fn of_policy(spec: &BackupPolicySpec) -> Option<Self> {
        spec.max_recovery_point_age.map(Self::Age).or_else(|| spec.every.map(Self::every))
    }

    /// The moment at which a point taken at `taken_at` is too old.
    pub fn deadline(&self, taken_at: Timestamp) -> Timestamp {
        match self {
            Self::Every { every, allowance } => {
                every.after(taken_at).checked_add(*allowance).unwrap_or(Timestamp::MAX)
            }
            Self::Age(age) => age.after(taken_at),
        }
    }

    /// Nominal length, for comparing limits.
    pub fn nominal(&self) -> SignedDuration {
        match self {
            Self::Every { every, allowance } => every.nominal().saturating_add(*allowance),
            Self::Age(age) => age.nominal(),
        }
    }
}

impl std::fmt::Display for AgeLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Every { every, allowance } => {
                write!(f, "{every} and an allowance of {}m", allowance.as_secs() / 60)
            }
            Self::Age(age) => age.fmt(f),
        }
    }
}

impl Effective {
    /// The backup policies, as those who ask.
    pub fn backup_asking(&self) -> Vec<Asking> {
        let ask = |policy: &Declared<BackupPolicySpec>| Asking {
            policy: PolicyReference::new(Kind::BackupPolicy, &policy.name),
            enforcement: policy.spec.enforcement,
        };
        self.backup.iter().map(|policy| ask(policy)).collect()
    }

    /// That every volume is covered is asked by any backup policy.
    pub fn backup_covered(&self) -> Option<Demand> {
        (!self.backup.is_empty()).then(|| Demand::new(self.backup_asking()))
    }

    /// The smallest age limit.
    pub fn age_limit(&self) -> Option<Figure<AgeLimit>> {
        let figures = self.backup.iter().filter_map(|policy| {
            let source = PolicyReference::new(Kind::BackupPolicy, &policy.name);
            AgeLimit::of_policy(&policy.spec).map(|value| Figure { value, source })
        });
        strictest(figures, |a, b| b.nominal().cmp(&a.nominal()))
    }

    /// What `recovery-point-age` must show: the smallest limit of all.
    pub fn recovery_point_age(&self) -> Option<Demand> {
        let limit = self.age_limit()?;
        let asking = self.backup_asking();
        let name = match limit.value {
            AgeLimit::Every { .. } => "every",
            AgeLimit::Age(_) => "maxAge",
        };
        let figure = limit.map(|limit| match limit {
            AgeLimit::Every { every: span, .. } | AgeLimit::Age(span) => Parameter::Span(span),
        });
        Some(Demand::new(asking).with_figure(name, Some(figure)))
    }

    /// The bounds of retention, each with its policy. All are kept: which is the strictest depends on the start date.
    pub fn recovery_point_bounds(&self) -> (Vec<Figure<Span>>, Vec<Figure<Span>>) {
        let figures = |bound: fn(&BackupPolicySpec) -> Option<Span>| {
            let of_policy = move |policy: &std::sync::Arc<Declared<BackupPolicySpec>>| {
                let source = PolicyReference::new(Kind::BackupPolicy, &policy.name);
                bound(&policy.spec).map(|value| Figure { value, source })
            };
            self.backup.iter().filter_map(of_policy).collect()
        };
        (figures(|spec| spec.retention?.at_least), figures(|spec| spec.retention?.at_most))
    }

    /// An `atLeast` that ends after `atMost` and its allowance cannot be met.
    pub(super) fn backup_conflicts(&self) -> Vec<Conflict> {
        let (at_least, at_most) = self.recovery_point_bounds();
        let pairs = at_least.iter().flat_map(|lower| at_most.iter().map(move |upper| (lower, upper)));
        pairs.filter(|(lower, upper)| bounds_contradict(lower.value, upper.value)).map(conflict_of).collect()
    }
}

/// Whether for some start date `at_least` ends after `at_most` and its allowance. Tried at every day of four years
/// where both are not of one unit, because months and years differ in length.
pub fn bounds_contradict(at_least: Span, at_most: Span) -> bool {
    let allowance = at_most.deletion_allowance();
    if at_least.unit() == at_most.unit() {
        return at_least.nominal() > at_most.nominal().saturating_add(allowance);
    }
    let contradicts_from = |day: i64| {
        let start = Timestamp::from_second(1_704_067_200 + day * 86_400).unwrap_or(Timestamp::UNIX_EPOCH);
        let latest = at_most.after(start).checked_add(allowance).unwrap_or(Timestamp::MAX);
        at_least.after(start) > latest
    };
    (0..1_461).any(contradicts_from)
}

fn conflict_of((lower, upper): (&Figure<Span>, &Figure<Span>)) -> Conflict {
    let mut policies = vec![lower.source.clone(), upper.source.clone()];
    policies.sort();
    policies.dedup();
    Conflict {
        policies,
        message: format!(
            "recovery points are to be kept at least {} by {} but at most {} by {}",
            lower.value, lower.source, upper.value, upper.source
        ),
    }
}
