//! When a stream was heard last, and how far it can be trusted for it. Pure: `now` is an argument.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::Timing;
use crate::core::facts::SourceState;

/// When one stream was heard last.
#[derive(Clone, Debug)]
pub(super) struct Heartbeat {
    timing: Timing,
    heard: Instant,
    heard_at: Timestamp,
    refused: Option<Instant>,
    state: SourceState,
}

impl Heartbeat {
    pub(super) fn new(timing: Timing, now: Instant, time: Timestamp) -> Self {
        Self { timing, heard: now, heard_at: time, refused: None, state: SourceState::Pending }
    }

    /// A list was completed, or an event or a bookmark came. Gives the new state where that changes it.
    pub(super) fn hear(&mut self, now: Instant, time: Timestamp) -> Option<SourceState> {
        (self.heard, self.heard_at, self.refused) = (now, time, None);
        self.change(SourceState::Synced)
    }

    /// The API server said no, which means `state`. Gives the new state where that changes it.
    ///
    /// What was synced is held until it is stale and the refusals have lasted for the grace: an API server that has just
    /// started refuses everybody until it has read the roles, and that says nothing of the objects.
    pub(super) fn refuse(&mut self, state: SourceState, now: Instant) -> Option<SourceState> {
        let since = *self.refused.get_or_insert(now);
        let is_held = matches!(self.state, SourceState::Synced | SourceState::Stale(_));
        let has_lasted =
            self.age(now) >= self.timing.stale() && now.saturating_duration_since(since) >= self.timing.grace;
        if is_held && !has_lasted { None } else { self.change(state) }
    }

    fn change(&mut self, state: SourceState) -> Option<SourceState> {
        let is_new = self.state != state;
        self.state = state;
        is_new.then(|| self.state.clone())
    }

    /// How long nothing was heard.
    pub(super) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.heard)
    }

    /// Whether nothing was heard for so long that a watch must be given up.
    pub(super) fn is_silent(&self, now: Instant) -> bool {
        self.age(now) >= self.timing.silence
    }

    /// When a watch on which nothing comes must be given up.
    pub(super) fn silent_at(&self) -> Instant {
        self.heard + self.timing.silence
    }

    /// Gives the state `Stale` at the moment at which it begins.
    pub(super) fn check(&mut self, now: Instant) -> Option<SourceState> {
        let is_due = self.state == SourceState::Synced && self.age(now) >= self.timing.stale();
        if is_due { self.change(SourceState::Stale(self.heard_at)) } else { None }
    }

    /// When to check next. Not late for a stream that is synced only afterwards: that begins with being heard.
    pub(super) fn check_at(&self, now: Instant) -> Instant {
        let from = if self.state == SourceState::Synced { self.heard } else { now };
        from + self.timing.stale()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs())
    }

    fn heartbeat() -> (Heartbeat, Instant) {
        let start = Instant::now();
        (Heartbeat::new(Timing::default(), start, second(0)), start)
    }

    #[test]
    fn what_was_never_listed_is_pending_and_never_stale() {
        let (mut heartbeat, start) = heartbeat();
        assert_eq!(heartbeat.check(start + Duration::from_secs(1000)), None);
        assert_eq!(heartbeat.state, SourceState::Pending);
    }

    #[test]
    fn a_state_is_told_once() {
        let (mut heartbeat, start) = heartbeat();
        assert_eq!(heartbeat.refuse(SourceState::Forbidden, start), Some(SourceState::Forbidden));
        assert_eq!(heartbeat.refuse(SourceState::Forbidden, start), None);
        assert_eq!(heartbeat.hear(start, second(0)), Some(SourceState::Synced));
        assert_eq!(heartbeat.hear(start, second(1)), None);
    }

    #[test]
    fn a_refusal_counts_against_what_was_synced_once_it_is_stale_and_the_refusal_has_lasted() {
        let (mut heartbeat, start) = heartbeat();
        heartbeat.hear(start, second(0));
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(heartbeat.refuse(SourceState::Forbidden, after(1)), None);
        assert_eq!(heartbeat.refuse(SourceState::Forbidden, after(119)), None);
        assert_eq!(heartbeat.refuse(SourceState::Forbidden, after(120)), Some(SourceState::Forbidden));
    }

    #[test]
    fn what_is_stale_already_is_held_while_a_refusal_is_young() {
        let (mut heartbeat, start) = heartbeat();
        heartbeat.hear(start, second(0));
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(heartbeat.check(after(120)), Some(SourceState::Stale(second(0))));
        assert_eq!(heartbeat.refuse(SourceState::Forbidden, after(300)), None);
        assert_eq!(heartbeat.refuse(SourceState::Forbidden, after(329)), None);
        assert_eq!(heartbeat.refuse(SourceState::Forbidden, after(330)), Some(SourceState::Forbidden));
    }

    #[test]
    fn it_is_silent_after_ninety_seconds_and_stale_after_thirty_more() {
        let (mut heartbeat, start) = heartbeat();
        heartbeat.hear(start, second(7));
        let after = |seconds| start + Duration::from_secs(seconds);
        assert!(!heartbeat.is_silent(after(89)) && heartbeat.is_silent(after(90)));
        assert_eq!(heartbeat.silent_at(), after(90));
        assert_eq!(heartbeat.check_at(after(50)), after(120));
        assert_eq!(heartbeat.check(after(119)), None);
        assert_eq!(heartbeat.check(after(120)), Some(SourceState::Stale(second(7))));
        assert_eq!(heartbeat.check(after(121)), None);
        assert_eq!(heartbeat.hear(after(122), second(129)), Some(SourceState::Synced));
    }

    #[test]
    fn a_watch_after_a_pause_is_short() {
        let timing = Timing::default();
        assert_eq!(timing.next_watch(Duration::from_secs(2)), Duration::from_secs(290));
        assert_eq!(timing.next_watch(Duration::from_secs(11)), Duration::from_secs(20));
    }
}
