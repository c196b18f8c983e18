//! The locations that backups of a claim are written to or lie in.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use jiff::Timestamp;

use crate::core::{
    context::Context,
    controls::backup::engine,
    facts::{Location, Name, PersistentVolumeClaim, PointState, RecoveryPoint, Schedule, VolumeData},
};

/// One location, and what backups of a claim have to do with it.
pub(super) struct Store<'a> {
    /// The namespace of the engine.
    pub(super) place: &'a Name,
    /// Its name; none for the engine's default, where there is none.
    pub(super) name: Option<&'a Name>,
    /// The location; none where there is none of that name.
    pub(super) location: Option<&'a Location>,
    /// Whether the engine's data mover writes, or has written, a copy of a volume there, into a repository of its own.
    pub(super) has_repository: bool,
    /// Whether a point lies there.
    pub(super) holds_points: bool,
    /// When the newest of the schedules that write there was made.
    pub(super) named_since: Option<Timestamp>,
}

/// Every location of a claim's backups, in order of names.
pub(super) fn of_claim<'a>(context: &Context<'a>, claim: &'a PersistentVolumeClaim) -> Vec<Store<'a>> {
    let schedules = context.schedules_of(&claim.namespace).map(AsRef::as_ref);
    let written = schedules.filter(|schedule| writes(context, schedule)).map(Store::written_by);
    let complete = context.copies_of(claim).filter(|copy| copy.is_complete);
    let copied: Runs<'_> = complete.map(|copy| (&copy.namespace, &copy.point)).collect();
    let points = context.points_of(&claim.namespace).map(AsRef::as_ref);
    let held = points.filter(|point| holds_data(context, point)).map(|point| Store::holding(point, &copied));
    // The engine's default is found by its name as well: together only once it is known which it is.
    let as_written = merged(written.chain(held), Store::name);
    let with_location = as_written.into_values().map(|store| store.looked_up(context));
    merged(with_location, |store| store.location.map(|location| &location.name).or(store.name))
        .into_values()
        .collect()
}

/// Runs that have a complete copy of the claim, by namespace and name.
type Runs<'a> = BTreeSet<(&'a Name, &'a Name)>;

type ByName<'a> = BTreeMap<(&'a Name, Option<&'a Name>), Store<'a>>;

fn merged<'a>(
    stores: impl Iterator<Item = Store<'a>>,
    name_of: fn(&Store<'a>) -> Option<&'a Name>,
) -> ByName<'a> {
    let mut merged = ByName::new();
    for store in stores {
        match merged.entry((store.place, name_of(&store))) {
            Entry::Vacant(entry) => {
                entry.insert(store);
            }
            Entry::Occupied(mut entry) => entry.get_mut().add(&store),
        }
    }
    merged
}

/// Whether a schedule's runs write something. One that is paused or refused writes nothing until that changes.
fn writes(context: &Context<'_>, schedule: &Schedule) -> bool {
    let is_idle = schedule.is_paused || schedule.invalid.is_some() || schedule.meta.is_deleting;
    !is_idle && engine::is_believed(context, &schedule.namespace)
}

/// Whether a run has left data, or is writing it.
fn holds_data(context: &Context<'_>, point: &RecoveryPoint) -> bool {
    let is_gone = matches!(point.state, PointState::Failed | PointState::Deleting);
    !is_gone && engine::is_believed(context, &point.namespace)
}

impl<'a> Store<'a> {
    fn written_by(schedule: &'a Schedule) -> Self {
        Self {
            place: &schedule.namespace,
            name: schedule.location.as_ref(),
            location: None,
            has_repository: schedule.volume_data == VolumeData::Moved,
            holds_points: false,
            named_since: Some(schedule.meta.created),
        }
    }

    fn holding(point: &'a RecoveryPoint, copied: &Runs<'_>) -> Self {
        let is_copied = || copied.contains(&(&point.namespace, &point.name));
        Self {
            place: &point.namespace,
            name: point.location.as_ref(),
            location: None,
            has_repository: point.volume_data == VolumeData::Moved || is_copied(),
            holds_points: true,
            named_since: None,
        }
    }

    const fn name(&self) -> Option<&'a Name> {
        self.name
    }

    fn looked_up(self, context: &Context<'a>) -> Self {
        Self { location: engine::location(context, self.place, self.name), ..self }
    }

    fn add(&mut self, other: &Self) {
        self.has_repository |= other.has_repository;
        self.holds_points |= other.holds_points;
        self.named_since = self.named_since.max(other.named_since);
    }
}
