//! How long runs usually take.

use jiff::SignedDuration;

use crate::core::facts::RecoveryPoint;

const RUNS_LOOKED_AT: usize = 5;

/// A run's usual duration: the longest of the last five that ended, nothing before the first.
pub fn usual_duration<'a>(points: impl Iterator<Item = &'a RecoveryPoint>) -> SignedDuration {
    let mut ended: Vec<_> = points.filter_map(|point| Some((point.taken_at?, point.ended_at?))).collect();
    ended.sort_unstable();
    let last = ended.iter().rev().take(RUNS_LOOKED_AT);
    let durations = last.map(|(start, end)| end.duration_since(*start));
    durations.max().unwrap_or(SignedDuration::ZERO).max(SignedDuration::ZERO)
}
