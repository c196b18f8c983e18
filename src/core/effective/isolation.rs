//! Merging isolation policies.

use super::{Asking, Demand, Effective, Figure, PolicyReference, strictest};
use crate::{
    api::{
        Direction, HostAccess, IsolationPolicySpec, Management, PodSecurityLevel,
        isolation_policy::{InjectedContainer, NetworkIsolation, NetworkPeer},
    },
    core::{
        facts::{Container, ContainerRole, Kind, Name},
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
        let directions = rules.iter().flat_map(|(_, rule)| Self::directions_denied_by(rule));
        let names = sorted_names(directions.map(|direction| match direction {
            Direction::Ingress => "Ingress".to_owned(),
            Direction::Egress => "Egress".to_owned(),
        }));
        let peers = self.allowed_peers().map(|peers| {
            Parameter::List(sorted_names(peers.into_iter().map(|peer| Self::peer_name(peer).to_owned())))
        });
        let asking = rules.into_iter().map(|(asking, _)| asking).collect();
        let demand = Demand::new(asking).with("directions", Parameter::List(names));
        Some(match peers {
            Some(peers) => demand.with("peers", peers),
            None => demand,
        })
    }

    /// The peers that every policy allows which says which; none where no policy says.
    pub fn allowed_peers(&self) -> Option<Vec<NetworkPeer>> {
        let rules = self.isolation_about(|spec| spec.network.as_ref()).map(|(_, rule)| &rule.peers);
        let mut stated = rules.filter(|peers| !peers.is_empty());
        let first = stated.next()?.clone();
        Some(
            stated.fold(first, |allowed, peers| {
                allowed.into_iter().filter(|peer| peers.contains(peer)).collect()
            }),
        )
    }

    /// A peer as profiles spell it.
    pub const fn peer_name(peer: NetworkPeer) -> &'static str {
        match peer {
            NetworkPeer::Dns => "dns",
            NetworkPeer::Tenant => "tenant",
        }
    }

    /// The directions that a rule denies; both where it names none.
    pub fn directions_denied_by(rule: &NetworkIsolation) -> Vec<Direction> {
        if rule.directions.is_empty() {
            return vec![Direction::Ingress, Direction::Egress];
        }
        rule.directions.clone()
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
        let names = sorted_names(allowed.into_iter().map(|way| format!("{way:?}")));
        let asking = rules.into_iter().map(|(asking, _)| asking).collect();
        Some(Demand::new(asking).with("allowed", Parameter::List(names)))
    }

    /// Whether Surety writes the labels of Pod Security Admission.
    pub fn pod_security_is_managed(&self) -> bool {
        self.manages(|spec| spec.pod_security.is_some())
    }

    /// Whether Surety labels the tenant's namespaces: it does, unless policies reach the tenant and all only observe.
    pub fn claims_are_managed(&self) -> bool {
        self.isolation.is_empty() || self.manages(|_| true)
    }

    fn manages(&self, matter: impl Fn(&IsolationPolicySpec) -> bool) -> bool {
        let mut managed =
            self.isolation.iter().filter(|policy| policy.spec.management == Management::Managed);
        managed.any(|policy| matter(&policy.spec))
    }

    /// Whether the platform injects a container: a policy lists its name and where its image comes from. Ephemeral
    /// containers are put into pods by people, never by the platform.
    pub fn injects(&self, container: &Container) -> bool {
        let mut listed = self.isolation.iter().flat_map(|policy| &policy.spec.injected_containers);
        container.role != ContainerRole::Ephemeral && listed.any(|entry| is_listed(entry, container))
    }
}

/// Names as a profile's lists are kept, so that a promise and a policy that demand the same are evaluated once.
fn sorted_names(names: impl Iterator<Item = String>) -> Vec<Name> {
    let mut names: Vec<Name> = names.map(Name::from).collect();
    names.sort();
    names.dedup();
    names
}

fn is_listed(entry: &InjectedContainer, container: &Container) -> bool {
    let rest = container.image.strip_prefix(&entry.image_prefix);
    container.name == *entry.name && rest.is_some_and(|rest| continues_name(&entry.image_prefix, rest))
}

/// Whether the prefix ends where a part of the image's name ends. Else `mesh/proxy` would stand for `mesh/proxy-of-mine`
/// too, and anybody could name an image so. Within a tag or digest every prefix holds: those are the image owner's.
fn continues_name(prefix: &str, rest: &str) -> bool {
    let ends_in_tag =
        prefix.rsplit_once('/').is_some_and(|(_, last)| last.is_empty() || last.contains([':', '@']));
    ends_in_tag || rest.is_empty() || rest.starts_with(['/', ':', '@'])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        api::isolation_policy::{HostAccessRule, PodSecurity},
        core::{controls::testkit::declared, facts::Labels},
    };

    fn effective(specs: impl IntoIterator<Item = IsolationPolicySpec>) -> Effective {
        let named = specs.into_iter().enumerate();
        let policies =
            named.map(|(index, spec)| Arc::new(declared(&format!("p{index}"), Labels::default(), spec)));
        Effective { isolation: policies.collect(), ..Effective::default() }
    }

    fn managed(spec: IsolationPolicySpec) -> IsolationPolicySpec {
        IsolationPolicySpec { management: Management::Managed, ..spec }
    }

    fn level(level: PodSecurityLevel) -> IsolationPolicySpec {
        IsolationPolicySpec { pod_security: Some(PodSecurity { level }), ..IsolationPolicySpec::default() }
    }

    fn allowing(allowed: &[HostAccess]) -> IsolationPolicySpec {
        let rule = HostAccessRule { allowed: allowed.to_vec() };
        IsolationPolicySpec { host_access: Some(rule), ..IsolationPolicySpec::default() }
    }

    fn denying(directions: &[Direction]) -> IsolationPolicySpec {
        let rule = NetworkIsolation { directions: directions.to_vec(), peers: Vec::new() };
        IsolationPolicySpec { network: Some(rule), ..IsolationPolicySpec::default() }
    }

    #[test]
    fn the_strictest_level_wins_and_its_policy_is_named() {
        let policies = [level(PodSecurityLevel::Baseline), level(PodSecurityLevel::Restricted)];
        let demand = effective(policies).pod_security();
        let level = demand.as_ref().and_then(|demand| demand.parameters.text("level").cloned());
        assert_eq!(level, Some("Restricted".into()));
        let sources: Vec<Name> =
            demand.into_iter().flat_map(|demand| demand.figures).map(|figure| figure.source.name).collect();
        assert_eq!(sources, [Name::from("p1")]);
    }

    #[test]
    fn a_direction_that_any_policy_denies_is_demanded() {
        let policies = [denying(&[Direction::Egress]), denying(&[Direction::Ingress])];
        let demand = effective(policies).network_default_deny();
        let directions = demand.map(|demand| demand.parameters.list("directions").to_vec());
        assert_eq!(directions, Some(vec!["Egress".into(), "Ingress".into()]));
    }

    #[test]
    fn peers_are_those_that_every_policy_allows_which_says_which() {
        use NetworkPeer::{Dns, Tenant};
        let stating = |peers: &[NetworkPeer]| {
            let rule = NetworkIsolation { directions: Vec::new(), peers: peers.to_vec() };
            IsolationPolicySpec { network: Some(rule), ..IsolationPolicySpec::default() }
        };
        for (policies, allowed) in [
            (vec![stating(&[])], None),
            (vec![stating(&[Dns, Tenant])], Some(vec!["dns", "tenant"])),
            (vec![stating(&[]), stating(&[Dns])], Some(vec!["dns"])),
            (vec![stating(&[Tenant]), stating(&[Dns, Tenant])], Some(vec!["tenant"])),
            (vec![stating(&[Tenant]), stating(&[Dns])], Some(vec![])),
        ] {
            let parameters = effective(policies).network_default_deny().map(|demand| demand.parameters);
            let peers = parameters.as_ref().and_then(|parameters| parameters.get("peers"));
            let allowed = allowed.map(|names| Parameter::List(names.into_iter().map(Name::from).collect()));
            assert_eq!(peers, allowed.as_ref());
        }
    }

    #[test]
    fn only_ways_into_the_node_that_every_policy_allows_are_allowed() {
        let all = [HostAccess::HostPath, HostAccess::HostPort];
        let policies = [allowing(&all), allowing(&[HostAccess::HostPort, HostAccess::HostIPC])];
        let demand = effective(policies).host_access();
        let allowed = demand.map(|demand| demand.parameters.list("allowed").to_vec());
        assert_eq!(allowed, Some(vec!["HostPort".into()]));
    }

    #[test]
    fn surety_writes_what_a_managed_policy_speaks_of_and_labels_unless_all_only_observe() {
        let observed = level(PodSecurityLevel::Baseline);
        for (policies, pod_security, claims) in [
            (vec![], false, true),
            (vec![observed.clone()], false, false),
            (vec![managed(observed.clone())], true, true),
            (vec![observed, managed(denying(&[]))], false, true),
        ] {
            let effective = effective(policies);
            assert_eq!(effective.pod_security_is_managed(), pod_security, "{effective:?}");
            assert_eq!(effective.claims_are_managed(), claims, "{effective:?}");
        }
    }

    #[test]
    fn an_injected_container_is_known_by_its_name_and_whole_parts_of_its_image() {
        let main = ContainerRole::Main;
        for (prefix, role, name, image, is_injected) in [
            ("hub/mesh/proxy", main, "mesh", "hub/mesh/proxy:1.2", true),
            ("hub/mesh/proxy", ContainerRole::Init, "mesh", "hub/mesh/proxy@sha256:1", true),
            ("hub/mesh/proxy", main, "mesh", "hub/mesh/proxy-of-mine:1", false),
            ("hub/mesh/proxy", main, "web", "hub/mesh/proxy:1.2", false),
            ("hub/mesh/proxy", ContainerRole::Ephemeral, "mesh", "hub/mesh/proxy:1", false),
            ("hub/mesh/", main, "mesh", "hub/mesh/proxy", true),
            ("hub/mesh/proxy:1.", main, "mesh", "hub/mesh/proxy:1.24", true),
            ("hub", main, "mesh", "hub-of-mine/mesh/proxy", false),
        ] {
            let entry = InjectedContainer { name: "mesh".to_owned(), image_prefix: prefix.to_owned() };
            let spec =
                IsolationPolicySpec { injected_containers: vec![entry], ..IsolationPolicySpec::default() };
            let container =
                Container { role, name: name.into(), image: image.into(), ..Container::default() };
            assert_eq!(effective([spec]).injects(&container), is_injected, "{prefix} {name} {image}");
        }
    }
}
