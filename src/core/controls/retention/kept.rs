//! `retention.kept`: data is not deleted before its time.
//!
//! Claims, volumes and namespaces are containers: they hold records of many ages, and no age ever deletes one. While they
//! are there the promise is kept, so the control lives at the act: deleting a claim that holds data, its volume or its
//! namespace; a reclaim policy turned to Delete; a new owner whose end would take the data along; a volume taken from
//! its claim. Where Surety was not asked, or only warned, it finds what can still be seen: a claim that is being deleted
//! before its time, a released volume that its reclaim policy will delete, and, from the tenant's record, data of which
//! neither claim nor volume is there any more. Recovery points are `backup.retention`'s.

mod acts;

use jiff::Timestamp;

use super::{
    classes::{DataClass, class_of_claim, class_without_claim, counted_class, holds_data, is_scratch},
    duties::{Duty, Keeping, keeping, policy_duties, promised_bounds, promised_duties},
};
use crate::{
    api::{Severity, Span, retention_policy::RetentionClass},
    core::{
        context::Context,
        control::{Control, Door, Guard, Operation},
        effective::Effective,
        facts::{
            Fact, HeldData, Kind, Name, Namespace, PersistentVolume, PersistentVolumeClaim, Source, Sources,
        },
        parameters::Parameters,
        subject::{Subject, SubjectClass},
        verdict::{Issue, Verdict},
    },
};

/// The control.
pub static CONTROL: Control = Control {
    id: super::duties::KEPT,
    title: "Data is not deleted before its time",
    why: "Data that somebody was promised, or the law wants kept, does not come back.",
    remediation: "Leave claims, volumes and namespaces in place until the time of their data class is over; keep volumes with \
                  reclaim policy Retain.",
    severity: Severity::High,
    subjects: &[SubjectClass::Tenant, SubjectClass::Claim, SubjectClass::Volume, SubjectClass::Namespace],
    reads: Sources::of(&[Source::Records, Source::Namespaces, Source::Claims]),
    guards: &[
        Guard { kind: Kind::PersistentVolumeClaim, door: Door::ProtectTenant, operations: CHANGES },
        Guard { kind: Kind::StatefulSet, door: Door::ProtectTenant, operations: &[Operation::Delete] },
        Guard { kind: Kind::PersistentVolume, door: Door::ProtectCluster, operations: CHANGES },
        Guard { kind: Kind::Namespace, door: Door::ProtectCluster, operations: &[Operation::Delete] },
    ],
    evaluate,
    demanded: Effective::kept,
    upheld_by: Some(Kind::RetentionPolicy),
    weaker,
    transition: acts::transition,
};

const CHANGES: &[Operation] = &[Operation::Update, Operation::Delete];

fn evaluate(context: &Context<'_>, subject: &Subject<'_>) -> Verdict {
    match subject {
        Subject::Tenant(_) => of_record(context),
        Subject::Claim(claim) => of_claim(context, claim),
        Subject::Volume(volume) => of_volume(context, volume),
        Subject::Namespace(namespace) => of_namespace(context, namespace),
        _ => Verdict::not_applicable("it holds no data"),
    }
}

/// What this use of the control demands: its own figures, or, where it has none, those of the policies.
fn duties_of(context: &Context<'_>, class: &DataClass) -> Vec<Duty> {
    if promised_bounds(context.parameters()).is_empty() {
        return policy_duties(context.effective(), class);
    }
    promised_duties(context.parameters(), class, "promised", &[])
}

/// What was seen of the tenant's data, and is gone.
fn of_record(context: &Context<'_>) -> Verdict {
    let Some(held) = context.held_data().filter(|held| !held.is_empty()) else {
        return Verdict::not_applicable("no data of it was seen yet");
    };
    let gone = held.iter().filter_map(|(name, data)| data.gone.map(|gone| (name, data, gone)));
    let mut verdict = Verdict::pass("all data that was seen is there, or was kept for its time");
    for (name, data, gone) in gone {
        let Some((issue, next_end)) = missed(context, name, data, gone) else { continue };
        verdict.issues.push(issue);
        verdict = next_end.into_iter().fold(verdict, Verdict::changing_at);
    }
    verdict
}

/// Data that went while it was to be kept, and that were still to be there; with the moment at which one duty ends.
fn missed(
    context: &Context<'_>,
    name: &Name,
    data: &HeldData,
    gone: Timestamp,
) -> Option<(Issue, Option<Timestamp>)> {
    let class = data.class.clone().map_or(DataClass::Undeclared, DataClass::Known);
    let duties = duties_of(context, &class);
    let at = |moment| keeping(&class, &duties, data.created, context.contract_end(), moment);
    at(gone)?;
    let keeping = at(context.now())?;
    let issue = Issue::fail(
        format!("PersistentVolumeClaim {name}"),
        "it is gone, and its volume with it",
        keeping.to_string(),
        "restore it under the same name from its newest recovery point",
    );
    Some((issue.since(gone), keeping.next_end))
}

fn of_claim(context: &Context<'_>, claim: &PersistentVolumeClaim) -> Verdict {
    if is_scratch(claim) {
        return Verdict::not_applicable("it is the scratch space of a pod, and ends with it");
    }
    if !holds_data(claim) {
        return Verdict::not_applicable("it holds no data yet");
    }
    let class = class_of_claim(context.plan(), claim, context.namespace(&claim.namespace));
    judged(context, &class, claim.meta.created, |keeping| {
        claim.meta.is_deleting.then(|| {
            Issue::fail(
                "metadata.deletionTimestamp",
                "it is being deleted",
                keeping.to_string(),
                "copy the data to another claim before the last pod that uses it ends",
            )
        })
    })
}

fn of_volume(context: &Context<'_>, volume: &PersistentVolume) -> Verdict {
    let Some(reference) = &volume.claim else { return Verdict::not_applicable("it belongs to no claim") };
    let namespace = context.namespace(&reference.namespace);
    let claim = context.claim(&reference.namespace, &reference.name);
    let class = match claim.filter(|claim| acts::is_meant(reference, claim)) {
        Some(claim) if is_scratch(claim) => {
            return Verdict::not_applicable("it is the scratch space of a pod, and ends with it");
        }
        Some(claim) => class_of_claim(context.plan(), claim, namespace),
        None => class_without_claim(context.plan(), namespace),
    };
    judged(context, &class, volume.meta.created, |keeping| {
        (volume.is_released && !volume.is_retained).then(|| {
            Issue::fail(
                "spec.persistentVolumeReclaimPolicy",
                "Delete, and it is released: it will be deleted",
                keeping.to_string(),
                "persistentVolumeReclaimPolicy: Retain",
            )
        })
    })
}

fn of_namespace(context: &Context<'_>, namespace: &Namespace) -> Verdict {
    let class = counted_class(context.plan(), None, Some(namespace));
    let class = class.map_or(DataClass::Undeclared, DataClass::Known);
    judged(context, &class, namespace.meta.created, |_| None)
}

/// The verdict on data that is there: met, unless something is under way that ends it before its time.
fn judged(
    context: &Context<'_>,
    class: &DataClass,
    created: Timestamp,
    breach: impl Fn(&Keeping) -> Option<Issue>,
) -> Verdict {
    let duties = duties_of(context, class);
    if duties.is_empty() {
        return Verdict::not_applicable(format!("nothing says how long it is kept ({class})"));
    }
    let Some(keeping) = keeping(class, &duties, created, context.contract_end(), context.now()) else {
        return Verdict::pass("it was kept for its time");
    };
    let verdict = match breach(&keeping) {
        Some(issue) => Verdict::issue(issue),
        None => Verdict::pass("it is there").reading(keeping.to_string(), "metadata"),
    };
    keeping.next_end.into_iter().fold(verdict, Verdict::changing_at)
}

/// A class of a policy is weaker by each figure below the promise. An unset figure and an absent class inherit it, and a
/// forbidden class has no data to keep. That a class does not say `whileActive` says that it may go while active.
fn weaker(policy: &Fact, promised: &Parameters) -> Vec<Issue> {
    let Fact::RetentionPolicy(policy) = policy else { return Vec::new() };
    let wanted = promised.text("dataClass");
    let is_meant = |class: &&RetentionClass| {
        !class.forbidden && wanted.is_none_or(|wanted| *wanted == *class.name.as_str())
    };
    policy.spec.classes.iter().filter(is_meant).flat_map(|class| weaker_figures(class, promised)).collect()
}

fn weaker_figures(class: &RetentionClass, promised: &Parameters) -> Vec<Issue> {
    let field = |name: &str| format!("spec.classes[name={}].{name}", class.name);
    let shorter = |name: &str, set: Option<Span>| {
        let promised = promised.span(name)?;
        let set = set.filter(|set| *set < promised)?;
        let line = format!("{name}: {promised}");
        Some(Issue::fail(field(name), set.to_string(), format!("{promised} or longer, as promised"), line))
    };
    let goes_while_active = promised.flag("whileActive") && !class.while_active;
    let while_active = goes_while_active
        .then(|| Issue::fail(field("whileActive"), "false", "true, as promised", "whileActive: true"));
    [shorter("atLeast", class.at_least), while_active, shorter("afterTermination", class.after_termination)]
        .into_iter()
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests;
