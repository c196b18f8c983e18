//! Acts that end data before its time, judged from the world before them and the request.
//!
//! Who acts does not matter, with two exceptions that are no decisions of anybody: what goes with a namespace that is
//! already going, and scratch space that the garbage collector takes along with its pod. A deletion by the garbage
//! collector is refused otherwise: the collector waits and tries again, and the data stays. The end of a StatefulSet
//! is judged by the owner references that its claims carry then, which is how `whenDeleted: Delete` shows.

use super::super::{
    classes::{DataClass, class_of_claim, class_without_claim, holds_data, is_scratch},
    duties::{Duty, Keeping, duties_on, keeping},
};
use crate::core::{
    control::Operation,
    facts::{
        ClaimReference, Fact, Kind, Name, Namespace, Owner, PersistentVolume, PersistentVolumeClaim, Source,
        Unknown,
    },
    plan::Plan,
    transition::Transition,
    verdict::{Issue, Problem},
};

/// Kubernetes' own collector of what has no owner any more (kube-controller-manager).
const GARBAGE_COLLECTOR: &str = "system:serviceaccount:kube-system:generic-garbage-collector";

/// A message names no more claims than this.
const MOST_CLAIMS: usize = 5;

/// What of the act ends data before its time.
pub(super) fn transition(transition: &Transition<'_>) -> Vec<Issue> {
    let act = transition.act;
    match (act.operation, act.key.kind, &act.new) {
        (Operation::Delete, Kind::PersistentVolumeClaim, _) => claim_deleted(transition),
        (Operation::Delete, Kind::PersistentVolume, _) => volume_deleted(transition),
        (Operation::Delete, Kind::Namespace, _) => namespace_deleted(transition),
        (Operation::Delete, Kind::StatefulSet, _) => owner_deleted(transition),
        (Operation::Update, _, Some(Fact::PersistentVolumeClaim(claim))) => claim_changed(transition, claim),
        (Operation::Update, _, Some(Fact::PersistentVolume(volume))) => volume_changed(transition, volume),
        _ => Vec::new(),
    }
}

fn claim_deleted(transition: &Transition<'_>) -> Vec<Issue> {
    let Some(claim) = old_claim(transition).filter(|claim| !claim.meta.is_deleting) else {
        return Vec::new();
    };
    let is_cascade_of_pod = transition.act.user == GARBAGE_COLLECTOR && is_scratch(claim);
    let Some(keeping) = keeping_of_claim(transition, claim).filter(|_| !is_cascade_of_pod) else {
        return Vec::new();
    };
    vec![deletion(&keeping)]
}

fn deletion(keeping: &Keeping) -> Issue {
    Issue::fail("", "deleted before its time", keeping.to_string(), keeping.instruction())
        .demanded_by(&keeping.demanders)
}

/// A volume is judged while its claim is there, or while Retain keeps it; what a reclaim policy deletes after its claim
/// has gone was decided with the claim.
fn volume_deleted(transition: &Transition<'_>) -> Vec<Issue> {
    let Some(volume) = old_volume(transition).filter(|volume| !volume.meta.is_deleting) else {
        return Vec::new();
    };
    keeping_of_volume(transition, volume).iter().map(deletion).collect()
}

fn namespace_deleted(transition: &Transition<'_>) -> Vec<Issue> {
    let name = &transition.act.key.name;
    let Some(custody) = Custody::of(transition, name) else { return Vec::new() };
    let kept = custody.kept(transition.before.claims_in(name).map(AsRef::as_ref));
    let unseen = unseen_claims(transition, &custody);
    issue_over("", &kept).into_iter().chain(unseen).collect()
}

/// That the claims of a namespace are not all known is no leave to delete them.
fn unseen_claims(transition: &Transition<'_>, custody: &Custody<'_>) -> Option<Issue> {
    if custody.duties(&DataClass::Lost).is_empty() {
        return None;
    }
    let is_inside = |namespace: Option<&Name>| namespace == Some(&transition.act.key.name);
    let unreadable = transition
        .before
        .unreadable()
        .find(|(key, _)| key.kind == Kind::PersistentVolumeClaim && is_inside(key.namespace.as_ref()));
    let state = transition.before.source_state(Source::Claims);
    let why = match unreadable {
        Some((key, _)) => crate::core::facts::Ignorance::Unreadable(Source::Claims, key.name.clone()),
        None => state.ignorance(Source::Claims)?,
    };
    let why = Unknown::NotKnown(why);
    let issue = Issue::fail(
        "",
        why.to_string(),
        "claims that are known not to be kept",
        "try again when they are read",
    );
    Some(issue.with_problem(Problem::Unknown(why)))
}

/// Claims that carry an owner reference to what is deleted go with it.
fn owner_deleted(transition: &Transition<'_>) -> Vec<Issue> {
    let act = transition.act;
    let (Some(Fact::Workload(owner)), false) = (&act.old, act.orphans_dependents) else { return Vec::new() };
    let Some(custody) = Custody::of(transition, &owner.namespace) else { return Vec::new() };
    let is_owned = |claim: &&PersistentVolumeClaim| {
        claim.meta.owner_references.iter().any(|reference| reference.uid == owner.meta.uid)
    };
    let claims = transition.before.claims_in(&owner.namespace).map(AsRef::as_ref).filter(is_owned);
    let kept = custody.kept(claims);
    issue_over("spec.persistentVolumeClaimRetentionPolicy.whenDeleted", &kept).into_iter().collect()
}

/// One issue over all claims that an act would take along: the longest to be kept is explained.
fn issue_over(field: &str, kept: &[(&PersistentVolumeClaim, Keeping)]) -> Option<Issue> {
    let (_, longest) = kept.iter().max_by_key(|(_, keeping)| keeping.until)?;
    let names: Vec<&str> = kept.iter().take(MOST_CLAIMS).map(|(claim, _)| claim.name.as_str()).collect();
    let more = match kept.len().saturating_sub(MOST_CLAIMS) {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    let found = format!("takes along claims that must be kept: {}{more}", names.join(", "));
    let demanders: Vec<String> = kept.iter().flat_map(|(_, keeping)| keeping.demanders.clone()).collect();
    let issue = Issue::fail(field, found, longest.to_string(), longest.instruction());
    Some(issue.demanded_by(&demanders))
}

fn claim_changed(transition: &Transition<'_>, new: &PersistentVolumeClaim) -> Vec<Issue> {
    let Some(old) = old_claim(transition).filter(|claim| !claim.meta.is_deleting) else { return Vec::new() };
    let owner = added_owner(&old.meta.owner_references, &new.meta.owner_references);
    let keeping = owner.and_then(|_| keeping_of_claim(transition, old));
    owner.zip(keeping).map(|(owner, keeping)| new_owner(owner, &keeping)).into_iter().collect()
}

fn volume_changed(transition: &Transition<'_>, new: &PersistentVolume) -> Vec<Issue> {
    let Some(old) = old_volume(transition).filter(|volume| !volume.meta.is_deleting) else {
        return Vec::new();
    };
    let Some(keeping) = keeping_of_volume(transition, old) else { return Vec::new() };
    let owner = added_owner(&old.meta.owner_references, &new.meta.owner_references);
    let owner = owner.map(|owner| new_owner(owner, &keeping));
    let reclaim = (old.is_retained && !new.is_retained).then(|| {
        let field = "spec.persistentVolumeReclaimPolicy";
        Issue::fail(
            field,
            "Retain is taken away",
            keeping.to_string(),
            "persistentVolumeReclaimPolicy: Retain",
        )
        .demanded_by(&keeping.demanders)
    });
    let place = |volume: &PersistentVolume| {
        volume.claim.as_ref().map(|claim| (claim.namespace.clone(), claim.name.clone()))
    };
    let taken = (place(old) != place(new)).then(|| {
        let fix =
            "leave namespace and name in spec.claimRef; without its uid the same claim can bind it again";
        Issue::fail("spec.claimRef", "the volume is taken from its claim", keeping.to_string(), fix)
            .demanded_by(&keeping.demanders)
    });
    [owner, reclaim, taken].into_iter().flatten().collect()
}

/// Who may write an owner that is not there may delete: the garbage collector asks nobody.
fn added_owner<'a>(old: &[Owner], new: &'a [Owner]) -> Option<&'a Owner> {
    new.iter().find(|owner| !old.iter().any(|known| known.uid == owner.uid))
}

fn new_owner(owner: &Owner, keeping: &Keeping) -> Issue {
    let found = format!("{} `{}` is added, whose end would take it along", owner.kind, owner.name);
    let fix = "remove it; a StatefulSet leaves its claims alone with whenDeleted and whenScaled: Retain";
    Issue::fail("metadata.ownerReferences", found, keeping.to_string(), fix).demanded_by(&keeping.demanders)
}

fn old_claim<'a>(transition: &Transition<'a>) -> Option<&'a PersistentVolumeClaim> {
    if let Some(Fact::PersistentVolumeClaim(claim)) = &transition.act.old {
        return Some(claim);
    }
    let key = &transition.act.key;
    transition.before.claim(key.namespace.as_ref()?, &key.name).map(AsRef::as_ref)
}

fn old_volume<'a>(transition: &Transition<'a>) -> Option<&'a PersistentVolume> {
    if let Some(Fact::PersistentVolume(volume)) = &transition.act.old {
        return Some(volume);
    }
    transition.before.volume(&transition.act.key.name).map(AsRef::as_ref)
}

/// Who answers for the data of a namespace.
struct Custody<'a> {
    plan: &'a Plan,
    namespace: Option<&'a Namespace>,
    transition: &'a Transition<'a>,
}

impl<'a> Custody<'a> {
    /// None where no tenant holds the namespace, or where it is already going. A namespace that is gone still belongs to
    /// the tenant that is recorded.
    fn of(transition: &'a Transition<'a>, namespace: &Name) -> Option<Self> {
        let before = transition.before;
        let owner = match before.namespace(namespace) {
            Some(found) if found.meta.is_deleting => return None,
            Some(_) => before.owner_of(namespace)?,
            None => before.recorded_claims(namespace).map(|(tenant, _)| tenant).next()?,
        };
        Some(Self { plan: before.plan(owner)?, namespace: before.namespace(namespace), transition })
    }

    fn duties(&self, class: &DataClass) -> Vec<Duty> {
        duties_on(self.plan, class, self.namespace)
    }

    fn keeping(&self, class: &DataClass, created: jiff::Timestamp) -> Option<Keeping> {
        let contract_end = self.plan.tenant.spec.contract.as_ref().and_then(|contract| contract.end);
        keeping(class, &self.duties(class), created, contract_end, self.transition.now)
    }

    fn keeping_of(&self, claim: &PersistentVolumeClaim) -> Option<Keeping> {
        let class = class_of_claim(self.plan, claim, self.namespace);
        holds_data(claim).then(|| self.keeping(&class, claim.meta.created))?
    }

    fn kept<'c>(
        &self,
        claims: impl Iterator<Item = &'c PersistentVolumeClaim>,
    ) -> Vec<(&'c PersistentVolumeClaim, Keeping)> {
        let there = claims.filter(|claim| !claim.meta.is_deleting && !is_scratch(claim));
        there.filter_map(|claim| Some((claim, self.keeping_of(claim)?))).collect()
    }
}

fn keeping_of_claim(transition: &Transition<'_>, claim: &PersistentVolumeClaim) -> Option<Keeping> {
    Custody::of(transition, &claim.namespace)?.keeping_of(claim)
}

fn keeping_of_volume(transition: &Transition<'_>, volume: &PersistentVolume) -> Option<Keeping> {
    let reference = volume.claim.as_ref()?;
    let custody = Custody::of(transition, &reference.namespace)?;
    let claim = transition.before.claim(&reference.namespace, &reference.name);
    let (class, created) = match claim.filter(|claim| is_meant(reference, claim)) {
        // A volume can be bound again by a younger claim.
        Some(claim) => (class_of_claim(custody.plan, claim, custody.namespace), claim.meta.created),
        None if volume.is_retained => {
            (class_without_claim(custody.plan, custody.namespace), volume.meta.created)
        }
        None => return None,
    };
    custody.keeping(&class, created.max(volume.meta.created))
}

/// Whether a claim is the one that a volume is bound to, and not another of its name.
pub(super) fn is_meant(reference: &ClaimReference, claim: &PersistentVolumeClaim) -> bool {
    reference.uid.as_ref().is_none_or(|uid| *uid == claim.meta.uid)
}

#[cfg(test)]
mod tests;
