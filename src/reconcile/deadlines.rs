//! Time as an event: every moment at which a verdict changes by itself, in one queue.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
};

use jiff::Timestamp;

use crate::index::TouchedSubject;

/// Moments by subject. Setting a moment replaces the earlier one of the same subject.
#[derive(Debug, Default)]
pub struct Deadlines {
    current: HashMap<TouchedSubject, Timestamp>,
    queue: BinaryHeap<Reverse<(Timestamp, TouchedSubject)>>,
}

impl Deadlines {
    /// Sets, moves or (with none) removes the moment of a subject.
    pub fn set(&mut self, subject: TouchedSubject, moment: Option<Timestamp>) {
        let Some(moment) = moment else {
            self.current.remove(&subject);
            return;
        };
        if self.current.insert(subject.clone(), moment) != Some(moment) {
            self.queue.push(Reverse((moment, subject)));
        }
        self.shrink();
    }

    /// The next moment.
    pub fn earliest(&mut self) -> Option<Timestamp> {
        while let Some(Reverse((moment, subject))) = self.queue.peek() {
            if self.current.get(subject) == Some(moment) {
                return Some(*moment);
            }
            self.queue.pop();
        }
        None
    }

    /// Takes out every subject whose moment has come: at its moment, never before.
    pub fn due(&mut self, now: Timestamp) -> Vec<TouchedSubject> {
        let mut due = Vec::new();
        while self.earliest().is_some_and(|moment| moment <= now) {
            let Some(Reverse((_, subject))) = self.queue.pop() else { break };
            self.current.remove(&subject);
            due.push(subject);
        }
        due
    }

    /// How many subjects have a moment.
    pub fn len(&self) -> usize {
        self.current.len()
    }

    /// Whether no subject has one.
    pub fn is_empty(&self) -> bool {
        self.current.is_empty()
    }

    /// Moved moments leave their old entries behind; once they are most of the queue it is made anew.
    fn shrink(&mut self) {
        if self.queue.len() <= 2 * self.current.len() + 64 {
            return;
        }
        let entries = self.current.iter().map(|(subject, moment)| Reverse((*moment, subject.clone())));
        self.queue = entries.collect();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use proptest::prelude::*;

    use super::*;
    use crate::core::facts::{Kind, Name, ObjectKey};

    fn subject(number: u8) -> TouchedSubject {
        let key = ObjectKey::cluster(Kind::Namespace, format!("ns-{number}"));
        TouchedSubject { tenant: Name::from("acme"), subject: key.into() }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_moved_moment_fires_once_and_at_its_new_time() {
        let mut deadlines = Deadlines::default();
        deadlines.set(subject(1), Some(at(10)));
        deadlines.set(subject(1), Some(at(20)));
        assert_eq!(deadlines.due(at(15)), vec![]);
        assert_eq!(deadlines.earliest(), Some(at(20)));
        assert_eq!(deadlines.due(at(20)), vec![subject(1)]);
        assert_eq!(deadlines.due(at(30)), vec![]);
    }

    #[test]
    fn a_removed_moment_does_not_fire() {
        let mut deadlines = Deadlines::default();
        deadlines.set(subject(1), Some(at(10)));
        deadlines.set(subject(1), None);
        assert_eq!(deadlines.earliest(), None);
        assert!(deadlines.is_empty());
    }

    proptest! {
        #[test]
        fn every_subject_fires_at_its_last_moment_neither_early_nor_late(
            moves in proptest::collection::vec((0_u8..8, 1_i64..200), 1..200),
        ) {
            let mut deadlines = Deadlines::default();
            let mut wanted = HashMap::new();
            for (number, second) in moves {
                deadlines.set(subject(number), Some(at(second)));
                wanted.insert(subject(number), at(second));
            }
            let mut fired = HashMap::new();
            for second in 0..=200 {
                for subject in deadlines.due(at(second)) {
                    prop_assert!(fired.insert(subject, at(second)).is_none());
                }
            }
            prop_assert_eq!(fired, wanted);
        }

        #[test]
        fn the_queue_does_not_grow_with_the_number_of_moves(moves in proptest::collection::vec(0_u8..4, 500)) {
            let mut deadlines = Deadlines::default();
            for (second, number) in (1_i64..).zip(moves) {
                deadlines.set(subject(number), Some(at(second)));
            }
            prop_assert!(deadlines.queue.len() <= 2 * 4 + 65);
        }
    }
}
