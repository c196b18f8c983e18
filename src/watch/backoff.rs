//! How long to wait after a failure.

use std::time::Duration;

use tokio::time::Instant;

/// The bounds of a back-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackoffRange {
    /// The first delay, before jitter.
    pub min: Duration,
    /// The longest delay.
    pub max: Duration,
    /// Without a failure for this long, the next one starts at `min` again.
    pub reset_after: Duration,
}

impl Default for BackoffRange {
    fn default() -> Self {
        Self {
            min: Duration::from_millis(800),
            max: Duration::from_secs(30),
            reset_after: Duration::from_mins(2),
        }
    }
}

/// Delays that double with every failure, up to a bound.
#[derive(Clone, Debug)]
pub struct Backoff {
    range: BackoffRange,
    next: Duration,
    quiet_from: Option<Instant>,
}

impl Backoff {
    /// A back-off that has seen no failure.
    pub fn new(range: BackoffRange) -> Self {
        Self { range, next: range.min, quiet_from: None }
    }

    /// The delay after a failure at `now`: between half and all of the step, by `jitter` in `0.0..=1.0`.
    pub fn after_failure(&mut self, now: Instant, jitter: f64) -> Duration {
        let is_quiet =
            self.quiet_from.is_some_and(|from| now.saturating_duration_since(from) >= self.range.reset_after);
        if is_quiet {
            self.next = self.range.min;
        }
        let step = self.next.min(self.range.max);
        self.next = (step * 2).min(self.range.max);
        let delay = step.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0);
        self.quiet_from = Some(now + delay);
        delay
    }
}

/// A random number in `0.0..=1.0`, so that replicas and streams do not come back in step.
pub(crate) fn jitter() -> f64 {
    let mut bytes = [0_u8; 4];
    match aws_lc_rs::rand::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: BackoffRange = BackoffRange {
        min: Duration::from_millis(800),
        max: Duration::from_secs(30),
        reset_after: Duration::from_mins(2),
    };

    #[test]
    fn delays_double_up_to_the_longest() {
        let (mut backoff, now) = (Backoff::new(RANGE), Instant::now());
        let delays: Vec<u128> = (0..8).map(|_| backoff.after_failure(now, 1.0).as_millis()).collect();
        assert_eq!(delays, [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
    }

    #[test]
    fn jitter_takes_at_most_half_away() {
        let (mut backoff, now) = (Backoff::new(RANGE), Instant::now());
        assert_eq!(backoff.after_failure(now, 0.0), Duration::from_millis(400));
        assert_eq!(backoff.after_failure(now, 0.5), Duration::from_millis(1200));
    }

    #[test]
    fn two_minutes_of_quiet_start_it_anew() {
        let (mut backoff, now) = (Backoff::new(RANGE), Instant::now());
        backoff.after_failure(now, 1.0);
        backoff.after_failure(now, 1.0);
        let almost = now + Duration::from_millis(1600) + Duration::from_secs(119);
        assert_eq!(backoff.clone().after_failure(almost, 1.0), Duration::from_millis(3200));
        assert_eq!(backoff.after_failure(almost + Duration::from_secs(1), 1.0), Duration::from_millis(800));
    }

    #[test]
    fn jitter_is_between_nothing_and_all() {
        assert!((0..100).all(|_| (0.0..=1.0).contains(&jitter())));
    }
}
