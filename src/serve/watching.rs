//! From what the watches count to what metrics export.

use std::sync::Arc;

use super::metrics::watch::{KindFigures, SourceCounts, WatchMetrics as Exported};
use crate::{core::facts::Kind, index::Snapshots, watch::WatchMetrics};

/// Exports the watches' counters, and the states of the sources as the newest world has them.
pub fn export(exported: &Exported, counted: &Arc<WatchMetrics>, snapshots: Snapshots) {
    let counted = Arc::clone(counted);
    let kinds = move |kind: Kind| {
        let counts = counted.of(kind);
        KindFigures {
            lists: counts.lists,
            watches: counts.watches,
            failures: counts.failures,
            events: counts.events,
            unreadable: counts.unreadable,
            last_heard: counts.last_heard,
        }
    };
    exported.read_from(kinds, move || {
        let world = snapshots.current();
        SourceCounts::of(|source| world.source_state(source))
    });
}
