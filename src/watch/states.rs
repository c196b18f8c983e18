//! How far each source can be trusted, from the states of its streams. Pure.

use std::collections::BTreeMap;

use crate::core::facts::{Source, SourceState};

/// The states of all streams, by their number.
#[derive(Debug, Default)]
pub(super) struct States {
    streams: Vec<(Source, SourceState)>,
    sources: BTreeMap<Source, SourceState>,
}

impl States {
    /// Adds a stream of `source`, not yet listed. Streams are numbered in the order in which they are added.
    pub(super) fn add(&mut self, source: Source) {
        self.streams.push((source, SourceState::Pending));
    }

    /// Sets the state of a stream. Gives the state of its source where that changes it.
    pub(super) fn set(&mut self, stream: usize, state: SourceState) -> Option<(Source, SourceState)> {
        let entry = self.streams.get_mut(stream)?;
        entry.1 = state;
        let source = entry.0;
        let states = self.streams.iter().filter(|(other, _)| *other == source).map(|(_, state)| state);
        let combined = combine(states);
        let before = self.sources.insert(source, combined.clone()).unwrap_or_default();
        (before != combined).then_some((source, combined))
    }
}

/// The worst of the states: what one kind of a source hides, the source does not know. Kinds that are absent hide
/// nothing.
fn combine<'a>(states: impl Iterator<Item = &'a SourceState>) -> SourceState {
    states.max_by_key(|state| severity(state)).cloned().unwrap_or_default()
}

/// Orders states; of two stale ones the older is worse.
fn severity(state: &SourceState) -> (u8, i64) {
    match state {
        SourceState::Absent => (0, 0),
        SourceState::Synced | SourceState::FilesOnly | SourceState::Unreadable(_) => (1, 0),
        SourceState::Pending => (2, 0),
        SourceState::Stale(since) => (3, -since.as_millisecond()),
        SourceState::Forbidden => (4, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SourceState::{Absent, Forbidden, Pending, Stale, Synced};

    fn at(second: i64) -> SourceState {
        Stale(jiff::Timestamp::from_second(second).unwrap_or_default())
    }

    #[test]
    fn a_source_is_as_good_as_its_worst_stream() {
        let cases = [
            (vec![Synced, Synced], Synced),
            (vec![Synced, Pending], Pending),
            (vec![Absent, Absent], Absent),
            (vec![Absent, Synced], Synced),
            (vec![at(9), Pending, Synced], at(9)),
            (vec![at(9), at(5), at(7)], at(5)),
            (vec![at(9), Forbidden], Forbidden),
        ];
        for (states, expected) in cases {
            assert_eq!(combine(states.iter()), expected, "{states:?}");
        }
    }

    #[test]
    fn a_change_is_told_once_and_only_of_its_source() {
        let mut states = States::default();
        for source in [Source::Workloads, Source::Claims, Source::Workloads] {
            states.add(source);
        }
        assert_eq!(states.set(0, Synced), None);
        assert_eq!(states.set(1, Synced), Some((Source::Claims, Synced)));
        assert_eq!(states.set(2, Synced), Some((Source::Workloads, Synced)));
        assert_eq!(states.set(2, Synced), None);
        assert_eq!(states.set(0, at(3)), Some((Source::Workloads, at(3))));
        assert_eq!(states.set(9, Synced), None);
    }
}
