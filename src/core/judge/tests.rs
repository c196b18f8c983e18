//! What holds for all controls: environments, and sources that cannot be trusted.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::*;
use crate::{
    core::{
        control::{Control, Guard, never_weaker, no_transition},
        controls::testkit::{Bench, NAMESPACE, NOW, at, namespace},
        facts::{Change, Kind, Labels, ObjectKey},
        subject::SubjectClass,
    },
    index,
};

const DUE: &str = "2026-06-15T11:00:00Z";

/// Reads Velero's Backups, and says what each test asks for by the namespace's label.
static PROBE: Control = Control {
    id: "backup.recovery-point-age",
    title: "probe",
    why: "probe",
    remediation: "probe",
    severity: crate::api::Severity::High,
    subjects: &[SubjectClass::Namespace],
    reads: Sources::of(&[Source::VeleroBackups, Source::NetworkPolicies, Source::Namespaces]),
    guards: &[] as &[Guard],
    evaluate: probe,
    demanded: |_| None,
    upheld_by: None,
    weaker: never_weaker,
    transition: no_transition,
};

fn probe(context: &Context<'_>, subject: &Subject<'_>) -> Verdict {
    let Subject::Namespace(namespace) = subject else { return Verdict::not_applicable("no namespace") };
    assert_eq!(context.points_of(&namespace.name).count(), 0);
    let issue = |field: &str| Issue::fail(field, "found", "wanted", "fix");
    let due = issue("due").since(at(DUE));
    match namespace.labels.get("probe") {
        Some("due") => Verdict::from_issues(vec![issue("seen"), due]),
        Some("seen") => Verdict::issue(issue("seen")),
        Some("to come") => Verdict::issue(issue("due").since(at("2026-06-15T13:00:00Z"))),
        Some("waits") => {
            let due = at("2026-06-15T13:00:00Z");
            Verdict::issue(issue("due").with_problem(Problem::Pending { due }))
        }
        Some("both") => {
            assert_eq!(context.network_policies_in(&namespace.name).count(), 0);
            Verdict::issue(due)
        }
        _ => Verdict::pass("young").changing_at(at("2026-06-15T13:00:00Z")),
    }
}

fn verdict(label: &str, states: &[(Source, SourceState)]) -> Verdict {
    let bench = Bench::new(&PROBE).with(namespace(Labels::from([("probe", label)])));
    let of =
        |bench: Bench, (source, state): &(Source, SourceState)| bench.with_source(*source, state.clone());
    states.iter().fold(bench, of).verdict_on_namespace()
}

#[test]
fn silence_of_an_engine_hides_no_finding_that_is_due_and_lets_nothing_pass() {
    let silent = [(Source::VeleroBackups, SourceState::Stale(at(DUE)))];
    for (label, trusted, in_silence) in [
        ("due", State::Fail, State::Fail),
        ("seen", State::Fail, State::Error),
        ("to come", State::Fail, State::Error),
        ("waits", State::Pending, State::Error),
        ("young", State::Pass, State::Error),
    ] {
        assert_eq!(verdict(label, &[]).state(at(NOW)), trusted, "{label}");
        assert_eq!(verdict(label, &silent).state(at(NOW)), in_silence, "{label}");
    }
    let due = verdict("due", &silent);
    let dated: Vec<_> = due.issues.iter().map(|issue| (issue.field.as_str(), issue.since)).collect();
    assert_eq!(dated, [("due", Some(at(DUE)))], "what rests on news goes");
    for label in ["young", "waits"] {
        let asked_again = verdict(label, &silent).next_change(at(NOW));
        assert_eq!(asked_again, Some(at("2026-06-15T13:00:00Z")), "{label}");
    }
}

#[test]
fn a_source_that_was_never_read_or_must_be_there_leaves_nothing_to_conclude() {
    let stale = SourceState::Stale(at(DUE));
    for (label, states) in [
        ("due", vec![(Source::VeleroBackups, SourceState::Pending)]),
        ("due", vec![(Source::VeleroBackups, SourceState::Forbidden)]),
        ("both", vec![(Source::VeleroBackups, stale), (Source::NetworkPolicies, SourceState::Pending)]),
    ] {
        assert_eq!(verdict(label, &states).state(at(NOW)), State::Error, "{label} {states:?}");
    }
}

#[test]
fn what_lies_in_another_environment_is_out_of_scope_and_in_an_unknown_one_undecided() {
    let labelled = |environment: &str| namespace(Labels::from([("surety.dev/environment", environment)]));
    let bench = || Bench::new(&PROBE).with_list("environments", &["production"]);
    for (what, bench, state) in [
        ("the same", bench().with(labelled("production")), State::Pass),
        ("another", bench().with(labelled("staging")), State::NotApplicable),
        ("none", bench(), State::NotApplicable),
        ("all are meant", Bench::new(&PROBE).with_list("environments", &["all"]), State::Pass),
    ] {
        assert_eq!(bench.verdict_on_namespace().state(at(NOW)), state, "{what}");
    }
}

#[test]
fn what_lies_in_a_namespace_that_is_not_in_the_files_is_undecided_where_its_environment_counts() {
    let pod = crate::core::controls::testkit::pod("web", crate::core::facts::PodTemplate::default());
    for (source, unreadable, state) in [
        (SourceState::FilesOnly, false, State::Error),
        (SourceState::Synced, true, State::Error),
        (SourceState::Synced, false, State::NotApplicable),
    ] {
        let host_access = crate::core::controls::all().iter().find(|c| c.id == "isolation.host-access");
        let mut bench = Bench::new(host_access.unwrap())
            .with_list("environments", &["production"])
            .with_source(Source::Namespaces, source.clone());
        let key = ObjectKey::cluster(Kind::Namespace, NAMESPACE);
        let change = if unreadable {
            Change::Unreadable(key, "metadata.labels: expected a map".into())
        } else {
            Change::Delete(key)
        };
        index::apply(&mut bench.world, change);
        assert_eq!(bench.state_of(pod.clone()), state, "{source:?}");
    }
}
