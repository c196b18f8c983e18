//! `retention.class-declared`: every claim has a known, permitted data class: its own, its namespace's or the tenant's
//! default. A class is known where the Tenant lists it; where the Tenant lists none, where a RetentionPolicy names it.
//!
//! Moving data to a class that is kept for a shorter time is an act: the label is changed in a second, and what the old
//! class kept would be free to go in the next.

use super::{
    classes::{DataClass, counted_class, holds_data},
    duties::duties_on,
    strength::lost,
};
use crate::{
    api::{RetentionPolicySpec, Severity, keys},
    core::{
        context::Context,
        control::{Control, Door, Guard, Operation},
        controls::WORKLOAD_GUARDS,
        effective::Effective,
        facts::{Fact, Kind, Labels, Name, Source, Sources, VolumeSource, Workload},
        parameters::Parameters,
        plan::Plan,
        subject::{Subject, SubjectClass},
        transition::Transition,
        verdict::{Issue, Verdict},
    },
};

/// The control.
pub static CONTROL: Control = Control {
    id: "retention.class-declared",
    title: "Every volume and namespace has a known, permitted data class",
    why: "How long data is kept, and whether it may be there at all, depends on what it is.",
    remediation: "Label the claim, its template or its namespace with `surety.dev/data-class` and a class that the tenant's \
                  policies name.",
    severity: Severity::High,
    subjects: &[SubjectClass::Claim, SubjectClass::Workload, SubjectClass::Namespace],
    reads: Sources::of(&[Source::Namespaces]),
    guards: &GUARDS,
    evaluate,
    demanded: Effective::class_declared,
    upheld_by: Some(Kind::RetentionPolicy),
    weaker,
    transition,
};

const WRITES: &[Operation] = &[Operation::Create, Operation::Update];

static GUARDS: [Guard; 11] = {
    let [pod, replication, deployment, stateful, daemon, replica, job, cron] = WORKLOAD_GUARDS;
    let claim = Guard { kind: Kind::PersistentVolumeClaim, door: Door::Conform, operations: WRITES };
    let moved = Guard { door: Door::ProtectTenant, operations: &[Operation::Update], ..claim };
    let namespace = Guard { kind: Kind::Namespace, door: Door::ProtectCluster, operations: WRITES };
    [pod, replication, deployment, stateful, daemon, replica, job, cron, claim, moved, namespace]
};

/// The label, as a field from an object's root.
const FIELD: &str = "metadata.labels[surety.dev/data-class]";

fn evaluate(context: &Context<'_>, subject: &Subject<'_>) -> Verdict {
    match subject {
        Subject::Claim(claim) => {
            let class = context.data_class(&claim.labels, &claim.namespace);
            let found = class.as_ref().map_or_else(|| "no data class".to_owned(), ToString::to_string);
            verdict_on(context, &[(FIELD.to_owned(), class)], found)
        }
        Subject::Workload(workload) => {
            let templates = templates_of(context, workload);
            if templates.is_empty() {
                return Verdict::not_applicable("it asks for no new volume");
            }
            verdict_on(context, &templates, format!("{} claim templates", templates.len()))
        }
        Subject::Namespace(namespace) => match namespace.labels.get(keys::DATA_CLASS) {
            Some(class) => verdict_on(context, &[(FIELD.to_owned(), Some(class.into()))], class.to_owned()),
            None => Verdict::not_applicable("it declares no data class of its own"),
        },
        _ => Verdict::not_applicable("it holds no data"),
    }
}

/// The class of every claim that a workload makes, with the field of its label.
fn templates_of(context: &Context<'_>, workload: &Workload) -> Vec<(String, Option<Name>)> {
    let place = |path: String, labels: &Labels| {
        (format!("{path}.{FIELD}"), context.data_class(labels, &workload.namespace))
    };
    let stateful = workload.claim_templates.iter().map(|template| {
        place(format!("spec.volumeClaimTemplates[name={}]", template.name), &template.labels)
    });
    let ephemeral = workload.template.volumes.iter().filter_map(|volume| {
        let VolumeSource::Ephemeral(template) = &volume.source else { return None };
        let path = workload.pod_spec_path();
        let path = format!("{path}.volumes[name={}].ephemeral.volumeClaimTemplate", volume.name);
        Some(place(path, &template.labels))
    });
    stateful.chain(ephemeral).collect()
}

fn verdict_on(context: &Context<'_>, declared: &[(String, Option<Name>)], found: String) -> Verdict {
    let is_required = context.parameters().flag("required");
    if !is_required && declared.iter().all(|(_, class)| class.is_none()) {
        return Verdict::not_applicable("it declares no data class, and none is required");
    }
    let issues = declared.iter().filter_map(|(field, class)| match class {
        Some(class) => misfit(context, field, class),
        None => is_required.then(|| missing(context, field)),
    });
    let mut verdict = Verdict::from_issues(issues.collect()).reading("a known, permitted class", FIELD);
    verdict.evidence.found = found.into();
    verdict
}

fn missing(context: &Context<'_>, field: &str) -> Issue {
    Issue::fail(field, "no data class", "a known, permitted class", line_for(context))
}

fn misfit(context: &Context<'_>, field: &str, class: &Name) -> Option<Issue> {
    let found = format!("class `{class}`, which {}", objection(context, class)?);
    Some(Issue::fail(field, found, "a known, permitted class", line_for(context)))
}

/// Why a class cannot be declared, where it cannot.
fn objection(context: &Context<'_>, class: &Name) -> Option<String> {
    if context.parameters().list("forbidden").contains(class) {
        return Some("must not exist".to_owned());
    }
    let rule = context.effective().class_rule(class);
    match rule.and_then(|rule| rule.forbidden_by.into_iter().next()) {
        Some(policy) => Some(format!("{policy} forbids")),
        None => (!is_known(context, class)).then(|| "is not known".to_owned()),
    }
}

fn is_known(context: &Context<'_>, class: &Name) -> bool {
    let listed = &context.tenant().spec.data_classes;
    if listed.is_empty() {
        return context.effective().class_rule(class).is_some();
    }
    listed.iter().any(|name| *class == *name.as_str())
}

/// A fix names no more classes than this.
const MOST_CLASSES: usize = 8;

/// The line to add, with the classes that would do.
fn line_for(context: &Context<'_>) -> String {
    let classes = permitted_classes(context);
    match classes.as_slice() {
        [] => "have an operator name the data's class in a RetentionPolicy or in the Tenant's dataClasses"
            .to_owned(),
        [class] => format!("{}: {class}", keys::DATA_CLASS),
        classes => {
            let classes: Vec<&str> = classes.iter().take(MOST_CLASSES).map(Name::as_str).collect();
            format!("{}: one of {}", keys::DATA_CLASS, classes.join(", "))
        }
    }
}

/// The classes that may be declared, in order of names.
fn permitted_classes(context: &Context<'_>) -> Vec<Name> {
    let listed = context.tenant().spec.data_classes.iter();
    let named = context.effective().classes().map(|(_, class)| &class.name);
    let mut classes: Vec<Name> = listed.chain(named).map(Name::from).collect();
    classes.sort();
    classes.dedup();
    classes.retain(|class| objection(context, class).is_none());
    classes
}

/// Data that is moved to a class that is kept for a shorter time.
fn transition(transition: &Transition<'_>) -> Vec<Issue> {
    let act = transition.act;
    let (Operation::Update, Some(old), Some(new)) = (act.operation, &act.old, &act.new) else {
        return Vec::new();
    };
    let (namespace, old, new) = match (old, new) {
        (Fact::PersistentVolumeClaim(old), Fact::PersistentVolumeClaim(new)) if holds_data(old) => {
            (&old.namespace, Some(&old.labels), Some(&new.labels))
        }
        (Fact::Namespace(old), Fact::Namespace(_)) => (&old.name, None, None),
        _ => return Vec::new(),
    };
    let Some(plan) = transition.before.owner_of(namespace).and_then(|tenant| transition.before.plan(tenant))
    else {
        return Vec::new();
    };
    let before = counted_class(plan, old, transition.before.namespace(namespace));
    let after = counted_class(plan, new, transition.after.namespace(namespace));
    move_issue(transition, plan, namespace, before, after).into_iter().collect()
}

fn move_issue(
    transition: &Transition<'_>,
    plan: &Plan,
    namespace: &Name,
    before: Option<Name>,
    after: Option<Name>,
) -> Option<Issue> {
    let name = before?;
    let before = DataClass::Known(name.clone());
    let after = after.map_or(DataClass::Undeclared, DataClass::Known);
    let duties = |class: &DataClass| duties_on(plan, class, transition.before.namespace(namespace));
    let (from, to) = (duties(&before), duties(&after));
    let lost: Vec<String> = lost(&from, &to).iter().map(ToString::to_string).collect();
    if lost.is_empty() {
        return None;
    }
    let wanted = format!("a class that is kept {} like `{name}`", lost.join(", "));
    Some(Issue::fail(FIELD, format!("moved to {after}"), wanted, format!("{}: {name}", keys::DATA_CLASS)))
}

/// A policy is weaker where it does without classes, or names as permitted what was promised not to exist.
fn weaker(policy: &Fact, promised: &Parameters) -> Vec<Issue> {
    let Fact::RetentionPolicy(policy) = policy else { return Vec::new() };
    let optional = (promised.flag("required") && !policy.spec.requires_class)
        .then(|| Issue::fail("spec.requiresClass", "false", "true, as promised", "requiresClass: true"));
    optional.into_iter().chain(permitted(&policy.spec, promised)).collect()
}

fn permitted(spec: &RetentionPolicySpec, promised: &Parameters) -> Vec<Issue> {
    let is_promised = |name: &str| promised.list("forbidden").iter().any(|forbidden| *forbidden == name);
    let excess = spec.classes.iter().filter(|class| !class.forbidden && is_promised(&class.name));
    let issue = |name: &str| {
        let field = format!("spec.classes[name={name}].forbidden");
        Issue::fail(field, "false", "true, as promised", "forbidden: true")
    };
    excess.map(|class| issue(&class.name)).collect()
}

#[cfg(test)]
mod tests;
