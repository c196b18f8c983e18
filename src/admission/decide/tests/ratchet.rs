//! The date from which what was failing before is refused too.

use super::*;
use crate::core::{facts::ContainerSecurity, transition::Trusted};

const DATE: &str = "2026-06-15T12:00:00Z";
const BEFORE: &str = "2026-06-15T11:59:59Z";
const AFTER: &str = "2027-01-01T00:00:00Z";

/// A profile that demands no host access, as strictly as it says and from a date on also where it was failing before.
fn promised(enforcement: &str, from: Option<&str>) -> Fact {
    let mut commitment = json!({
        "id": "B-1", "promise": "A promise.", "enforcement": enforcement,
        "controls": [{"id": "isolation.host-access"}],
    });
    if let Some(from) = from {
        commitment["denyExistingFrom"] = json!(from);
    }
    let spec: ProfileSpec = serde_json::from_value(json!({
        "title": "Bench", "version": "1", "effectiveDate": "2026-01-01", "tenantSelector": {},
        "commitments": [commitment],
    }))
    .unwrap();
    Fact::Profile(declared("bench", Labels::default(), spec))
}

fn policy(name: &str, enforcement: &str, from: Option<&str>) -> Fact {
    let mut spec = json!({"tenantSelector": {}, "enforcement": enforcement, "hostAccess": {"allowed": []}});
    if let Some(from) = from {
        spec["denyExistingFrom"] = json!(from);
    }
    let spec: IsolationPolicySpec = serde_json::from_value(spec).unwrap();
    Fact::IsolationPolicy(declared(name, Labels::default(), spec))
}

fn image(tag: &str, template: PodTemplate) -> PodTemplate {
    let container = Container {
        name: Name::from("app"),
        image: Name::from(format!("app:{tag}")),
        ..Container::default()
    };
    PodTemplate { containers: vec![container], ..template }
}

/// It fails before and after, and what it fails by is changed.
fn touching(kind: Kind) -> Act {
    let both = PodTemplate { uses_host_pid: true, ..on_host() };
    act(Operation::Update, Some(workload(kind, "web", both)), Some(workload(kind, "web", on_host())))
}

/// It fails before and after, and something else is changed.
fn not_touching() -> Act {
    let deployment = |tag| workload(Kind::Deployment, "web", image(tag, on_host()));
    act(Operation::Update, Some(deployment("1")), Some(deployment("2")))
}

fn is_refused(world: &World, act: &Act, now: &str) -> bool {
    let decision = decide(world, act, &Trusted::default(), at(now));
    let is_refused = matches!(decision.outcome, Outcome::Refused(_));
    assert!(is_refused || decision.outcome == Outcome::Admitted, "{decision:?}");
    is_refused
}

#[test]
fn what_was_failing_is_let_through_until_the_date_and_then_not_where_it_is_changed() {
    type Case = (&'static str, Act, &'static str, bool);
    let deployment = || touching(Kind::Deployment);
    let with_security = || {
        let security = ContainerSecurity { is_privileged: true, ..ContainerSecurity::default() };
        let mut template = image("1", on_host());
        template.containers[0].security = security;
        let old = workload(Kind::Deployment, "web", image("1", on_host()));
        act(Operation::Update, Some(old), Some(workload(Kind::Deployment, "web", template)))
    };
    let scaled = || {
        let same = workload(Kind::Deployment, "web", on_host());
        act(Operation::Update, Some(same.clone()), Some(same))
    };
    let by_subresource = || Act { subresource: Name::from("status"), ..deployment() };
    let going = || {
        let mut act = deployment();
        let Some(Fact::Workload(workload)) = &mut act.new else { panic!("a workload") };
        workload.meta.is_deleting = true;
        act
    };
    let cases: [Case; 11] = [
        ("touched, a second before", deployment(), BEFORE, false),
        ("touched, at the date", deployment(), DATE, true),
        ("touched, after it", deployment(), AFTER, true),
        ("not touched, before", not_touching(), BEFORE, false),
        ("not touched, after", not_touching(), AFTER, false),
        ("another part", with_security(), AFTER, false),
        ("a scale, as an update that changes no facts", scaled(), AFTER, false),
        ("a subresource", by_subresource(), AFTER, false),
        ("on its way out", going(), AFTER, false),
        ("a ReplicaSet of nobody", touching(Kind::ReplicaSet), AFTER, true),
        ("a pod of nobody", touching(Kind::Pod), AFTER, true),
    ];
    let bench = Bench::new(super::world_control()).with(promised("Deny", Some(DATE)));
    for (what, act, now, refused) in cases {
        assert_eq!(is_refused(&bench.world, &act, now), refused, "{what}");
    }
}

#[test]
fn without_a_date_it_is_let_through_for_ever() {
    let bench = Bench::new(super::world_control()).with(promised("Deny", None));
    let decision = decide(&bench.world, &touching(Kind::Deployment), &Trusted::default(), at(AFTER));
    assert_eq!(decision.outcome, Outcome::Admitted);
    assert_eq!(decision.warned[0].issue.wanted, "false");
}

#[test]
fn what_is_new_is_refused_on_either_side_of_the_date_and_says_nothing_of_it() {
    let bench = Bench::new(super::world_control()).with(promised("Deny", Some(DATE)));
    let anew = act(Operation::Create, None, Some(workload(Kind::Deployment, "web", on_host())));
    for now in [BEFORE, AFTER] {
        let Outcome::Refused(violations) = decide(&bench.world, &anew, &Trusted::default(), at(now)).outcome
        else {
            panic!("admitted at {now}")
        };
        assert_eq!(violations[0].issue.wanted, "false");
    }
}

#[test]
fn what_is_part_of_a_controller_passes_whatever_the_date() {
    let deployment = workload(Kind::Deployment, "web", on_host());
    let former = PodTemplate { uses_host_pid: true, uses_host_ipc: true, ..on_host() };
    let set = |template| owned_by(workload(Kind::ReplicaSet, "web-1", template), &deployment);
    let bench = Bench::new(super::world_control()).with(promised("Deny", Some(DATE)));
    let bench = bench.with(deployment.clone()).with(set(former.clone()));
    let less = PodTemplate { uses_host_pid: true, ..on_host() };
    let changed = act(Operation::Update, Some(set(former)), Some(set(less)));
    assert!(!is_refused(&bench.world, &changed, AFTER));
    let set = workload(Kind::ReplicaSet, "web-2", on_host());
    let bench = bench.with(set.clone());
    let pod = owned_by(pod("web-2-a", on_host()), &set);
    assert!(!is_refused(&bench.world, &act(Operation::Create, None, Some(pod)), AFTER), "a drained node");
}

#[test]
fn only_what_is_under_deny_has_a_date_and_the_earliest_counts() {
    type Case<'c> = (&'c str, Vec<Fact>, Option<(&'c str, &'c str)>);
    let (early, late) = ("2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z");
    let cases: [Case<'_>; 5] = [
        ("a promise under Warn", vec![promised("Warn", Some(early))], None),
        (
            "its date under Warn, beside a policy without",
            vec![promised("Warn", Some(early)), policy("fence", "Deny", None)],
            None,
        ),
        ("a policy alone", vec![policy("fence", "Deny", Some(late))], Some((late, "IsolationPolicy fence"))),
        (
            "a policy that is earlier than the promise",
            vec![promised("Deny", Some(late)), policy("fence", "Deny", Some(early))],
            Some((early, "IsolationPolicy fence")),
        ),
        (
            "the earlier of two policies",
            vec![policy("fence", "Deny", Some(late)), policy("wall", "Deny", Some(early))],
            Some((early, "IsolationPolicy wall")),
        ),
    ];
    for (what, facts, expected) in cases {
        let mut bench = Bench::new(super::world_control());
        for fact in facts {
            bench.apply(fact);
        }
        let outcome = outcome(&bench.world, &touching(Kind::Deployment));
        let said = match &outcome {
            Outcome::Refused(violations) => Some(explain(violations)),
            _ => None,
        };
        assert_eq!(said.is_some(), expected.is_some(), "{what}: {outcome:?}");
        if let (Some(said), Some((date, by))) = (said, expected) {
            let sentence = format!(
                "at spec.template.spec.hostNetwork: found true; wanted false; since {date}, a change is refused \
                 where it was failing before too ({by})."
            );
            assert!(said.contains(&sentence), "{what}: {said}");
        }
    }
}

#[test]
fn the_warning_before_the_date_says_when_it_will_be() {
    let bench = Bench::new(super::world_control()).with(promised("Deny", Some(AFTER)));
    let decision = decide(&bench.world, &touching(Kind::Deployment), &Trusted::default(), at(NOW));
    assert_eq!(
        crate::admission::decide::warnings(&decision.warned),
        [format!(
            "isolation.host-access: spec.template.spec.hostNetwork: found true; wanted false; from {AFTER}, a change \
             is refused where it was failing before too (bench/B-1)"
        )]
    );
}

#[test]
fn a_waiver_and_the_tenants_own_enforcement_keep_the_date_away() {
    let bench = || Bench::new(super::world_control()).with(promised("Deny", Some(DATE)));
    let spec: WaiverSpec = serde_json::from_value(json!({
        "control": "isolation.host-access", "scope": {"tenantSelector": {}},
        "reason": "needed for a migration", "approver": "ciso", "expiresAt": "2026-07-15T13:00:00Z",
    }))
    .unwrap();
    let waived = bench().with(Fact::Waiver(declared("w-1", Labels::default(), spec)));
    let spec = TenantSpec { enforcement: Enforcement::Warn, ..TenantSpec::default() };
    let capped = bench().with_tenant(spec);
    for (what, bench, refused) in
        [("waived", waived, false), ("capped", capped, false), ("neither", bench(), true)]
    {
        assert_eq!(is_refused(&bench.world, &touching(Kind::Deployment), NOW), refused, "{what}");
    }
}

#[test]
fn surety_and_the_engines_are_not_held_up_by_the_date() {
    let bench = Bench::new(super::world_control()).with(promised("Deny", Some(DATE)));
    let trusted = Trusted { surety: Name::from("surety"), engines: vec![Name::from("velero")] };
    for (user, refused) in [("surety", false), ("velero", false), ("dev", true)] {
        let act = Act { user: Name::from(user), ..touching(Kind::Deployment) };
        let outcome = decide(&bench.world, &act, &trusted, at(NOW)).outcome;
        assert_eq!(matches!(outcome, Outcome::Refused(_)), refused, "{user}");
    }
}
