//! What the controller keeps of one tenant's verdicts: whole where something stands between a subject and Pass, and
//! elsewhere only which requirements are met. What a met requirement's evidence was is evaluated again where it is asked for.

use std::{borrow::Cow, collections::BTreeMap, hash::Hash, sync::Arc};

use ahash::HashSet;
use jiff::Timestamp;

use super::{
    evaluation::{Resolve, Verdicts, each_verdict},
    judge::next_change,
    plan::{Plan, Requirement},
    subject::SubjectKey,
    verdict::{Evidence, Verdict},
    world::World,
};

/// Stands for every verdict that is met.
static MET: Verdict = bare(None);
/// Stands for every verdict that does not apply.
static OUT_OF_SCOPE: Verdict = bare(Some(Cow::Borrowed("it is out of scope")));

const fn bare(not_applicable: Option<Cow<'static, str>>) -> Verdict {
    const NOTHING: Cow<'static, str> = Cow::Borrowed("");
    Verdict {
        not_applicable,
        issues: Vec::new(),
        evidence: Evidence { found: NOTHING, wanted: NOTHING, read_from: NOTHING },
        changes_at: None,
    }
}

/// All verdicts of a tenant, as they are kept.
#[derive(Debug)]
pub struct Standings {
    plan: Arc<Plan>,
    by_subject: BTreeMap<SubjectKey, Standing>,
}

/// The verdicts on a subject. Requirements are told by their index in the plan.
#[derive(Debug)]
struct Standing {
    open: Box<[Open]>,
    closed: Arc<[Closed]>,
}

#[derive(Debug)]
struct Open {
    requirement: u32,
    /// Without evidence.
    verdict: Arc<Verdict>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Closed {
    requirement: u32,
    is_met: bool,
}

/// Verdicts that are kept once however many subjects they are the same for: open ones mostly speak of a class, a policy or
/// a field that many objects have alike, and what is met is the same for most of a class. Bounded.
#[derive(Debug, Default)]
pub struct SharedVerdicts {
    open: HashSet<Arc<Verdict>>,
    closed: HashSet<Arc<[Closed]>>,
    /// The list that is being made.
    scratch: Vec<Closed>,
}

impl SharedVerdicts {
    /// Some 8 MiB when full of verdicts that nothing shares.
    const MOST: usize = 8_192;

    /// The verdict as it is kept: without the evidence and the moment of its change, which are evaluated again where they
    /// are asked for.
    fn kept(&mut self, verdict: Verdict) -> Arc<Verdict> {
        let Verdict { not_applicable, mut issues, .. } = verdict;
        issues.shrink_to_fit();
        let verdict = Verdict { not_applicable, issues, ..bare(None) };
        if let Some(known) = self.open.get(&verdict) {
            return Arc::clone(known);
        }
        let new = Arc::new(verdict);
        make_room(&mut self.open, Self::MOST);
        self.open.insert(Arc::clone(&new));
        new
    }

    fn kept_closed(&mut self, closed: &[Closed]) -> Arc<[Closed]> {
        if let Some(known) = self.closed.get(closed) {
            return Arc::clone(known);
        }
        let new: Arc<[Closed]> = Arc::from(closed);
        make_room(&mut self.closed, Self::MOST);
        self.closed.insert(Arc::clone(&new));
        new
    }
}

/// Forgets what nobody has any more where there is no place, and all where that is not much.
fn make_room<T: ?Sized + Eq + Hash>(shared: &mut HashSet<Arc<T>>, most: usize) {
    if shared.len() < most {
        return;
    }
    shared.retain(|known| Arc::strong_count(known) > 1);
    if shared.len() > most / 2 {
        shared.clear();
    }
}

impl Standings {
    /// Evaluates these subjects, which are all of the tenant's, in their order; and the next moment at which the answer
    /// changes by itself, of each that has one.
    pub fn of(
        world: &World,
        plan: Arc<Plan>,
        subjects: Vec<SubjectKey>,
        resolve: Resolve,
        shared: &mut SharedVerdicts,
        now: Timestamp,
    ) -> (Self, Vec<(SubjectKey, Timestamp)>) {
        let (mut by_subject, mut moments) = (Vec::with_capacity(subjects.len()), Vec::new());
        for subject in subjects {
            let (standing, next) = judged(world, &plan, &subject, resolve, shared, now);
            moments.extend(next.map(|next| (subject.clone(), next)));
            by_subject.extend(standing.map(|standing| (subject, standing)));
        }
        // Made at once, a map has no half-filled nodes.
        (Self { plan, by_subject: by_subject.into_iter().collect() }, moments)
    }

    /// Evaluates one subject, or forgets it where it is gone. The next moment at which its answer changes by itself.
    pub fn evaluate(
        &mut self,
        world: &World,
        subject: &SubjectKey,
        resolve: Resolve,
        shared: &mut SharedVerdicts,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let (standing, next) = judged(world, &self.plan, subject, resolve, shared, now);
        match standing {
            Some(standing) => drop(self.by_subject.insert(subject.clone(), standing)),
            None => drop(self.by_subject.remove(subject)),
        }
        next
    }

    /// Forgets a subject.
    pub fn forget(&mut self, subject: &SubjectKey) {
        self.by_subject.remove(subject);
    }

    /// The subjects that have verdicts.
    pub fn subjects(&self) -> impl Iterator<Item = &SubjectKey> {
        self.by_subject.keys()
    }
}

/// The verdicts on a subject, where there are any, and the next moment at which one changes by itself.
fn judged(
    world: &World,
    plan: &Plan,
    subject: &SubjectKey,
    resolve: Resolve,
    shared: &mut SharedVerdicts,
    now: Timestamp,
) -> (Option<Standing>, Option<Timestamp>) {
    let (mut open, mut closed, mut next) = (Vec::new(), std::mem::take(&mut shared.scratch), None);
    closed.clear();
    each_verdict(world, plan, subject, resolve, now, |index, verdict| {
        let Some(requirement) = plan.requirements.get(index) else { return };
        next = next.into_iter().chain(next_change(plan, requirement, subject, &verdict, now)).min();
        let Ok(requirement) = u32::try_from(index) else { return };
        if verdict.issues.is_empty() {
            closed.push(Closed { requirement, is_met: verdict.not_applicable.is_none() });
        } else {
            open.push(Open { requirement, verdict: shared.kept(verdict) });
        }
    });
    let is_judged = !open.is_empty() || !closed.is_empty();
    let standing =
        is_judged.then(|| Standing { open: open.into_boxed_slice(), closed: shared.kept_closed(&closed) });
    shared.scratch = closed;
    (standing, next)
}

impl Verdicts for Standings {
    fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    fn verdicts(&self) -> impl Iterator<Item = (&SubjectKey, &Requirement, &Verdict)> {
        let requirement = |index: usize| self.plan.requirements.get(index);
        self.by_subject.iter().flat_map(move |(subject, standing)| {
            standing
                .verdicts()
                .filter_map(move |(index, verdict)| Some((subject, requirement(index)?, verdict)))
        })
    }
}

impl Standing {
    /// In order of requirements.
    fn verdicts(&self) -> impl Iterator<Item = (usize, &Verdict)> {
        let open = self.open.iter().map(|open| (open.requirement as usize, open.verdict.as_ref()));
        let closed = self
            .closed
            .iter()
            .map(|closed| (closed.requirement as usize, if closed.is_met { &MET } else { &OUT_OF_SCOPE }));
        let (mut open, mut closed) = (open.peekable(), closed.peekable());
        std::iter::from_fn(move || match (open.peek(), closed.peek()) {
            (Some((first, _)), Some((second, _))) if second < first => closed.next(),
            (Some(_), _) => open.next(),
            (None, _) => closed.next(),
        })
    }
}
