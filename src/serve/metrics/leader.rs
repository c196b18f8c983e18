//! Who leads: read at each scrape from whoever holds the lease.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, gauge::ConstGauge},
};
use tokio::sync::watch;

use crate::write::Leadership;

/// Whether this replica leads. Clones read from the same. The sum over all replicas is the number of leaders.
#[derive(Clone, Debug, Default)]
pub struct LeaderMetric {
    leadership: Arc<OnceLock<watch::Receiver<Leadership>>>,
}

impl LeaderMetric {
    /// Reads from this at each scrape. Only the first call counts; until then this replica does not lead.
    pub fn read_from(&self, leadership: watch::Receiver<Leadership>) {
        if self.leadership.set(leadership).is_err() {
            tracing::error!("leadership is read from somewhere already; the second reader is ignored");
        }
    }

    fn is_leading(&self) -> bool {
        self.leadership.get().is_some_and(|leadership| *leadership.borrow() == Leadership::Leading)
    }
}

impl Collector for LeaderMetric {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let help = "Whether this replica holds the lease and writes";
        let metric = encoder.encode_descriptor("leader", help, None, MetricType::Gauge)?;
        ConstGauge::new(i64::from(self.is_leading())).encode(metric)
    }
}
