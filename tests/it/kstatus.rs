//! What tools that deploy (Flux, Argo CD, `kubectl wait` and others) read from the statuses that Surety writes, by the
//! rules of kstatus.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde_json::{Value, json};
use surety::{
    core::{
        effective::Conflict,
        result::{CommitmentState, TenantResult},
        score::Weights,
        verdict::State,
    },
    report::conditions::{self, Observed},
};

const GENERATION: i64 = 3;

/// The answers of kstatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Current,
    InProgress,
    Failed,
    Terminating,
}

/// The rules of kstatus for kinds that it does not know, in their order.
fn health(object: &Value) -> Health {
    if object.pointer("/metadata/deletionTimestamp").is_some() {
        return Health::Terminating;
    }
    let observed = object.pointer("/status/observedGeneration");
    if observed.is_some_and(|observed| Some(observed) != object.pointer("/metadata/generation")) {
        return Health::InProgress;
    }
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    let conditions = conditions.map_or(&[][..], Vec::as_slice);
    for condition in conditions.iter().filter(|condition| condition["status"] == "True") {
        match condition["type"].as_str() {
            Some("Reconciling") => return Health::InProgress,
            Some("Stalled") => return Health::Failed,
            _ => {}
        }
    }
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready");
    match ready.and_then(|ready| ready["status"].as_str()) {
        None | Some("True") => Health::Current,
        Some(_) => Health::InProgress,
    }
}

fn moment(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn object(conditions: &[Condition]) -> Value {
    json!({
        "metadata": {"generation": GENERATION},
        "status": {"observedGeneration": GENERATION, "conditions": conditions},
    })
}

fn written(observed: Vec<Observed>) -> Value {
    object(&conditions::merged(&[], observed, GENERATION, moment(0)))
}

fn result(state: Option<State>) -> TenantResult {
    let commitment = state.map(|state| CommitmentState {
        profile: "cloud".into(),
        id: "backups".into(),
        promise: "Backups are made.".to_owned(),
        state,
        weight: 1,
        reason: None,
    });
    TenantResult {
        tenant: "acme".into(),
        commitments: commitment.into_iter().collect(),
        findings: Vec::new(),
        policies: std::collections::BTreeMap::new(),
        weights: Weights::default(),
        weights_by_profile: std::collections::BTreeMap::new(),
        used_waivers: std::collections::BTreeSet::new(),
        memory: std::collections::BTreeMap::new(),
    }
}

fn tenant(state: Option<State>, contested: &[&str], disputes: &[&str]) -> Value {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    written(conditions::of_tenant(&result(state), &owned(contested), &owned(disputes)))
}

#[test]
fn what_deploys_goes_on_where_surety_has_taken_it_in_and_stops_where_somebody_must_act() {
    let conflict: Vec<&Conflict> = Vec::new();
    let policy = |state| {
        written(vec![
            conditions::ready(),
            conditions::policy_compliant(state, 2),
            conditions::conflict(&conflict),
        ])
    };
    let cases = [
        ("a tenant whose promises are kept", tenant(Some(State::Pass), &[], &[]), Health::Current),
        ("a tenant whose promises are broken", tenant(Some(State::Fail), &[], &[]), Health::Current),
        ("a tenant of which nothing is evaluated", tenant(None, &[], &[]), Health::Current),
        (
            "a tenant whose namespace another wants",
            tenant(Some(State::Pass), &["other"], &[]),
            Health::Failed,
        ),
        ("a tenant whose fields others own", tenant(Some(State::Pass), &[], &["spec.x"]), Health::Failed),
        ("a policy that is met", policy(Some(State::Pass)), Health::Current),
        ("a policy that is not met", policy(Some(State::Fail)), Health::Current),
        ("a policy with something to come", policy(Some(State::Pending)), Health::Current),
        ("a policy that reaches nobody", policy(None), Health::Current),
        ("a policy in wrong form", written(vec![conditions::malformed("no".to_owned())]), Health::Failed),
        (
            "a waiver that counts",
            written(vec![conditions::ready(), conditions::live(moment(9), moment(1))]),
            Health::Current,
        ),
        (
            "a waiver that has ended",
            written(vec![conditions::ready(), conditions::live(moment(1), moment(9))]),
            Health::Current,
        ),
    ];
    for (what, object, wanted) in cases {
        assert_eq!(health(&object), wanted, "{what}: {object}");
    }
}

#[test]
fn what_surety_has_not_seen_yet_is_in_progress() {
    let mut changed = tenant(Some(State::Pass), &[], &[]);
    changed["metadata"]["generation"] = json!(GENERATION + 1);
    assert_eq!(health(&changed), Health::InProgress);
    let mut deleted = changed;
    deleted["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    assert_eq!(health(&deleted), Health::Terminating);
}

#[test]
fn who_acted_is_told_so_by_the_same_conditions() {
    let bad = conditions::merged(&[], vec![conditions::malformed("no".to_owned())], GENERATION, moment(0));
    assert_eq!(health(&object(&bad)), Health::Failed);
    let good = conditions::merged(&bad, vec![conditions::ready()], GENERATION, moment(1));
    assert_eq!(health(&object(&good)), Health::Current);
    assert!(good.iter().all(|condition| condition.type_ != "Stalled"), "{good:?}");
}
