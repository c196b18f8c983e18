//! How far a network policy is open.

use serde_json::{Value, json};

use super::fact;
use crate::{
    api::Direction,
    core::facts::{Kind, NetworkPolicy, Openness},
};

fn policy(spec: &Value) -> NetworkPolicy {
    fact!(NetworkPolicy, json!({"metadata": {"name": "p", "namespace": "n"}, "spec": spec}))
}

#[test]
fn directions_are_defaulted_as_the_api_server_does() {
    let (ingress, egress) = (Direction::Ingress, Direction::Egress);
    for (spec, directions) in [
        (json!({}), vec![ingress]),
        (json!({"ingress": []}), vec![ingress]),
        (json!({"egress": [{}]}), vec![ingress, egress]),
        (json!({"policyTypes": []}), vec![ingress]),
        (json!({"policyTypes": ["Egress"]}), vec![egress]),
        (json!({"policyTypes": ["Ingress", "Egress"]}), vec![ingress, egress]),
        (json!({"policyTypes": ["Ingress"], "egress": [{}]}), vec![ingress]),
    ] {
        assert_eq!(policy(&spec).directions, directions, "{spec}");
    }
}

#[test]
fn a_direction_that_is_not_known_makes_the_policy_unreadable() {
    let object = json!({"metadata": {"name": "p", "namespace": "n"}, "spec": {"policyTypes": ["Sideways"]}});
    assert!(super::error(Kind::NetworkPolicy, &object).contains("Sideways"));
}

#[test]
fn the_pod_selector_is_kept() {
    let selector = policy(&json!({"podSelector": {"matchLabels": {"app": "web"}}})).pod_selector;
    assert_eq!(selector.match_labels.unwrap()["app"], "web");
}

#[test]
fn openness_is_that_of_the_widest_rule() {
    let pods = json!({"podSelector": {"matchLabels": {"app": "web"}}});
    for (rules, openness) in [
        (json!(null), Openness::Closed),
        (json!([]), Openness::Closed),
        (json!([{"from": [pods]}]), Openness::Peers),
        (json!([{"from": [pods]}, {}]), Openness::Everything),
        (json!([{"from": [pods, {"ipBlock": {"cidr": "0.0.0.0/0"}}]}]), Openness::Everything),
    ] {
        assert_eq!(policy(&json!({"ingress": rules})).ingress, openness, "{rules}");
    }
}

#[test]
fn a_rule_without_peers_is_open_whatever_its_ports() {
    for rule in [
        json!({}),
        json!({"ports": [{"port": 443}]}),
        json!({"ports": [{"port": 443}], "to": []}),
        json!({"to": null}),
    ] {
        assert_eq!(policy(&json!({"egress": [rule]})).egress, Openness::Everything, "{rule}");
    }
}

#[test]
fn a_peer_is_open_where_it_names_nobody_in_particular() {
    let (everything, peers) = (Openness::Everything, Openness::Peers);
    for (peer, openness) in [
        (json!({"ipBlock": {"cidr": "0.0.0.0/0"}}), everything),
        (json!({"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}), everything),
        (json!({"ipBlock": {"cidr": "::/0"}}), everything),
        (json!({"ipBlock": {"cidr": "10.1.2.3/0"}}), everything),
        (json!({"ipBlock": {"cidr": "128.0.0.0/1"}}), everything),
        (json!({"ipBlock": {"cidr": "10.0.0.0/8"}}), peers),
        (json!({"ipBlock": {"cidr": "2001:db8::/32"}}), peers),
        (json!({"podSelector": {}}), peers),
        (json!({"podSelector": {"matchLabels": {"app": "web"}}}), peers),
        (json!({"namespaceSelector": {}}), everything),
        (json!({"namespaceSelector": {}, "podSelector": {}}), everything),
        (json!({"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "web"}}}), peers),
        (
            json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}),
            peers,
        ),
        (
            json!({"namespaceSelector": {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "Exists"}]}}),
            everything,
        ),
        (
            json!({"namespaceSelector": {"matchExpressions": [{"key": "never-set", "operator": "DoesNotExist"}]}}),
            everything,
        ),
        (
            json!({"namespaceSelector": {"matchExpressions": [{"key": "name", "operator": "NotIn", "values": ["x"]}]}}),
            everything,
        ),
        (json!({"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "Exists"}]}}), peers),
        (
            json!({"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "In", "values": ["a"]}]}}),
            peers,
        ),
        (json!({}), everything),
    ] {
        assert_eq!(policy(&json!({"ingress": [{"from": [peer]}]})).ingress, openness, "{peer}");
    }
}

#[test]
fn the_namespaces_that_peers_reach_are_kept_once_by_direction() {
    let (a, b) = (json!({"matchLabels": {"team": "a"}}), json!({"matchLabels": {"team": "b"}}));
    let pods = json!({"podSelector": {}});
    let spec = json!({
        "ingress": [{"from": [{"namespaceSelector": a, "podSelector": {}}, pods]}, {"from": [{"namespaceSelector": a}]}],
        "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}, {"namespaceSelector": b}]}, {}],
    });
    let policy = policy(&spec);
    let of = |direction| json!(policy.namespaces_reached(direction));
    assert_eq!(of(Direction::Ingress), json!([a]));
    assert_eq!(of(Direction::Egress), json!([b]));
}
