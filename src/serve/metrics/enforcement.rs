//! Whether each entry of the registration refuses what it must, as it was proved last.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use jiff::Timestamp;
use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};

use super::write_gauge;
use crate::core::facts::Enforcing;

/// An entry, how it stands, and its last good proof.
type Figure = (&'static str, Enforcing, Option<Timestamp>);

/// How each entry stands. Clones see the same.
#[derive(Clone, Debug, Default)]
pub struct EnforcementMetrics(Arc<RwLock<Vec<Figure>>>);

impl EnforcementMetrics {
    /// This is how the entries stand now.
    pub fn set(&self, figures: Vec<Figure>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = figures;
    }
}

impl Collector for EnforcementMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let figures = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let states = figures.iter().flat_map(|(entry, now, _)| {
            Enforcing::ALL
                .map(|state| ([("entry", *entry), ("state", state.as_str())], i64::from(state == *now)))
        });
        write_gauge(
            &mut encoder,
            "enforcement",
            "Whether a webhook entry refuses what it must: 1 for the state that the last proof showed",
            states,
        )?;
        let proofs =
            figures.iter().filter_map(|(entry, _, good)| Some(([("entry", *entry)], (*good)?.as_second())));
        write_gauge(
            &mut encoder,
            "enforcement_last_proof_timestamp_seconds",
            "When it was last proved that a webhook entry lets nothing in that it must refuse",
            proofs,
        )
    }
}
