//! What a recovery point shows of one claim.
//!
//! A point holds a claim where its run took in the namespace, the claim was there when the run started, and
//! - a copy of that claim in that run is complete (best; also in a Partial run, and where the run copies no volumes by
//!   default), or
//! - the run ended well, snapshots volumes, and completed as many snapshots as it attempted, at least one. That is a count
//!   and not a list: good enough for the age of a point, never for its completeness.
//!
//! It does not hold the claim where nothing was copied: resources only, no snapshot attempted and no copy of its own. Where
//! neither can be told it is undecided: snapshots that did not all complete, a data mover that names no copy of the claim
//! though it moved some, a selection narrowed by what is not read. Undecided is neither Pass nor, until it would be too old
//! anyway, Fail.
//!
//! An independent copy must outlive the storage system of the volume: only copies of the claim's own count then, because a
//! snapshot that stays in the storage system falls with it.

use std::cell::OnceCell;

use jiff::{SignedDuration, Timestamp};

use super::engine;
use crate::core::{
    context::Context,
    facts::{
        Ignorance, Known, Location, Name, Origin, PersistentVolumeClaim, PointState, RecoveryPoint, Source,
        Unknown, VolumeCopy, VolumeData,
    },
};

/// How far an engine's clock may be ahead.
pub(super) const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);
/// How many times a location may miss being read.
const MISSED_SYNCS: i32 = 3;

/// What shows that a point holds a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// A copy of its own.
    OwnCopy {
        /// Whether nothing was read: an empty volume and an unread one look alike.
        is_empty: bool,
    },
    /// All snapshots of the run completed.
    Count,
}

/// What a point shows of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holding<'a> {
    /// It holds it.
    Holds(Proof),
    /// It cannot be told.
    Undecided(Doubt<'a>),
    /// It does not.
    Not,
}

/// Why it cannot be told. In words only where somebody reads them: most points of a claim are passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Doubt<'a> {
    /// The engine's word for its state is not known.
    State(&'a Name),
    /// Nothing tells of single volumes.
    NoEvidence,
    /// Its selection is narrowed by what is not read.
    Narrowed(&'a Name),
    /// It was taken in the future.
    ClockSkew,
    /// Its location is not reached.
    Unreachable(Ignorance),
}

impl Doubt<'_> {
    fn about(self, point: &RecoveryPoint, taken_at: Timestamp) -> Unknown {
        let key = point.key();
        let why = match self {
            Self::State(word) => format!("{key} is `{word}`, which this version does not know"),
            Self::NoEvidence => format!(
                "{key} has no per-volume evidence; give Surety read access to the store or use snapshotMoveData"
            ),
            Self::Narrowed(why) => format!("{key} is narrowed by {why}"),
            Self::ClockSkew => {
                format!("clock skew: {key} was taken at {taken_at:.0}, which is still to come")
            }
            Self::Unreachable(why) => return Unknown::NotKnown(why),
        };
        Unknown::Undecidable(why)
    }
}

/// The copies of a claim, looked up once a point is asked for them.
pub(super) type Copies<'a> = OnceCell<Vec<&'a VolumeCopy>>;

/// The newest point that holds a claim, and the newest that may.
#[derive(Default)]
pub(super) struct Newest<'a> {
    /// The newest that does, and what shows it.
    pub(super) held: Option<(Timestamp, &'a RecoveryPoint, Proof)>,
    /// The newest of those after it of which it cannot be told, and why.
    pub(super) undecided: Option<(Timestamp, Unknown)>,
    /// When the answer changes by itself, age left aside.
    pub(super) changes_at: Option<Timestamp>,
}

/// What is asked of a point before it counts.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    is_independent: bool,
    accepts_imported: bool,
}

impl Asked {
    /// Whether points of another cluster count.
    pub(super) const fn accepts_imported(self) -> bool {
        self.accepts_imported
    }

    /// What the use of the control and all policies of the tenant ask.
    pub(super) fn by(context: &Context<'_>) -> Self {
        let policies = &context.effective().backup;
        Self {
            is_independent: context.parameters().flag("independent"),
            accepts_imported: !policies.is_empty()
                && policies.iter().all(|policy| policy.spec.accepts_imported),
        }
    }
}

/// The points that may hold the claim, newest first, each with the start of its run.
pub(super) fn candidates<'a>(
    context: &Context<'a>,
    claim: &'a PersistentVolumeClaim,
) -> Vec<(Timestamp, &'a RecoveryPoint)> {
    let points = context.points_of(&claim.namespace).map(AsRef::as_ref);
    let believed = points.filter(|point| engine::is_believed(context, &point.namespace));
    let started = believed.filter_map(|point: &RecoveryPoint| Some((point.taken_at?, point)));
    let mut candidates: Vec<_> = started.filter(|(taken_at, _)| claim.meta.created <= *taken_at).collect();
    candidates.sort_unstable_by(|(taken_at, point), (other_taken_at, other)| {
        let key = |point: &'a RecoveryPoint| (point.kind, &point.namespace, &point.name);
        other_taken_at.cmp(taken_at).then_with(|| key(point).cmp(&key(other)))
    });
    candidates
}

/// The newest point that holds the claim.
pub(super) fn newest<'a>(context: &Context<'a>, claim: &'a PersistentVolumeClaim) -> Newest<'a> {
    let asked = Asked::by(context);
    let copies = Copies::new();
    let mut newest = Newest::default();
    for (taken_at, point) in candidates(context, claim) {
        match within_reach(context, point, taken_at, holding(context, point, claim, &copies, asked)) {
            (Holding::Holds(proof), changes_at) => {
                newest.held = Some((taken_at, point, proof));
                newest.changes_at = earlier(newest.changes_at, changes_at);
                break;
            }
            (Holding::Undecided(doubt), changes_at) => {
                newest.undecided.get_or_insert_with(|| (taken_at, doubt.about(point, taken_at)));
                newest.changes_at = earlier(newest.changes_at, changes_at);
            }
            (Holding::Not, _) => {}
        }
    }
    newest
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    a.into_iter().chain(b).min()
}

/// What a point shows of a claim that was there when its run started, wherever it lies.
pub(super) fn holding<'a, 'p>(
    context: &Context<'a>,
    point: &'p RecoveryPoint,
    claim: &'a PersistentVolumeClaim,
    copies: &Copies<'a>,
    asked: Asked,
) -> Holding<'p> {
    if !asked.accepts_imported && is_imported(context, point) {
        return Holding::Not;
    }
    let is_partial = match &point.state {
        PointState::Usable => false,
        PointState::Partial => true,
        PointState::Failed | PointState::Running | PointState::Deleting => return Holding::Not,
        PointState::Unknown(word) => return Holding::Undecided(Doubt::State(word)),
    };
    if let Some(is_empty) = own_copy(copies.get_or_init(|| complete_copies(context, claim)), point) {
        return Holding::Holds(Proof::OwnCopy { is_empty });
    }
    if is_partial || asked.is_independent {
        return Holding::Not;
    }
    by_count(point)
}

/// Whether it was made in another cluster: the label that travels with it says so, else its own times do.
pub(super) fn is_imported(context: &Context<'_>, point: &RecoveryPoint) -> bool {
    match &point.cluster_label {
        Some(cluster) => context.cluster_id() != Some(cluster),
        None => point.origin == Origin::Imported,
    }
}

/// The complete copies that were made of the claim.
fn complete_copies<'a>(context: &Context<'a>, claim: &'a PersistentVolumeClaim) -> Vec<&'a VolumeCopy> {
    let is_of_claim = |copy: &VolumeCopy| copy.claim_uid.as_ref().is_none_or(|uid| *uid == claim.meta.uid);
    let copies = context.copies_of(claim).map(AsRef::as_ref);
    copies.filter(|copy: &&VolumeCopy| copy.is_complete && is_of_claim(copy)).collect()
}

/// Whether the run has a complete copy of the claim, and whether it is empty.
fn own_copy(copies: &[&VolumeCopy], point: &RecoveryPoint) -> Option<bool> {
    let of_run = copies.iter().filter(|copy| copy.point == point.name && copy.namespace == point.namespace);
    of_run.map(|copy| copy.is_empty).reduce(|all_empty, is_empty| all_empty && is_empty)
}

fn by_count(point: &RecoveryPoint) -> Holding<'_> {
    let (attempted, completed) = point.snapshots;
    match point.volume_data {
        VolumeData::None => Holding::Not,
        _ if attempted == 0 => Holding::Not,
        VolumeData::Moved => Holding::Undecided(Doubt::NoEvidence),
        VolumeData::Snapshots | VolumeData::Undecided if attempted != completed => {
            Holding::Undecided(Doubt::NoEvidence)
        }
        VolumeData::Snapshots | VolumeData::Undecided => match &point.selection.narrowed_by {
            Some(why) => Holding::Undecided(Doubt::Narrowed(why)),
            None => Holding::Holds(Proof::Count),
        },
    }
}

/// The same, unless the engine's clock is wrong or the point's location cannot be reached; and when that changes.
fn within_reach<'p>(
    context: &Context<'_>,
    point: &RecoveryPoint,
    taken_at: Timestamp,
    holding: Holding<'p>,
) -> (Holding<'p>, Option<Timestamp>) {
    if !matches!(holding, Holding::Holds(_)) {
        return (holding, None);
    }
    let believable_from = taken_at.checked_sub(CLOCK_SKEW).unwrap_or(Timestamp::MIN);
    if context.now() < believable_from {
        return (Holding::Undecided(Doubt::ClockSkew), Some(believable_from));
    }
    match reachable_until(context, point) {
        Ok(until) => (holding, until),
        Err(why) => (Holding::Undecided(Doubt::Unreachable(why)), None),
    }
}

/// Until when the point's location counts as reached if nothing more is heard of it, or why it is not reached.
fn reachable_until(context: &Context<'_>, point: &RecoveryPoint) -> Result<Option<Timestamp>, Ignorance> {
    let unreachable = |name: &Name, why: &str| {
        let what = Name::from(format!("{}/{name} (location-unreachable: {why})", point.namespace));
        Ignorance::Unreadable(Source::VeleroLocations, what)
    };
    let Some(location) = engine::location(context, &point.namespace, point.location.as_ref()) else {
        let name = point.location.clone().unwrap_or_else(|| Name::from("default"));
        return Err(unreachable(&name, "there is none of that name"));
    };
    match &location.is_available {
        Known::Known(true) => {}
        Known::Known(false) => {
            let why = location.message.as_deref().unwrap_or("the engine does not say why");
            return Err(unreachable(&location.name, why));
        }
        Known::Absent => return Err(unreachable(&location.name, "the engine has not tried it yet")),
        Known::Unknown(why) => return Err(unreachable(&location.name, &why.to_string())),
    }
    let until = synced_until(location);
    match until {
        Some(until) if until <= context.now() => Err(unreachable(&location.name, "it was not read for long")),
        until => Ok(until),
    }
}

/// Until when a location counts as read; always where it never is read.
fn synced_until(location: &Location) -> Option<Timestamp> {
    let period = location.sync_period;
    let since = location.last_synced.unwrap_or(location.meta.created);
    let until = since.checked_add(period.saturating_mul(MISSED_SYNCS)).unwrap_or(Timestamp::MAX);
    (period > SignedDuration::ZERO).then_some(until)
}
