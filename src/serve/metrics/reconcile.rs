//! Work of the controller.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

use crate::core::facts::Kind;

/// Bounds of the duration histogram in seconds.
const BUCKETS: [f64; 10] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0];

/// How a piece of work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its result is another one.
    Changed,
    /// Its result is the same.
    Unchanged,
    /// It failed and is repeated.
    Error,
}

impl Outcome {
    const ALL: [Self; 3] = [Self::Changed, Self::Unchanged, Self::Error];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Error => "error",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

/// Counts work by kind of the object that it is for. Clones count together.
#[derive(Clone, Debug)]
pub struct ReconcileMetrics {
    total: Family<OutcomeLabels, Counter>,
    duration: Family<KindLabels, Histogram>,
}

impl Default for ReconcileMetrics {
    fn default() -> Self {
        let metrics = Self {
            total: Family::default(),
            duration: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
        };
        for kind in Kind::ALL.iter().filter(|kind| kind.is_declaration()) {
            metrics.start_at_zero(*kind);
        }
        metrics
    }
}

impl ReconcileMetrics {
    /// Work for an object of `kind` ended like this after `time`.
    pub fn ended(&self, kind: Kind, outcome: Outcome, time: Duration) {
        self.total(kind, outcome).inc();
        self.duration.get_or_create(&KindLabels { kind: kind.resource().kind }).observe(time.as_secs_f64());
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("reconcile", "Work done, by kind of object and how it ended", self.total.clone());
        registry.register(
            "reconcile_duration_seconds",
            "Time that one piece of work took",
            self.duration.clone(),
        );
    }

    fn total(&self, kind: Kind, outcome: Outcome) -> Counter {
        let labels = OutcomeLabels { kind: kind.resource().kind, outcome: outcome.as_str() };
        self.total.get_or_create_owned(&labels)
    }

    fn start_at_zero(&self, kind: Kind) {
        for outcome in Outcome::ALL {
            self.total(kind, outcome);
        }
        drop(self.duration.get_or_create(&KindLabels { kind: kind.resource().kind }));
    }
}
