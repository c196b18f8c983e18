//! Path "admission": an AdmissionReview's bytes, read and decided on. What is found worse must be exactly the difference of
//! two worlds that were built from files: one without the request, one with it. Computed here anew, over every subject
//! of every tenant, so that a subject which the decision does not look at shows.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};
use surety::{
    admission::decide::{self, CannotTell, Decision, Outcome, Violation},
    api::{Enforcement, OnUnknown},
    core::{
        facts::{Change, Fact, Kind, Name, ObjectKey, Selection, Source, Unknown},
        integrity, intent,
        judge::{Judgement, judge},
        plan::{Demander, Origin, Plan, Requirement},
        subject::SubjectKey,
        transition::{Act, Transition, Trusted},
        verdict::{Issue, Problem, State, Verdict},
        world::World,
    },
    decode, index, serve,
};

use super::{
    files,
    generate::{ENGINE_USER, SURETY_USER},
    random::Random,
    reach::Reached,
    scenario::{Disagreement, Request, Scenario, Seen},
    watch::write_any,
};

/// Judges a request by both ways. `world` is what the watch has brought, `files` what files show.
pub(super) fn check(
    scenario: &Scenario,
    request: &Request,
    world: &World,
    files: &[Change],
    reached: &mut Reached,
) -> Result<(), Disagreement> {
    let body = review_of(scenario, request);
    let review = decode::review(&body).map_err(|error| Disagreement::new("review", error.to_string()))?;
    let read = |value: &Option<Value>| {
        let value = value.as_ref().filter(|_| request.kind != Kind::DeleteBackupRequest);
        value.map(|value| files::change_of(request.kind, value)).transpose()
    };
    let (old, new) = (read(&request.old)?, read(&request.new)?);
    let is_unreadable =
        [&old, &new].into_iter().flatten().any(|change| matches!(change, Change::Unreadable(..)));
    let act = match serve::act_of(&review) {
        Err(_) if is_unreadable => {
            *reached.outcomes.entry("unreadable").or_default() += 1;
            return Ok(());
        }
        Err(error) => return Err(Disagreement::new("review that files can read", error)),
        Ok(act) if is_unreadable => {
            return Err(Disagreement::new("review that files cannot read", format!("{act:?}")));
        }
        Ok(None) => return Err(Disagreement::new("review without an act", format!("{:?}", request.kind))),
        Ok(Some(act)) => act,
    };
    same_facts(&act, old.as_ref(), new.as_ref())?;
    let trusted = Trusted { surety: Name::from(SURETY_USER), engines: vec![Name::from(ENGINE_USER)] };
    let decision = decide::decide(&as_seen(world, request, &act), &act, &trusted, scenario.now);
    note(&decision, reached);
    let has_fact = request.kind != Kind::DeleteBackupRequest;
    let before = if has_fact { files::with(files, &act.key, old) } else { files.to_vec() };
    let after = if has_fact { files::with(&before, &act.key, new) } else { files.to_vec() };
    let worlds = Worlds {
        before: files::world_of(scenario, &before),
        before_alone: files::world_of(scenario, &alone(&before)),
        after: files::world_of(scenario, &after),
    };
    let expected = Expected::of(&worlds, &act, &trusted, scenario.now);
    expected.compare(&decision).map_err(|text| {
        Disagreement::new(
            "admission",
            format!("{text}\nact: {act:#?}\ndecision: {decision:#?}\nexpected: {expected:#?}"),
        )
    })
}

fn note(decision: &Decision, reached: &mut Reached) {
    let (outcome, violations): (_, &[Violation]) = match &decision.outcome {
        Outcome::Admitted => ("admitted", &[]),
        Outcome::Refused(violations) => ("refused", violations),
        Outcome::CannotTell(_) => ("cannot tell", &[]),
    };
    *reached.outcomes.entry(outcome).or_default() += 1;
    for violation in violations.iter().chain(&decision.warned) {
        *reached.violated.entry(violation.control.clone()).or_default() += 1;
    }
}

fn review_of(scenario: &Scenario, request: &Request) -> Vec<u8> {
    let resource = request.kind.resource();
    let newest = request.new.as_ref().or(request.old.as_ref()).expect("a request is about something");
    let text = |field: &str| newest["metadata"][field].as_str().unwrap_or_default().to_owned();
    let operation = match (&request.old, &request.new) {
        (None, _) => "CREATE",
        (Some(_), Some(_)) => "UPDATE",
        (Some(_), None) => "DELETE",
    };
    let mut random = Random::of(scenario.seed, "review");
    // Each object of a deleted collection comes without a name.
    let name = if operation == "DELETE" && random.chance(30) { String::new() } else { text("name") };
    let namespace = if request.kind == Kind::Namespace { text("name") } else { text("namespace") };
    let kind = json!({"group": resource.group, "version": resource.version, "kind": resource.kind});
    let resource = json!({"group": resource.group, "version": resource.version, "resource": resource.plural});
    let mut body = json!({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {
        "uid": "5f6f0c3e-0000-4000-8000-000000000001", "kind": kind, "resource": resource, "requestKind": kind,
        "requestResource": resource, "name": name, "namespace": namespace, "operation": operation,
        "userInfo": {"username": request.user, "uid": "u", "groups": request.groups, "extra": {"a": ["b"]}},
        "object": request.new, "oldObject": request.old, "dryRun": false,
        "options": {"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1"},
    }});
    if let Some(propagation) = request.propagation {
        body["request"]["options"]["propagationPolicy"] = json!(propagation);
    }
    let mut bytes = Vec::new();
    write_any(&mut random, &body, &mut bytes);
    bytes
}

fn same_facts(act: &Act, old: Option<&Change>, new: Option<&Change>) -> Result<(), Disagreement> {
    for (in_review, in_file) in [(&act.old, old), (&act.new, new)] {
        let in_file = in_file.and_then(|change| match change {
            Change::Apply(fact) => Some(fact),
            _ => None,
        });
        if in_review.as_ref() != in_file {
            let text = format!("review: {in_review:#?}\nfile: {in_file:#?}");
            return Err(Disagreement::new("facts of a review", text));
        }
    }
    Ok(())
}

/// The world of the watch, with the request's object as the index has it.
fn as_seen(world: &World, request: &Request, act: &Act) -> World {
    let mut world = world.clone();
    if request.kind == Kind::DeleteBackupRequest {
        return world;
    }
    let fact = match request.seen {
        Seen::Truth => act.old.clone(),
        Seen::Nothing => None,
        Seen::Future => act.new.clone(),
    };
    let change = fact.map_or_else(|| Change::Delete(act.key.clone()), Change::Apply);
    index::apply(&mut world, change);
    world
}

/// The same changes with no workload owned by another: then each is judged by all that stands in it.
fn alone(changes: &[Change]) -> Vec<Change> {
    let mut changes = changes.to_vec();
    for change in &mut changes {
        if let Change::Apply(Fact::Workload(workload)) = change {
            workload.meta.owner_references = std::sync::Arc::from([]);
        }
    }
    changes
}

struct Worlds {
    before: World,
    before_alone: World,
    after: World,
}

/// Whether a subject is another namespace than the one that a request is about. What its rules say of that one was
/// declared before, by others: no request is held to it.
fn is_only_reached(act: &Act, subject: &SubjectKey) -> bool {
    let is_other = |key: &ObjectKey| key.kind == Kind::Namespace && *key != act.key;
    act.key.kind == Kind::Namespace && matches!(subject, SubjectKey::Object(key) if is_other(key))
}

/// One thing that is found worse.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    control: String,
    /// None for the request's own object.
    subject: Option<String>,
    field: String,
    container: Option<Name>,
    found: String,
    enforcement: Enforcement,
}

impl Finding {
    fn of(violation: &Violation) -> Self {
        Self {
            control: violation.control.clone(),
            subject: violation.subject.clone(),
            field: violation.issue.field.clone(),
            container: violation.issue.container.clone(),
            found: violation.issue.found.clone(),
            enforcement: violation.enforcement,
        }
    }

    fn new(control: &str, subject: Option<String>, issue: &Issue, enforcement: Enforcement) -> Self {
        Self {
            control: control.to_owned(),
            subject,
            field: issue.field.clone(),
            container: issue.container.clone(),
            found: issue.found.clone(),
            enforcement,
        }
    }
}

#[derive(Debug, Default)]
struct Expected {
    worse: Vec<Finding>,
    /// Fails as before, on the request's own object: a warning.
    failing_itself: Vec<Finding>,
    /// Fails as before anywhere, or cannot be told: what of it is touched is said.
    standing: BTreeSet<Finding>,
    cannot_tell: bool,
    /// Sources that controls read and do not declare.
    undeclared: BTreeSet<String>,
}

/// What an engine says of its own schedules, runs, copies and locations is not refused for what it tells.
fn is_news_of_an_engine(transition: &Transition<'_>) -> bool {
    const NEWS: [Kind; 5] = [
        Kind::VeleroSchedule,
        Kind::VeleroBackup,
        Kind::PodVolumeBackup,
        Kind::DataUpload,
        Kind::BackupStorageLocation,
    ];
    NEWS.contains(&transition.act.key.kind) && transition.is_by_engine() && !transition.is_deletion()
}

impl Expected {
    fn of(worlds: &Worlds, act: &Act, trusted: &Trusted, now: Timestamp) -> Self {
        let transition = Transition { before: &worlds.before, after: &worlds.after, act, trusted, now };
        let mut expected = Self::default();
        for issue in integrity::broken_by(&transition) {
            expected.worse.push(Finding::new("", None, &issue, Enforcement::Deny));
        }
        expected.acts(&transition);
        if act.key.kind.is_declaration() {
            for objection in intent::objections(&transition) {
                let finding = Finding::new(objection.control, None, &objection.issue, objection.enforcement);
                expected.worse.push(finding);
            }
        } else if act.key.kind != Kind::DeleteBackupRequest && !is_news_of_an_engine(&transition) {
            expected.difference(worlds, act, now);
        }
        expected
    }

    fn acts(&mut self, transition: &Transition<'_>) {
        if transition.is_by_surety() {
            return;
        }
        let tenants = tenants_concerned(transition);
        for control in transition.before.controls() {
            for issue in (control.transition)(transition) {
                let plans = tenants.iter().filter_map(|tenant| transition.before.plan(tenant));
                let uses: Vec<(&Plan, &Requirement)> = plans
                    .flat_map(|plan| plan.requirements.iter().map(move |requirement| (&**plan, requirement)))
                    .filter(|(_, requirement)| requirement.control == *control)
                    .collect();
                let subject = SubjectKey::Object(transition.act.key.clone());
                // What names those whose promise it breaks is theirs to answer; else it is everybody's.
                let names = |origin: &Origin| issue.demanders.contains(&origin.demander.to_string());
                let names_any = uses.iter().any(|(_, requirement)| requirement.origins.iter().any(names));
                let strictness = uses.iter().filter_map(|(plan, requirement)| {
                    let origins = requirement.origins.iter().filter(|origin| !names_any || names(origin));
                    strictest(plan, requirement, origins, &subject, transition.now)
                });
                let enforcement = if uses.is_empty() { Some(Enforcement::Deny) } else { strictness.max() };
                if let Some(enforcement) = enforcement {
                    self.worse.push(Finding::new(control.id, None, &issue, enforcement));
                }
            }
        }
    }

    fn difference(&mut self, worlds: &Worlds, act: &Act, now: Timestamp) {
        for tenant in worlds.after.tenants() {
            let Some(plan) = worlds.after.plan(&tenant.name) else { continue };
            let mut subjects: BTreeSet<SubjectKey> =
                index::subjects_of(&worlds.after, plan).into_iter().collect();
            // A recovery point is of those whom it takes in, wherever its engine lives.
            let place = SubjectKey::Object(act.key.clone()).namespace().cloned();
            let place = place.filter(|_| act.key.kind != Kind::VeleroBackup);
            if place.is_some_and(|place| worlds.after.owner_of(&place) == Some(&tenant.name)) {
                subjects.insert(act.key.clone().into());
            }
            for subject in subjects.iter().filter(|subject| !is_only_reached(act, subject)) {
                self.subject_difference(worlds, act, plan, subject, now);
            }
        }
    }

    fn subject_difference(
        &mut self,
        worlds: &Worlds,
        act: &Act,
        plan: &Plan,
        subject: &SubjectKey,
        now: Timestamp,
    ) {
        let Some(class) = subject.class() else { return };
        let of_class =
            plan.requirements.iter().filter(|requirement| requirement.control.subjects.contains(&class));
        for requirement in of_class {
            let Some(after) = judged(&worlds.after, plan, requirement, subject, now) else { continue };
            self.note_reads(requirement, &after);
            let was_its = was_its(&worlds.before, &worlds.after, plan, subject);
            let before = judged(&worlds.before_alone, plan, requirement, subject, now).filter(|_| was_its);
            let (before, after) = (before.map(|before| before.verdict), after.verdict);
            self.compare_verdicts(act, (plan, requirement, subject), before.as_ref(), &after, now);
        }
    }

    /// A control reads what it declares, and the judge the environment of a namespace.
    fn note_reads(&mut self, requirement: &Requirement, judgement: &Judgement) {
        let control = requirement.control;
        let excess = judgement
            .reads
            .iter()
            .filter(|source| !control.reads.contains(*source) && *source != Source::Namespaces);
        self.undeclared.extend(excess.map(|source| format!("{} reads {source}", control.id)));
    }

    fn compare_verdicts(
        &mut self,
        act: &Act,
        (plan, requirement, subject): (&Plan, &Requirement, &SubjectKey),
        before: Option<&Verdict>,
        after: &Verdict,
        now: Timestamp,
    ) {
        let was_so = |issue: &Issue, state: State| {
            let issues = before.into_iter().flat_map(|verdict| &verdict.issues);
            issues.clone().any(|old| {
                old.state(now) == state && old.field == issue.field && old.container == issue.container
            })
        };
        let Some(strictness) = strictness(plan, requirement, subject, now) else { return };
        let is_own = *subject == SubjectKey::Object(act.key.clone());
        let named = (!is_own).then(|| subject.to_string());
        let finding = |issue: &Issue, enforcement| {
            Finding::new(requirement.control.id, named.clone(), issue, enforcement)
        };
        // What was there and is waited for again was taken away.
        let was_supplied = |issue: &Issue| {
            before.is_some_and(|before| {
                before.not_applicable.is_none()
                    && !before
                        .issues
                        .iter()
                        .any(|old| (&old.field, &old.container) == (&issue.field, &issue.container))
            })
        };
        for issue in &after.issues {
            match (&issue.problem, issue.state(now)) {
                (_, State::Pending) if was_supplied(issue) => self.worse.push(finding(issue, strictness)),
                (_, State::Fail) if was_so(issue, State::Fail) => {
                    let finding = finding(issue, strictness);
                    if is_own && strictness > Enforcement::Audit {
                        self.failing_itself.push(finding.clone());
                    }
                    self.standing.insert(finding);
                }
                (_, State::Fail) => self.worse.push(finding(issue, strictness)),
                (Problem::Unknown(Unknown::Undecidable(_)), _) if !was_so(issue, State::Error) => {
                    let answer = plan.effective.on_unknown(requirement.control.upheld_by);
                    let ceiling =
                        if answer == OnUnknown::Deny { Enforcement::Deny } else { Enforcement::Warn };
                    self.worse.push(finding(issue, strictness.min(ceiling)));
                }
                (Problem::Unknown(Unknown::NotKnown(why)), _) => {
                    if why.source().is_required() && strictness == Enforcement::Deny {
                        // It counts only where the request touches the subject, which is for the decision to say.
                        self.cannot_tell |= is_own;
                    } else {
                        let finding = finding(issue, strictness.min(Enforcement::Warn));
                        if is_own {
                            self.worse.push(finding);
                        } else {
                            self.standing.insert(finding);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn compare(&self, decision: &Decision) -> Result<(), String> {
        let refused = match &decision.outcome {
            Outcome::Refused(violations) => findings(violations),
            _ => BTreeSet::new(),
        };
        same("refused", &self.answered(Enforcement::Deny), &refused)?;
        let mut audited = findings(&decision.audited);
        let wanted = self.answered(Enforcement::Audit);
        audited.retain(|found| wanted.contains(found) || !self.standing.contains(found));
        same("audited", &wanted, &audited)?;
        self.compare_warnings(&findings(&decision.warned))?;
        let ignorant = matches!(decision.outcome, Outcome::CannotTell(CannotTell::Ignorant(_)));
        if self.cannot_tell && refused.is_empty() && !ignorant {
            return Err("the answer is given although a required source cannot be trusted".to_owned());
        }
        if let Some(undeclared) = self.undeclared.first() {
            return Err(undeclared.clone());
        }
        if matches!(decision.outcome, Outcome::CannotTell(CannotTell::TooLarge)) {
            return Err("a small world is too large".to_owned());
        }
        Ok(())
    }

    /// New warnings exactly; beside them what fails as before: on the object itself all, elsewhere what is touched.
    fn compare_warnings(&self, warned: &BTreeSet<Finding>) -> Result<(), String> {
        let mut wanted = self.answered(Enforcement::Warn);
        wanted.extend(self.failing_itself.iter().cloned());
        let touched = warned.iter().filter(|found| self.standing.contains(found));
        wanted.extend(touched.cloned());
        same("warned", &wanted, warned)
    }

    fn answered(&self, enforcement: Enforcement) -> BTreeSet<Finding> {
        self.worse.iter().filter(|finding| finding.enforcement == enforcement).cloned().collect()
    }
}

/// What two uses of a control say alike is said once.
fn findings(violations: &[Violation]) -> BTreeSet<Finding> {
    violations.iter().map(Finding::of).collect()
}

fn same(what: &str, expected: &BTreeSet<Finding>, found: &BTreeSet<Finding>) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    let missing: Vec<_> = expected.difference(found).collect();
    let excess: Vec<_> = found.difference(expected).collect();
    Err(format!("{what}: missing {missing:#?}, in excess {excess:#?}"))
}

fn judged(
    world: &World,
    plan: &Plan,
    requirement: &Requirement,
    subject: &SubjectKey,
    now: Timestamp,
) -> Option<Judgement> {
    let subject = index::resolve(world, plan, subject)?;
    Some(judge(world, plan, requirement, &subject, now))
}

/// Whether a volume or recovery point was already about one of the namespaces that are the tenant's; everything else is
/// where it lies.
fn was_its(before: &World, after: &World, plan: &Plan, subject: &SubjectKey) -> bool {
    let SubjectKey::Object(key) = subject else { return true };
    let mut held = after.namespaces_of(&plan.tenant.name);
    match key.kind {
        Kind::PersistentVolume => before.volume(&key.name).is_some_and(|volume| {
            let place = volume.claim.as_ref().map(|claim| &claim.namespace);
            held.any(|name| Some(name) == place)
        }),
        Kind::VeleroBackup => {
            before.point(key).is_some_and(|point| held.any(|name| point.selection.takes_in(name)))
        }
        _ => true,
    }
}

/// How strictly a breach is answered: by the strictest of those who demand it and have not waived it.
fn strictness(
    plan: &Plan,
    requirement: &Requirement,
    subject: &SubjectKey,
    now: Timestamp,
) -> Option<Enforcement> {
    strictest(plan, requirement, requirement.origins.iter(), subject, now)
}

fn strictest<'o>(
    plan: &Plan,
    requirement: &Requirement,
    origins: impl Iterator<Item = &'o Origin>,
    subject: &SubjectKey,
    now: Timestamp,
) -> Option<Enforcement> {
    let standing = origins.filter(|origin| {
        !plan.waivers.iter().any(|waiver| {
            let spec = &waiver.spec;
            let is_about = match (&spec.control, &spec.commitment, &origin.demander) {
                (Some(control), ..) if *control == requirement.control.id => true,
                (_, Some(of), Demander::Commitment { profile, id }) => {
                    of.profile == **profile && of.id == **id
                }
                _ => false,
            };
            let scope = &spec.scope;
            let matches = |wanted: &Option<String>, found: Option<String>| {
                wanted.as_ref().is_none_or(|wanted| Some(wanted) == found.as_ref())
            };
            now < spec.expires_at
                && is_about
                && matches(&scope.namespace, subject.namespace().map(ToString::to_string))
                && matches(&scope.kind, Some(subject.kind_name().to_owned()))
                && matches(&scope.name, Some(subject.name().to_string()))
        })
    });
    standing.map(|origin| origin.enforcement).max()
}

/// Whose tenants an act is about.
fn tenants_concerned(transition: &Transition<'_>) -> BTreeSet<Name> {
    let (act, world) = (transition.act, transition.before);
    if act.key.kind == Kind::Tenant {
        return BTreeSet::from([act.key.name.clone()]);
    }
    let mut named: BTreeSet<&Name> = act.key.namespace.iter().collect();
    if act.key.kind == Kind::Namespace {
        named.insert(&act.key.name);
    }
    let mut selections: Vec<&Selection> = Vec::new();
    for fact in [&act.old, &act.new].into_iter().flatten() {
        match fact {
            Fact::PersistentVolume(volume) => named.extend(volume.claim.iter().map(|claim| &claim.namespace)),
            Fact::VolumeCopy(copy) => drop(named.insert(&copy.claim_namespace)),
            Fact::Schedule(schedule) => selections.push(&schedule.selection),
            Fact::RecoveryPoint(point) => selections.push(&point.selection),
            Fact::Location(location) => {
                let beside = world.schedules().filter(|schedule| schedule.namespace == location.namespace);
                selections.extend(beside.map(|schedule| &schedule.selection));
                let beside = world.points().filter(|point| point.namespace == location.namespace);
                selections.extend(beside.map(|point| &point.selection));
            }
            _ => {}
        }
    }
    let requested = act.requested_deletion.as_ref().and_then(|key| world.point(key));
    selections.extend(requested.map(|point| &point.selection));
    let is_meant =
        |name: &Name| named.contains(name) || selections.iter().any(|selection| selection.takes_in(name));
    let meant = world.namespaces().map(|namespace| &namespace.name).filter(|name| is_meant(name));
    meant.filter_map(|name| world.owner_of(name)).cloned().collect()
}
