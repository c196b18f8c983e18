//! Acts by which a location stops being shown encrypted.
//!
//! What is then Fail the difference of verdicts refuses by itself. What is then Unknown it only warns of, and so whoever
//! removes the request for encryption would make backups plain behind a warning.

use super::CONTROL;
use crate::core::{
    controls::backup::{
        demand::{concerned, place_is_ending},
        engine::field,
    },
    facts::{DataPath, Fact, Known, Location, Name},
    transition::Transition,
    verdict::Issue,
};

pub(super) fn judge(transition: &Transition<'_>) -> Vec<Issue> {
    let (Some(Fact::Location(old)), Some(Fact::Location(new))) = (&transition.act.old, &transition.act.new)
    else {
        return Vec::new();
    };
    if place_is_ending(transition) {
        return Vec::new();
    }
    let hidden = [
        (
            matches!((&old.encryption, &new.encryption), (Known::Known(_), Known::Unknown(_))),
            field::SSE,
            "encryption of the store is not shown any more",
        ),
        (
            matches!(
                (&old.data_path, &new.data_path),
                (Known::Known(DataPath::Encrypted), Known::Unknown(_))
            ),
            field::endpoint(&new.provider),
            "encryption of the way to the store is not shown any more",
        ),
    ];
    let hidden: Vec<_> = hidden.into_iter().filter(|(is_hidden, ..)| *is_hidden).collect();
    if hidden.is_empty() || !is_used_by_tenants(transition, old) {
        return Vec::new();
    }
    let issue = |(_, field, found): (bool, &str, &str)| {
        Issue::fail(
            field,
            found,
            "a location that stays shown encrypted",
            "keep the settings of the location",
        )
    };
    hidden.into_iter().map(issue).collect()
}

/// Whether backups of tenants to whom encryption is promised are written or lie there.
fn is_used_by_tenants(transition: &Transition<'_>, location: &Location) -> bool {
    let (before, now) = (transition.before, transition.now);
    let is_here = |namespace: &Name, name: Option<&Name>| {
        *namespace == location.namespace && name.map_or(location.is_default, |name| *name == location.name)
    };
    let schedules =
        before.schedules().filter(|schedule| is_here(&schedule.namespace, schedule.location.as_ref()));
    let points = before.points().filter(|point| is_here(&point.namespace, point.location.as_ref()));
    let mut selections =
        schedules.map(|schedule| &schedule.selection).chain(points.map(|point| &point.selection));
    selections.any(|selection| !concerned(before, CONTROL.id, now, &location.namespace, selection).is_empty())
}
