//! From a review's bytes to an answer: reads, waits a moment for what is not yet seen, asks the decision, notes what was
//! admitted. The decision itself is `admission::decide`'s.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, watch};

use super::{
    notable::{self, Notable},
    tentative::Tentative,
};
use crate::{
    admission::{
        decide::{self, CannotTell, Decision, Outcome},
        http::Meter,
        wire::{Answer, Decider, Undecided},
    },
    api::keys,
    core::{
        control::Operation,
        facts::{Change, Fact, Kind, Name, ObjectKey},
        transition::{Act, Trusted},
        world::World,
    },
    decode::{self, Review},
    index::{self, Snapshots},
    watch::Clock,
};

/// How long a request waits for a namespace or owner that the watch has not brought yet.
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// Answers reviews.
pub struct Gatekeeper {
    /// The newest world.
    pub snapshots: Snapshots,
    /// Told at each publication.
    pub published: watch::Receiver<u64>,
    /// Admitted and not yet seen.
    pub tentative: Arc<Tentative>,
    /// Identities that are trusted.
    pub trusted: Trusted,
    /// Members of these groups pass.
    pub break_glass_groups: Vec<Name>,
    /// Whether an operator has paused enforcement.
    pub paused: watch::Receiver<bool>,
    /// Where refusals and uses of break-glass are told.
    pub notable: mpsc::Sender<Notable>,
    /// Where they are counted.
    pub meter: Meter,
    /// The time of day.
    pub clock: Clock,
}

impl Decider for Gatekeeper {
    async fn decide(
        &self,
        webhook: &str,
        body: &[u8],
        deadline: Instant,
    ) -> Result<(String, Answer), Undecided> {
        let review = decode::review(body).map_err(|error| Undecided::Malformed(error.to_string()))?;
        let uid = review.uid.to_string();
        let operation = operation_of(&review);
        let Some(act) = act_of(&review).map_err(Undecided::LeftToFailurePolicy)? else {
            return Ok((uid, Answer::allow(operation)));
        };
        self.wait_for_what_it_names(&act, deadline).await;
        let world = self.snapshots.current();
        let mut decision = self.decide_in(&world, &act);
        if let Outcome::Refused(violations) = &decision.outcome {
            if self.passes_by_break_glass(&act) {
                if !review.is_dry_run() {
                    self.meter.broke_glass(webhook);
                    let now = (self.clock)();
                    self.tell(|| Some(notable::of_break_glass(&world, &act, webhook, violations, now)));
                }
                return Ok((uid, broken_glass(operation, &act, &decision)));
            }
            if *self.paused.borrow() {
                return Ok((uid, while_paused(operation, &decision)));
            }
            if !review.is_dry_run() {
                self.tell(|| notable::of_refusal(&world, &act, violations));
            }
        }
        if decision.outcome == Outcome::Admitted && !review.is_dry_run() {
            self.note_admitted(&act);
        }
        let answer = answer(operation, &mut decision).map_err(Undecided::LeftToFailurePolicy)?;
        Ok((uid, answer))
    }
}

impl Gatekeeper {
    /// The decision, also in the world in which everything that was just admitted has come true: the stricter counts.
    fn decide_in(&self, world: &World, act: &Act) -> Decision {
        let now = (self.clock)();
        let decision = decide::decide(world, act, &self.trusted, now);
        if !matches!(decision.outcome, Outcome::Admitted) {
            return decision;
        }
        let tentative = self.tentative.bearing_on(&act.key, Instant::now());
        if tentative.is_empty() {
            return decision;
        }
        let mut expected = world.sketch();
        for change in tentative {
            index::apply(&mut expected, change);
        }
        let stricter = decide::decide(&expected, act, &self.trusted, now);
        if matches!(stricter.outcome, Outcome::Refused(_)) { stricter } else { decision }
    }

    /// Never waits, and puts nothing into words that nobody could be told.
    fn tell(&self, notable: impl FnOnce() -> Option<Notable>) {
        let Ok(place) = self.notable.try_reserve() else { return self.meter.left_untold() };
        if let Some(notable) = notable() {
            place.send(notable);
        }
    }

    fn note_admitted(&self, act: &Act) {
        let change = match (act.operation, &act.new) {
            (Operation::Delete, _) => Change::Delete(act.key.clone()),
            (Operation::Create | Operation::Update, Some(new)) if !act.key.name.is_empty() => {
                Change::Apply(new.clone())
            }
            _ => return,
        };
        self.tentative.admitted(change, Instant::now());
    }

    fn passes_by_break_glass(&self, act: &Act) -> bool {
        act.groups.iter().any(|group| self.break_glass_groups.contains(group))
    }

    /// A whole tenant goes in with one `kubectl apply`: what was created a moment before may not be here yet.
    async fn wait_for_what_it_names(&self, act: &Act, deadline: Instant) {
        if knows_what_it_names(&self.snapshots.current(), act) {
            return;
        }
        let until = deadline.min(Instant::now() + LONGEST_WAIT);
        let mut published = self.published.clone();
        while !knows_what_it_names(&self.snapshots.current(), act) {
            let left = until.saturating_duration_since(Instant::now());
            let change = tokio::time::timeout(left, published.changed()).await;
            if !matches!(change, Ok(Ok(()))) {
                return;
            }
        }
    }
}

/// Whether the world has the namespace of the request, the controller that owns its object, and the tenant that a new
/// namespace names.
fn knows_what_it_names(world: &World, act: &Act) -> bool {
    let has_namespace =
        act.key.namespace.as_ref().is_none_or(|namespace| world.namespace(namespace).is_some());
    let has_owner = match &act.new {
        Some(Fact::Workload(workload)) => workload.controller().is_none_or(|owner| {
            let is_workload =
                Kind::ALL.iter().any(|kind| kind.is_workload() && kind.resource().kind == &*owner.kind);
            !is_workload || world.controller_of(workload).is_some()
        }),
        Some(Fact::Namespace(namespace)) if act.old.is_none() => {
            namespace.labels.get(keys::TENANT).is_none_or(|tenant| world.tenant(tenant).is_some())
        }
        _ => true,
    };
    has_namespace && has_owner
}

fn operation_of(review: &Review<'_>) -> Operation {
    match review.operation {
        decode::Operation::Create => Operation::Create,
        decode::Operation::Update => Operation::Update,
        decode::Operation::Delete => Operation::Delete,
        decode::Operation::Connect => Operation::Connect,
    }
}

/// The act of a review; none where it is about nothing that Surety judges. An object that cannot be read is an error,
/// which leaves the answer to the failure policy.
pub fn act_of(review: &Review<'_>) -> Result<Option<Act>, String> {
    let Some(kind) = review.known_kind() else { return Ok(None) };
    let (old, new) = review.change_pair().map_err(|error| error.to_string())?;
    let key = match review.key() {
        Some(key) => key,
        None => match new.as_ref().or(old.as_ref()) {
            Some(fact) => fact.key(),
            None => return Ok(None),
        },
    };
    let requested_deletion = requested_deletion(review, kind)?;
    Ok(Some(Act {
        operation: operation_of(review),
        key,
        old,
        new,
        subresource: Name::from(review.sub_resource()),
        user: Name::from(review.user().name()),
        groups: review.user().groups().iter().map(|group| Name::from(&**group)).collect(),
        orphans_dependents: review.propagation() == Some(decode::Propagation::Orphan),
        requested_deletion,
        canary: review.canary(),
    }))
}

fn requested_deletion(review: &Review<'_>, kind: Kind) -> Result<Option<ObjectKey>, String> {
    let (Kind::DeleteBackupRequest, Some(object)) = (kind, review.object) else { return Ok(None) };
    let request =
        decode::delete_backup_request(object.get().as_bytes()).map_err(|error| error.to_string())?;
    Ok(Some(ObjectKey::namespaced(Kind::VeleroBackup, request.namespace, request.backup_name)))
}

fn answer(operation: Operation, decision: &mut Decision) -> Result<Answer, String> {
    let mut warnings = decide::warnings(&decision.warned);
    warnings.extend(decision.opened.map(|opened| opened.to_string()));
    let mut audit = BTreeMap::new();
    note(&mut audit, "warned", &decision.warned);
    note(&mut audit, "audited", &decision.audited);
    match &decision.outcome {
        Outcome::Admitted => Ok(Answer { warnings, audit, ..Answer::allow(operation) }),
        Outcome::Refused(violations) => {
            note(&mut audit, "refused", violations);
            // The refusal says it all; warnings beside it would only repeat.
            warnings.clear();
            Ok(Answer { warnings, audit, ..Answer::deny(operation, decide::explain(violations)) })
        }
        Outcome::CannotTell(CannotTell::Ignorant(ignorance)) => Err(format!(
            "Surety cannot judge this now: {}",
            crate::core::facts::Unknown::NotKnown(ignorance.clone())
        )),
        Outcome::CannotTell(CannotTell::TooLarge) => Err(format!(
            "Surety cannot judge this: it touches more than {} objects at once",
            decide::SUBJECT_BOUND
        )),
    }
}

fn note(audit: &mut BTreeMap<&'static str, String>, key: &'static str, violations: &[decide::Violation]) {
    if violations.is_empty() {
        return;
    }
    let mut controls: Vec<&str> = violations.iter().map(|violation| violation.control.as_str()).collect();
    controls.sort_unstable();
    controls.dedup();
    audit.insert(key, controls.join(","));
}

fn broken_glass(operation: Operation, act: &Act, decision: &Decision) -> Answer {
    let Outcome::Refused(violations) = &decision.outcome else { return Answer::allow(operation) };
    tracing::warn!(user = %act.user, object = %act.key, violations = violations.len(), "passed by break-glass");
    let mut audit = BTreeMap::from([("break-glass", act.user.to_string())]);
    note(&mut audit, "would-refuse", violations);
    let warnings = vec![format!("passed by break-glass; {} violations are recorded", violations.len())];
    Answer { warnings, audit, ..Answer::allow(operation) }
}

fn while_paused(operation: Operation, decision: &Decision) -> Answer {
    let Outcome::Refused(violations) = &decision.outcome else { return Answer::allow(operation) };
    let mut audit = BTreeMap::new();
    note(&mut audit, "would-refuse", violations);
    let mut warnings = vec!["Surety is paused: this would be refused".to_owned()];
    warnings.extend(decide::warnings(violations));
    Answer { warnings, audit, ..Answer::allow(operation) }
}

#[cfg(test)]
mod tests;
