//! Coverage: which promises this version holds in which strength, shown by running a case through the door of that
//! strength with the promise's own parameters. `config/coverage.yaml` and `docs/coverage.md` say what was shown.
//!
//! A cell is held where every control of the promise that offers the strength is built and all their cases pass.

mod backup;
mod backup_completeness;
mod backup_covered;
mod backup_encrypted;
mod backup_failure_noticed;
mod backup_recovery_point_age;
mod backup_retention;
mod case;
mod encryption_plaintext_credential;
mod encryption_storage;
mod encryption_tls_required;
mod encryption_volume;
mod governance_attested;
mod governance_enforcement_continuous;
mod governance_profile_current;
mod ground;
mod isolation;
mod isolation_host_access;
mod isolation_namespace_claimed;
mod isolation_network_default_deny;
mod isolation_pod_security;
mod objects;
mod policies;
mod promise;
mod request;
mod retention_class_declared;
mod retention_kept;
mod run;
mod table;
mod teeth;
mod workloads;

use surety::core::catalogue::Strength;

use case::Cases;
use promise::{PROMISES, Promise};
use run::Shortfall;

/// The cases of every control that this version has.
static ALL: [&Cases; 19] = [
    &backup_completeness::CASES,
    &backup_covered::CASES,
    &backup_encrypted::CASES,
    &backup_failure_noticed::CASES,
    &backup_recovery_point_age::CASES,
    &backup_retention::CASES,
    &encryption_plaintext_credential::CASES,
    &encryption_storage::CASES,
    &encryption_tls_required::CASES,
    &encryption_volume::CASES,
    &governance_attested::CASES,
    &governance_enforcement_continuous::CASES,
    &governance_profile_current::CASES,
    &isolation_host_access::CASES,
    &isolation_namespace_claimed::CASES,
    &isolation_network_default_deny::CASES,
    &isolation_pod_security::CASES,
    &retention_class_declared::CASES,
    &retention_kept::CASES,
];

/// Runs the cases of a control in one strength for every promise that asks it for that strength.
fn attempt(cases: &'static Cases, strength: Strength) {
    let asking: Vec<&Promise> = PROMISES
        .iter()
        .filter(|promise| promise.means.contains(&strength) && promise.find(cases.control).is_some())
        .collect();
    assert!(!asking.is_empty(), "no promise asks {} for this", cases.control);
    let mut shown = 0;
    for promise in asking {
        match run::outcome(cases, promise, strength) {
            Ok(()) => shown += 1,
            Err(Shortfall(why)) => println!("{}: {why}", promise.id()),
        }
    }
    // Limits are told after every case has passed.
    let is_limited = strength == Strength::Detect && cases.unseen.is_some();
    assert!(shown > 0 || is_limited, "{} is shown for no promise", cases.control);
}
