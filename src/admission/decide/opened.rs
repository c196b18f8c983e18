//! How many findings a request on intent opens. Demanding more is never refused because reality does not meet it; whoever
//! demands it is told at once what will be found. The count is bounded, and past the bound it is a lower one.

use std::{collections::BTreeSet, fmt};

use crate::{
    core::{
        evaluation::Evaluation,
        facts::{Change, Name},
        result,
        subject::SubjectKey,
        transition::Transition,
        verdict::State,
        world::World,
    },
    index,
};

/// How many subjects are looked at, over all tenants that a request reaches: a count must not hold up the request.
pub const COUNTED_SUBJECTS: usize = 500;

/// Findings that a request opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// How many were found.
    pub findings: usize,
    /// Whether subjects were left out, so that there may be more.
    pub is_lower_bound: bool,
}

impl fmt::Display for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at_least = if self.is_lower_bound { "at least " } else { "" };
        let findings = if self.findings == 1 { "finding" } else { "findings" };
        write!(f, "surety: this opens {at_least}{} {findings}", self.findings)?;
        if self.is_lower_bound {
            write!(f, " (the first {COUNTED_SUBJECTS} objects that it reaches were looked at)")?;
        }
        f.write_str("; the ComplianceReports of the tenants list them")
    }
}

/// What a change of a declaration opens; none where it opens nothing.
pub(super) fn opened(transition: &Transition<'_>, change: &Change) -> Option<Opened> {
    let (before, after) = (transition.before, transition.after);
    let mut opened = Opened { findings: 0, is_lower_bound: false };
    let mut left = COUNTED_SUBJECTS;
    for tenant in index::touched(before, after, change, COUNTED_SUBJECTS).tenants {
        let Some(plan) = after.plan(&tenant) else { continue };
        if left == 0 {
            opened.is_lower_bound = true;
            break;
        }
        let mut subjects = index::subjects_of(after, plan);
        opened.is_lower_bound |= subjects.len() > left;
        subjects.truncate(left);
        left -= subjects.len();
        let open_before = open(transition, before, &tenant, &subjects);
        let open_after = open(transition, after, &tenant, &subjects);
        opened.findings += open_after.difference(&open_before).count();
    }
    (opened.findings > 0).then_some(opened)
}

/// The keys of the findings on these subjects that are open: failing, and not waived.
fn open(
    transition: &Transition<'_>,
    world: &World,
    tenant: &Name,
    subjects: &[SubjectKey],
) -> BTreeSet<Name> {
    let Some(plan) = world.plan(tenant).filter(|_| !subjects.is_empty()) else { return BTreeSet::new() };
    let there = subjects.iter().filter(|subject| index::is_of_tenant(world, tenant, subject)).cloned();
    let evaluation = Evaluation::of(world, plan, there, index::resolve, transition.now);
    let findings = result::result(&evaluation, None, transition.now).findings.into_iter();
    findings.filter(|finding| finding.state != State::Waived).map(|finding| finding.key).collect()
}
