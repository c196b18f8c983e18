//! Everything that Surety exports to Prometheus, under the prefix `surety_`.
//!
//! Labels are closed sets, plus tenants, profiles, policies and waivers: never workloads, users, images or messages.
//! Counters and counts start at 0; timestamps and ratios are absent until they are known, since a timestamp of 0
//! would page at once. Every replica exports the same state.

mod certificate;
mod enforcement;
mod leader;
mod reconcile;
pub mod tenants;
pub mod watch;
mod writes;

#[cfg(test)]
mod tests;

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeLabelSet, EncodeMetric, text},
    metrics::{MetricType, gauge::ConstGauge},
    registry::Registry,
};

use crate::admission::http::{Meter, listen::ListenerMeter};

pub use certificate::CertificateMetrics;
pub use enforcement::EnforcementMetrics;
pub use leader::LeaderMetric;
pub use reconcile::{Outcome, ReconcileMetrics};
pub use tenants::{AgeLimit, Figures, ProfileFigures, TenantMetrics, WaiverState};
pub use watch::{KindFigures, SourceCounts, WatchMetrics};
pub use writes::WriteFigures;

/// The listener of the webhook, as metrics name it.
pub const WEBHOOK_LISTENER: &str = "webhook";
/// The listener of health and metrics, as metrics name it.
pub const METRICS_LISTENER: &str = "metrics";

/// The registry with everything in it. The parts are handles: clones of them set the same metrics.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// The webhook's requests.
    pub admission: Meter,
    /// Connections of the listeners.
    pub listeners: ListenerMeter,
    /// State of each tenant.
    pub tenants: TenantMetrics,
    /// The webhook's certificate.
    pub certificate: CertificateMetrics,
    /// Whether what must be refused is refused.
    pub enforcement: EnforcementMetrics,
    /// Work of the controller.
    pub reconcile: ReconcileMetrics,
    /// Watches and sources.
    pub watch: WatchMetrics,
    /// Writes and Events.
    pub writes: WriteFigures,
    /// Who leads.
    pub leader: LeaderMetric,
}

impl Metrics {
    /// The registry of this version, built from this revision.
    pub fn new(version: &'static str, revision: &'static str) -> Self {
        let mut root = Registry::with_prefix("surety");
        root.register_collector(Box::new(BuildInfo { version, revision }));
        let metrics = Self {
            registry: Registry::default(),
            admission: Meter::default(),
            listeners: ListenerMeter::default(),
            tenants: TenantMetrics::default(),
            certificate: CertificateMetrics::default(),
            enforcement: EnforcementMetrics::default(),
            reconcile: ReconcileMetrics::default(),
            watch: WatchMetrics::default(),
            writes: WriteFigures::default(),
            leader: LeaderMetric::default(),
        };
        metrics.admission.register(&mut root);
        metrics.listeners.register(&mut root, &[WEBHOOK_LISTENER, METRICS_LISTENER]);
        metrics.reconcile.register(&mut root);
        root.register_collector(Box::new(metrics.tenants.clone()));
        root.register_collector(Box::new(metrics.certificate.clone()));
        root.register_collector(Box::new(metrics.enforcement.clone()));
        root.register_collector(Box::new(metrics.watch.clone()));
        root.register_collector(Box::new(metrics.writes.clone()));
        root.register_collector(Box::new(metrics.leader.clone()));
        Self { registry: root, ..metrics }
    }

    /// All metrics in the OpenMetrics text format.
    pub fn to_text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

#[derive(Debug)]
struct BuildInfo {
    version: &'static str,
    revision: &'static str,
}

impl Collector for BuildInfo {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let labels = [("version", self.version), ("revision", self.revision)];
        write_gauge(&mut encoder, "build_info", "Version and revision of this binary", [(labels, 1_i64)])
    }
}

/// Writes one gauge with all its series.
fn write_gauge<L, V>(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    series: impl IntoIterator<Item = (L, V)>,
) -> fmt::Result
where
    L: EncodeLabelSet,
    V: EncodeGaugeValue,
{
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (labels, value) in series {
        ConstGauge::new(value).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}
