//! How many connections there are. Where all places are taken, whoever has held one for longest without ever asking
//! anything makes way: silence must not keep out an API server.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::life::Life;

/// How long the accept loop waits for an evicted connection to be gone.
const EVICTION: Duration = Duration::from_millis(100);

/// What became of a connection that wants a place.
pub(super) enum Entry {
    /// There was one.
    Free(OwnedSemaphorePermit),
    /// Another made way.
    InsteadOfAnother(OwnedSemaphorePermit),
    /// Everybody who has one has asked.
    Full,
}

pub(super) struct Places {
    cap: usize,
    free: Arc<Semaphore>,
    /// The oldest first; some of them have gone or asked since.
    silent: Mutex<VecDeque<Weak<Life>>>,
}

impl Places {
    pub(super) fn new(cap: usize) -> Self {
        Self { cap, free: Arc::new(Semaphore::new(cap)), silent: Mutex::default() }
    }

    /// A place for a new connection.
    pub(super) async fn take(&self, life: &Arc<Life>) -> Entry {
        let entry = self.find().await;
        if !matches!(entry, Entry::Full) {
            self.remember(life);
        }
        entry
    }

    async fn find(&self) -> Entry {
        if let Ok(place) = Arc::clone(&self.free).try_acquire_owned() {
            return Entry::Free(place);
        }
        if !self.evict() {
            return Entry::Full;
        }
        match timeout(EVICTION, Arc::clone(&self.free).acquire_owned()).await {
            Ok(Ok(place)) => Entry::InsteadOfAnother(place),
            _ => Entry::Full,
        }
    }

    fn evict(&self) -> bool {
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(oldest) = silent.pop_front() {
            if let Some(oldest) = oldest.upgrade().filter(|life| !life.has_asked()) {
                oldest.evicted.cancel();
                return true;
            }
        }
        false
    }

    fn remember(&self, life: &Arc<Life>) {
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        if silent.len() >= 2 * self.cap {
            silent.retain(|life| life.upgrade().is_some_and(|life| !life.has_asked()));
        }
        silent.push_back(Arc::downgrade(life));
    }
}
