//! Merging isolation policies.

use super::{Asking, Demand, Effective, Figure, PolicyReference, strictest};
use crate::{
    api::{
        Direction, HostAccess, IsolationPolicySpec, PodSecurityLevel,
        isolation_policy::{InjectedContainer, NetworkIsolation},
    },
    core::{
        facts::{Kind, Name},
        parameters::Parameter,
    },
};

impl Effective {
    /// The isolation policies that say something about a matter, with what they say.
    fn isolation_about<'a, T>(
        &'a self,
        matter: fn(&'a IsolationPolicySpec) -> Option<T>,
    ) -> impl Iterator<Item = (Asking, T)> + 'a
    where
        T: 'a,
    {
        self.isolation.iter().filter_map(move |policy| {
            let reference = PolicyReference::new(Kind::IsolationPolicy, &policy.name);
            let asking = Asking { policy: reference, enforcement: policy.spec.enforcement };
            matter(&policy.spec).map(|value| (asking, value))
        })
    }

    /// That claims on namespaces hold is asked by any isolation policy.
    pub fn namespace_claimed(&self) -> Option<Demand> {
        let asking: Vec<Asking> = self.isolation_about(|_| Some(())).map(|(asking, ())| asking).collect();
        (!asking.is_empty()).then(|| Demand::new(asking))
    }

    /// The directions that any policy denies by default.
    pub fn network_default_deny(&self) -> Option<Demand> {
        let rules: Vec<_> = self.isolation_about(|spec| spec.network.as_ref()).collect();
        if rules.is_empty() {
            return None;
        }
        let mut directions: Vec<Direction> = rules.iter().flat_map(|(_, rule)| directions_of(rule)).collect();
        directions.sort();
        directions.dedup();
        let names = directions.into_iter().map(|direction| match direction {
            Direction::Ingress => Name::from("Ingress"),
            Direction::Egress => Name::from("Egress"),
        });
        let names = names.collect();
        let asking = rules.into_iter().map(|(asking, _)| asking).collect();
        Some(Demand::new(asking).with("directions", Parameter::List(names)))
    }

    /// The strictest level.
    pub fn pod_security(&self) -> Option<Demand> {
        let asking: Vec<Asking> =
            self.isolation_about(|spec| spec.pod_security.as_ref()).map(|(asking, _)| asking).collect();
        let figures = self.isolation_about(|spec| spec.pod_security.as_ref());
        let figures = figures.map(|(asking, rule)| Figure { value: rule.level, source: asking.policy });
        let level = strictest(figures, Ord::cmp)?.map(|level| {
            Parameter::Text(Name::from(match level {
                PodSecurityLevel::Baseline => "Baseline",
                PodSecurityLevel::Restricted => "Restricted",
            }))
        });
        Some(Demand::new(asking).with_figure("level", Some(level)))
    }

    /// The ways into the node that every policy allows.
    pub fn host_access(&self) -> Option<Demand> {
        let rules: Vec<_> = self.isolation_about(|spec| spec.host_access.as_ref()).collect();
        let (_, first) = rules.first()?;
        let mut allowed: Vec<HostAccess> = first.allowed.clone();
        allowed.retain(|way| rules.iter().all(|(_, rule)| rule.allowed.contains(way)));
        allowed.sort();
        allowed.dedup();
        let names = allowed.into_iter().map(|way| Name::from(format!("{way:?}"))).collect();
        let asking = rules.into_iter().map(|(asking, _)| asking).collect();
        Some(Demand::new(asking).with("allowed", Parameter::List(names)))
    }

    /// Containers that the platform injects: those that any policy lists.
    pub fn injected_containers(&self) -> impl Iterator<Item = &InjectedContainer> {
        self.isolation.iter().flat_map(|policy| &policy.spec.injected_containers)
    }
}

/// The directions that a rule denies; both where it names none.
pub(crate) fn directions_of(rule: &NetworkIsolation) -> Vec<Direction> {
    if rule.directions.is_empty() {
        return vec![Direction::Ingress, Direction::Egress];
    }
    rule.directions.clone()
}
