//! Whether this replica may write.

use tokio::sync::watch;

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
pub struct LeaderGate(watch::Receiver<Leadership>);

impl LeaderGate {
    /// A gate that follows what the lease says.
    pub fn new(leadership: watch::Receiver<Leadership>) -> Self {
        Self(leadership)
    }

    /// Whether writes pass now.
    pub fn is_open(&self) -> bool {
        *self.0.borrow() == Leadership::Leading
    }

    /// Whether leadership has passed on since this was asked last.
    pub(super) fn has_passed_on(&mut self) -> bool {
        let has_changed = self.0.has_changed().unwrap_or(false);
        self.0.mark_unchanged();
        has_changed
    }

    /// Waits until writes no longer pass. Without anybody who could close it, a gate stays as it is.
    pub async fn closed(&self) {
        let mut leadership = self.0.clone();
        if leadership.wait_for(|now| *now == Leadership::Following).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
