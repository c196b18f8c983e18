//! Network policies.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use serde::Deserialize;

use super::{Fault, List, Metadata, Nested, Objects, Text, from_slice};
use crate::{
    api::{Direction, keys},
    core::facts::{NetworkPolicy, Openness},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Nested<Metadata<'a>>,
    spec: Nested<Spec<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec<'a> {
    pod_selector: Nested<LabelSelector>,
    #[serde(borrow)]
    policy_types: List<Text<'a>>,
    ingress: Objects<Ingress<'a>>,
    egress: Objects<Egress<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Ingress<'a> {
    #[serde(borrow)]
    from: Objects<Peer<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Egress<'a> {
    #[serde(borrow)]
    to: Objects<Peer<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Peer<'a> {
    pod_selector: Option<LabelSelector>,
    namespace_selector: Option<LabelSelector>,
    #[serde(borrow)]
    ip_block: Option<Nested<IpBlock<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct IpBlock<'a> {
    #[serde(borrow)]
    cidr: Text<'a>,
}

pub(super) fn decode(json: &[u8]) -> Result<NetworkPolicy, Fault> {
    let Object { metadata, spec } = from_slice(json)?;
    let (namespace, name) = metadata.place()?;
    Ok(NetworkPolicy {
        namespace,
        name,
        meta: metadata.meta(),
        directions: directions(&spec)?,
        ingress: openness(spec.ingress.iter().map(|rule| &rule.from)),
        egress: openness(spec.egress.iter().map(|rule| &rule.to)),
        ingress_namespaces: namespaces(spec.ingress.iter().map(|rule| &rule.from)),
        egress_namespaces: namespaces(spec.egress.iter().map(|rule| &rule.to)),
        pod_selector: spec.0.pod_selector.0,
    })
}

/// As the API server defaults them: without types ingress, and egress too where there are rules for it.
fn directions(spec: &Spec<'_>) -> Result<Vec<Direction>, Fault> {
    if !spec.policy_types.is_empty() {
        return spec.policy_types.iter().map(|text| direction(text)).collect();
    }
    let egress = (!spec.egress.is_empty()).then_some(Direction::Egress);
    Ok([Direction::Ingress].into_iter().chain(egress).collect())
}

fn direction(text: &str) -> Result<Direction, Fault> {
    match text {
        "Ingress" => Ok(Direction::Ingress),
        "Egress" => Ok(Direction::Egress),
        other => {
            Err(Fault::field("spec.policyTypes", format!("found `{other}`, expected Ingress or Egress")))
        }
    }
}

/// Ports do not count: a rule without peers lets everybody in on its ports, and a fence with one such gate is open.
fn openness<'a, 'b: 'a>(rules: impl Iterator<Item = &'a Objects<Peer<'b>>>) -> Openness {
    let each = rules.map(|peers| {
        let is_everything = peers.is_empty() || peers.iter().any(|peer| peer.is_everything());
        if is_everything { Openness::Everything } else { Openness::Peers }
    });
    each.max().unwrap_or_default()
}

/// The namespaces that the peers reach, each selector once.
fn namespaces<'a, 'b: 'a>(rules: impl Iterator<Item = &'a Objects<Peer<'b>>>) -> Vec<LabelSelector> {
    let mut selectors: Vec<LabelSelector> = Vec::new();
    for selector in rules.flat_map(|peers| peers.iter()).filter_map(|peer| peer.namespace_selector.as_ref()) {
        if !selectors.contains(selector) {
            selectors.push(selector.clone());
        }
    }
    selectors
}

impl Peer<'_> {
    /// A peer that names nobody in particular: half the address space or more (`except` takes single blocks out of an
    /// open door and does not close it), or all pods of all namespaces. One that names nothing at all is not stored by
    /// the API server; it counts as open too.
    fn is_everything(&self) -> bool {
        if let Some(block) = &self.ip_block {
            return block.is_half_of_everything();
        }
        match (&self.namespace_selector, &self.pod_selector) {
            (None, pods) => pods.is_none(),
            (Some(namespaces), pods) => is_open(namespaces) && pods.as_ref().is_none_or(is_open),
        }
    }
}

impl IpBlock<'_> {
    /// `/0`, or `/1`, of which two make everything.
    fn is_half_of_everything(&self) -> bool {
        let prefix = self.cidr.rsplit_once('/').and_then(|(_, length)| length.parse::<u8>().ok());
        prefix.is_some_and(|length| length <= 1)
    }
}

/// Whether a selector asks for no label that anybody would have to carry: it is empty, only says what must not be
/// there, or asks for the label that every namespace has.
fn is_open(selector: &LabelSelector) -> bool {
    let asks_for_labels = selector.match_labels.as_ref().is_some_and(|labels| !labels.is_empty());
    !asks_for_labels && selector.match_expressions.iter().flatten().all(is_met_by_strangers)
}

fn is_met_by_strangers(requirement: &LabelSelectorRequirement) -> bool {
    match requirement.operator.as_str() {
        "NotIn" | "DoesNotExist" => true,
        "Exists" => requirement.key == keys::NAMESPACE_NAME,
        _ => false,
    }
}
