//! What a change of a Tenant would free: data that a promise or a policy keeps by its class or by the contract's term.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{
    classes::DataClass,
    duties::{Bound, Duty, End, KEPT, duties_on},
    strength::lost,
};
use crate::{
    api::TenantSpec,
    core::{facts::Name, plan::Plan, verdict::Issue},
};

/// How far back the end of a contract that had none may be set: whoever writes today's date means no earlier end.
const BACKDATED: SignedDuration = SignedDuration::from_hours(24);

/// A message names no more duties than this.
const MOST_DUTIES: usize = 5;

/// What the tenant of `plan` would lose by becoming `new`, each with those who demand it.
pub fn freed_by(plan: &Plan, new: &TenantSpec, now: Timestamp) -> Vec<Issue> {
    let contract = earlier_end(plan, new, now);
    let default = weaker_default(plan, new);
    contract.into_iter().chain(default).chain(classes_taken_out(plan, new)).collect()
}

/// An end that is brought forward cuts short what is kept while the contract runs and after it.
fn earlier_end(plan: &Plan, new: &TenantSpec, now: Timestamp) -> Option<Issue> {
    let (old_end, new_end) = (end_of(&plan.tenant.spec), end_of(new)?);
    let (is_earlier, was) = match old_end {
        Some(end) => (new_end < end, format!("not before {end}")),
        None => (new_end < now.saturating_sub(BACKDATED).ok()?, "not in the past".to_owned()),
    };
    let duties = duties_on(plan, &DataClass::Lost, None);
    let is_cut_short = |duty: &&Duty| {
        let depends = matches!(duty.bound, Bound::WhileActive | Bound::AfterTermination(_));
        depends && End::At(now) < duty.bound.end(now, old_end)
    };
    let cut_short: Vec<&Duty> = duties.iter().filter(|_| is_earlier).filter(is_cut_short).collect();
    let kept = told(&cut_short)?;
    let issue = Issue::fail(
        "spec.contract.end",
        new_end.to_string(),
        format!("an end {was}, because data is kept {kept}"),
        "leave the end of the contract as it was agreed",
    );
    Some(issue.demanded_by(&demanders_of(&cut_short)))
}

fn end_of(spec: &TenantSpec) -> Option<Timestamp> {
    spec.contract.as_ref().and_then(|contract| contract.end)
}

fn weaker_default(plan: &Plan, new: &TenantSpec) -> Option<Issue> {
    let name = plan.tenant.spec.default_data_class.as_ref()?;
    let fix = format!("defaultDataClass: {name}");
    weaker(plan, name, new, "spec.defaultDataClass", &fix)
}

/// Data of a class that the Tenant does not list any more falls to the default.
fn classes_taken_out(plan: &Plan, new: &TenantSpec) -> Vec<Issue> {
    let is_listed = |class: &&Name| new.data_classes.iter().any(|listed| **class == *listed.as_str());
    if new.data_classes.is_empty() {
        return Vec::new();
    }
    let counted = classes_that_count(plan);
    let is_default = |class: &&Name| plan.tenant.spec.default_data_class.as_deref() == Some(class.as_str());
    let taken_out = counted.iter().filter(|class| !is_listed(class) && !is_default(class));
    let issue = |class: &Name| {
        weaker(plan, class, new, "spec.dataClasses", &format!("list `{class}` in spec.dataClasses"))
    };
    taken_out.filter_map(issue).collect()
}

/// The classes that a label of this tenant can name: those that it lists; where it lists none, those that anybody names.
fn classes_that_count(plan: &Plan) -> BTreeSet<Name> {
    let listed = &plan.tenant.spec.data_classes;
    if !listed.is_empty() {
        return listed.iter().map(Name::from).collect();
    }
    let kept = plan.requirements.iter().filter(|requirement| requirement.control.id == KEPT);
    let promised = kept.filter_map(|requirement| requirement.parameters.text("dataClass").cloned());
    let in_policies = plan.effective.classes().map(|(_, class)| Name::from(&class.name));
    promised.chain(in_policies).collect()
}

/// Where data of a class becomes data of the new default, what that class keeps and the default does not.
fn weaker(plan: &Plan, class: &str, new: &TenantSpec, field: &str, fix: &str) -> Option<Issue> {
    let before = DataClass::Known(Name::from(class));
    let after = new.default_data_class.as_ref();
    let after = after.map_or(DataClass::Undeclared, |class| DataClass::Known(Name::from(class)));
    let (from, to) = (duties_on(plan, &before, None), duties_on(plan, &after, None));
    let lost = lost(&from, &to);
    let kept = told(&lost)?;
    let found = format!("what is `{class}` becomes {after}");
    let wanted = format!("a class that is kept {kept}, like `{class}`");
    Some(Issue::fail(field, found, wanted, fix).demanded_by(&demanders_of(&lost)))
}

/// Duties in the words of a message; none where there is none.
fn told(duties: &[&Duty]) -> Option<String> {
    let words: Vec<String> = duties.iter().take(MOST_DUTIES).map(ToString::to_string).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn demanders_of(duties: &[&Duty]) -> Vec<String> {
    let demanders: BTreeSet<&String> = duties.iter().flat_map(|duty| &duty.demanders).collect();
    demanders.into_iter().cloned().collect()
}
