//! What became of writes to the API server, and of Events. Counted in `write`, named here.

use std::{fmt, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter},
};

use crate::write::WriteMetrics;

/// The counters of writes. Clones export the same ones.
#[derive(Clone, Debug, Default)]
pub struct WriteFigures(Arc<WriteMetrics>);

impl WriteFigures {
    /// What is counted into.
    pub fn counted(&self) -> Arc<WriteMetrics> {
        Arc::clone(&self.0)
    }
}

impl Collector for WriteFigures {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let counts = self.0.read();
        let writes = [
            ("Applied", counts.applied),
            ("Created", counts.created),
            ("Deleted", counts.deleted),
            ("Unchanged", counts.unchanged),
            ("NotLeading", counts.skipped),
            ("Contested", counts.contested),
            ("Failed", counts.failed),
            ("Replaced", counts.coalesced),
            ("Dropped", counts.dropped),
        ];
        by_outcome(&mut encoder, "writes", "Writes to the API server, by what became of them", &writes)?;
        let events = [
            ("Sent", counts.events_sent),
            ("Joined", counts.events_joined),
            ("Failed", counts.events_failed),
            ("Dropped", counts.events_dropped),
        ];
        by_outcome(&mut encoder, "events", "Events, by what became of them", &events)?;
        single(
            &mut encoder,
            "write_outcomes_dropped",
            "Outcomes of writes that nobody fetched in time",
            counts.outcomes_dropped,
        )?;
        single(
            &mut encoder,
            "lease_renewal_failures",
            "Renewals of the leader's lease that failed",
            counts.lease_failures,
        )
    }
}

fn by_outcome(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    counts: &[(&str, u64)],
) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (outcome, count) in counts {
        ConstCounter::new(*count).encode(metric.encode_family(&[("outcome", *outcome)])?)?;
    }
    Ok(())
}

fn single(encoder: &mut DescriptorEncoder, name: &str, help: &str, count: u64) -> fmt::Result {
    let metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    ConstCounter::new(count).encode(metric)
}
