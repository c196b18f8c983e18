//! Writes that wait: one for each object and writer, the newest. Pure: `now` and `jitter` are arguments.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use serde_json::Value;
use tokio::time::Instant;

use super::{Force, Part, Target};
use crate::{
    core::facts::Name,
    watch::{Backoff, BackoffRange},
};

/// A write to be made when there is time.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// The object.
    pub target: Target,
    /// The field manager of the writer.
    pub manager: &'static str,
    /// What to do.
    pub operation: Operation,
}

/// What a queued write does.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// As [`Writer::apply`](super::Writer::apply).
    Apply(Value, Force),
    /// As [`Writer::apply_status`](super::Writer::apply_status).
    ApplyStatus(Value),
    /// As [`Writer::withdraw`](super::Writer::withdraw), of what was written for this tenant.
    Withdraw(Name),
}

/// What two writes share when the newer replaces the older.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WriteKey {
    /// The object.
    pub target: Target,
    /// The field manager of the writer.
    pub manager: &'static str,
    /// The part of the object; a deletion is of the object.
    pub part: Part,
}

impl WriteKey {
    /// The same writer's write of the object itself.
    fn of_object(&self) -> Self {
        Self { part: Part::Object, ..self.clone() }
    }
}

impl Write {
    /// Its key.
    pub fn key(&self) -> WriteKey {
        let part = match self.operation {
            Operation::Apply(..) | Operation::Withdraw(_) => Part::Object,
            Operation::ApplyStatus(_) => Part::Status,
        };
        WriteKey { target: self.target.clone(), manager: self.manager, part }
    }
}

/// What became of a write that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It waits.
    Queued,
    /// It took the place of an older one.
    Replaced,
    /// It was dropped: the queue is full, or closed.
    Dropped,
}

/// The waiting and running writes.
#[derive(Debug)]
pub(super) struct Pending {
    capacity: usize,
    backoff: BackoffRange,
    entries: HashMap<WriteKey, Entry>,
    due: BTreeMap<(Instant, u64), WriteKey>,
    /// Statuses that had their turn and wait for their objects, by the objects.
    after_object: HashMap<WriteKey, WriteKey>,
    next: u64,
    is_closed: bool,
}

#[derive(Debug)]
struct Entry {
    waiting: Option<Write>,
    backoff: Backoff,
}

impl Pending {
    pub(super) fn new(capacity: usize, backoff: BackoffRange) -> Self {
        Self {
            capacity,
            backoff,
            entries: HashMap::new(),
            due: BTreeMap::new(),
            after_object: HashMap::new(),
            next: 0,
            is_closed: false,
        }
    }

    /// Takes a write in, to be made at `at`. A newer write keeps the turn of the one that it replaces.
    pub(super) fn submit(&mut self, write: Write, at: Instant) -> Submitted {
        if self.is_closed {
            return Submitted::Dropped;
        }
        let key = write.key();
        if let Some(entry) = self.entries.get_mut(&key) {
            let replaced = entry.waiting.replace(write).is_some();
            return if replaced { Submitted::Replaced } else { Submitted::Queued };
        }
        if self.entries.len() >= self.capacity {
            return Submitted::Dropped;
        }
        self.schedule(at, key.clone());
        let entry = Entry { waiting: Some(write), backoff: Backoff::new(self.backoff) };
        self.entries.insert(key, entry);
        Submitted::Queued
    }

    /// The write whose turn it is. No other of its key is given out before [`Self::finish`], and no status before the
    /// object of the same writer is done: it may not exist yet.
    pub(super) fn take(&mut self, now: Instant) -> Option<Write> {
        loop {
            let first = self.due.first_entry()?;
            if first.key().0 > now {
                return None;
            }
            let key = first.remove();
            let object = key.of_object();
            if key.part == Part::Object || !self.entries.contains_key(&object) {
                return self.entries.get_mut(&key)?.waiting.take();
            }
            self.after_object.insert(object, key);
        }
    }

    /// When the next turn comes.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// A write that was taken is done; `again` gives it back because it may succeed later. A newer one that came
    /// meanwhile is made instead of it.
    pub(super) fn finish(&mut self, key: &WriteKey, again: Option<Write>, now: Instant, jitter: f64) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        let delay = match &again {
            Some(_) => entry.backoff.after_failure(now, jitter),
            None => Duration::ZERO,
        };
        entry.waiting = entry.waiting.take().or(again);
        if entry.waiting.is_some() {
            self.schedule(now + delay, key.clone());
        } else {
            self.entries.remove(key);
            if let Some(status) = self.after_object.remove(key) {
                self.schedule(now, status);
            }
        }
    }

    /// Takes nothing in any more, and gives everything its turn now.
    pub(super) fn close(&mut self, now: Instant) {
        self.is_closed = true;
        for (_, key) in std::mem::take(&mut self.due) {
            self.schedule(now, key);
        }
    }

    /// How many writes wait or run.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    fn schedule(&mut self, at: Instant, key: WriteKey) {
        self.due.insert((at, self.next), key);
        self.next += 1;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;
    use crate::core::facts::Kind;

    fn write(name: &str, body: u32) -> Write {
        Write {
            target: Target::cluster(Kind::Namespace.resource(), name),
            manager: "surety/namespaces",
            operation: Operation::Apply(json!({"body": body}), Force::Yes),
        }
    }

    fn pending() -> (Pending, Instant) {
        (Pending::new(3, BackoffRange::default()), Instant::now())
    }

    #[test]
    fn the_newest_write_of_an_object_keeps_the_turn_of_the_first() {
        let (mut pending, now) = pending();
        assert_eq!(pending.submit(write("a", 1), now), Submitted::Queued);
        assert_eq!(pending.submit(write("b", 1), now), Submitted::Queued);
        assert_eq!(pending.submit(write("a", 2), now), Submitted::Replaced);
        assert_eq!(pending.take(now), Some(write("a", 2)));
        assert_eq!(pending.take(now), Some(write("b", 1)));
        assert_eq!(pending.take(now), None);
    }

    #[test]
    fn object_and_status_and_each_writer_have_turns_of_their_own() {
        let (mut pending, now) = pending();
        let status = Write { operation: Operation::ApplyStatus(json!({})), ..write("a", 1) };
        let other = Write { manager: "surety/other", ..write("a", 1) };
        let withdrawal = Write { operation: Operation::Withdraw("acme".into()), ..write("a", 1) };
        assert_eq!(pending.submit(write("a", 1), now), Submitted::Queued);
        assert_eq!(pending.submit(status, now), Submitted::Queued);
        assert_eq!(pending.submit(other, now), Submitted::Queued);
        assert_eq!(pending.submit(withdrawal, now), Submitted::Replaced);
    }

    #[test]
    fn a_status_waits_until_its_object_is_done_whether_it_was_made_or_given_up() {
        let (mut pending, now) = pending();
        let status = |name: &str, body: u32| Write {
            operation: Operation::ApplyStatus(json!({"body": body})),
            ..write(name, 1)
        };
        let later = now + Duration::from_secs(1);
        pending.submit(status("a", 1), now);
        pending.submit(write("a", 1), later);
        pending.submit(status("b", 1), now);
        assert_eq!(pending.take(now), Some(status("b", 1)), "another object's status does not wait");
        assert_eq!(pending.take(now), None, "the object is to be written first");
        assert_eq!(pending.submit(status("a", 2), now), Submitted::Replaced);
        let object = pending.take(later).unwrap();
        assert_eq!(
            (object.clone(), pending.take(later)),
            (write("a", 1), None),
            "the object is being written"
        );
        pending.finish(&object.key(), Some(object.clone()), later, 1.0);
        assert_eq!(pending.take(later), None, "the object is tried again");
        let again = later + Duration::from_secs(2);
        assert_eq!(pending.take(again), Some(write("a", 1)));
        pending.finish(&object.key(), None, again, 1.0);
        assert_eq!(pending.take(again), Some(status("a", 2)));
        assert_eq!(pending.take(again), None);
    }

    #[test]
    fn a_full_queue_drops_what_is_new_and_still_replaces() {
        let (mut pending, now) = pending();
        for name in ["a", "b", "c"] {
            assert_eq!(pending.submit(write(name, 1), now), Submitted::Queued);
        }
        assert_eq!(pending.submit(write("d", 1), now), Submitted::Dropped);
        assert_eq!(pending.submit(write("c", 2), now), Submitted::Replaced);
        assert_eq!(pending.len(), 3);
    }

    #[test]
    fn nothing_is_given_out_before_its_turn() {
        let (mut pending, now) = pending();
        let later = now + Duration::from_secs(1);
        pending.submit(write("a", 1), later);
        assert_eq!((pending.take(now), pending.next_due()), (None, Some(later)));
        assert_eq!(pending.take(later), Some(write("a", 1)));
        assert_eq!(pending.next_due(), None);
    }

    #[test]
    fn one_object_is_written_once_at_a_time() {
        let (mut pending, now) = pending();
        pending.submit(write("a", 1), now);
        let running = pending.take(now).unwrap();
        assert_eq!(pending.submit(write("a", 2), now), Submitted::Queued);
        assert_eq!(pending.take(now), None);
        pending.finish(&running.key(), None, now, 1.0);
        assert_eq!(pending.take(now), Some(write("a", 2)));
        pending.finish(&running.key(), None, now, 1.0);
        assert_eq!(pending.len(), 0);
    }

    #[test]
    fn what_failed_comes_again_ever_later_unless_something_newer_came() {
        let (mut pending, now) = pending();
        pending.submit(write("a", 1), now);
        let mut at = now;
        for milliseconds in [800, 1600, 3200] {
            let failed = pending.take(at).unwrap();
            pending.finish(&failed.key(), Some(failed.clone()), at, 1.0);
            assert_eq!(pending.next_due(), Some(at + Duration::from_millis(milliseconds)));
            at += Duration::from_millis(milliseconds);
        }
        let failed = pending.take(at).unwrap();
        pending.submit(write("a", 2), at);
        pending.finish(&failed.key(), Some(failed.clone()), at, 1.0);
        assert_eq!(pending.take(at), None, "the API server still has its rest");
        assert_eq!(pending.take(at + Duration::from_millis(6400)), Some(write("a", 2)));
    }

    #[test]
    fn a_closed_queue_gives_everything_its_turn_and_takes_nothing_in() {
        let (mut pending, now) = pending();
        pending.submit(write("a", 1), now + Duration::from_mins(1));
        pending.close(now);
        assert_eq!(pending.submit(write("b", 1), now), Submitted::Dropped);
        let failed = pending.take(now).unwrap();
        pending.finish(&failed.key(), Some(failed.clone()), now, 1.0);
        assert_eq!(pending.take(now), None, "a failed write still waits its time");
    }
}
