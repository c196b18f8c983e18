//! What the webhook counts. Labels are closed sets, so that the number of series is known in advance.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

use crate::{
    admission::{register::ENTRIES, wire::Answer},
    core::control::Operation,
};

/// Bounds of the duration histogram in seconds; the last is the time-out that the registration states.
const BUCKETS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0];

/// What the registration asks about.
const OPERATIONS: [Operation; 3] = [Operation::Create, Operation::Update, Operation::Delete];

/// How a request ended, as metrics name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Admitted in silence.
    Allow,
    /// Admitted with a warning.
    Warn,
    /// Refused.
    Deny,
}

impl Decision {
    const ALL: [Self; 3] = [Self::Allow, Self::Warn, Self::Deny];

    /// The decision that `answer` tells.
    pub const fn of(answer: &Answer) -> Self {
        match (answer.allowed, answer.warnings.is_empty()) {
            (false, _) => Self::Deny,
            (true, false) => Self::Warn,
            (true, true) => Self::Allow,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }
}

/// What was full when a request was shed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShedCause {
    /// The queue.
    Queue,
    /// The memory for bodies.
    Memory,
    /// Time: no decision before the deadline.
    Deadline,
}

impl ShedCause {
    const ALL: [Self; 3] = [Self::Queue, Self::Memory, Self::Deadline];

    /// As metrics and messages name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Memory => "memory",
            Self::Deadline => "deadline",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    webhook: &'static str,
    operation: &'static str,
    decision: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ShedLabels {
    webhook: &'static str,
    cause: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WebhookLabels {
    webhook: &'static str,
}

/// The counters of the webhook. Clones count together.
#[derive(Clone, Debug)]
pub struct Meter {
    requests: Family<RequestLabels, Counter>,
    shed: Family<ShedLabels, Counter>,
    duration: Family<WebhookLabels, Histogram>,
    break_glass: Family<WebhookLabels, Counter>,
    untold: Counter,
}

impl Default for Meter {
    fn default() -> Self {
        let meter = Self {
            requests: Family::default(),
            shed: Family::default(),
            duration: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            break_glass: Family::default(),
            untold: Counter::default(),
        };
        meter.start_at_zero();
        meter
    }
}

impl Meter {
    /// Registers the metrics, without prefix.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "admission_requests",
            "Requests that the API server asked about, by webhook entry, operation and decision",
            self.requests.clone(),
        );
        registry.register(
            "admission_shed",
            "Requests left to the failure policy, by what was full",
            self.shed.clone(),
        );
        registry.register(
            "admission_duration_seconds",
            "Time from a request's head to its answer",
            self.duration.clone(),
        );
        registry.register(
            "admission_break_glass",
            "Requests that would have been refused and passed by break-glass; dry runs are not counted",
            self.break_glass.clone(),
        );
        registry.register(
            "admission_untold",
            "Refusals and uses of break-glass of which no Event was sent or no record kept, because too many waited",
            self.untold.clone(),
        );
    }

    /// A request that would have been refused passed by break-glass.
    pub fn broke_glass(&self, webhook: &str) {
        if let Some(webhook) = ENTRIES.into_iter().find(|known| *known == webhook) {
            self.break_glass.get_or_create_owned(&WebhookLabels { webhook }).inc();
        }
    }

    /// Nobody will be told of a refusal or a use of break-glass.
    pub fn left_untold(&self) {
        self.untold.inc();
    }

    pub(super) fn answered(&self, webhook: &'static str, operation: Operation, decision: Decision) {
        self.request(webhook, operation.as_str(), decision.as_str()).inc();
    }

    /// A request without decision: its operation was not read, so it is not known.
    pub(super) fn failed(&self, webhook: &'static str) {
        self.request(webhook, "UNKNOWN", "error").inc();
    }

    pub(super) fn shed(&self, webhook: &'static str, cause: ShedCause) {
        self.shed.get_or_create_owned(&ShedLabels { webhook, cause: cause.as_str() }).inc();
    }

    pub(super) fn took(&self, webhook: &'static str, time: Duration) {
        self.duration.get_or_create(&WebhookLabels { webhook }).observe(time.as_secs_f64());
    }

    fn request(&self, webhook: &'static str, operation: &'static str, decision: &'static str) -> Counter {
        self.requests.get_or_create_owned(&RequestLabels { webhook, operation, decision })
    }

    /// A counter that appears with its first event hides that event from every rate.
    fn start_at_zero(&self) {
        for webhook in ENTRIES {
            for (operation, decision) in OPERATIONS
                .into_iter()
                .flat_map(|operation| Decision::ALL.map(|decision| (operation, decision)))
            {
                self.request(webhook, operation.as_str(), decision.as_str());
            }
            self.request(webhook, "UNKNOWN", "error");
            for cause in ShedCause::ALL {
                self.shed.get_or_create_owned(&ShedLabels { webhook, cause: cause.as_str() });
            }
            self.break_glass.get_or_create_owned(&WebhookLabels { webhook });
            drop(self.duration.get_or_create(&WebhookLabels { webhook }));
        }
    }
}
