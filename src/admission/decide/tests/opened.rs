//! The number of findings that a request on intent opens.

use super::*;

fn demand() -> Fact {
    profile_demanding("isolation.host-access", &json!({}))
}

/// The warning that an admitted request gets.
fn warning(world: &World, act: &Act) -> Option<String> {
    let decision = decide(world, act, &Trusted::default(), at(NOW));
    assert_eq!(decision.outcome, Outcome::Admitted);
    decision.opened.map(|opened| opened.to_string())
}

fn with_pods(count: usize) -> Bench {
    (0..count).fold(Bench::new(world_control()), |bench, number| {
        bench.with(pod(&format!("web-{number}"), on_host()))
    })
}

#[test]
fn demanding_more_says_how_many_findings_it_opens() {
    for (failing, expected) in [
        (0, None),
        (1, Some("surety: this opens 1 finding; the ComplianceReports of the tenants list them")),
        (3, Some("surety: this opens 3 findings; the ComplianceReports of the tenants list them")),
        (
            600,
            Some(
                "surety: this opens at least 499 findings (the first 500 objects that it reaches were looked at); the \
                 ComplianceReports of the tenants list them",
            ),
        ),
    ] {
        let said = warning(&with_pods(failing).world, &act(Operation::Create, None, Some(demand())));
        assert_eq!(said.as_deref(), expected, "{failing}");
    }
}

#[test]
fn only_what_was_not_open_before_counts() {
    let spec: IsolationPolicySpec =
        serde_json::from_value(json!({"tenantSelector": {}, "hostAccess": {"allowed": []}})).unwrap();
    let policy = || Fact::IsolationPolicy(declared("fence", Labels::default(), spec.clone()));
    let spec: WaiverSpec = serde_json::from_value(json!({
        "control": "isolation.host-access", "scope": {"tenantSelector": {}},
        "reason": "needed for a migration", "approver": "ciso", "expiresAt": "2026-07-15T13:00:00Z",
    }))
    .unwrap();
    let waiver = || Fact::Waiver(declared("w-1", Labels::default(), spec.clone()));
    let create = |fact| act(Operation::Create, None, Some(fact));
    let claimed = || namespace(Labels::from([("surety.dev/tenant", TENANT)]));
    let asked = || with_pods(2).with(claimed()).with(demand());
    for (what, bench, act, expected) in [
        ("it is asked already", asked(), create(policy()), 0),
        ("the same again", asked(), act(Operation::Update, Some(demand()), Some(demand())), 0),
        ("a waiver is granted", asked(), create(waiver()), 0),
        ("a waiver is revoked", asked().with(waiver()), act(Operation::Delete, Some(waiver()), None), 2),
        ("it is waived", with_pods(2).with(waiver()), create(demand()), 0),
        ("a request on reality", asked(), create(pod("fine", PodTemplate::default())), 0),
    ] {
        let decision = decide(&bench.world, &act, &Trusted::default(), at(NOW));
        assert_eq!(decision.outcome, Outcome::Admitted, "{what}");
        assert_eq!(decision.opened.map_or(0, |opened| opened.findings), expected, "{what}");
    }
}

#[test]
fn what_is_refused_opens_nothing() {
    let wrong = act(Operation::Create, None, Some(profile_demanding("isolation.host-acess", &json!({}))));
    let decision = decide(&with_pods(1).world, &wrong, &Trusted::default(), at(NOW));
    assert!(matches!(decision.outcome, Outcome::Refused(_)));
    assert_eq!(decision.opened, None);
}
