//! The namespace's own part: Pod Security Admission, which enforces the level while Surety is down.

use super::name_of;
use crate::{
    api::{PodSecurityLevel, keys},
    core::{
        context::Context,
        controls::isolation::until_settled,
        facts::Namespace,
        verdict::{Issue, Verdict},
    },
};

const FIELD: &str = "metadata.labels[pod-security.kubernetes.io/enforce]";

/// Whether the namespace's label is at least `level`. A label that is missing may still be written by Surety where it
/// manages it; one that says less is wrong at once.
pub(super) fn verdict(context: &Context<'_>, namespace: &Namespace, level: PodSecurityLevel) -> Verdict {
    let label = spelling(level);
    let wanted = match level {
        PodSecurityLevel::Baseline => "baseline or restricted",
        PodSecurityLevel::Restricted => "restricted",
    };
    let fix = format!("write `{}: {label}` in metadata.labels", keys::POD_SECURITY_ENFORCE);
    let issue = |found: &str| Issue::fail(FIELD, found, wanted, fix);
    match namespace.labels.get(keys::POD_SECURITY_ENFORCE) {
        Some(found) if enforces(found) >= Some(level) => {
            Verdict::pass(format!("enforces {found}")).reading(name_of(level), FIELD)
        }
        Some(found) => Verdict::issue(issue(found)),
        None if context.effective().pod_security_is_managed() => {
            Verdict::issue(until_settled(issue("not set"), namespace, context.now()))
        }
        None => Verdict::issue(issue("not set")),
    }
}

const fn spelling(level: PodSecurityLevel) -> &'static str {
    match level {
        PodSecurityLevel::Baseline => "baseline",
        PodSecurityLevel::Restricted => "restricted",
    }
}

/// The level that a label enforces; none for `privileged` and for what is no level.
fn enforces(label: &str) -> Option<PodSecurityLevel> {
    [PodSecurityLevel::Baseline, PodSecurityLevel::Restricted]
        .into_iter()
        .find(|level| spelling(*level) == label)
}
