//! Verdicts by tenant, requirement and subject, and where two tables differ.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use surety::{
    core::{
        evaluation::{Evaluation, Verdicts},
        facts::Name,
        judge,
        parameters::Parameters,
        plan::{Plan, Requirement},
        subject::SubjectKey,
        verdict::Verdict,
        world::World,
    },
    index,
    reconcile::book::Book,
};

use super::scenario::Disagreement;

/// Names one verdict.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell {
    pub(super) tenant: Name,
    pub(super) control: &'static str,
    pub(super) parameters: Parameters,
    pub(super) subject: SubjectKey,
}

/// A verdict, and the next moment at which the answer changes by itself.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) verdict: Verdict,
    pub(super) next: Option<Timestamp>,
}

pub(super) type Table = BTreeMap<Cell, Entry>;

/// Every verdict of a world, evaluated from nothing.
pub(super) fn table_of_world(world: &World, now: Timestamp) -> Table {
    let plans = world.tenants().filter_map(|tenant| world.plan(&tenant.name));
    plans.flat_map(|plan| rows(&evaluation(world, plan, now), now)).collect()
}

pub(super) fn evaluation(world: &World, plan: &Arc<Plan>, now: Timestamp) -> Evaluation {
    Evaluation::of(world, plan, index::subjects_of(world, plan), index::resolve, now)
}

/// Every verdict that the controller keeps. Evidence and moments it does not keep: they come from its world.
pub(super) fn table_of_book(book: &Book, now: Timestamp) -> Table {
    let fresh = table_of_world(book.world(), now);
    let tenants: Vec<Name> = book.tenants().cloned().collect();
    let kept = tenants.iter().filter_map(|tenant| book.standings(tenant)).flat_map(|kept| rows(kept, now));
    kept.map(|(cell, entry)| with_evidence(fresh.get(&cell), cell, entry)).collect()
}

/// What is kept with what was not, where both give the same answer; else what is kept alone.
fn with_evidence(fresh: Option<&Entry>, cell: Cell, mut kept: Entry) -> (Cell, Entry) {
    let advised = |entry: &Entry| without_advice(Some(entry)).map(|entry| entry.verdict.issues);
    if let Some(fresh) = fresh
        && advised(&kept) == advised(fresh)
        && kept.verdict.not_applicable.is_some() == fresh.verdict.not_applicable.is_some()
    {
        kept.clone_from(fresh);
    }
    (cell, kept)
}

fn rows(evaluation: &impl Verdicts, now: Timestamp) -> Vec<(Cell, Entry)> {
    let plan = evaluation.plan();
    let rows = evaluation.verdicts().map(|(subject, requirement, verdict)| {
        let next = judge::next_change(plan, requirement, subject, verdict, now);
        (cell(plan, requirement, subject), Entry { verdict: verdict.clone(), next })
    });
    rows.collect()
}

pub(super) fn cell(plan: &Plan, requirement: &Requirement, subject: &SubjectKey) -> Cell {
    Cell {
        tenant: plan.tenant.name.clone(),
        control: requirement.control.id,
        parameters: requirement.parameters.clone(),
        subject: subject.clone(),
    }
}

/// The same without what is advice and no answer: a fix may name any good storage class that there was.
pub(super) fn without_advice(entry: Option<&Entry>) -> Option<Entry> {
    let mut entry = entry.cloned()?;
    entry.verdict.issues.iter_mut().for_each(|issue| issue.fix.clear());
    Some(entry)
}

/// The first difference between two tables.
pub(super) fn compare(
    about: &'static str,
    left: (&str, &Table),
    right: (&str, &Table),
) -> Result<(), Disagreement> {
    let cells: std::collections::BTreeSet<&Cell> = left.1.keys().chain(right.1.keys()).collect();
    let differs = |cell: &&&Cell| {
        let (left, right) = (left.1.get(**cell), right.1.get(**cell));
        left != right && without_advice(left) != without_advice(right)
    };
    let Some(cell) = cells.iter().find(differs) else { return Ok(()) };
    let shown =
        |table: &Table| table.get(cell).map_or("no verdict".to_owned(), |entry| format!("{entry:#?}"));
    let text = format!(
        "{} of tenant {} on {} with {:?}\n{}: {}\n{}: {}",
        cell.control,
        cell.tenant,
        cell.subject,
        cell.parameters,
        left.0,
        shown(left.1),
        right.0,
        shown(right.1)
    );
    Err(Disagreement::new(about, text))
}
