//! `backup.encrypted`: recovery points travel and lie encrypted.
//!
//! Judged for each claim: every location in which a schedule that takes it in writes, and in which a run has left data, or
//! is writing it. Both must be shown: the data path (a plain endpoint and a certificate that is not verified fail) and the
//! store. A store counts as encrypted where the location asks it for encryption with each object, or where it always
//! encrypts. Where the bucket's own default decides, it is not known: this version reads no bucket. So a store that ignores
//! what it is asked for, and objects from before it was asked, are not seen.
//!
//! What the engine's data mover copies lies in a repository of its own. It asks nothing of the store, whatever the location
//! says, and encrypts with AES-256 itself, with a password from a Secret whose default is public. No Secret is read, so
//! that password shows nothing:
//! - where it is only promised that backups are encrypted, by whatever key, the repository is, and the evidence says that
//!   its password was not read;
//! - where it is promised how the store encrypts or who keeps the key, a location with a repository is unknown, unless the
//!   store encrypts every object in the way that is promised.
//!
//! A location that stops being shown encrypted is refused as an act, because what is then unknown would only be warned of.
//! No field of a policy speaks of the encryption of backups, so only promises ask for it, and no policy can be weaker.

mod acts;
mod demands;
mod stores;

use self::{demands::Demands, stores::Store};
use super::exempt;
use crate::{
    api::Severity,
    core::{
        context::Context,
        control::{Control, Door, Guard, Operation, never_weaker, no_demand},
        facts::{Kind, PersistentVolumeClaim, Source, Sources, Unknown},
        subject::{Subject, SubjectClass},
        verdict::{Issue, Problem, Verdict},
    },
};

/// The control.
pub static CONTROL: Control = Control {
    id: "backup.encrypted",
    title: "Recovery points travel and lie encrypted",
    why: "A backup holds everything that its volumes hold: who reads the store, or the way to it, reads the data of every \
          tenant at once.",
    remediation: "Let the storage location ask for server-side encryption, with a key of your own where one is promised, \
                  and reach it over https with its certificate verified.",
    severity: Severity::Critical,
    subjects: &[SubjectClass::Claim],
    reads: Sources::of(&[
        Source::Records,
        Source::Namespaces,
        Source::StorageClasses,
        Source::VeleroSchedules,
        Source::VeleroBackups,
        Source::VeleroVolumeCopies,
        Source::VeleroLocations,
    ]),
    guards: &GUARDS,
    evaluate,
    demanded: no_demand,
    upheld_by: None,
    weaker: never_weaker,
    transition: acts::judge,
};

const CHANGES: &[Operation] = &[Operation::Create, Operation::Update];

static GUARDS: [Guard; 3] = [
    Guard { kind: Kind::BackupStorageLocation, door: Door::ProtectEngine, operations: CHANGES },
    Guard { kind: Kind::VeleroSchedule, door: Door::ProtectEngine, operations: CHANGES },
    Guard { kind: Kind::VeleroBackup, door: Door::ProtectEngine, operations: &[Operation::Create] },
];

fn evaluate(context: &Context<'_>, subject: &Subject<'_>) -> Verdict {
    exempt::bound_claim(context, subject)
        .map_or_else(Verdict::not_applicable, |claim| claim_verdict(context, claim))
}

fn claim_verdict(context: &Context<'_>, claim: &PersistentVolumeClaim) -> Verdict {
    let demands = Demands::of(context.parameters());
    let stores = stores::of_claim(context, claim);
    if stores.is_empty() {
        return without_store(context, &demands);
    }
    let issues: Vec<Issue> =
        stores.iter().flat_map(|store| demands::issues(context, store, &demands)).collect();
    let found: Vec<String> = stores.iter().take(MOST_NAMED).map(demands::found_in).collect();
    let read_from: Vec<String> = stores.iter().take(MOST_NAMED).map(Store::title).collect();
    let mut verdict = Verdict::from_issues(issues).reading(demands.wanted(), read_from.join(", "));
    verdict.evidence.found = found.join("; ").into();
    verdict
}

/// Evidence names no more locations than this.
const MOST_NAMED: usize = 5;

/// Whether there are backups at all is for `backup.covered` to say.
fn without_store(context: &Context<'_>, demands: &Demands<'_>) -> Verdict {
    let sources = [Source::VeleroSchedules, Source::VeleroBackups];
    match sources.into_iter().find_map(|source| context.unknown_absence(source)) {
        Some(why) if context.has_backup_engine() => {
            Verdict::issue(unknown("", why, demands.wanted(), SEE_SOURCE))
        }
        _ => Verdict::not_applicable("no schedule writes a backup of it and none lies anywhere"),
    }
}

const SEE_SOURCE: &str = "let Surety read the schedules and recovery points of the backup engine";

fn unknown(field: impl Into<String>, why: Unknown, wanted: String, fix: impl Into<String>) -> Issue {
    Issue::fail(field, why.to_string(), wanted, fix).with_problem(Problem::Unknown(why))
}

#[cfg(test)]
mod tests;
