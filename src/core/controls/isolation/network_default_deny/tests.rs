//! Fences that hold, are missing, are opened, or cannot be seen.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::*;
use crate::{
    api::{
        IsolationPolicySpec, Management,
        isolation_policy::{NetworkIsolation, NetworkPeer},
    },
    core::{
        controls::testkit::{Bench, NAMESPACE, NOW, at, declared, meta},
        facts::{Change, Labels, Meta, ObjectKey, SourceState},
        verdict::State,
    },
    index,
};

const LATER: &str = "2026-06-15T12:05:00Z";
const BOTH: [Direction; 2] = [Direction::Ingress, Direction::Egress];

fn policy(name: &str, directions: &[Direction], ingress: Openness, egress: Openness) -> NetworkPolicy {
    NetworkPolicy {
        namespace: NAMESPACE.into(),
        name: name.into(),
        meta: meta(name),
        pod_selector: LabelSelector::default(),
        directions: directions.to_vec(),
        ingress,
        egress,
        ..NetworkPolicy::default()
    }
}

fn fence(name: &str, directions: &[Direction]) -> Fact {
    Fact::NetworkPolicy(policy(name, directions, Openness::Closed, Openness::Closed))
}

fn for_pods(app: &str, policy: NetworkPolicy) -> Fact {
    let labels = [("app".to_owned(), app.to_owned())].into();
    let selector = LabelSelector { match_labels: Some(labels), ..LabelSelector::default() };
    Fact::NetworkPolicy(NetworkPolicy { pod_selector: selector, ..policy })
}

fn bench(facts: impl IntoIterator<Item = Fact>) -> Bench {
    facts.into_iter().fold(Bench::new(&CONTROL), Bench::with)
}

fn isolation(management: Management, directions: &[Direction]) -> Fact {
    let network = NetworkIsolation { directions: directions.to_vec(), peers: vec![NetworkPeer::Dns] };
    let spec = IsolationPolicySpec { management, network: Some(network), ..IsolationPolicySpec::default() };
    Fact::IsolationPolicy(declared("keep-apart", Labels::default(), spec))
}

fn fields(verdict: &Verdict) -> Vec<&str> {
    verdict.issues.iter().map(|issue| issue.field.as_str()).collect()
}

#[test]
fn policies_for_all_pods_that_deny_both_directions_pass() {
    let peers = Fact::NetworkPolicy(policy("dns", &BOTH, Openness::Peers, Openness::Peers));
    for facts in [
        vec![fence("deny", &BOTH)],
        vec![fence("in", &[Direction::Ingress]), fence("out", &[Direction::Egress])],
        vec![fence("deny", &BOTH), peers.clone()],
        // A policy for all pods isolates them also where it lets peers through.
        vec![peers],
    ] {
        let verdict = bench(facts).verdict_on_namespace();
        assert_eq!(verdict.state(at(NOW)), State::Pass, "{verdict:?}");
    }
}

#[test]
fn a_fence_that_is_missing_or_does_not_surround_all_pods_fails_once_the_namespace_has_settled() {
    let narrow = for_pods("web", policy("narrow", &BOTH, Openness::Closed, Openness::Closed));
    let both = ["networkpolicies[policyTypes=Ingress]", "networkpolicies[policyTypes=Egress]"];
    for (facts, expected) in [
        (vec![], &both[..]),
        (vec![narrow], &both[..]),
        (vec![fence("in", &[Direction::Ingress])], &both[1..]),
    ] {
        let verdict = bench(facts).now(LATER).verdict_on_namespace();
        assert_eq!(fields(&verdict), expected);
        assert!(verdict.issues.iter().all(|issue| issue.problem == Problem::Fail), "{verdict:?}");
    }
}

#[test]
fn the_finding_holds_the_policy_to_apply() {
    let verdict = bench([fence("in", &[Direction::Ingress])]).now(LATER).verdict_on_namespace();
    let expected = Issue::fail(
        "networkpolicies[policyTypes=Egress]",
        "no NetworkPolicy with an empty podSelector denies Egress by default",
        "a NetworkPolicy for all pods with Egress in policyTypes",
        "apply `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: default-deny, \
         namespace: acme-prod}, spec: {podSelector: {}, policyTypes: [Ingress, Egress]}}`",
    );
    assert_eq!(verdict.issues, [expected]);
}

#[test]
fn a_young_namespace_waits_for_its_fence_whoever_writes_it_and_changes_by_itself() {
    for management in [Management::Managed, Management::Observed] {
        let verdict = bench([isolation(management, &BOTH)]).verdict_on_namespace();
        assert_eq!(verdict.state(at(NOW)), State::Pending, "{management:?}");
        assert_eq!(verdict.next_change(at(NOW)), Some(at(LATER)));
        assert_eq!(verdict.state(at(LATER)), State::Fail);
    }
}

#[test]
fn a_policy_that_opens_a_direction_to_everything_is_named_whichever_pods_it_selects() {
    let open = |directions: &[Direction]| policy("open", directions, Openness::Everything, Openness::Closed);
    for (opening, pods) in [
        (Fact::NetworkPolicy(open(&BOTH)), "every pod"),
        (for_pods("web", open(&BOTH)), "the pods that it selects"),
    ] {
        let verdict = bench([fence("deny", &BOTH), opening]).verdict_on_namespace();
        let expected = Issue::fail(
            "networkpolicies[name=open].spec.ingress",
            format!("NetworkPolicy `open` opens ingress of {pods} to everything"),
            "rules that each name a peer in `from`",
            "name the peers in `from` of each rule in spec.ingress of NetworkPolicy `open`",
        );
        assert_eq!(verdict.issues, [expected]);
    }
}

#[test]
fn rules_of_a_direction_that_a_policy_is_not_about_or_nobody_demands_open_nothing() {
    let open = policy("open", &[Direction::Egress], Openness::Everything, Openness::Peers);
    let verdict = bench([fence("deny", &BOTH), Fact::NetworkPolicy(open)]).verdict_on_namespace();
    assert_eq!(verdict.state(at(NOW)), State::Pass);

    let open = policy("open", &BOTH, Openness::Peers, Openness::Everything);
    let ingress_only = bench([Fact::NetworkPolicy(open)]).with_list("directions", &["Ingress"]);
    assert_eq!(ingress_only.verdict_on_namespace().state(at(NOW)), State::Pass);
    assert_eq!(
        bench([]).with_list("directions", &[]).verdict_on_namespace().state(at(NOW)),
        State::NotApplicable
    );
}

#[test]
fn a_fence_that_files_do_not_show_is_unknown_and_one_that_they_show_passes() {
    let from_files = |facts: Vec<Fact>| {
        bench(facts).with_source(Source::NetworkPolicies, SourceState::FilesOnly).now(LATER)
    };
    let verdict = from_files(vec![]).verdict_on_namespace();
    assert_eq!(verdict.state(at(LATER)), State::Error);
    assert!(matches!(verdict.issues.first().unwrap().problem, Problem::Unknown(_)), "{verdict:?}");
    assert_eq!(from_files(vec![fence("deny", &BOTH)]).verdict_on_namespace().state(at(LATER)), State::Pass);
}

#[test]
fn a_source_that_cannot_be_trusted_makes_it_unknown() {
    for state in [SourceState::Pending, SourceState::Forbidden, SourceState::Stale(at(NOW))] {
        let bench = bench([fence("deny", &BOTH)]).with_source(Source::NetworkPolicies, state);
        assert_eq!(bench.verdict_on_namespace().state(at(NOW)), State::Error);
    }
}

#[test]
fn an_unreadable_policy_of_the_namespace_might_open_it_and_one_elsewhere_does_not_matter() {
    for (place, state) in [(NAMESPACE, State::Error), ("elsewhere", State::Pass)] {
        let mut bench = bench([fence("deny", &BOTH)]);
        let key = ObjectKey::namespaced(Kind::NetworkPolicy, place, "odd");
        index::apply(&mut bench.world, Change::Unreadable(key, "spec.ingress: expected a list".into()));
        assert_eq!(bench.verdict_on_namespace().state(at(NOW)), state, "{place}");
    }
}

#[test]
fn a_fence_without_a_date_in_a_file_waits_like_a_new_one() {
    let in_file = Namespace { name: NAMESPACE.into(), meta: Meta::default(), labels: Labels::default() };
    assert_eq!(bench([]).now(LATER).state_of(Fact::Namespace(in_file)), State::Pending);
}

#[test]
fn a_policy_that_leaves_out_a_promised_direction_is_weaker() {
    for (directions, expected) in [
        (&[Direction::Ingress][..], vec!["spec.network.directions[Egress]"]),
        (&BOTH[..], vec![]),
        (&[][..], vec![]),
    ] {
        assert_eq!(bench([]).weaker(&isolation(Management::Managed, directions)), expected);
    }
    let unset = declared("keep-apart", Labels::default(), IsolationPolicySpec::default());
    assert_eq!(bench([]).weaker(&Fact::IsolationPolicy(unset)), [] as [&str; 0]);
}

#[test]
fn detect_a_namespace_in_place_without_its_fence() {
    let verdict =
        bench([isolation(Management::Observed, &BOTH)]).now("2026-07-01T00:00:00Z").verdict_on_namespace();
    assert_eq!(verdict.state(at("2026-07-01T00:00:00Z")), State::Fail);
}

/// A NetworkPolicy `gate` whose rules in one direction reach the namespaces that each of these selectors selects.
fn gate(direction: Direction, selectors: &[serde_json::Value]) -> Fact {
    let selectors: Vec<LabelSelector> =
        selectors.iter().map(|selector| serde_json::from_value(selector.clone()).unwrap()).collect();
    let gate = policy("gate", &[direction], Openness::Peers, Openness::Peers);
    Fact::NetworkPolicy(match direction {
        Direction::Ingress => NetworkPolicy { ingress_namespaces: selectors, ..gate },
        Direction::Egress => NetworkPolicy { egress_namespaces: selectors, ..gate },
    })
}

fn by_label(key: &str, value: &str) -> serde_json::Value {
    serde_json::json!({"matchLabels": {key: value}})
}

fn by_name(name: &str) -> serde_json::Value {
    by_label("kubernetes.io/metadata.name", name)
}

/// Two namespaces of the tenant, one of another, one of the platform, all of one team, and the fence.
fn neighbours() -> Bench {
    let namespace = |name: &str| {
        Fact::Namespace(Namespace {
            name: name.into(),
            meta: meta(name),
            labels: Labels::from([("team", "shop"), ("name", name)]),
        })
    };
    let tenant = |name: &str, listed: &str| {
        let mut spec = crate::api::TenantSpec::default();
        spec.namespaces.names = vec![listed.to_owned()];
        Fact::Tenant(declared(name, Labels::default(), spec))
    };
    bench([
        tenant("acme", "acme-test"),
        tenant("beta", "beta-prod"),
        namespace("acme-test"),
        namespace("beta-prod"),
        namespace("ingress-nginx"),
        fence("deny", &BOTH),
    ])
}

#[test]
fn a_rule_may_reach_the_platform_and_its_own_tenant_and_no_other_tenant() {
    let anybody = || serde_json::json!({});
    let exists = serde_json::json!({"matchExpressions": [{"key": "team", "operator": "Exists"}]});
    for (what, selector, any, dns, tenant) in [
        ("the platform", by_name("ingress-nginx"), true, true, true),
        ("a namespace that is not there", by_name("to-come"), true, true, true),
        ("the namespace itself", by_name(NAMESPACE), true, true, true),
        ("nobody", by_label("team", "nobody"), true, true, true),
        ("its own tenant, by name", by_name("acme-test"), true, false, true),
        ("its own tenant, by label", by_label("name", "acme-test"), true, false, true),
        ("its own tenant, by Surety's label", by_label("surety.dev/tenant", "acme"), true, false, true),
        ("another tenant, by name", by_name("beta-prod"), false, false, false),
        ("another tenant, by label", by_label("name", "beta-prod"), false, false, false),
        ("another tenant, by Surety's label", by_label("surety.dev/tenant", "beta"), false, false, false),
        ("a team across tenants", by_label("team", "shop"), false, false, false),
        ("a label across tenants", exists, false, false, false),
        ("pods of all namespaces", anybody(), false, false, false),
    ] {
        for direction in BOTH {
            let bench = || neighbours().with(gate(direction, std::slice::from_ref(&selector)));
            for (peers, bench, passes) in [
                ("any", bench(), any),
                ("dns", bench().with_list("peers", &["dns"]), dns),
                ("dns, tenant", bench().with_list("peers", &["dns", "tenant"]), tenant),
                ("none", bench().with_list("peers", &[]), dns),
            ] {
                let state = bench.verdict_on_namespace().state(at(NOW));
                let wanted = if passes { State::Pass } else { State::Fail };
                assert_eq!(state, wanted, "{what}, {direction:?}, peers: {peers}");
            }
        }
    }
}

#[test]
fn the_finding_names_the_selector_and_no_other_tenant() {
    let verdict = neighbours().with(gate(Direction::Ingress, &[by_name("beta-prod")])).verdict_on_namespace();
    let expected = Issue::fail(
        "networkpolicies[name=gate].spec.ingress.from[namespaceSelector=kubernetes.io/metadata.name=beta-prod]",
        "NetworkPolicy `gate` lets in a namespace of another tenant",
        "namespaces of the tenant itself, or of no tenant",
        "narrow namespaceSelector in spec.ingress of NetworkPolicy `gate`, for example to `kubernetes.io/metadata.name`",
    );
    assert_eq!(verdict.issues, [expected]);
}

#[test]
fn one_more_peer_that_reaches_too_far_is_one_more_issue() {
    let (one, two) = (by_name("beta-prod"), by_label("team", "shop"));
    let verdict = neighbours().with(gate(Direction::Egress, &[one, two])).verdict_on_namespace();
    assert_eq!(verdict.issues.len(), 2, "{verdict:?}");
}

#[test]
fn a_direction_that_the_policy_is_not_about_or_nobody_demands_reaches_nobody() {
    let Fact::NetworkPolicy(mut unused) = gate(Direction::Egress, &[by_name("beta-prod")]) else { return };
    unused.directions = vec![Direction::Ingress];
    let verdict = neighbours().with(Fact::NetworkPolicy(unused)).verdict_on_namespace();
    assert_eq!(verdict.state(at(NOW)), State::Pass);
    let ingress_only = neighbours()
        .with(gate(Direction::Egress, &[by_name("beta-prod")]))
        .with_list("directions", &["Ingress"]);
    assert_eq!(ingress_only.verdict_on_namespace().state(at(NOW)), State::Pass);
}

#[test]
fn the_clusters_dns_may_be_asked_whoever_holds_its_namespace_and_may_not_come_in() {
    let mut spec = crate::api::TenantSpec::default();
    spec.namespaces.names = vec!["kube-system".to_owned()];
    for (direction, state) in [(Direction::Egress, State::Pass), (Direction::Ingress, State::Fail)] {
        let platform = Fact::Tenant(declared("platform", Labels::default(), spec.clone()));
        let system =
            Namespace { name: "kube-system".into(), meta: meta("kube-system"), labels: Labels::default() };
        let bench = neighbours().with(platform).with(Fact::Namespace(system));
        let verdict = bench.with(gate(direction, &[by_name("kube-system")])).verdict_on_namespace();
        assert_eq!(verdict.state(at(NOW)), state, "{direction:?}");
    }
}

#[test]
fn what_files_do_not_show_may_be_reached_by_a_label_and_not_by_a_name() {
    for (selector, state) in [
        (by_name("ingress-nginx"), State::Pass),
        (by_label("surety.dev/tenant", "acme"), State::Pass),
        (by_label("team", "nobody"), State::Error),
        (by_label("team", "shop"), State::Fail),
    ] {
        let bench = neighbours().with_source(Source::Namespaces, SourceState::FilesOnly);
        let verdict =
            bench.with(gate(Direction::Ingress, std::slice::from_ref(&selector))).verdict_on_namespace();
        assert_eq!(verdict.state(at(NOW)), state, "{selector}");
    }
}

#[test]
fn a_policy_that_lets_through_more_peers_than_promised_is_weaker() {
    let network =
        NetworkIsolation { directions: Vec::new(), peers: vec![NetworkPeer::Dns, NetworkPeer::Tenant] };
    let spec = IsolationPolicySpec { network: Some(network), ..IsolationPolicySpec::default() };
    let policy = Fact::IsolationPolicy(declared("keep-apart", Labels::default(), spec));
    assert_eq!(bench([]).weaker(&policy), [] as [&str; 0]);
    assert_eq!(bench([]).with_list("peers", &["dns"]).weaker(&policy), ["spec.network.peers[tenant]"]);
    assert_eq!(bench([]).with_list("peers", &["dns", "tenant"]).weaker(&policy), [] as [&str; 0]);
}

#[test]
fn prevent_a_fence_that_is_deleted_or_opened_to_all() {
    let mut deleted = bench([fence("deny", &BOTH)]).now(LATER);
    assert_eq!(deleted.verdict_on_namespace().state(at(LATER)), State::Pass);
    let key = ObjectKey::namespaced(Kind::NetworkPolicy, NAMESPACE, "deny");
    index::apply(&mut deleted.world, Change::Delete(key));
    assert_eq!(deleted.verdict_on_namespace().state(at(LATER)), State::Fail);

    let opened = policy("deny", &BOTH, Openness::Closed, Openness::Everything);
    let opened = bench([fence("deny", &BOTH)]).with(Fact::NetworkPolicy(opened));
    assert_eq!(fields(&opened.verdict_on_namespace()), ["networkpolicies[name=deny].spec.egress"]);
}

#[test]
fn prevent_one_more_opening_where_one_was_before() {
    let open = |name: &str| Fact::NetworkPolicy(policy(name, &BOTH, Openness::Everything, Openness::Closed));
    let before = bench([fence("deny", &BOTH), open("a")]);
    let known = before.verdict_on_namespace();
    let after = before.with(open("b")).verdict_on_namespace();
    assert!(known.issues.iter().all(|issue| after.issues.contains(issue)));
    assert_eq!(
        fields(&after),
        ["networkpolicies[name=a].spec.ingress", "networkpolicies[name=b].spec.ingress"]
    );
}
