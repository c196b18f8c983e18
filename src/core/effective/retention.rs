//! Merging retention policies.

use super::{Asking, Conflict, Demand, Effective, PolicyReference};
use crate::{
    api::{RetentionPolicySpec, Span, retention_policy::RetentionClass},
    core::{
        facts::{Kind, Name},
        parameters::Parameter,
    },
};

/// Whether a class says how long its data is kept.
const fn keeps_data(class: &RetentionClass) -> bool {
    class.while_active || class.at_least.is_some() || class.after_termination.is_some()
}

/// What all policies together say of one data class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassRule {
    /// Policies that forbid it.
    pub forbidden_by: Vec<PolicyReference>,
    /// Lower bounds, each with its policy; the latest end counts.
    pub at_least: Vec<(Span, PolicyReference)>,
    /// Policies that keep it while the contract runs.
    pub while_active_by: Vec<PolicyReference>,
    /// Lower bounds after the contract's end.
    pub after_termination: Vec<(Span, PolicyReference)>,
}

impl Effective {
    /// The retention policies that say something about a matter, as those who ask.
    fn retention_asking(&self, says_something: fn(&RetentionPolicySpec) -> bool) -> Vec<Asking> {
        let asking =
            self.retention.iter().filter(|policy| says_something(&policy.spec)).map(|policy| Asking {
                policy: PolicyReference::new(Kind::RetentionPolicy, &policy.name),
                enforcement: policy.spec.enforcement,
            });
        asking.collect()
    }

    /// That claims have a class is asked where any policy requires it; which classes must not exist, by all together.
    pub fn class_declared(&self) -> Option<Demand> {
        let asking = self.retention_asking(|_| true);
        if asking.is_empty() {
            return None;
        }
        let mut forbidden: Vec<Name> = self
            .classes()
            .filter(|(_, class)| class.forbidden)
            .map(|(_, class)| Name::from(&class.name))
            .collect();
        forbidden.sort();
        forbidden.dedup();
        let demand = Demand::new(asking).with("required", Parameter::Flag(self.class_is_required()));
        Some(if forbidden.is_empty() { demand } else { demand.with("forbidden", Parameter::List(forbidden)) })
    }

    /// That data is kept is asked by every policy that keeps a class. How long differs by class, so there are no
    /// figures: the control reads [`Self::class_rule`].
    pub fn kept(&self) -> Option<Demand> {
        let asking = self.retention_asking(|spec| spec.classes.iter().any(keeps_data));
        (!asking.is_empty()).then(|| Demand::new(asking))
    }

    /// What is said of a class; none where no policy names it.
    pub fn class_rule(&self, class: &str) -> Option<ClassRule> {
        let entries: Vec<(PolicyReference, &RetentionClass)> =
            self.classes().filter(|(_, c)| c.name == class).collect();
        let policies = |is_meant: fn(&RetentionClass) -> bool| {
            entries.iter().filter(|(_, class)| is_meant(class)).map(|(policy, _)| policy.clone()).collect()
        };
        let spans = |span: fn(&RetentionClass) -> Option<Span>| {
            entries.iter().filter_map(|(policy, class)| Some((span(class)?, policy.clone()))).collect()
        };
        (!entries.is_empty()).then(|| ClassRule {
            forbidden_by: policies(|class| class.forbidden),
            at_least: spans(|class| class.at_least),
            while_active_by: policies(|class| class.while_active),
            after_termination: spans(|class| class.after_termination),
        })
    }

    /// Every class that a policy names, with the policy, in order of policies.
    pub fn classes(&self) -> impl Iterator<Item = (PolicyReference, &RetentionClass)> {
        self.retention.iter().flat_map(|policy| {
            let reference = PolicyReference::new(Kind::RetentionPolicy, &policy.name);
            policy.spec.classes.iter().map(move |class| (reference.clone(), class))
        })
    }

    /// Whether some policy demands a class for every claim.
    pub fn class_is_required(&self) -> bool {
        self.retention.iter().any(|policy| policy.spec.requires_class)
    }

    /// A class that one policy forbids and another keeps cannot be held.
    pub(super) fn retention_conflicts(&self) -> Vec<Conflict> {
        let mut names: Vec<&str> = self.classes().map(|(_, class)| class.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().filter_map(|name| self.conflict_over(name)).collect()
    }

    fn conflict_over(&self, class: &str) -> Option<Conflict> {
        let rule = self.class_rule(class)?;
        let keepers = rule.at_least.iter().map(|(_, policy)| policy).chain(&rule.while_active_by);
        let keepers: Vec<&PolicyReference> =
            keepers.chain(rule.after_termination.iter().map(|(_, policy)| policy)).collect();
        let (forbidding, keeping) = (rule.forbidden_by.first()?, keepers.first()?);
        let mut policies: Vec<PolicyReference> =
            rule.forbidden_by.iter().chain(keepers.iter().copied()).cloned().collect();
        policies.sort();
        policies.dedup();
        let message = format!("data class `{class}` is forbidden by {forbidding} but kept by {keeping}");
        Some(Conflict { policies, message })
    }
}
