//! Merging backup policies.

use jiff::{SignedDuration, Timestamp};

use super::{Asking, Conflict, Demand, Effective, Figure, PolicyReference, strictest};
use crate::{
    api::{BackupPolicySpec, Span, Unit, backup_policy::RecoveryPointRetention},
    core::{
        facts::{Declared, Kind, Name},
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

    /// Whether for some start date it ends after `other`.
    pub fn can_exceed(&self, other: &Self) -> bool {
        if !self.follows_months() && !other.follows_months() {
            return self.nominal() > other.nominal();
        }
        some_start(|start| self.deadline(start) > other.deadline(start))
    }

    const fn follows_months(&self) -> bool {
        let (Self::Every { every: span, .. } | Self::Age(span)) = self;
        follows_months(*span)
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
            Self::Every { every, allowance } => match allowance.as_secs() {
                seconds if seconds % 60 == 0 => write!(f, "{every} and an allowance of {}m", seconds / 60),
                seconds => write!(f, "{every} and an allowance of {seconds}s"),
            },
            Self::Age(age) => age.fmt(f),
        }
    }
}

impl Effective {
    /// The backup policies, as those who ask.
    pub fn backup_asking(&self) -> Vec<Asking> {
        self.backup_asking_for(|_| true)
    }

    fn backup_asking_for(&self, asks: impl Fn(&BackupPolicySpec) -> bool) -> Vec<Asking> {
        let asking = self.backup.iter().filter(|policy| asks(&policy.spec));
        let asking = asking.map(|policy| Asking {
            policy: PolicyReference::new(Kind::BackupPolicy, &policy.name),
            enforcement: policy.spec.enforcement,
        });
        asking.collect()
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
        let asking = self.backup_asking_for(|spec| AgeLimit::of_policy(spec).is_some());
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

    /// What `retention` must show: every bound of every policy. A bound that all share is one figure, so that it is the
    /// same use of the control as a promise of that figure; of several all are kept, as a list.
    pub fn recovery_point_retention(&self) -> Option<Demand> {
        let (at_least, at_most) = self.recovery_point_bounds();
        if at_least.is_empty() && at_most.is_empty() {
            return None;
        }
        let has_bound =
            |retention: RecoveryPointRetention| retention.at_least.or(retention.at_most).is_some();
        let asking = self.backup_asking_for(|spec| spec.retention.is_some_and(has_bound));
        let demand = Demand::new(asking);
        Some(with_candidates(with_candidates(demand, "atLeast", at_least), "atMost", at_most))
    }

    /// An `atLeast` that ends after `atMost` and its allowance cannot be met.
    pub(super) fn backup_conflicts(&self) -> Vec<Conflict> {
        let (at_least, at_most) = self.recovery_point_bounds();
        let pairs = at_least.iter().flat_map(|lower| at_most.iter().map(move |upper| (lower, upper)));
        pairs.filter(|(lower, upper)| bounds_contradict(lower.value, upper.value)).map(conflict_of).collect()
    }
}

fn with_candidates(mut demand: Demand, name: &str, mut figures: Vec<Figure<Span>>) -> Demand {
    figures.sort_by(|a, b| a.value.cmp(&b.value).then_with(|| a.source.cmp(&b.source)));
    let mut spans: Vec<Span> = figures.iter().map(|figure| figure.value).collect();
    spans.dedup();
    let value = match spans.as_slice() {
        [] => return demand,
        [span] => Parameter::Span(*span),
        spans => Parameter::List(spans.iter().map(|span| Name::from(span.to_string())).collect()),
    };
    let sources = figures.into_iter().map(|figure| Figure { value: Name::from(name), source: figure.source });
    demand.figures.extend(sources);
    demand.with(name, value)
}

/// How long recovery points are kept, by one use of `backup.retention`: candidates, because which bound is the strictest
/// depends on a point's own date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetentionBounds {
    at_least: Vec<Span>,
    at_most: Vec<(Span, SignedDuration)>,
}

/// When a recovery point must be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The bound.
    pub at_most: Span,
    /// When deletion is due.
    pub due: Timestamp,
    /// From when on it is a finding: `due` and the allowance.
    pub late_from: Timestamp,
}

impl RetentionBounds {
    /// The bounds of a use of the control.
    pub fn of(parameters: &Parameters) -> Self {
        let allowance = parameters.span("allowance").map(Span::nominal);
        let with_allowance = |span: Span| (span, allowance.unwrap_or_else(|| span.deletion_allowance()));
        Self {
            at_least: candidates(parameters, "atLeast"),
            at_most: candidates(parameters, "atMost").into_iter().map(with_allowance).collect(),
        }
    }

    /// The bounds of both.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.at_least.extend(&other.at_least);
        self.at_most.extend(&other.at_most);
        self
    }

    /// Whether there is an upper bound.
    pub const fn has_at_most(&self) -> bool {
        !self.at_most.is_empty()
    }

    /// Until when a point taken then may not be deleted, and by which bound: the latest.
    pub fn kept_until(&self, taken_at: Timestamp) -> Option<(Timestamp, Span)> {
        self.at_least.iter().map(|span| (span.after(taken_at), *span)).max()
    }

    /// When a point taken then must be gone: by the earliest bound.
    pub fn removal(&self, taken_at: Timestamp) -> Option<Removal> {
        let removals = self.at_most.iter().map(|(at_most, allowance)| {
            let due = at_most.after(taken_at);
            let late_from = due.checked_add(*allowance).unwrap_or(Timestamp::MAX);
            Removal { at_most: *at_most, due, late_from }
        });
        removals.min_by_key(|removal| (removal.due, removal.late_from, removal.at_most))
    }

    /// How long a point must live whatever its date: longer than the longest that `atLeast` can be. None without `atLeast`.
    pub fn least_time_to_live(&self) -> Option<(SignedDuration, Span)> {
        self.at_least.iter().map(|span| (longest_duration(*span), *span)).max()
    }

    /// How long a point may live whatever its date: the shortest that `atMost` and its allowance can be.
    pub fn greatest_time_to_live(&self) -> Option<(SignedDuration, Span)> {
        let lengths = self
            .at_most
            .iter()
            .map(|(span, allowance)| (shortest_duration(*span).saturating_add(*allowance), *span));
        lengths.min()
    }

    /// The time to live that Surety gives its own schedules: at `atMost` where that is a day and more after `atLeast`, else
    /// midway between `atLeast` and `atMost` with its allowance, because an engine sets the expiry before the run starts.
    /// Without `atMost` a day after `atLeast`. Where the bounds contradict each other `atLeast` counts: nothing is
    /// destroyed on doubt. None without bounds.
    pub fn time_to_live(&self) -> Option<SignedDuration> {
        const MARGIN: SignedDuration = SignedDuration::from_hours(24);
        let due = self.at_most.iter().map(|(span, _)| shortest_duration(*span)).min();
        let greatest = self.greatest_time_to_live().map(|(length, _)| length);
        let (Some((least, _)), Some(due), Some(greatest)) = (self.least_time_to_live(), due, greatest) else {
            return self.least_time_to_live().map(|(least, _)| least.saturating_add(MARGIN)).or(due);
        };
        let with_margin = least.saturating_add(MARGIN);
        if with_margin <= due {
            return Some(due);
        }
        let room = greatest.saturating_sub(least);
        Some(if room > SignedDuration::ZERO { least.saturating_add(room / 2) } else { with_margin })
    }
}

fn candidates(parameters: &Parameters, name: &str) -> Vec<Span> {
    let listed = parameters.list(name).iter().filter_map(|text| text.parse().ok());
    parameters.span(name).into_iter().chain(listed).collect()
}

/// Whether for some start date `shorter` ends before `longer`.
pub fn can_fall_short(shorter: Span, longer: Span) -> bool {
    if !follows_months(shorter) && !follows_months(longer) || shorter.unit() == longer.unit() {
        return shorter.nominal() < longer.nominal();
    }
    some_start(|start| shorter.after(start) < longer.after(start))
}

/// Whether for some start date `at_least` ends after `at_most` and its allowance.
pub fn bounds_contradict(at_least: Span, at_most: Span) -> bool {
    let allowance = at_most.deletion_allowance();
    if at_least.unit() == at_most.unit() {
        return at_least.nominal() > at_most.nominal().saturating_add(allowance);
    }
    some_start(|start| {
        let latest = at_most.after(start).checked_add(allowance).unwrap_or(Timestamp::MAX);
        at_least.after(start) > latest
    })
}

const fn follows_months(span: Span) -> bool {
    matches!(span.unit(), Unit::Month | Unit::Year)
}

fn longest_duration(span: Span) -> SignedDuration {
    lengths(span).max().unwrap_or_else(|| span.nominal())
}

fn shortest_duration(span: Span) -> SignedDuration {
    lengths(span).min().unwrap_or_else(|| span.nominal())
}

/// The lengths that a span of months or years can have; of other spans none, they have one.
fn lengths(span: Span) -> impl Iterator<Item = SignedDuration> {
    let starts = follows_months(span).then(starts).into_iter().flatten();
    starts.map(move |start| span.after(start).duration_since(start))
}

fn some_start(holds: impl Fn(Timestamp) -> bool) -> bool {
    starts().any(holds)
}

/// Every day of four years, because months and years differ in length.
fn starts() -> impl Iterator<Item = Timestamp> {
    const FIRST_OF_2024: i64 = 1_704_067_200;
    (0..1_461)
        .map(|day| Timestamp::from_second(FIRST_OF_2024 + day * 86_400).unwrap_or(Timestamp::UNIX_EPOCH))
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

#[cfg(test)]
mod tests;
