//! Acts that change or end a promise without a trace.

use super::tells_of;
use crate::{
    api::{
        ProfileSpec,
        profile::{Commitment, ControlUse},
    },
    core::{
        control::Operation,
        facts::{Declared, Fact},
        plan::reaches,
        transition::Transition,
        verdict::Issue,
    },
};

/// How many changes a refusal lists; the rest is counted.
const LISTED: usize = 8;

/// What an act breaks. A profile ends in two steps: a version, with its entry, that reaches no tenant; then its deletion.
pub(super) fn broken_by(transition: &Transition<'_>) -> Vec<Issue> {
    let act = transition.act;
    let issue = match (act.operation, &act.old, &act.new) {
        _ if transition.is_by_surety() => None,
        (Operation::Update, Some(Fact::Profile(old)), Some(Fact::Profile(new))) => {
            changed_in_silence(transition, old, new)
        }
        (Operation::Delete, Some(Fact::Profile(old)), _) => deleted(transition, old),
        _ => None,
    };
    issue.into_iter().collect()
}

fn changed_in_silence(
    transition: &Transition<'_>,
    old: &Declared<ProfileSpec>,
    new: &Declared<ProfileSpec>,
) -> Option<Issue> {
    let mut changes = changes(&old.spec, &new.spec);
    changes.extend(tenants_lost(transition, old, new));
    if changes.is_empty() || has_new_version(&old.spec, &new.spec) {
        return None;
    }
    let (version, known) = (&new.spec.version, tells_of(&old.spec.change_log, &new.spec.version));
    let found = if *version == old.spec.version || known {
        format!("version {version}, which is known already, with changes: {}", listed(&changes))
    } else {
        format!("version {version} without an entry in spec.changeLog, with changes: {}", listed(&changes))
    };
    Some(Issue::fail(
        "spec.version",
        found,
        "a new version, and an entry for it in spec.changeLog",
        "write a new spec.version, and add `- {version: ..., date: ..., summary: ...}` for it at the top of \
         spec.changeLog",
    ))
}

fn has_new_version(old: &ProfileSpec, new: &ProfileSpec) -> bool {
    let version = &new.version;
    *version != old.version && !tells_of(&old.change_log, version) && tells_of(&new.change_log, version)
}

fn listed(changes: &[String]) -> String {
    let shown = changes.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match changes.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// What changed of the promises, in order of their ids as they were, then as they are.
fn changes(old: &ProfileSpec, new: &ProfileSpec) -> Vec<String> {
    let find = |spec: &ProfileSpec, id: &str| spec.commitments.iter().position(|c| c.id == id);
    let of_old = old.commitments.iter().flat_map(|before| {
        let after = find(new, &before.id).and_then(|index| new.commitments.get(index));
        after.map_or_else(|| vec![format!("{} removed", before.id)], |after| changed_parts(before, after))
    });
    let added = new.commitments.iter().filter(|commitment| find(old, &commitment.id).is_none());
    of_old.chain(added.map(|commitment| format!("{} added", commitment.id))).collect()
}

fn changed_parts(before: &Commitment, after: &Commitment) -> Vec<String> {
    let parts = [
        ("promise", before.promise != after.promise),
        ("figures", before.figures != after.figures),
        ("enforcement", before.enforcement != after.enforcement),
    ];
    let parts = parts.into_iter().filter(|(_, is_changed)| *is_changed).map(|(name, _)| name.to_owned());
    let mut controls: Vec<&str> =
        before.controls.iter().chain(&after.controls).map(|control| control.id.as_str()).collect();
    controls.sort_unstable();
    controls.dedup();
    let controls = controls.into_iter().filter(|id| !are_equal(before, after, id));
    parts.chain(controls.map(str::to_owned)).map(|part| format!("{} {part}", before.id)).collect()
}

/// Whether both make the same uses of a control, in whatever order.
fn are_equal(before: &Commitment, after: &Commitment, control: &str) -> bool {
    fn uses<'c>(commitment: &'c Commitment, control: &str) -> Vec<&'c ControlUse> {
        commitment.controls.iter().filter(|control_use| control_use.id == control).collect()
    }
    let (before, after) = (uses(before, control), uses(after, control));
    before.len() == after.len()
        && before.iter().all(|one| after.contains(one))
        && after.iter().all(|one| before.contains(one))
}

/// Tenants that were promised this and no longer are.
fn tenants_lost(
    transition: &Transition<'_>,
    old: &Declared<ProfileSpec>,
    new: &Declared<ProfileSpec>,
) -> Option<String> {
    let tenants = transition.after.tenants().filter(|tenant| {
        reaches(&old.spec.tenant_selector, &tenant.labels)
            && !reaches(&new.spec.tenant_selector, &tenant.labels)
    });
    match tenants.count() {
        0 => None,
        lost => Some(format!("tenantSelector ({lost} fewer reached)")),
    }
}

fn deleted(transition: &Transition<'_>, profile: &Declared<ProfileSpec>) -> Option<Issue> {
    let reached = transition.before.tenants();
    let reached = reached.filter(|tenant| reaches(&profile.spec.tenant_selector, &tenant.labels)).count();
    let tenants = if reached == 1 { "tenant" } else { "tenants" };
    (reached > 0).then(|| {
        Issue::fail(
            "spec.tenantSelector",
            format!("the profile reaches {reached} {tenants}"),
            "a profile that reaches none",
            "first write a new version, with its entry in spec.changeLog, whose tenantSelector reaches no tenant",
        )
    })
}
