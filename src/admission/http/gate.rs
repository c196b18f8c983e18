//! Bounds how much is taken on at once: a place in the queue, memory for the body, a turn to be decided.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::{Limits, MAX_BODY, ShedCause};

/// What one unit of the memory budget stands for, in bytes: semaphores count in 32 bits.
const MEMORY_UNIT: usize = 1024;

pub(super) struct Gate {
    places: Arc<Semaphore>,
    memory: Arc<Semaphore>,
    turns: Semaphore,
}

/// A place in the queue, and memory for one body. Both are free again when it is dropped.
pub(super) struct Place {
    _place: OwnedSemaphorePermit,
    _memory: OwnedSemaphorePermit,
}

impl Gate {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            places: Arc::new(Semaphore::new(limits.running.saturating_add(limits.waiting))),
            // One body of the largest size always fits, else it could never be accepted.
            memory: Arc::new(Semaphore::new(limits.memory.max(MAX_BODY).div_ceil(MEMORY_UNIT))),
            turns: Semaphore::new(limits.running),
        }
    }

    /// Takes a place for a body of up to `bytes`, or says at once what is full.
    pub(super) fn enter(&self, bytes: usize) -> Result<Place, ShedCause> {
        let units = u32::try_from(bytes.div_ceil(MEMORY_UNIT)).unwrap_or(u32::MAX);
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| ShedCause::Queue)?;
        let memory = Arc::clone(&self.memory).try_acquire_many_owned(units).map_err(|_| ShedCause::Memory)?;
        Ok(Place { _place: place, _memory: memory })
    }

    /// Waits for a turn to be decided. None only when the gate is closed, which it never is.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.acquire().await.ok()
    }
}
