//! How long data of a class must be kept, and who says so: every promise and every policy that reaches a tenant.
//!
//! Duties add up, and the longest counts. A promise about all classes binds a class for which a shorter one was promised
//! too: what is promised of its content is kept by purging that content, not by deleting the volume that holds it.

use std::fmt;

use jiff::Timestamp;

use super::classes::DataClass;
use crate::{
    api::{Span, keys},
    core::{
        effective::{ClassRule, Effective},
        facts::Namespace,
        parameters::{Parameter, Parameters},
        plan::{Demander, Plan, Requirement},
    },
};

/// The control whose uses are the promised duties.
pub const KEPT: &str = "retention.kept";

/// A lower bound on the life of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// So long from its creation. Of a container that is the least: what was written later is younger.
    AtLeast(Span),
    /// So long from its last use, which no object shows.
    FromLastUse(Span),
    /// As long as the contract runs.
    WhileActive,
    /// So long after the contract's end.
    AfterTermination(Span),
}

/// A bound, and who set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Duty {
    pub bound: Bound,
    /// A commitment or a policy, in the words of a message.
    pub source: String,
    /// The same, one by one as a `Demander` is spelled.
    pub demanders: Vec<String>,
}

/// When a duty ends. Ordered: the later is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// Then.
    At(Timestamp),
    /// Not before something happens that has no date yet.
    Open,
}

impl Bound {
    /// When it ends for data that was created then.
    pub(super) fn end(self, created: Timestamp, contract_end: Option<Timestamp>) -> End {
        match self {
            Self::AtLeast(span) => End::At(span.after(created)),
            Self::FromLastUse(_) => End::Open,
            Self::WhileActive => contract_end.map_or(End::Open, End::At),
            Self::AfterTermination(span) => {
                contract_end.map_or(End::Open, |contract_end| End::At(span.after(contract_end)))
            }
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(span) => write!(f, "at least {span}"),
            Self::FromLastUse(span) => write!(f, "at least {span} from its last use"),
            Self::WhileActive => f.write_str("while the contract runs"),
            Self::AfterTermination(span) => write!(f, "{span} after the contract's end"),
        }
    }
}

impl fmt::Display for Duty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.bound, self.source)
    }
}

/// The bounds that one use of the control sets.
pub(super) fn promised_bounds(parameters: &Parameters) -> Vec<Bound> {
    let counts_from_use =
        matches!(parameters.get("countFrom"), Some(Parameter::Text(from)) if *from == "LastUse");
    let at_least = if counts_from_use { Bound::FromLastUse } else { Bound::AtLeast };
    let at_least = parameters.span("atLeast").map(at_least);
    let while_active = parameters.flag("whileActive").then_some(Bound::WhileActive);
    let after_termination = parameters.span("afterTermination").map(Bound::AfterTermination);
    [at_least, while_active, after_termination].into_iter().flatten().collect()
}

/// What one use of the control promises of a class.
pub(super) fn promised_duties(
    parameters: &Parameters,
    class: &DataClass,
    source: &str,
    demanders: &[String],
) -> Vec<Duty> {
    if !class.is_meant_by(parameters.text("dataClass")) {
        return Vec::new();
    }
    let duty = |bound| Duty { bound, source: source.to_owned(), demanders: demanders.to_vec() };
    promised_bounds(parameters).into_iter().map(duty).collect()
}

/// What the tenant's policies say of a class.
pub(super) fn policy_duties(effective: &Effective, class: &DataClass) -> Vec<Duty> {
    let rules: Vec<ClassRule> = match class {
        DataClass::Known(name) => effective.class_rule(name).into_iter().collect(),
        DataClass::Undeclared => Vec::new(),
        DataClass::Lost => {
            let names: std::collections::BTreeSet<&str> =
                effective.classes().map(|(_, class)| class.name.as_str()).collect();
            names.into_iter().filter_map(|name| effective.class_rule(name)).collect()
        }
    };
    rules.iter().flat_map(duties_of_rule).collect()
}

fn duties_of_rule(rule: &ClassRule) -> Vec<Duty> {
    let duty = |bound, policy: &dyn fmt::Display| {
        let source = policy.to_string();
        Duty { bound, demanders: vec![source.clone()], source }
    };
    let at_least = rule.at_least.iter().map(|(span, policy)| duty(Bound::AtLeast(*span), policy));
    let while_active = rule.while_active_by.iter().map(|policy| duty(Bound::WhileActive, policy));
    let after = rule.after_termination.iter();
    let after = after.map(|(span, policy)| duty(Bound::AfterTermination(*span), policy));
    at_least.chain(while_active).chain(after).collect()
}

/// Every duty of a tenant on data of a class in a namespace, promised or set by policy. A namespace that is not there any
/// more excuses nothing.
pub(super) fn duties_on(plan: &Plan, class: &DataClass, namespace: Option<&Namespace>) -> Vec<Duty> {
    let uses = plan.requirements.iter().filter(|requirement| {
        requirement.control.id == KEPT && reaches_environment(&requirement.parameters, namespace)
    });
    let promised = uses.flat_map(|requirement| {
        let demanders: Vec<String> =
            requirement.origins.iter().map(|origin| origin.demander.to_string()).collect();
        promised_duties(&requirement.parameters, class, &commitments_of(requirement), &demanders)
    });
    promised.chain(policy_duties(&plan.effective, class)).collect()
}

fn commitments_of(requirement: &Requirement) -> String {
    let demanders = requirement.origins.iter().map(|origin| &origin.demander);
    let commitments = demanders.filter(|demander| matches!(demander, Demander::Commitment { .. }));
    commitments.map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn reaches_environment(parameters: &Parameters, namespace: Option<&Namespace>) -> bool {
    let environments = parameters.list("environments");
    let Some(namespace) = namespace.filter(|_| !environments.is_empty()) else { return true };
    let environment = namespace.labels.get(keys::ENVIRONMENT);
    environments.iter().any(|wanted| *wanted == "all" || environment == Some(wanted.as_str()))
}

/// That some data must still be kept, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Keeping {
    /// When the last duty ends.
    pub until: End,
    /// Who demands it, as a `Demander` is spelled.
    pub demanders: Vec<String>,
    /// When the first of them ends, where one has a date: then other reasons are left.
    pub next_end: Option<Timestamp>,
    class: DataClass,
    reasons: Vec<String>,
}

/// A message names no more reasons than this.
const MOST_REASONS: usize = 5;

/// The duties that still run at `now` on data that was created then; none where its time is over.
pub(super) fn keeping(
    class: &DataClass,
    duties: &[Duty],
    created: Timestamp,
    contract_end: Option<Timestamp>,
    now: Timestamp,
) -> Option<Keeping> {
    let end_of = |duty: &Duty| duty.bound.end(created, contract_end);
    let mut running: Vec<&Duty> = duties.iter().filter(|duty| End::At(now) < end_of(duty)).collect();
    running.sort_by_key(|duty| std::cmp::Reverse(end_of(duty)));
    let until = running.first().map(|duty| end_of(duty))?;
    let next_end = running.last().and_then(|duty| match end_of(duty) {
        End::At(end) => Some(end),
        End::Open => None,
    });
    let reasons = running.iter().take(MOST_REASONS).map(|duty| match end_of(duty) {
        End::At(end) => format!("{duty}, until {end:.0}"),
        End::Open => duty.to_string(),
    });
    let mut demanders: Vec<String> = running.iter().flat_map(|duty| duty.demanders.clone()).collect();
    demanders.sort();
    demanders.dedup();
    Some(Keeping { until, demanders, next_end, class: class.clone(), reasons: reasons.collect() })
}

impl fmt::Display for Keeping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "kept ({}): {}", self.class, self.reasons.join("; "))
    }
}

impl Keeping {
    /// What to do instead of ending it now.
    pub fn instruction(&self) -> String {
        match self.until {
            End::At(end) => format!("keep it until {end:.0}"),
            End::Open => "keep it: its time does not end before the tenant's contract has an end".to_owned(),
        }
    }
}
