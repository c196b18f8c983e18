//! Is the change log of a profile rewritten? What it told of earlier versions stays as it was told.

use super::Objection;
use crate::{
    api::profile::ChangeLogEntry,
    core::{facts::Fact, transition::Transition, verdict::Issue},
};

/// The schema takes no more entries. A log that is full may lose its oldest for a new one.
const FULL: usize = 64;

/// A message names no more entries than this.
const NAMED: usize = 5;

pub(super) fn objections(transition: &Transition<'_>) -> Vec<Objection> {
    let (Some(Fact::Profile(old)), Some(Fact::Profile(new))) = (&transition.act.old, &transition.act.new)
    else {
        return Vec::new();
    };
    let (old, new) = (&old.spec.change_log, &new.spec.change_log);
    let may_go = if new.len() >= FULL { forgotten(old, new) } else { 0 };
    let told = old.get(..old.len() - may_go).unwrap_or_default();
    let rewritten = told.iter().filter(|entry| !new.contains(entry)).take(NAMED);
    rewritten.map(|entry| Objection::malformed(rewriting(entry, new))).collect()
}

/// How many entries at the end of the old log the new one does not have.
fn forgotten(old: &[ChangeLogEntry], new: &[ChangeLogEntry]) -> usize {
    old.iter().rev().take_while(|entry| !new.contains(entry)).count()
}

fn rewriting(entry: &ChangeLogEntry, new: &[ChangeLogEntry]) -> Issue {
    let ChangeLogEntry { version, date, summary } = entry;
    let is_there = new.iter().any(|other| other.version == *version);
    Issue::fail(
        format!("spec.changeLog[version={version}]"),
        if is_there { "changed" } else { "removed" },
        format!("the entry as it was: {date}, \"{summary}\""),
        "leave what was told as it is, and tell of a correction in the entry of a new version",
    )
}

#[cfg(test)]
mod tests;
