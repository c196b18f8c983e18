//! What one schedule does for the claims that it takes in.

use crate::core::{
    context::Context,
    controls::backup::engine::{self, field},
    facts::{Schedule, Source, VolumeData},
    schedule::{Cadence, CadenceError},
};

/// What a schedule does for a claim whose namespace it takes in.
pub(super) enum Taking<'s> {
    /// It runs, and copies volumes.
    Live(&'s Schedule),
    /// It cannot be told; why.
    Undecided(String),
    /// It does nothing; why, and what to do about it.
    Dead { found: String, fix: String },
}

/// What a schedule does for the claims of a namespace that it takes in.
pub(super) fn taking<'s>(context: &Context<'_>, schedule: &'s Schedule) -> Taking<'s> {
    let key = schedule.key();
    let dead = |what: String, fix: String| Taking::Dead { found: format!("{key} {what}"), fix };
    if schedule.meta.is_deleting {
        return dead("is being deleted".to_owned(), "write another schedule".to_owned());
    }
    if schedule.is_paused {
        return dead("is paused".to_owned(), format!("set `{}` of {key} to false", field::PAUSED));
    }
    if let Some(why) = &schedule.invalid {
        return dead(format!("is refused by the engine: {why}"), format!("mend {key}"));
    }
    match Cadence::parse(&schedule.cron) {
        Err(error @ CadenceError::UnknownZone { .. }) => return Taking::Undecided(format!("{key}: {error}")),
        Err(error) => {
            return dead(format!("never runs: {error}"), format!("mend `{}` of {key}", field::CRON));
        }
        Ok(cadence) if !cadence.has_next_run(context.now()) => {
            let what = format!("never runs: `{}` names a day that never comes", schedule.cron);
            return dead(what, format!("mend `{}` of {key}", field::CRON));
        }
        Ok(_) => {}
    }
    if schedule.volume_data == VolumeData::None {
        return dead(
            "copies no volumes".to_owned(),
            format!("let {key} snapshot volumes or read their files"),
        );
    }
    if let Some(what) = closed_location(context, schedule) {
        return dead(format!("cannot write: {what}"), format!("mend the storage location of {key}"));
    }
    match &schedule.selection.narrowed_by {
        Some(why) => Taking::Undecided(format!("{key} narrows what it takes in: {why}")),
        None => Taking::Live(schedule),
    }
}

/// Why the schedule's location takes no new points. Whether the engine reaches it now is left to the points.
fn closed_location(context: &Context<'_>, schedule: &Schedule) -> Option<String> {
    match engine::location(context, &schedule.namespace, schedule.location.as_ref()) {
        Some(location) => {
            (!location.is_writable).then(|| format!("its storage location `{}` is read-only", location.name))
        }
        None if context.unknown_absence(Source::VeleroLocations).is_some() => None,
        // Without a name the engine takes its default, which its own configuration may name.
        None => {
            schedule.location.as_ref().map(|name| format!("its storage location `{name}` does not exist"))
        }
    }
}
