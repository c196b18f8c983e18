//! Which Events are sent: the first of its kind at once, its repetitions joined. Pure: `now` is an argument.

use std::time::Duration;

use ahash::{HashMap, HashMapExt};
use tokio::time::Instant;

use super::Target;
use crate::core::facts::Name;

macro_rules! texts {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// Its text in an Event.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant),)* }
            }
        }
    };
}

texts! {
    /// Why an Event was sent: the result, not the intent. Part of the API.
    Reason {
        /// A namespace was claimed for a tenant.
        NamespaceClaimed,
        /// A namespace no longer belongs to a tenant.
        NamespaceReleased,
        /// A namespace could not be claimed.
        ClaimRefused,
        /// What somebody changed was forced back.
        Repaired,
        /// Somebody changes the same field again and again; it is no longer forced back.
        Contested,
        /// A write failed and needs a human.
        WriteFailed,
        /// A request was refused.
        RequestDenied,
        /// A request was let through with a warning.
        RequestWarned,
        /// A request passed by break-glass.
        BreakGlassUsed,
        /// Policies contradict each other.
        PolicyConflict,
        /// A finding was opened.
        FindingOpened,
        /// A finding was closed.
        FindingClosed,
        /// A waiver, attestation or grant has expired.
        Expired,
        /// Admission was not enforced.
        EnforcementGap,
        /// Admission is enforced again.
        EnforcementRestored,
        /// A source of facts cannot be trusted.
        SourceUnavailable,
        /// An object cannot be read.
        ObjectUnreadable,
    }
}

texts! {
    /// What Surety did. Part of the API.
    Action {
        /// Took a namespace in, or let it go.
        Claim,
        /// Wrote what a policy needs.
        Repair,
        /// Judged a request.
        Review,
        /// Judged what is.
        Evaluate,
        /// Merged policies.
        Reconcile,
        /// Watched its own enforcement.
        Enforce,
        /// Watched the cluster.
        Watch,
    }
}

/// Whether an Event tells something unexpected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It does not.
    Normal,
    /// It does.
    Warning,
}

/// The object that an Event is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Regarding {
    /// The object.
    pub target: Target,
    /// Its UID; without one, `kubectl describe` does not find the Event.
    pub uid: Name,
}

/// An Event to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The object that it is about; not one that was refused, for that does not exist.
    pub regarding: Regarding,
    /// A second object.
    pub related: Option<Regarding>,
    /// Whether it is unexpected.
    pub severity: Severity,
    /// Why.
    pub reason: Reason,
    /// What was done.
    pub action: Action,
    /// A sentence for people. Cut to 1024 bytes.
    pub note: String,
}

/// The bounds of Events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aggregation {
    /// Of one object and reason, one Event is sent in this time.
    pub window: Duration,
    /// Of how many objects and reasons repetitions are counted.
    pub capacity: usize,
    /// Of how many of them in one namespace: nobody takes the place of others by being refused again and again.
    pub in_one_namespace: usize,
    /// How many Events may wait to be sent.
    pub queue: usize,
}

impl Default for Aggregation {
    fn default() -> Self {
        Self { window: Duration::from_mins(10), capacity: 5000, in_one_namespace: 100, queue: 256 }
    }
}

/// What to do with a notice.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Offered {
    /// Send it now.
    Send(Box<Notice>),
    /// It waits for the end of the window.
    Joined,
    /// Too many others are open.
    Dropped,
}

/// The open windows.
#[derive(Debug)]
pub(super) struct Notices {
    limits: Aggregation,
    windows: HashMap<(Regarding, Reason), Window>,
    in_namespaces: HashMap<Name, usize>,
}

#[derive(Debug)]
struct Window {
    ends: Instant,
    joined: u32,
    latest: Option<Notice>,
}

impl Notices {
    pub(super) fn new(limits: Aggregation) -> Self {
        Self { limits, windows: HashMap::new(), in_namespaces: HashMap::new() }
    }

    pub(super) fn offer(&mut self, notice: Notice, now: Instant) -> Offered {
        let key = (notice.regarding.clone(), notice.reason);
        if let Some(window) = self.windows.get_mut(&key) {
            window.joined += 1;
            window.latest = Some(notice);
            return Offered::Joined;
        }
        let namespace = notice.regarding.target.namespace.clone().unwrap_or_default();
        let in_namespace = self.in_namespaces.get(&namespace).copied().unwrap_or_default();
        if self.windows.len() >= self.limits.capacity || in_namespace >= self.limits.in_one_namespace {
            return Offered::Dropped;
        }
        self.in_namespaces.insert(namespace, in_namespace + 1);
        self.windows.insert(key, Window { ends: now + self.limits.window, joined: 0, latest: None });
        Offered::Send(Box::new(cut(notice, "")))
    }

    /// Ends the windows that are over. Gives the latest of each that was repeated, and opens another window for it.
    pub(super) fn end_windows(&mut self, now: Instant) -> Vec<Notice> {
        let next = now + self.limits.window;
        let mut repeated = Vec::new();
        self.windows.retain(|_, window| {
            if window.ends > now {
                return true;
            }
            let Some(latest) = window.latest.take() else { return false };
            let others = std::mem::take(&mut window.joined) - 1;
            let suffix = if others == 0 { String::new() } else { format!(" (and {others} more like it)") };
            repeated.push(cut(latest, &suffix));
            window.ends = next;
            true
        });
        self.count_namespaces();
        repeated
    }

    /// Forgets the windows of a namespace's objects.
    pub(super) fn forget_namespace(&mut self, namespace: &str) {
        if self.in_namespaces.remove(namespace).is_some() {
            self.windows.retain(|(regarding, _), _| regarding.target.namespace.as_deref() != Some(namespace));
        }
    }

    fn count_namespaces(&mut self) {
        self.in_namespaces.clear();
        for (regarding, _) in self.windows.keys() {
            *self.in_namespaces.entry(regarding.target.namespace.clone().unwrap_or_default()).or_default() +=
                1;
        }
    }

    /// When the next window ends.
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.windows.values().map(|window| window.ends).min()
    }
}

/// The longest note that the API server takes, in bytes.
const LONGEST_NOTE: usize = 1024;

fn cut(mut notice: Notice, suffix: &str) -> Notice {
    let room = LONGEST_NOTE.saturating_sub(suffix.len());
    if notice.note.len() > room {
        let mark = '…';
        let end = notice.note.floor_char_boundary(room.saturating_sub(mark.len_utf8()));
        notice.note.truncate(end);
        notice.note.push(mark);
    }
    notice.note.push_str(suffix);
    notice
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::facts::Kind;

    fn notice(object: &str, note: &str) -> Notice {
        let target = Target::cluster(Kind::Tenant.resource(), object);
        Notice {
            regarding: Regarding { target, uid: "u".into() },
            related: None,
            severity: Severity::Warning,
            reason: Reason::Repaired,
            action: Action::Repair,
            note: note.to_owned(),
        }
    }

    fn notices() -> (Notices, Instant) {
        let limits =
            Aggregation { window: Duration::from_mins(10), capacity: 2, in_one_namespace: 2, queue: 1 };
        (Notices::new(limits), Instant::now())
    }

    #[test]
    fn the_first_is_sent_and_repetitions_are_joined_at_the_end_of_the_window() {
        let (mut notices, now) = notices();
        let after = |minutes| now + Duration::from_mins(minutes);
        assert_eq!(notices.offer(notice("a", "one"), now), Offered::Send(Box::new(notice("a", "one"))));
        assert_eq!(notices.offer(notice("a", "two"), after(1)), Offered::Joined);
        assert_eq!(notices.offer(notice("a", "three"), after(9)), Offered::Joined);
        assert_eq!(notices.end_windows(after(9)), []);
        assert_eq!(notices.next_end(), Some(after(10)));
        assert_eq!(notices.end_windows(after(10)), [notice("a", "three (and 1 more like it)")]);
        assert_eq!(notices.offer(notice("a", "four"), after(11)), Offered::Joined);
        assert_eq!(notices.end_windows(after(20)), [notice("a", "four")]);
        assert_eq!(notices.end_windows(after(30)), []);
        assert_eq!(notices.next_end(), None);
        assert_eq!(
            notices.offer(notice("a", "five"), after(31)),
            Offered::Send(Box::new(notice("a", "five")))
        );
    }

    #[test]
    fn objects_and_reasons_have_windows_of_their_own_and_only_so_many() {
        let (mut notices, now) = notices();
        let other_reason = Notice { reason: Reason::Contested, ..notice("a", "x") };
        assert!(matches!(notices.offer(notice("a", "x"), now), Offered::Send(_)));
        assert!(matches!(notices.offer(other_reason, now), Offered::Send(_)));
        assert_eq!(notices.offer(notice("b", "x"), now), Offered::Dropped);
        assert_eq!(notices.offer(notice("a", "y"), now), Offered::Joined);
    }

    #[test]
    fn one_namespace_has_so_many_windows_and_none_once_it_ends() {
        let limits = Aggregation { in_one_namespace: 1, ..Aggregation::default() };
        let (mut notices, now) = (Notices::new(limits), Instant::now());
        let within = |namespace: &str, object: &str| {
            let target = Target::namespaced(Kind::NetworkPolicy.resource(), namespace, object);
            Notice { regarding: Regarding { target, uid: "u".into() }, ..notice("x", "x") }
        };
        assert!(matches!(notices.offer(within("acme", "a"), now), Offered::Send(_)));
        assert_eq!(notices.offer(within("acme", "b"), now), Offered::Dropped);
        assert!(matches!(notices.offer(within("globex", "b"), now), Offered::Send(_)));
        assert_eq!(notices.offer(within("acme", "a"), now), Offered::Joined);
        notices.forget_namespace("acme");
        assert_eq!(notices.end_windows(now + Duration::from_hours(1)), []);
        assert!(matches!(notices.offer(within("globex", "c"), now), Offered::Send(_)));
        assert!(matches!(notices.offer(within("acme", "b"), now), Offered::Send(_)));
    }

    #[test]
    fn a_note_is_cut_between_characters() {
        let long = cut(notice("a", &"ä".repeat(600)), " (and 9 more like it)");
        assert!(long.note.len() <= LONGEST_NOTE && long.note.len() > LONGEST_NOTE - 4);
        assert!(long.note.ends_with("ä… (and 9 more like it)"));
        let exact = "x".repeat(LONGEST_NOTE);
        assert_eq!(cut(notice("a", &exact), "").note, exact);
    }

    #[test]
    fn reasons_and_actions_read_as_the_api_wants_them() {
        assert_eq!(
            (Reason::NamespaceClaimed.as_str(), Action::Claim.as_str()),
            ("NamespaceClaimed", "Claim")
        );
    }
}
