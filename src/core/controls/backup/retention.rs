//! `backup.retention`: no recovery point goes before `atLeast`, and none stays after `atMost` and its allowance.
//!
//! Both bounds are counted on the calendar from the start of the point's own run; of several the latest `atLeast` and the
//! earliest `atMost` count, at that date, and the message names the policy. An expiry that lies too early is a finding until
//! `atLeast` is reached (Velero sets it before the run starts, so a time to live of exactly `atLeast` is always short), one
//! that lies too late is a finding at once: both are known before anything is lost. A point that is still there after
//! `atMost` and the allowance is a finding whatever its expiry says, and so is one that the engine says it cannot delete.
//! Where an engine's own rule decides, nothing can be told until a bound has passed.
//!
//! `afterTermination: rotation`: once the tenant's contract has ended its points run out one by one, none stays beyond its
//! expiry by more than the allowance (a day where none is given).
//!
//! A schedule's time to live is judged when it is written: as a policy's bounds, and as an act on the engine's schedule.

mod acts;
mod time_to_live;

use jiff::{SignedDuration, Timestamp};

use super::engine::{self, field};
use crate::{
    api::{Severity, Span},
    core::{
        context::Context,
        control::{Control, Door, Guard, Operation},
        effective::{Effective, RetentionBounds, bounds_contradict, can_fall_short},
        facts::{Expiry, Fact, Kind, PointState, RecoveryPoint, Source, Sources, Unknown},
        parameters::Parameters,
        subject::{Subject, SubjectClass},
        transition::Transition,
        verdict::{Issue, Problem, Verdict},
    },
};

/// The control.
pub static CONTROL: Control = Control {
    id: "backup.retention",
    title: "Recovery points are neither deleted early nor kept too long",
    why: "A point deleted early cannot restore what it was promised to; one kept too long holds data that should be gone.",
    remediation: "Set the schedule's time to live between atLeast and atMost with its allowance, and see why the engine \
                  does not delete what has expired.",
    severity: Severity::High,
    subjects: &[SubjectClass::RecoveryPoint],
    reads: Sources::of(&[Source::Records, Source::Namespaces]),
    guards: &GUARDS,
    evaluate,
    demanded: Effective::recovery_point_retention,
    upheld_by: Some(Kind::BackupPolicy),
    weaker,
    transition,
};

static GUARDS: [Guard; 3] = [
    Guard {
        kind: Kind::VeleroBackup,
        door: Door::ProtectEngine,
        operations: &[Operation::Update, Operation::Delete],
    },
    Guard {
        kind: Kind::VeleroSchedule,
        door: Door::ProtectEngine,
        operations: &[Operation::Create, Operation::Update, Operation::Delete],
    },
    Guard { kind: Kind::DeleteBackupRequest, door: Door::ProtectEngine, operations: &[Operation::Create] },
];

fn evaluate(context: &Context<'_>, subject: &Subject<'_>) -> Verdict {
    let Subject::RecoveryPoint(point) = subject else { return Verdict::not_applicable("no recovery point") };
    if !engine::is_believed(context, &point.namespace) {
        return Verdict::not_applicable("it does not lie in the engine's namespace");
    }
    match point.state {
        PointState::Running => return Verdict::not_applicable("the run goes on"),
        PointState::Failed => return Verdict::not_applicable("the run failed"),
        PointState::Usable | PointState::Partial | PointState::Deleting | PointState::Unknown(_) => {}
    }
    let Some(taken_at) = point.taken_at else {
        let why = format!("{} has no start, so its age cannot be told", point.key());
        let issue =
            Issue::fail("status.startTimestamp", why.clone(), "the start of the run", "see the engine's log");
        return Verdict::issue(issue.with_problem(Problem::Unknown(Unknown::Undecidable(why))));
    };
    Judged { context, point, taken_at, bounds: RetentionBounds::of(context.parameters()) }.verdict()
}

/// A point that holds data, and what it is judged by.
struct Judged<'a> {
    context: &'a Context<'a>,
    point: &'a RecoveryPoint,
    taken_at: Timestamp,
    bounds: RetentionBounds,
}

impl Judged<'_> {
    fn verdict(&self) -> Verdict {
        let too_early = self.too_early();
        let kept = too_early.as_ref().and_then(|_| self.bounds.kept_until(self.taken_at));
        let moments = self.moments().chain(kept.map(|(until, _)| until));
        let issues: Vec<Issue> =
            [too_early, self.too_late(), self.after_termination()].into_iter().flatten().collect();
        let verdict = if issues.is_empty() {
            Verdict::pass(format!("taken at {:.0}, {}", self.taken_at, self.expiry()))
                .reading(self.wanted(), format!("{} {}", self.point.key(), field::EXPIRY))
        } else {
            Verdict::from_issues(issues)
        };
        moments.filter(|moment| *moment > self.context.now()).fold(verdict, Verdict::changing_at)
    }

    fn expiry(&self) -> String {
        match self.point.expiry {
            Expiry::At(expiry) => format!("expires at {expiry:.0}"),
            Expiry::ByRule => "expires by a rule of the engine".to_owned(),
            Expiry::Never => "never expires".to_owned(),
        }
    }

    fn wanted(&self) -> String {
        let kept = self.bounds.kept_until(self.taken_at);
        let kept = kept.map(|(until, span)| format!("kept until {until:.0} ({})", self.by("at least", span)));
        let gone = self.bounds.removal(self.taken_at);
        let gone = gone.map(|removal| {
            format!(
                "gone by {:.0} ({}, and the allowance)",
                removal.late_from,
                self.by("at most", removal.at_most)
            )
        });
        kept.into_iter().chain(gone).collect::<Vec<_>>().join(", ")
    }

    /// The bound in words, with the policy that gives it.
    fn by(&self, bound: &str, span: Span) -> String {
        let (at_least, at_most) = self.context.effective().recovery_point_bounds();
        let figures = if bound == "at least" { at_least } else { at_most };
        let source =
            figures.into_iter().filter(|figure| figure.value == span).map(|figure| figure.source).min();
        match source {
            Some(policy) => format!("{bound} {span}, {policy}"),
            None => format!("{bound} {span}"),
        }
    }

    /// The moments at which it is there too long.
    fn moments(&self) -> impl Iterator<Item = Timestamp> {
        let late = self.bounds.removal(self.taken_at).map(|removal| removal.late_from);
        let end = self.rotates().then(|| self.context.contract_end()).flatten();
        let overdue = self.rotates().then(|| self.overdue_from()).flatten();
        late.into_iter().chain(end).chain(overdue)
    }

    /// It goes before it may. Once it was kept long enough nothing of that can go wrong any more.
    fn too_early(&self) -> Option<Issue> {
        let (until, span) = self.bounds.kept_until(self.taken_at)?;
        if until <= self.context.now() {
            return None;
        }
        let wanted = format!("kept until {until:.0} ({})", self.by("at least", span));
        if self.point.state == PointState::Deleting {
            let fix = "stop the deletion if the engine still can, and see who asked for it";
            return Some(Issue::fail(field::STATE, "is being deleted", wanted, fix));
        }
        match self.point.expiry {
            Expiry::At(expiry) if expiry < until => {
                let found = format!("expires at {expiry:.0}");
                let issue = Issue::fail(field::EXPIRY, found, wanted, TOO_SHORT);
                Some(issue.since(self.taken_at))
            }
            Expiry::ByRule => Some(by_rule(wanted)),
            Expiry::At(_) | Expiry::Never => None,
        }
    }

    /// It stays, or is set to stay, longer than it may.
    fn too_late(&self) -> Option<Issue> {
        let removal = self.bounds.removal(self.taken_at)?;
        let wanted = format!(
            "gone by {:.0} ({}, and the allowance)",
            removal.late_from,
            self.by("at most", removal.at_most)
        );
        if removal.late_from <= self.context.now() {
            let issue = Issue::fail("", "it is still there", wanted, NOT_DELETED);
            return Some(issue.since(removal.late_from));
        }
        if let Some(issue) = self.deletion_failure(&wanted) {
            return Some(issue);
        }
        match self.point.expiry {
            Expiry::At(expiry) if expiry > removal.late_from => {
                let issue = Issue::fail(field::EXPIRY, format!("expires at {expiry:.0}"), wanted, TOO_LONG);
                Some(issue.since(self.taken_at))
            }
            Expiry::Never => Some(Issue::fail(field::EXPIRY, "never expires", wanted, TOO_LONG)),
            Expiry::ByRule => Some(by_rule(wanted)),
            Expiry::At(_) => None,
        }
    }

    fn deletion_failure(&self, wanted: &str) -> Option<Issue> {
        let why = self.point.deletion_failure.as_ref()?;
        let found = format!("the engine cannot delete it: {why}");
        Some(Issue::fail("metadata.labels", found, wanted, NOT_DELETED))
    }

    fn rotates(&self) -> bool {
        self.context.parameters().text("afterTermination").is_some_and(|text| *text == "rotation")
    }

    /// From when on a point that has expired should be gone.
    fn overdue_from(&self) -> Option<Timestamp> {
        const ALLOWANCE: SignedDuration = SignedDuration::from_hours(24);
        let Expiry::At(expiry) = self.point.expiry else { return None };
        let allowance = self.context.parameters().span("allowance").map_or(ALLOWANCE, Span::nominal);
        Some(expiry.checked_add(allowance).unwrap_or(Timestamp::MAX))
    }

    fn after_termination(&self) -> Option<Issue> {
        let end = self.context.contract_end().filter(|end| *end <= self.context.now())?;
        if !self.rotates() {
            return None;
        }
        let wanted = format!("gone when it expires, because the contract ended at {end:.0}");
        if let Some(issue) = self.deletion_failure(&wanted) {
            return Some(issue);
        }
        match (self.point.expiry, self.overdue_from()) {
            (Expiry::At(_), Some(overdue)) if overdue <= self.context.now() => {
                let found = format!("it is still there and {}", self.expiry());
                Some(Issue::fail(field::EXPIRY, found, wanted, NOT_DELETED).since(overdue.max(end)))
            }
            (Expiry::Never, _) => {
                Some(Issue::fail(field::EXPIRY, "never expires", wanted, TOO_LONG).since(end))
            }
            (Expiry::ByRule, _) => Some(by_rule(wanted)),
            (Expiry::At(_), _) => None,
        }
    }
}

fn by_rule(wanted: String) -> Issue {
    let why = "the engine deletes by a rule of its own, which this version does not read".to_owned();
    let fix = "give the point an expiry of its own";
    Issue::fail(field::EXPIRY, why.clone(), wanted, fix)
        .with_problem(Problem::Unknown(Unknown::Undecidable(why)))
}

const TOO_SHORT: &str = "raise the schedule's time to live: Velero sets the expiry before the run starts, so aim between \
                         atLeast and atMost with its allowance; and keep this point with a longer ttl";
const TOO_LONG: &str =
    "lower the schedule's time to live below atMost and its allowance, and delete this point when due";
const NOT_DELETED: &str = "see why the engine does not delete it (its log, and whether its location is writable), then \
                           ask it to with a DeleteBackupRequest";

/// A policy is weaker where it lets points go earlier or stay longer than promised. A bound that it leaves unset is
/// the promise's.
fn weaker(policy: &Fact, promised: &Parameters) -> Vec<Issue> {
    let Fact::BackupPolicy(policy) = policy else { return Vec::new() };
    let Some(own) = policy.spec.retention else { return Vec::new() };
    let (at_least, at_most) = (promised.span("atLeast"), promised.span("atMost"));
    let earlier = own.at_least.zip(at_least).filter(|(own, promised)| can_fall_short(*own, *promised));
    let earlier = earlier.map(|(own, promised)| {
        let fix = format!("set `spec.retention.atLeast` to {promised} or more");
        Issue::fail("spec.retention.atLeast", own.to_string(), format!("at least {promised}"), fix)
    });
    let later = own.at_most.zip(at_most).filter(|(own, promised)| can_fall_short(*promised, *own));
    let later = later.map(|(own, promised)| {
        let fix = format!("set `spec.retention.atMost` to {promised} or less");
        Issue::fail("spec.retention.atMost", own.to_string(), format!("at most {promised}"), fix)
    });
    let beyond = own.at_least.zip(at_most).filter(|(own, promised)| bounds_contradict(*own, *promised));
    let beyond = beyond.map(|(own, promised)| {
        let fix = format!("set `spec.retention.atLeast` to {promised} or less");
        let wanted = format!("no longer than the promised atMost {promised} and its allowance");
        Issue::fail("spec.retention.atLeast", own.to_string(), wanted, fix)
    });
    earlier.into_iter().chain(later).chain(beyond).collect()
}

fn transition(transition: &Transition<'_>) -> Vec<Issue> {
    [acts::judge(transition), time_to_live::judge(transition)].concat()
}

#[cfg(test)]
mod tests;
