//! What the controller keeps of one tenant's verdicts: whole where something stands between a subject and Pass, and
//! elsewhere only which requirements are met. What a met requirement's evidence was is evaluated again where it is asked for.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::{
    evaluation::{Judged, Resolve, Verdicts, verdicts_on},
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
#[derive(Debug, Default)]
struct Standing {
    open: Box<[Judged]>,
    closed: Box<[Closed]>,
}

#[derive(Clone, Copy, Debug)]
struct Closed {
    requirement: u32,
    is_met: bool,
}

impl Standings {
    /// Nothing is judged yet.
    pub const fn new(plan: Arc<Plan>) -> Self {
        Self { plan, by_subject: BTreeMap::new() }
    }

    /// Evaluates one subject, or forgets it where it is gone. The next moment at which its answer changes by itself.
    pub fn evaluate(
        &mut self,
        world: &World,
        subject: &SubjectKey,
        resolve: Resolve,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let verdicts = verdicts_on(world, &self.plan, subject, resolve, now);
        let moments = verdicts.iter().filter_map(|judged| {
            let requirement = self.plan.requirements.get(judged.requirement)?;
            next_change(&self.plan, requirement, subject, &judged.verdict, now)
        });
        let next = moments.min();
        if verdicts.is_empty() {
            self.by_subject.remove(subject);
        } else {
            self.by_subject.insert(subject.clone(), Standing::of(verdicts));
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
    fn of(verdicts: Vec<Judged>) -> Self {
        let (closed, open): (Vec<Judged>, Vec<Judged>) =
            verdicts.into_iter().partition(|judged| judged.verdict.issues.is_empty());
        let closed = closed.iter().filter_map(|judged| {
            let requirement = u32::try_from(judged.requirement).ok()?;
            Some(Closed { requirement, is_met: judged.verdict.not_applicable.is_none() })
        });
        Self { open: open.into_boxed_slice(), closed: closed.collect() }
    }

    /// In order of requirements.
    fn verdicts(&self) -> impl Iterator<Item = (usize, &Verdict)> {
        let open = self.open.iter().map(|judged| (judged.requirement, &judged.verdict));
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
