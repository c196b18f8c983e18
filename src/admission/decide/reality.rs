//! Requests on reality: the verdicts of what a request touches, before and after; and acts that are judged as such.

use std::collections::BTreeSet;

use super::{CannotTell, Findings, SUBJECT_BOUND, Violation, compare::compare, is_own, ratchet};
use crate::{
    api::{Enforcement, OnUnknown},
    core::{
        control::Control,
        facts::{Change, Fact, Kind, Name, ObjectKey, Source, Unknown},
        judge::{judge, judge_alone},
        plan::{Origin, Plan, Requirement},
        subject::SubjectKey,
        transition::Transition,
        verdict::{Issue, Problem, Verdict},
        waiver,
        world::World,
    },
    index::{self, TouchedSubject},
};

/// Judges every subject that the change touches, in both worlds.
pub(super) fn difference(transition: &Transition<'_>, change: &Change, findings: &mut Findings) {
    if is_news_of_an_engine(transition) {
        return;
    }
    let touched = index::touched(transition.before, transition.after, change, SUBJECT_BOUND);
    if touched.is_cut_short {
        findings.cannot_tell = Some(CannotTell::TooLarge);
        return;
    }
    for touched in &touched.subjects {
        subject_difference(transition, touched, findings);
    }
}

/// Whether an engine writes what backup engines keep. A run that failed has failed: to refuse the engine's word for it would
/// mend nothing, hide it, and keep the engine from going on.
fn is_news_of_an_engine(transition: &Transition<'_>) -> bool {
    let is_of_a_run = matches!(
        transition.act.key.kind.source(),
        Some(
            Source::VeleroSchedules
                | Source::VeleroBackups
                | Source::VeleroVolumeCopies
                | Source::VeleroLocations
        )
    );
    is_of_a_run && transition.is_by_engine() && !transition.is_deletion()
}

fn subject_difference(transition: &Transition<'_>, touched: &TouchedSubject, findings: &mut Findings) {
    let Some(plan) = transition.after.plan(&touched.tenant) else { return };
    let Some(class) = touched.subject.class() else { return };
    let is_own = touched.subject == SubjectKey::Object(transition.act.key.clone());
    let stands_alone = index::is_subject(transition.after, &touched.subject);
    // What is part of a controller is judged with it, unless it is what the request is about.
    if !(is_own || stands_alone) || !index::is_of_tenant(transition.after, &touched.tenant, &touched.subject)
    {
        return;
    }
    let Some(subject) = index::resolve(transition.after, plan, &touched.subject) else { return };
    for requirement in
        plan.requirements.iter().filter(|requirement| requirement.control.subjects.contains(&class))
    {
        let after = judge(transition.after, plan, requirement, &subject, transition.now).verdict;
        if after.issues.is_empty() {
            continue;
        }
        let before = verdict_before(transition, touched, requirement);
        let site = Site { transition, plan, requirement, subject: &touched.subject };
        site.judge(before.as_ref(), &after, findings);
    }
}

/// What stood in it before the request, whoever owned it then. None for a volume that was nobody's, or another's: it
/// comes in new, however long it has been there.
fn verdict_before(
    transition: &Transition<'_>,
    touched: &TouchedSubject,
    requirement: &Requirement,
) -> Option<Verdict> {
    let TouchedSubject { tenant, subject } = touched;
    let world = transition.before;
    let plan = world.plan(tenant)?;
    if !index::refers_to_tenant(world, subject, tenant, transition.after) {
        return None;
    }
    let subject = index::resolve(world, plan, subject)?;
    Some(judge_alone(world, plan, requirement, &subject, transition.now).verdict)
}

/// One requirement on one subject of one tenant.
struct Site<'a> {
    transition: &'a Transition<'a>,
    plan: &'a Plan,
    requirement: &'a Requirement,
    subject: &'a SubjectKey,
}

impl Site<'_> {
    fn judge(&self, before: Option<&Verdict>, after: &Verdict, findings: &mut Findings) {
        let compared = compare(before, after, self.transition.now);
        for issue in compared.newly_failing {
            findings.add(self.violation(issue));
        }
        for issue in compared.still_failing {
            self.failing_as_before(issue, findings);
        }
        for issue in compared.newly_unknown {
            self.unknown(issue, findings);
        }
    }

    /// Let through with a warning where it would have been refused; from its date on refused where the request changes it.
    fn failing_as_before(&self, issue: &Issue, findings: &mut Findings) {
        let (subject, now) = (self.subject, self.transition.now);
        let from = self.requirement.deny_existing_from(|origin| {
            waiver::accepting(self.plan, self.requirement.control.id, &origin.demander, subject, now)
                .is_none()
        });
        let told = from.map_or_else(|| issue.clone(), |(from, by)| ratchet::dated(issue, from, by, now));
        let Some(violation) = self.violation(&told).filter(|told| told.enforcement > Enforcement::Audit)
        else {
            return;
        };
        let is_over = from.is_some_and(|(from, _)| from <= now);
        if is_over && ratchet::is_touched(self.transition, subject, issue) {
            findings.add([violation]);
        } else {
            findings.add_already_failing([violation]);
        }
    }

    fn unknown(&self, issue: &Issue, findings: &mut Findings) {
        let Problem::Unknown(why) = &issue.problem else { return };
        let Some(violation) = self.violation(issue) else { return };
        let ceiling = match why {
            Unknown::Undecidable(_) => {
                match self.plan.effective.on_unknown(self.requirement.control.upheld_by) {
                    OnUnknown::Deny => Enforcement::Deny,
                    OnUnknown::Warn => Enforcement::Warn,
                }
            }
            Unknown::NotKnown(ignorance) if ignorance.source().is_required() => {
                if violation.enforcement == Enforcement::Deny {
                    findings.cannot_tell.get_or_insert(CannotTell::Ignorant(ignorance.clone()));
                    return;
                }
                Enforcement::Warn
            }
            Unknown::NotKnown(_) => Enforcement::Warn,
        };
        let enforcement = violation.enforcement.min(ceiling);
        findings.add([Violation { enforcement, ..violation }]);
    }

    /// The violation for those who demand it and have not waived it; none where all have.
    fn violation(&self, issue: &Issue) -> Option<Violation> {
        let subject = match self.subject {
            SubjectKey::Object(key) if is_own(self.transition.act, key) => None,
            other => Some(other.to_string()),
        };
        let all = |_: &Origin| true;
        demanded(self.plan, self.requirement, self.subject, self.transition, all).map(|demanded| Violation {
            subject,
            issue: issue.clone(),
            ..demanded
        })
    }
}

/// Who of those meant demands a requirement and has not waived it, as a violation without its issue; the strictest
/// enforcement counts.
fn demanded(
    plan: &Plan,
    requirement: &Requirement,
    subject: &SubjectKey,
    transition: &Transition<'_>,
    is_meant: impl Fn(&Origin) -> bool,
) -> Option<Violation> {
    let control = requirement.control.id;
    let standing = requirement.origins.iter().filter(|origin| is_meant(origin)).filter(|origin| {
        waiver::accepting(plan, control, &origin.demander, subject, transition.now).is_none()
    });
    let standing: Vec<_> = standing.collect();
    let enforcement = standing.iter().map(|origin| origin.enforcement).max()?;
    let promise = standing.iter().find(|origin| !origin.promise.is_empty());
    Some(Violation {
        control: control.to_owned(),
        breaks: standing.iter().map(|origin| origin.demander.to_string()).collect(),
        promise: promise.map(|origin| origin.promise.to_string()).unwrap_or_default(),
        subject: None,
        issue: Issue::fail("", "", "", ""),
        enforcement,
        is_waivable: true,
    })
}

/// Acts that break a promise whatever the world after them looks like.
pub(super) fn acts(transition: &Transition<'_>, findings: &mut Findings) {
    if transition.is_by_surety() {
        return;
    }
    for control in transition.before.controls() {
        let issues = (control.transition)(transition);
        if issues.is_empty() {
            continue;
        }
        let tenants = tenants_concerned(transition);
        findings
            .add(issues.into_iter().filter_map(|issue| act_violation(transition, control, &tenants, issue)));
    }
}

/// An act is answered as strictly as the strictest of those demands the control whose promise or policy it breaks, over
/// all tenants concerned. Where none demands it, the control guards Surety's own ground and refuses.
fn act_violation(
    transition: &Transition<'_>,
    control: &'static Control,
    tenants: &BTreeSet<Name>,
    issue: Issue,
) -> Option<Violation> {
    let subject = SubjectKey::Object(transition.act.key.clone());
    let plans = tenants.iter().filter_map(|tenant| transition.before.plan(tenant));
    let uses: Vec<(&Plan, &Requirement)> = plans
        .flat_map(|plan| plan.requirements.iter().map(move |requirement| (plan.as_ref(), requirement)))
        .filter(|(_, requirement)| requirement.control == control)
        .collect();
    if uses.is_empty() {
        let ground = Violation::of_the_ground(issue);
        return Some(Violation { control: control.id.to_owned(), ..ground });
    }
    let names = |origin: &Origin| issue.demanders.contains(&origin.demander.to_string());
    // An issue that names nobody who demands the control is everybody's: nothing passes on doubt.
    let names_none = !uses.iter().any(|(_, requirement)| requirement.origins.iter().any(names));
    let standing = uses.into_iter().filter_map(|(plan, requirement)| {
        demanded(plan, requirement, &subject, transition, |origin| names_none || names(origin))
    });
    let together = standing.reduce(together)?;
    Some(Violation { issue, ..together })
}

/// One violation of what two demand; the strictest enforcement counts, and its promise is told.
fn together(one: Violation, other: Violation) -> Violation {
    let (mut strict, mild) = if other.enforcement > one.enforcement { (other, one) } else { (one, other) };
    let further: Vec<String> =
        mild.breaks.into_iter().filter(|demander| !strict.breaks.contains(demander)).collect();
    strict.breaks.extend(further);
    if strict.promise.is_empty() {
        strict.promise = mild.promise;
    }
    strict
}

/// The tenants that an act concerns: of its namespace, of the claim that its volume is bound to, of the namespaces that
/// its recovery point or schedule takes in.
fn tenants_concerned(transition: &Transition<'_>) -> BTreeSet<Name> {
    let (act, world) = (transition.act, transition.before);
    let mut namespaces: Vec<Name> = act.key.namespace.iter().cloned().collect();
    match act.key.kind {
        Kind::Tenant => return [act.key.name.clone()].into(),
        Kind::Namespace => namespaces.push(act.key.name.clone()),
        _ => {}
    }
    namespaces.extend([&act.old, &act.new].into_iter().flatten().flat_map(|fact| namespaces_of(world, fact)));
    namespaces.extend(act.requested_deletion.iter().flat_map(|point| namespaces_of_point(world, point)));
    namespaces.iter().filter_map(|namespace| world.owner_of(namespace)).cloned().collect()
}

fn namespaces_of(world: &World, fact: &Fact) -> Vec<Name> {
    match fact {
        Fact::PersistentVolume(volume) => volume.claim.iter().map(|claim| claim.namespace.clone()).collect(),
        Fact::Schedule(schedule) => claimed_by(world, &schedule.selection),
        Fact::RecoveryPoint(point) => claimed_by(world, &point.selection),
        Fact::VolumeCopy(copy) => vec![copy.claim_namespace.clone()],
        Fact::Location(location) => {
            let schedules = world.schedules().map(|schedule| (&schedule.namespace, &schedule.selection));
            let points = world.points().map(|point| (&point.namespace, &point.selection));
            let here = schedules.chain(points).filter(|(place, _)| **place == location.namespace);
            here.flat_map(|(_, selection)| claimed_by(world, selection)).collect()
        }
        _ => Vec::new(),
    }
}

fn namespaces_of_point(world: &World, point: &ObjectKey) -> Vec<Name> {
    world.point(point).map_or_else(Vec::new, |point| claimed_by(world, &point.selection))
}

fn claimed_by(world: &World, selection: &crate::core::facts::Selection) -> Vec<Name> {
    match selection.literal_namespaces() {
        Some(names) => names.into_iter().filter(|namespace| selection.takes_in(namespace)).cloned().collect(),
        None => {
            world.claimed_namespaces().filter(|namespace| selection.takes_in(namespace)).cloned().collect()
        }
    }
}
