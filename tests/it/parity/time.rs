//! Time: nothing changes before the moment that a verdict names, and something does at it.

use jiff::{SignedDuration, Timestamp};
use surety::{
    core::{
        evaluation::{Evaluation, Verdicts},
        judge,
        plan::Plan,
        subject::SubjectKey,
        verdict::{Problem, State, Verdict},
        world::World,
    },
    index,
};

use super::{
    random::Random,
    scenario::{Disagreement, Scenario},
    tables::{self, Cell, Entry, Table},
};

/// How many verdicts with a moment, and how many without, are followed in one case.
const FOLLOWED: usize = 4;

/// How often the answer at a moment was another one, and how often the same.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moments {
    pub(super) changing: usize,
    pub(super) idle: usize,
}

/// Follows some verdicts of a table through time.
pub(super) fn check(scenario: &Scenario, world: &World, table: &Table) -> Result<Moments, Disagreement> {
    let mut random = Random::of(scenario.seed, "time");
    let mut moments = Moments::default();
    let (mut with, mut without): (Vec<_>, Vec<_>) = table.iter().partition(|(_, entry)| entry.next.is_some());
    for rows in [&mut with, &mut without] {
        random.shuffle(rows);
        rows.truncate(FOLLOWED);
    }
    for (cell, entry) in with {
        let next = entry.next.expect("it has a moment");
        for at in instants_before(&mut random, scenario.now, next) {
            unchanged(world, cell, entry, at)?;
        }
        if changes_at(world, cell, entry, next)? {
            moments.changing += 1;
        } else {
            moments.idle += 1;
        }
    }
    for (cell, entry) in without {
        for span in [1, 301, 90_000, 40_000_000, 400_000_000] {
            unchanged(world, cell, entry, scenario.now + SignedDuration::from_secs(span))?;
        }
    }
    Ok(moments)
}

/// The last instant before a moment, and two between.
fn instants_before(random: &mut Random, now: Timestamp, next: Timestamp) -> Vec<Timestamp> {
    let last = next - SignedDuration::from_nanos(1);
    let seconds = next.duration_since(now).as_secs();
    let between = |random: &mut Random| {
        let offset = usize::try_from(seconds).ok().filter(|seconds| *seconds > 0)?;
        Some(now + SignedDuration::from_secs(i64::try_from(random.below(offset)).unwrap()))
    };
    let two = [between(random), between(random)].into_iter().flatten();
    two.chain([last]).collect()
}

fn again(world: &World, cell: &Cell, at: Timestamp) -> Option<Entry> {
    let plan = world.plan(&cell.tenant).expect("the tenant has a plan");
    let evaluation = Evaluation::of(world, plan, [cell.subject.clone()], index::resolve, at);
    let mut verdicts = evaluation.verdicts();
    let (subject, requirement, verdict) =
        verdicts.find(|(subject, requirement, _)| tables::cell(plan, requirement, subject) == *cell)?;
    let next = judge::next_change(plan, requirement, subject, verdict, at);
    Some(Entry { verdict: verdict.clone(), next })
}

fn unchanged(world: &World, cell: &Cell, entry: &Entry, at: Timestamp) -> Result<(), Disagreement> {
    let found = again(world, cell, at);
    if tables::without_advice(found.as_ref()) == tables::without_advice(Some(entry)) {
        return Ok(());
    }
    let text = format!("{cell:?}\nnow: {entry:#?}\nat {at}: {found:#?}");
    Err(Disagreement::new("change before its moment", text))
}

/// Whether the answer is another one at its moment. A wait that ends without one is wrong.
fn changes_at(world: &World, cell: &Cell, entry: &Entry, at: Timestamp) -> Result<bool, Disagreement> {
    let plan = world.plan(&cell.tenant).expect("the tenant has a plan");
    let Some(Entry { verdict: after, next }) = again(world, cell, at) else {
        return Err(Disagreement::new("subject that ends", format!("{cell:?} at {at}")));
    };
    if next.is_some_and(|next| next <= at) {
        return Err(Disagreement::new("moment in the past", format!("{cell:?} at {at}: {next:?}")));
    }
    let before = at - SignedDuration::from_nanos(1);
    let states = states(plan, cell, &entry.verdict, before);
    let changes = after != entry.verdict || states != self::states(plan, cell, &after, at);
    if !changes && waits_until(&entry.verdict, at) {
        return Err(Disagreement::new(
            "wait without end",
            format!("{cell:?}\n{entry:#?}\nat {at}: {after:#?}"),
        ));
    }
    Ok(changes)
}

fn waits_until(verdict: &Verdict, at: Timestamp) -> bool {
    verdict.issues.iter().any(|issue| issue.problem == Problem::Pending { due: at })
}

/// The state for each of those who demand it, waivers applied.
fn states(plan: &Plan, cell: &Cell, verdict: &Verdict, at: Timestamp) -> Vec<State> {
    let requirement = plan
        .requirements
        .iter()
        .find(|requirement| {
            requirement.control.id == cell.control && requirement.parameters == cell.parameters
        })
        .expect("the requirement is planned");
    let subject: &SubjectKey = &cell.subject;
    requirement
        .origins
        .iter()
        .map(|origin| judge::state_for(plan, requirement, origin, subject, verdict, at).0)
        .collect()
}
