//! `Schedule`.

use serde::Deserialize;

use super::selection::BackupSpec;
use crate::{
    api::backup_policy::EngineName,
    core::facts::{Kind, Labels, Name, Schedule},
    decode::{Fault, List, Metadata, Nested, Text, from_slice},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Nested<Metadata<'a>>,
    spec: Nested<Spec<'a>>,
    status: Nested<Status<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Spec<'a> {
    #[serde(borrow)]
    schedule: Text<'a>,
    template: Nested<BackupSpec<'a>>,
    paused: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status<'a> {
    #[serde(borrow)]
    phase: Text<'a>,
    validation_errors: List<Text<'a>>,
}

/// Decodes a Schedule.
pub(crate) fn schedule(json: &[u8]) -> Result<Schedule, Fault> {
    let Object { metadata, spec, status } = from_slice(json)?;
    let (namespace, name) = metadata.place()?;
    Ok(Schedule {
        kind: Kind::VeleroSchedule,
        engine: EngineName::Velero,
        namespace,
        name,
        meta: metadata.meta(),
        labels: metadata.labels.intern(),
        cron: spec.schedule.intern(),
        // A paused Schedule keeps its old phase, or has no status at all: only the spec tells.
        is_paused: spec.paused.unwrap_or_default(),
        invalid: invalid(&status)?,
        selection: spec.template.selection(),
        volume_data: spec.template.volume_data(),
        time_to_live: Some(spec.template.time_to_live()),
        location: spec.template.location(),
        run_labels: run_labels(&metadata, &spec.template),
    })
}

/// A phase that this version does not know is neither valid nor invalid: the Schedule is unreadable.
fn invalid(status: &Status<'_>) -> Result<Option<Name>, Fault> {
    match &*status.phase {
        "" | "New" | "Enabled" => Ok(None),
        "FailedValidation" => Ok(Some(reason(&status.validation_errors))),
        other => Err(Fault::field(
            "status.phase",
            format!("found `{other}`, expected New, Enabled or FailedValidation"),
        )),
    }
}

fn reason(errors: &List<Text<'_>>) -> Name {
    if errors.is_empty() {
        return Name::from("validation failed");
    }
    Name::from(errors.iter().map(|error| &**error).collect::<Vec<_>>().join("; "))
}

/// The template's labels replace the schedule's own, which runs have otherwise (pkg/builder/backup_builder.go).
fn run_labels(metadata: &Metadata<'_>, template: &BackupSpec<'_>) -> Labels {
    template.metadata.labels.as_ref().unwrap_or(&metadata.labels).intern()
}
