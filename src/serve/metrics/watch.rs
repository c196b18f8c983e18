//! Watches and sources, read at each scrape from whoever counts them.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use jiff::Timestamp;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter},
};

use super::write_gauge;
use crate::core::facts::{Kind, Source, SourceState};

/// What was counted of the watches of one kind until now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindFigures {
    /// Lists begun.
    pub lists: u64,
    /// Watches opened.
    pub watches: u64,
    /// Requests, watches and lines that failed.
    pub failures: u64,
    /// Events, bookmarks excluded.
    pub events: u64,
    /// Objects that could not be read.
    pub unreadable: u64,
    /// When the kind was heard last.
    pub last_heard: Option<Timestamp>,
}

/// How many sources are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceCounts([i64; 6]);

/// A counter: its name, its help, and where its value is.
type Counter = (&'static str, &'static str, fn(&KindFigures) -> u64);

const SOURCE_STATES: [&str; 6] = ["Pending", "Synced", "Absent", "Forbidden", "Stale", "Unreadable"];

impl SourceCounts {
    /// Counts every source by what `state_of` says of it.
    pub fn of(state_of: impl Fn(Source) -> SourceState) -> Self {
        let mut counts = Self::default();
        for source in Source::ALL {
            let state = match state_of(*source) {
                SourceState::Pending => 0,
                SourceState::Synced | SourceState::FilesOnly => 1,
                SourceState::Absent => 2,
                SourceState::Forbidden => 3,
                SourceState::Stale(_) => 4,
                SourceState::Unreadable(_) => 5,
            };
            if let Some(count) = counts.0.get_mut(state) {
                *count += 1;
            }
        }
        counts
    }
}

/// Where the figures come from. Clones read from the same.
#[derive(Clone, Default)]
pub struct WatchMetrics {
    readers: Arc<OnceLock<Readers>>,
}

struct Readers {
    kinds: Box<dyn Fn(Kind) -> KindFigures + Send + Sync>,
    sources: Box<dyn Fn() -> SourceCounts + Send + Sync>,
}

impl fmt::Debug for WatchMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchMetrics").field("is_connected", &self.readers.get().is_some()).finish()
    }
}

impl WatchMetrics {
    /// Reads from these at each scrape. Only the first call counts; until then everything is 0.
    pub fn read_from(
        &self,
        kinds: impl Fn(Kind) -> KindFigures + Send + Sync + 'static,
        sources: impl Fn() -> SourceCounts + Send + Sync + 'static,
    ) {
        let readers = Readers { kinds: Box::new(kinds), sources: Box::new(sources) };
        if self.readers.set(readers).is_err() {
            tracing::error!(
                "the metrics of watches are read from somewhere already; the second reader is ignored"
            );
        }
    }

    fn figures(&self) -> Vec<(&'static str, KindFigures)> {
        let figures =
            |kind: Kind| self.readers.get().map(|readers| (readers.kinds)(kind)).unwrap_or_default();
        let watched = Kind::ALL.iter().filter(|kind| kind.source().is_some());
        watched.map(|kind| (label(*kind), figures(*kind))).collect()
    }
}

impl Collector for WatchMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let counters: [Counter; 5] = [
            ("watch_lists", "Lists begun, by kind", |figures| figures.lists),
            ("watch_opened", "Watches opened, by kind", |figures| figures.watches),
            ("watch_failures", "Requests and watches that failed, by kind", |figures| figures.failures),
            ("watch_events", "Events received, by kind", |figures| figures.events),
            ("watch_unreadable", "Objects that could not be read, by kind", |figures| figures.unreadable),
        ];
        let figures = self.figures();
        for (name, help, value) in counters {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for (kind, figures) in &figures {
                ConstCounter::new(value(figures)).encode(metric.encode_family(&[("kind", *kind)])?)?;
            }
        }
        let heard =
            figures.iter().filter_map(|(kind, f)| Some(([("kind", *kind)], f.last_heard?.as_second())));
        write_gauge(
            &mut encoder,
            "watch_last_heard_timestamp_seconds",
            "When the kind was heard last",
            heard,
        )?;
        let counts = self.readers.get().map(|readers| (readers.sources)()).unwrap_or_default();
        let counts =
            SOURCE_STATES.into_iter().zip(counts.0).map(|(state, count)| ([("state", state)], count));
        write_gauge(&mut encoder, "sources", "Sources of facts by how far they can be trusted", counts)
    }
}

/// Surety's own records are ConfigMaps of one purpose: their kind is named after it.
fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::TenantRecord => "TenantRecord",
        Kind::ClusterRecord => "ClusterRecord",
        kind => kind.resource().kind,
    }
}
