//! Whether this replica may write.

use tokio::{sync::watch, time::Instant};

/// Whether this replica holds the lease.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leadership {
    /// It does, and writes.
    Leading,
    /// It does not, and only watches, decides and serves.
    #[default]
    Following,
}

/// Lets writes through while this replica leads.
#[derive(Clone, Debug)]
pub struct LeaderGate {
    leadership: watch::Receiver<Leadership>,
    /// Until when the last renewal stands. A process that slept wakes up with all its tasks at once: the one that would say
    /// that it no longer leads may be the last of them, so the clock is asked too.
    term: Option<watch::Receiver<Option<Instant>>>,
}

impl LeaderGate {
    /// A gate that follows what the lease says.
    pub const fn new(leadership: watch::Receiver<Leadership>) -> Self {
        Self { leadership, term: None }
    }

    /// The same, closed once the term is over, whatever was said.
    #[must_use]
    pub fn within(self, term: watch::Receiver<Option<Instant>>) -> Self {
        Self { term: Some(term), ..self }
    }

    /// Whether writes pass now.
    pub fn is_open(&self) -> bool {
        let stands = |until: Option<Instant>| until.is_some_and(|until| Instant::now() < until);
        *self.leadership.borrow() == Leadership::Leading
            && self.term.as_ref().is_none_or(|term| stands(*term.borrow()))
    }

    /// Whether leadership has passed on since this was asked last.
    pub(super) fn has_passed_on(&mut self) -> bool {
        let has_changed = self.leadership.has_changed().unwrap_or(false);
        self.leadership.mark_unchanged();
        has_changed
    }

    /// Waits until writes no longer pass. Without anybody who could close it, a gate stays as it is.
    pub async fn closed(&self) {
        let mut leadership = self.leadership.clone();
        if leadership.wait_for(|now| *now == Leadership::Following).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_gate_closes_with_its_term_though_nobody_says_so() {
        let (_said, leadership) = watch::channel(Leadership::Leading);
        let (term, until) = watch::channel(None);
        let gate = LeaderGate::new(leadership).within(until);
        assert!(!gate.is_open(), "no renewal yet");
        term.send_replace(Some(Instant::now() + Duration::from_secs(10)));
        assert!(gate.is_open());
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(!gate.is_open(), "it slept past its term");
        term.send_replace(Some(Instant::now() + Duration::from_secs(1)));
        assert!(gate.is_open());
    }
}
