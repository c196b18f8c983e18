//! Bounds how much is taken on at once: bodies that are read, memory for them, a place in the queue, a turn to be decided.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{LARGE_BODY, Limits, MAX_BODY, ShedCause};

/// What one unit of the memory budget stands for, in bytes: semaphores count in 32 bits.
const MEMORY_UNIT: usize = 1024;

pub(super) struct Gate {
    reading: Arc<Semaphore>,
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
    large_turns: Arc<Semaphore>,
}

/// Memory for one body, as far as it has come. Free again when it is dropped.
pub(super) struct Room {
    _reading: OwnedSemaphorePermit,
    budget: Arc<Semaphore>,
    taken: Option<OwnedSemaphorePermit>,
    units: usize,
}

impl Room {
    /// Takes what `bytes` need beyond what was taken, or says that there is no more.
    pub(super) fn grow_to(&mut self, bytes: usize) -> Result<(), ShedCause> {
        let more = units(bytes).saturating_sub(self.units);
        let permits = u32::try_from(more).map_err(|_| ShedCause::Memory)?;
        let permit =
            Arc::clone(&self.budget).try_acquire_many_owned(permits).map_err(|_| ShedCause::Memory)?;
        self.units += more;
        match &mut self.taken {
            Some(taken) => taken.merge(permit),
            none => *none = Some(permit),
        }
        Ok(())
    }
}

impl Gate {
    pub(super) fn new(limits: &Limits) -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        // A quarter is for small bodies alone. One body of the largest size always fits, else it could never be accepted.
        let small = (limits.memory / 4).max(LARGE_BODY);
        let large = limits.memory.saturating_sub(small).max(MAX_BODY);
        Self {
            reading: semaphore(limits.reading),
            small: semaphore(units(small)),
            large: semaphore(units(large)),
            places: semaphore(limits.running.saturating_add(limits.waiting)),
            turns: semaphore(limits.running),
            large_turns: semaphore(limits.running_large),
        }
    }

    /// Room for a body that is about to be read. A large one that would not fit now is shed before it is read.
    pub(super) fn room(&self, announced: Option<usize>) -> Result<Room, ShedCause> {
        let reading = Arc::clone(&self.reading).try_acquire_owned().map_err(|_| ShedCause::Queue)?;
        let budget = if is_large(announced.unwrap_or(MAX_BODY)) { &self.large } else { &self.small };
        if budget.available_permits() < units(announced.unwrap_or_default()) {
            return Err(ShedCause::Memory);
        }
        Ok(Room { _reading: reading, budget: Arc::clone(budget), taken: None, units: 0 })
    }

    /// Takes a place in the queue for a body that was read, so that nobody holds one who has not asked yet.
    pub(super) fn enter(&self) -> Result<OwnedSemaphorePermit, ShedCause> {
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| ShedCause::Queue)
    }

    /// Waits for a turn to decide about a body of so many bytes. None only when the gate is closed, which it never is.
    pub(super) async fn turn(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let turns = if is_large(bytes) { &self.large_turns } else { &self.turns };
        Arc::clone(turns).acquire_owned().await.ok()
    }
}

/// Whether a body takes so long to be read and judged that others must not wait behind it.
pub(super) const fn is_large(bytes: usize) -> bool {
    bytes > LARGE_BODY
}

const fn units(bytes: usize) -> usize {
    bytes.div_ceil(MEMORY_UNIT)
}
