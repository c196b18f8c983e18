//! What was applied last, so that nothing is written twice and nobody is fought for ever. Pure: `now` is an argument.

use std::{collections::VecDeque, time::Duration};

use ahash::{HashMap, HashMapExt};
use tokio::time::Instant;

use super::{Part, Target};
use crate::core::facts::Name;

/// SHA-256 of a body.
pub(super) type Digest = [u8; 32];

/// Stands for every body without fields: who applied it owns nothing.
pub(super) const NOTHING: Digest = [0; 32];

/// Over which time re-applications are counted.
const WINDOW: Duration = Duration::from_hours(1);

/// What to do about a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It was applied, and nothing was heard of a change since.
    Unchanged,
    /// Look at the object first: it may have been applied.
    Look {
        /// Whether this body was applied before, so that applying it again undoes what somebody did.
        is_reapplication: bool,
    },
    /// It is new.
    Write,
}

/// The last applies by target, writer and part. Bounded: of the targets that were not written for longest, it forgets
/// what it knew, which costs a look at the object.
#[derive(Debug)]
pub(super) struct ApplyCache {
    capacity: usize,
    reapplications: usize,
    recent: HashMap<Target, Vec<Applied>>,
    older: HashMap<Target, Vec<Applied>>,
    forgets: u64,
}

/// A moment in the order of asking and forgetting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(u64);

/// Of which object, by whom, and which part of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key<'a> {
    pub(super) target: &'a Target,
    pub(super) manager: &'static str,
    pub(super) part: Part,
}

#[derive(Debug)]
struct Applied {
    manager: &'static str,
    part: Part,
    digest: Digest,
    uid: Name,
    is_current: bool,
    forgotten: Moment,
    reapplied: VecDeque<Instant>,
}

impl ApplyCache {
    /// A cache of about `capacity` targets that allows this many re-applications an hour of each.
    pub(super) fn new(capacity: usize, reapplications: usize) -> Self {
        Self { capacity, reapplications, recent: HashMap::new(), older: HashMap::new(), forgets: 0 }
    }

    /// What to do about a body.
    pub(super) fn ask(&mut self, key: Key<'_>, digest: &Digest) -> Answer {
        match self.find(key) {
            None => Answer::Look { is_reapplication: false },
            Some(applied) if applied.digest != *digest && applied.digest == NOTHING => {
                Answer::Look { is_reapplication: false }
            }
            Some(applied) if applied.digest != *digest => Answer::Write,
            Some(applied) if applied.is_current => Answer::Unchanged,
            Some(_) => Answer::Look { is_reapplication: true },
        }
    }

    /// The present moment; to be taken before a write.
    pub(super) fn moment(&self) -> Moment {
        Moment(self.forgets)
    }

    /// Notes that a body was applied by a write that began at `since`. What was forgotten meanwhile stays forgotten.
    pub(super) fn record(&mut self, key: Key<'_>, digest: Digest, uid: Name, since: Moment) {
        if let Some(applied) = self.find(key) {
            (applied.digest, applied.uid) = (digest, uid);
            applied.is_current = applied.forgotten <= since;
            return;
        }
        if self.recent.len() >= self.capacity.div_ceil(2) && !self.recent.contains_key(key.target) {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.entry(key.target.clone()).or_default().push(Applied {
            manager: key.manager,
            part: key.part,
            digest,
            uid,
            is_current: true,
            forgotten: Moment(0),
            reapplied: VecDeque::new(),
        });
    }

    /// Counts a re-application, or tells after which time one is allowed again.
    pub(super) fn reapply(&mut self, key: Key<'_>, now: Instant) -> Result<(), Duration> {
        let allowed = self.reapplications;
        let Some(applied) = self.find(key) else { return Ok(()) };
        applied.reapplied.retain(|at| now.saturating_duration_since(*at) < WINDOW);
        if applied.reapplied.len() >= allowed {
            let first = applied.reapplied.front().copied().unwrap_or(now);
            return Err((first + WINDOW).saturating_duration_since(now));
        }
        applied.reapplied.push_back(now);
        Ok(())
    }

    /// The object may have changed: the next apply looks at it.
    pub(super) fn forget(&mut self, target: &Target) {
        self.forget_if(target, |_| true);
    }

    /// The object was seen with this UID: what was applied to its predecessor does not count.
    pub(super) fn observe(&mut self, target: &Target, uid: &str) {
        self.forget_if(target, |applied| applied.uid.as_str() != uid);
    }

    /// Another replica may have written: every next apply looks at its object.
    pub(super) fn forget_all(&mut self) {
        self.forgets += 1;
        let now = self.moment();
        for applied in self.recent.values_mut().chain(self.older.values_mut()).flatten() {
            (applied.is_current, applied.forgotten) = (false, now);
        }
    }

    fn forget_if(&mut self, target: &Target, is_stale: impl Fn(&Applied) -> bool) {
        self.forgets += 1;
        let now = self.moment();
        for generation in [&mut self.recent, &mut self.older] {
            for applied in
                generation.get_mut(target).into_iter().flatten().filter(|applied| is_stale(applied))
            {
                (applied.is_current, applied.forgotten) = (false, now);
            }
        }
    }

    fn find(&mut self, key: Key<'_>) -> Option<&mut Applied> {
        if let Some(applied) = self.older.remove(key.target) {
            self.recent.entry(key.target.clone()).or_default().extend(applied);
        }
        let applied = self.recent.get_mut(key.target)?;
        applied.iter_mut().find(|applied| applied.manager == key.manager && applied.part == key.part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::facts::Kind;

    const A: Digest = [1; 32];
    const B: Digest = [2; 32];
    const LOOK: Answer = Answer::Look { is_reapplication: false };
    const LOOK_AGAIN: Answer = Answer::Look { is_reapplication: true };

    fn target(name: &str) -> Target {
        Target::namespaced(Kind::NetworkPolicy.resource(), "acme", name)
    }

    fn key(target: &Target) -> Key<'_> {
        Key { target, manager: "surety/network", part: Part::Object }
    }

    fn applied(target: &Target) -> ApplyCache {
        let mut cache = ApplyCache::new(100, 2);
        cache.record(key(target), A, "u1".into(), cache.moment());
        cache
    }

    #[test]
    fn a_body_is_new_unchanged_or_to_be_looked_at() {
        let target = &target("a");
        assert_eq!(ApplyCache::new(100, 2).ask(key(target), &A), LOOK);
        let mut cache = applied(target);
        assert_eq!(cache.ask(key(target), &A), Answer::Unchanged);
        assert_eq!(cache.ask(key(target), &B), Answer::Write);
        let mut owns_nothing = ApplyCache::new(100, 2);
        owns_nothing.record(key(target), NOTHING, "u1".into(), owns_nothing.moment());
        assert_eq!(owns_nothing.ask(key(target), &NOTHING), Answer::Unchanged);
        assert_eq!(owns_nothing.ask(key(target), &A), LOOK);
        assert_eq!(cache.ask(Key { part: Part::Status, ..key(target) }, &A), LOOK);
        assert_eq!(cache.ask(Key { manager: "surety/other", ..key(target) }, &A), LOOK);
        cache.forget(&self::target("b"));
        assert_eq!(cache.ask(key(target), &A), Answer::Unchanged);
        cache.forget(target);
        assert_eq!(cache.ask(key(target), &A), LOOK_AGAIN);
        assert_eq!(cache.ask(key(target), &B), Answer::Write);
    }

    #[test]
    fn what_is_forgotten_during_a_write_stays_forgotten() {
        let target = &target("a");
        let mut cache = applied(target);
        let since = cache.moment();
        cache.forget(target);
        cache.record(key(target), B, "u1".into(), since);
        assert_eq!(cache.ask(key(target), &B), LOOK_AGAIN);
        cache.record(key(target), B, "u1".into(), cache.moment());
        assert_eq!(cache.ask(key(target), &B), Answer::Unchanged);
    }

    #[test]
    fn another_uid_is_another_object() {
        let target = &target("a");
        let mut cache = applied(target);
        cache.observe(target, "u1");
        assert_eq!(cache.ask(key(target), &A), Answer::Unchanged);
        cache.observe(target, "u2");
        assert_eq!(cache.ask(key(target), &A), LOOK_AGAIN);
    }

    #[test]
    fn a_field_is_forced_back_only_so_often_an_hour() {
        let target = &target("a");
        let (mut cache, start) = (applied(target), Instant::now());
        let mut reapply = |minute| cache.reapply(key(target), start + Duration::from_mins(minute));
        assert_eq!(reapply(0), Ok(()));
        assert_eq!(reapply(10), Ok(()));
        assert_eq!(reapply(20), Err(Duration::from_mins(40)));
        assert_eq!(reapply(59), Err(Duration::from_mins(1)));
        assert_eq!(reapply(60), Ok(()));
        assert_eq!(reapply(61), Err(Duration::from_mins(9)));
    }

    #[test]
    fn nothing_may_be_forced_back_where_none_is_allowed() {
        let target = &target("a");
        let mut cache = ApplyCache::new(100, 0);
        cache.record(key(target), A, "u1".into(), cache.moment());
        assert_eq!(cache.reapply(key(target), Instant::now()), Err(WINDOW));
    }

    #[test]
    fn it_keeps_what_is_used_and_forgets_the_rest() {
        let mut cache = ApplyCache::new(20, 2);
        let used = target("0");
        for number in 0..200 {
            let target = target(&number.to_string());
            cache.record(key(&target), A, "u".into(), cache.moment());
            assert_eq!(cache.ask(key(&used), &A), Answer::Unchanged, "{number}");
            assert!(cache.recent.len() + cache.older.len() <= 21, "{number}");
        }
        assert_eq!(cache.ask(key(&target("100")), &A), LOOK);
    }
}
