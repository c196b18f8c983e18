#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
use super::*;
use crate::{
    api::encryption_policy::Credentials,
    core::{
        controls::testkit::{Bench, at, declared, pod, workload},
        facts::{Change, ContainerRole, Labels, PodTemplate},
        subject::SubjectKey,
        verdict::State,
    },
    index,
};

fn literal(field: &str, detector: &'static str) -> CredentialLiteral {
    CredentialLiteral { field: field.into(), detector }
}

fn container(name: &str, credentials: Vec<CredentialLiteral>) -> Container {
    Container { name: name.into(), credentials, ..Container::default() }
}

fn with(containers: Vec<Container>) -> PodTemplate {
    PodTemplate { containers, ..PodTemplate::default() }
}

fn with_one_of(detector: &'static str) -> PodTemplate {
    with(vec![container("web", vec![literal("env[name=X].value", detector)])])
}

#[test]
fn a_template_without_literals_passes() {
    assert_eq!(Bench::new(&CONTROL).state_of(pod("web", PodTemplate::default())), State::Pass);
}

#[test]
fn a_literal_says_where_and_of_which_kind_and_which_lines_take_its_place() {
    let template = with(vec![container("web", vec![literal("env[name=DB_PASSWORD].value", "password")])]);
    let verdict = Bench::new(&CONTROL).verdict_of(workload(Kind::Deployment, "web", template));
    let wanted = Issue::fail(
        "spec.template.spec.containers[name=web].env[name=DB_PASSWORD].value",
        "a literal of kind password",
        "a reference to a Secret",
        "- {name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: <Secret>, key: DB_PASSWORD}}}",
    );
    assert_eq!(verdict.issues, [wanted.in_container(&"web".into())]);
}

#[test]
fn every_place_of_a_cron_jobs_template_has_its_own_field() {
    let init =
        Container { role: ContainerRole::Init, ..container("init", vec![literal("args[2]", "token")]) };
    let template = PodTemplate {
        containers: vec![init, container("web", vec![literal("command[0]", "url-password")])],
        credentials: vec![literal("annotations[example.com/key]", "cloud-key")],
        ..PodTemplate::default()
    };
    let verdict = Bench::new(&CONTROL).verdict_of(workload(Kind::CronJob, "web", template));
    let found: Vec<(&str, Option<&str>)> = verdict
        .issues
        .iter()
        .map(|issue| (issue.field.as_str(), issue.container.as_ref().map(Name::as_str)))
        .collect();
    let spec = "spec.jobTemplate.spec.template.spec";
    assert_eq!(
        found,
        [
            (format!("{spec}.initContainers[name=init].args[2]").as_str(), Some("init")),
            (format!("{spec}.containers[name=web].command[0]").as_str(), Some("web")),
            ("spec.jobTemplate.spec.template.metadata.annotations[example.com/key]", None),
        ]
    );
}

#[test]
fn what_cannot_be_replaced_by_one_line_is_told_what_to_do() {
    let fix = |field, detector| fix_for(&literal(field, detector));
    assert!(fix("args[0]", "token").contains("secretKeyRef"));
    assert!(fix("annotations[x]", "token").starts_with("remove the annotation"));
    assert!(fix("env[name=CARD].value", "card-number").starts_with("remove it"));
}

#[test]
fn detectors_decide_what_counts() {
    let rows: [(&[&str], [bool; 6]); 7] = [
        // cloud-key, token, private-key, url-password, password, card-number
        (&[], [true, true, true, true, true, false]),
        (&["default"], [true, true, true, true, true, false]),
        (&["all but card-number"], [true, true, true, true, true, false]),
        (&["cloud-key"], [true, false, false, false, false, false]),
        (&["password"], [false, false, false, true, true, false]),
        (&["card-number"], [false, false, false, false, false, true]),
        (&["card-number", "default"], [true; 6]),
    ];
    for (list, expected) in rows {
        let found = DETECTORS.map(|detector| {
            let bench = Bench::new(&CONTROL).with_list("detectors", list);
            bench.state_of(pod("web", with_one_of(detector))) == State::Fail
        });
        assert_eq!(found, expected, "{list:?}");
    }
}

#[test]
fn names_that_are_no_detectors_are_reported_and_prove_nothing() {
    let names = ["password", "passwords", "default", "all but card-number", "entropy"];
    assert_eq!(unknown_detectors(names), ["passwords", "entropy"]);
    let bench = Bench::new(&CONTROL).with_list("detectors", &["passwords"]);
    let verdict = bench.verdict_of(pod("web", PodTemplate::default()));
    assert_eq!(verdict.issues[0].found, "there is no detector `passwords`");
    assert_eq!(verdict.state(at("2026-06-15T12:00:00Z")), State::Error);
}

fn policy(detectors: &[&str]) -> Fact {
    let detectors = detectors.iter().map(|name| (*name).to_owned()).collect();
    let credentials = Some(Credentials { detectors });
    let spec = EncryptionPolicySpec { credentials, ..EncryptionPolicySpec::default() };
    Fact::EncryptionPolicy(declared("credentials", Labels::default(), spec))
}

#[test]
fn a_policy_is_weaker_by_each_detector_that_it_leaves_out() {
    let promising = |list: &[&str]| Bench::new(&CONTROL).with_list("detectors", list);
    let count = |promised: &[&str], listed: &[&str]| promising(promised).weaker(&policy(listed)).len();
    assert_eq!(count(&[], &[]), 0);
    assert_eq!(count(&["card-number"], &[]), 0);
    assert_eq!(count(&[], &["default"]), 0);
    assert_eq!(count(&[], &["password"]), 3);
    assert_eq!(count(&["password"], &["password", "token"]), 0);
    assert_eq!(count(&["card-number"], &["default"]), 1);
    let unset = EncryptionPolicySpec::default();
    let unset = Fact::EncryptionPolicy(declared("none", Labels::default(), unset));
    assert!(promising(&["password"]).weaker(&unset).is_empty());
}

#[test]
fn prevent_a_literal_added_to_a_template_that_had_one_is_one_more_violation() {
    let deployment =
        |credentials| workload(Kind::Deployment, "web", with(vec![container("web", credentials)]));
    let first = literal("env[name=A].value", "token");
    let mut bench = Bench::new(&CONTROL).with(deployment(vec![first.clone()]));
    let key = deployment(vec![]).key();
    let before = bench.world.clone();
    let fields = |bench: &Bench| {
        let issues = bench.verdict_on(&SubjectKey::from(key.clone())).issues;
        issues.into_iter().map(|issue| issue.field).collect::<Vec<_>>()
    };
    let found_before = fields(&bench);
    let change = Change::Apply(deployment(vec![first, literal("env[name=B].value", "password")]));
    index::apply(&mut bench.world, change.clone());
    let added: Vec<String> =
        fields(&bench).into_iter().filter(|field| !found_before.contains(field)).collect();
    assert_eq!(added, ["spec.template.spec.containers[name=web].env[name=B].value"]);
    assert!(!index::touched(&before, &bench.world, &change, 10).subjects.is_empty());
}

#[test]
fn detect_a_literal_in_what_runs_already() {
    let bench = Bench::new(&CONTROL).with(pod("web", with_one_of("private-key")));
    let verdict = bench.verdict_on(&pod("web", PodTemplate::default()).key().into());
    assert_eq!(verdict.state(at("2026-06-15T12:00:00Z")), State::Fail);
}
