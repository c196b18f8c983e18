//! The decision, on a world with one tenant and a profile that demands no host access.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod opened;
mod ratchet;

use std::sync::Arc;

use serde_json::json;

use super::{CannotTell, Outcome, decide, explain};
use crate::{
    api::{Enforcement, IsolationPolicySpec, ProfileSpec, TenantSpec, WaiverSpec},
    core::{
        control::{Control, Operation},
        controls::testkit::{
            Bench, NAMESPACE, TENANT, at, declared, meta, namespace, pod, profile_demanding, workload,
        },
        facts::{
            ClaimReference, Container, Definition, Fact, Kind, Labels, Name, ObjectKey, Owner,
            PersistentVolume, PersistentVolumeClaim, PodTemplate, Source, SourceState, VolumeBacking,
            Workload,
        },
        transition::{Act, Trusted},
        world::World,
    },
};

const NOW: &str = "2026-06-15T12:00:00Z";

fn world_control() -> &'static Control {
    let mut controls = crate::core::controls::all().iter().copied();
    controls.find(|control| control.id == "isolation.host-access").unwrap()
}

fn world() -> Bench {
    Bench::new(world_control()).with(profile_demanding("isolation.host-access", &json!({})))
}

fn act(operation: Operation, old: Option<Fact>, new: Option<Fact>) -> Act {
    let key = new.as_ref().or(old.as_ref()).unwrap().key();
    Act {
        operation,
        key,
        old,
        new,
        subresource: Name::default(),
        user: Name::from("dev"),
        groups: vec![],
        orphans_dependents: false,
        requested_deletion: None,
        canary: None,
    }
}

fn outcome(world: &World, act: &Act) -> Outcome {
    decide(world, act, &Trusted::default(), at(NOW)).outcome
}

fn on_host() -> PodTemplate {
    PodTemplate { uses_host_network: true, ..PodTemplate::default() }
}

fn owned_by(fact: Fact, owner: &Fact) -> Fact {
    let (Fact::Workload(workload), Fact::Workload(owner)) = (fact, owner) else { panic!("workloads") };
    let reference = Owner {
        kind: Name::from(owner.kind.resource().kind),
        name: owner.name.clone(),
        uid: owner.meta.uid.clone(),
        is_controller: true,
    };
    let mut meta = workload.meta.clone();
    meta.owner_references = Arc::from([reference]);
    Fact::Workload(Workload { meta, ..workload })
}

#[test]
fn what_conforms_is_admitted_and_an_offender_is_refused_with_everything_it_needs_to_know() {
    let world = world().world;
    let good = act(Operation::Create, None, Some(pod("web", PodTemplate::default())));
    assert_eq!(outcome(&world, &good), Outcome::Admitted);
    let bad = act(Operation::Create, None, Some(pod("web", on_host())));
    let Outcome::Refused(violations) = outcome(&world, &bad) else { panic!("admitted") };
    let text = explain(&violations);
    for part in [
        "[isolation.host-access] \"A promise.\" (bench/B-1)",
        "at spec.hostNetwork: found true; wanted false.",
        "fix: remove `hostNetwork: true`",
        "Waiver",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}

#[test]
fn what_a_promise_and_a_policy_both_ask_is_said_once_and_names_both() {
    let spec: IsolationPolicySpec =
        serde_json::from_value(json!({"tenantSelector": {}, "hostAccess": {"allowed": []}})).unwrap();
    let bench = world().with(Fact::IsolationPolicy(declared("fence", Labels::default(), spec)));
    let bad = act(Operation::Create, None, Some(pod("web", on_host())));
    let Outcome::Refused(violations) = outcome(&bench.world, &bad) else { panic!("admitted") };
    let [violation] = violations.as_slice() else { panic!("{violations:?}") };
    assert_eq!(violation.breaks, ["bench/B-1", "IsolationPolicy fence"]);
    assert_eq!(violation.promise, "A promise.");
}

#[test]
fn what_nobody_demands_starts_with_its_place() {
    let definition = Definition {
        name: Name::from("tenants.surety.dev"),
        meta: meta("tenants.surety.dev"),
        group: Name::from("surety.dev"),
        plural: Name::from("tenants"),
        ..Definition::default()
    };
    let delete = act(Operation::Delete, Some(Fact::Definition(definition)), None);
    let Outcome::Refused(violations) = outcome(&world().world, &delete) else { panic!("admitted") };
    assert!(explain(&violations).contains("\n1. at this object: found deleting"), "{}", explain(&violations));
}

#[test]
fn a_namespace_of_nobody_is_nobodys_business() {
    let Fact::Workload(workload) = pod("web", on_host()) else { panic!("a workload") };
    let elsewhere = Fact::Workload(Workload { namespace: Name::from("default"), ..workload });
    assert_eq!(outcome(&world().world, &act(Operation::Create, None, Some(elsewhere))), Outcome::Admitted);
}

#[test]
fn an_update_that_worsens_nothing_passes_with_a_warning_and_one_more_violation_is_refused() {
    let bench = world().with(workload(Kind::Deployment, "web", on_host()));
    let old = workload(Kind::Deployment, "web", on_host());
    let same = act(Operation::Update, Some(old.clone()), Some(old.clone()));
    let decision = decide(&bench.world, &same, &Trusted::default(), at(NOW));
    assert_eq!(decision.outcome, Outcome::Admitted);
    assert_eq!(decision.warned.len(), 1);
    let worse = PodTemplate { uses_host_pid: true, ..on_host() };
    let worse = act(Operation::Update, Some(old), Some(workload(Kind::Deployment, "web", worse)));
    let Outcome::Refused(violations) = outcome(&bench.world, &worse) else { panic!("admitted") };
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].issue.field, "spec.template.spec.hostPID");
}

#[test]
fn what_was_there_before_counts_as_the_api_server_has_it_not_as_the_index_last_saw_it() {
    let bench = world().with(workload(Kind::Deployment, "web", on_host()));
    let old = workload(Kind::Deployment, "web", PodTemplate::default());
    let again = act(Operation::Update, Some(old), Some(workload(Kind::Deployment, "web", on_host())));
    assert!(matches!(outcome(&bench.world, &again), Outcome::Refused(_)));
    let anew = act(Operation::Create, None, Some(workload(Kind::Deployment, "web", on_host())));
    assert!(matches!(outcome(&bench.world, &anew), Outcome::Refused(_)));
}

#[test]
fn one_more_pod_of_a_failing_template_makes_nothing_worse_but_what_a_pod_adds_is_judged() {
    let set = workload(Kind::ReplicaSet, "web-1", on_host());
    let bench = world().with(set.clone());
    let same = owned_by(pod("web-1-a", on_host()), &set);
    assert_eq!(outcome(&bench.world, &act(Operation::Create, None, Some(same.clone()))), Outcome::Admitted);
    let sidecar = Container { name: Name::from("debug"), host_ports: vec![80], ..Container::default() };
    let more = owned_by(pod("web-1-a", PodTemplate { containers: vec![sidecar], ..on_host() }), &set);
    let Outcome::Refused(violations) = outcome(&bench.world, &act(Operation::Update, Some(same), Some(more)))
    else {
        panic!("admitted")
    };
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].issue.container, Some(Name::from("debug")));
}

#[test]
fn an_owner_that_the_index_does_not_have_is_not_believed() {
    let set = workload(Kind::ReplicaSet, "web-1", on_host());
    let orphan = owned_by(pod("web-1-a", on_host()), &set);
    assert!(matches!(
        outcome(&world().world, &act(Operation::Create, None, Some(orphan))),
        Outcome::Refused(_)
    ));
}

#[test]
fn the_tenants_own_enforcement_caps_what_a_promise_asks() {
    let spec = TenantSpec { enforcement: Enforcement::Warn, ..TenantSpec::default() };
    let bench = world().with_tenant(spec);
    let bad = act(Operation::Create, None, Some(pod("web", on_host())));
    let decision = decide(&bench.world, &bad, &Trusted::default(), at(NOW));
    assert_eq!(decision.outcome, Outcome::Admitted);
    assert_eq!(decision.warned.len(), 1);
}

#[test]
fn a_waiver_lets_it_pass_until_its_second() {
    let spec: WaiverSpec = serde_json::from_value(json!({
        "control": "isolation.host-access", "scope": {"tenantSelector": {}, "kind": "Pod", "name": "web"},
        "reason": "needed for a migration", "approver": "ciso", "expiresAt": "2026-06-15T13:00:00Z",
    }))
    .unwrap();
    let bench = world().with(Fact::Waiver(declared("w-1", Labels::default(), spec)));
    let bad = act(Operation::Create, None, Some(pod("web", on_host())));
    assert_eq!(outcome(&bench.world, &bad), Outcome::Admitted);
    let later = decide(&bench.world, &bad, &Trusted::default(), at("2026-06-15T13:00:00Z")).outcome;
    assert!(matches!(later, Outcome::Refused(_)));
    let other = act(Operation::Create, None, Some(pod("other", on_host())));
    assert!(matches!(outcome(&bench.world, &other), Outcome::Refused(_)));
}

#[test]
fn a_pod_that_leaves_its_controller_is_no_worse_for_what_it_had_from_its_template() {
    let set = workload(Kind::ReplicaSet, "web", on_host());
    let owned = owned_by(pod("web-a", on_host()), &set);
    let bench = world().with(set).with(owned.clone());
    let released = act(Operation::Update, Some(owned.clone()), Some(pod("web-a", on_host())));
    let decision = decide(&bench.world, &released, &Trusted::default(), at(NOW));
    assert_eq!(decision.outcome, Outcome::Admitted);
    assert_eq!(decision.warned.len(), 1, "it fails by itself now, and that is said");
    let more = PodTemplate { uses_host_pid: true, ..on_host() };
    let worse = act(Operation::Update, Some(owned), Some(pod("web-a", more)));
    let Outcome::Refused(violations) = outcome(&bench.world, &worse) else { panic!("admitted") };
    assert_eq!(violations.iter().map(|v| v.issue.field.as_str()).collect::<Vec<_>>(), ["spec.hostPID"]);
}

#[test]
fn what_is_part_of_a_controller_is_told_with_it_and_not_beside_it() {
    let deployment = workload(Kind::Deployment, "web", on_host());
    let former = PodTemplate { uses_host_pid: true, ..on_host() };
    let set = owned_by(workload(Kind::ReplicaSet, "web-1", former), &deployment);
    let bench = world().with(deployment).with(set);
    let other = namespace(Labels::from([("team", "blue")]));
    let relabelled = act(Operation::Update, Some(namespace(Labels::default())), Some(other));
    let decision = decide(&bench.world, &relabelled, &Trusted::default(), at(NOW));
    let told: Vec<_> = decision.warned.iter().map(|violation| violation.subject.clone().unwrap()).collect();
    assert_eq!(told, [format!("Deployment {NAMESPACE}/web")]);
}

#[test]
fn definitions_that_promises_rest_on_are_not_deleted() {
    let definition = |name: &str, group: &str, plural: &str| {
        Fact::Definition(Definition {
            name: Name::from(name),
            meta: meta(name),
            group: Name::from(group),
            plural: Name::from(plural),
            ..Definition::default()
        })
    };
    let world = world().world;
    let tenants = definition("tenants.surety.dev", "surety.dev", "tenants");
    assert!(matches!(outcome(&world, &act(Operation::Delete, Some(tenants), None)), Outcome::Refused(_)));
    let unused = definition("backups.velero.io", "velero.io", "backups");
    assert_eq!(outcome(&world, &act(Operation::Delete, Some(unused), None)), Outcome::Admitted);
}

#[test]
fn a_plain_volume_that_is_handed_to_a_tenant_comes_in_new_however_long_it_was_there() {
    let volume = |claim_in: Option<&str>| {
        let claim = claim_in.map(|place| ClaimReference {
            namespace: Name::from(place),
            name: Name::from("data"),
            uid: None,
        });
        let backing = VolumeBacking::Nfs;
        Fact::PersistentVolume(PersistentVolume {
            name: Name::from("v"),
            backing,
            claim,
            ..Default::default()
        })
    };
    let bench = world().with(profile_demanding("encryption.volume", &json!({})));
    let handed = |from: Option<&str>, to: Option<&str>| {
        outcome(&bench.world, &act(Operation::Update, Some(volume(from)), Some(volume(to))))
    };
    for from in [None, Some("elsewhere")] {
        assert!(matches!(handed(from, Some(NAMESPACE)), Outcome::Refused(_)), "{from:?}");
    }
    for (from, to) in [(Some(NAMESPACE), Some(NAMESPACE)), (Some(NAMESPACE), None), (None, Some("elsewhere"))]
    {
        assert_eq!(handed(from, to), Outcome::Admitted, "{from:?} {to:?}");
    }
}

#[test]
fn a_required_source_that_cannot_be_trusted_leaves_the_answer_to_the_failure_policy() {
    let world = world_that_reads_classes(SourceState::Stale(at(NOW)));
    let bad = act(Operation::Create, None, Some(pod("web", PodTemplate::default())));
    assert!(matches!(outcome(&world, &bad), Outcome::CannotTell(CannotTell::Ignorant(_))));
    let world = world_that_reads_classes(SourceState::Synced);
    assert_eq!(outcome(&world, &bad), Outcome::Admitted);
}

/// A world with a control that was never heard of, as somebody adds one.
fn world_that_reads_classes(state: SourceState) -> World {
    use crate::core::{
        control::{never_weaker, no_demand, no_transition},
        facts::Sources,
        subject::SubjectClass,
        verdict::Verdict,
    };
    static READER: Control = Control {
        id: "isolation.reads-classes",
        title: "",
        why: "",
        remediation: "",
        severity: crate::api::Severity::Low,
        subjects: &[SubjectClass::Workload],
        reads: Sources::of(&[Source::StorageClasses]),
        guards: &[],
        evaluate: |context, _| {
            let _ = context.storage_classes().count();
            Verdict::pass("")
        },
        demanded: no_demand,
        upheld_by: None,
        weaker: never_weaker,
        transition: no_transition,
    };
    let mut bench = world();
    bench.world.controls = vec![&READER].leak();
    bench.apply(profile_demanding(READER.id, &json!({})));
    bench.with_source(Source::StorageClasses, state).world
}

#[test]
fn a_control_that_somebody_adds_guards_requests_without_a_change_elsewhere() {
    use crate::core::{
        control::{never_weaker, no_demand, no_transition},
        facts::Sources,
        subject::{Subject, SubjectClass},
        verdict::{Issue, Verdict},
    };
    static NO_WEB: Control = Control {
        id: "isolation.no-web",
        title: "",
        why: "",
        remediation: "",
        severity: crate::api::Severity::Low,
        subjects: &[SubjectClass::Workload],
        reads: Sources::NONE,
        guards: &[],
        evaluate: |_, subject| match subject {
            Subject::Workload(workload) if workload.name == "web" => {
                Verdict::issue(Issue::fail("metadata.name", "web", "another name", "rename it"))
            }
            _ => Verdict::pass("another name"),
        },
        demanded: no_demand,
        upheld_by: None,
        weaker: never_weaker,
        transition: no_transition,
    };
    let mut bench = world();
    bench.world.controls = vec![&NO_WEB].leak();
    bench.apply(profile_demanding(NO_WEB.id, &json!({})));
    let bad = act(Operation::Create, None, Some(pod("web", PodTemplate::default())));
    assert!(matches!(outcome(&bench.world, &bad), Outcome::Refused(_)));
    let good = act(Operation::Create, None, Some(pod("api", PodTemplate::default())));
    assert_eq!(outcome(&bench.world, &good), Outcome::Admitted);
}

#[test]
fn requests_on_intent_that_demand_more_are_never_refused_for_reality() {
    let bench = world().with(pod("web", on_host()));
    let more = act(Operation::Create, None, Some(profile_demanding("isolation.host-access", &json!({}))));
    assert_eq!(outcome(&bench.world, &more), Outcome::Admitted);
    let unknown = act(Operation::Create, None, Some(profile_demanding("isolation.host-acess", &json!({}))));
    let Outcome::Refused(violations) = outcome(&bench.world, &unknown) else { panic!("admitted") };
    assert!(explain(&violations).contains("did you mean `isolation.host-access`?"));
}

/// A world in which two classes of data are promised to be kept, one for longer and as strictly as `of_other` says, with a
/// claim of the first.
fn world_that_keeps_two_classes(of_other: &str) -> (Bench, Fact) {
    let promise = |id: &str, class: &str, span: &str, enforcement: &str| {
        let parameters = json!({"dataClass": class, "atLeast": span});
        let controls = json!([{"id": "retention.kept", "parameters": parameters}]);
        json!({"id": id, "promise": format!("{class} is kept."), "enforcement": enforcement, "controls": controls})
    };
    let spec = json!({
        "title": "Keeping", "version": "1", "effectiveDate": "2026-01-01", "tenantSelector": {},
        "commitments": [promise("A", "support", "3y", "Deny"), promise("B", "billing", "7y", of_other)],
    });
    let spec: ProfileSpec = serde_json::from_value(spec).unwrap();
    let claim = Fact::PersistentVolumeClaim(PersistentVolumeClaim {
        namespace: Name::from(NAMESPACE),
        name: Name::from("data"),
        meta: meta("claim-1"),
        labels: Labels::from([("surety.dev/data-class", "support")]),
        is_bound: true,
        ..PersistentVolumeClaim::default()
    });
    let profile = Fact::Profile(declared("keeping", Labels::default(), spec));
    (world().with(profile).with(claim.clone()), claim)
}

#[test]
fn an_act_is_refused_for_the_promise_that_it_breaks_and_not_for_another_use_of_the_control() {
    let (bench, claim) = world_that_keeps_two_classes("Deny");
    let deletion = act(Operation::Delete, Some(claim), None);
    let Outcome::Refused(violations) = outcome(&bench.world, &deletion) else { panic!("admitted") };
    let [violation] = violations.as_slice() else { panic!("{violations:?}") };
    assert_eq!(
        (violation.breaks.as_slice(), violation.promise.as_str()),
        (&["keeping/A".to_owned()][..], "support is kept.")
    );
    let spec: WaiverSpec = serde_json::from_value(json!({
        "commitment": {"profile": "keeping", "id": "A"}, "scope": {"tenantSelector": {}},
        "reason": "moved to another cluster", "approver": "ciso", "expiresAt": "2026-06-16T12:00:00Z",
    }))
    .unwrap();
    let waived = bench.with(Fact::Waiver(declared("w-1", Labels::default(), spec)));
    assert_eq!(outcome(&waived.world, &deletion), Outcome::Admitted);
}

#[test]
fn an_act_is_answered_as_strictly_as_those_ask_whose_promise_it_breaks() {
    let (bench, claim) = world_that_keeps_two_classes("Audit");
    let Fact::PersistentVolumeClaim(support) = claim else { panic!("a claim") };
    let labels = Labels::from([("surety.dev/data-class", "billing")]);
    let billing = Fact::PersistentVolumeClaim(PersistentVolumeClaim { labels, ..support });
    let bench = bench.with(billing.clone());
    let decision =
        decide(&bench.world, &act(Operation::Delete, Some(billing), None), &Trusted::default(), at(NOW));
    assert_eq!(decision.outcome, Outcome::Admitted);
    assert_eq!(decision.audited.len(), 1);
}

#[test]
fn the_index_and_the_tenant_are_those_of_the_bench() {
    let key = ObjectKey::cluster(Kind::Namespace, NAMESPACE);
    assert_eq!(world().world.owner_of(&key.name), Some(&Name::from(TENANT)));
}

#[test]
fn a_location_where_points_lie_though_no_schedule_writes_there_is_refused_for_the_promise_that_can_be_waived()
{
    let read =
        |kind, object: serde_json::Value| crate::decode::object(kind, object.to_string().as_bytes()).unwrap();
    let point = json!({
        "metadata": {"name": "p", "namespace": "velero"},
        "spec": {"includedNamespaces": [NAMESPACE], "storageLocation": "cold"},
        "status": {"phase": "Completed", "startTimestamp": "2026-06-15T02:00:00Z"},
    });
    let cold = read(
        Kind::BackupStorageLocation,
        json!({"metadata": {"name": "cold", "namespace": "velero"}, "status": {"phase": "Available"}}),
    );
    let bench = world()
        .with(profile_demanding("backup.covered", &json!({})))
        .with(cold.clone())
        .with(read(Kind::VeleroBackup, point));
    let refused = outcome(&bench.world, &act(Operation::Delete, Some(cold), None));
    let Outcome::Refused(violations) = refused else { panic!("{refused:?}") };
    let told: Vec<_> =
        violations.iter().map(|v| (v.control.as_str(), v.breaks.as_slice(), v.is_waivable)).collect();
    assert_eq!(told, [("backup.covered", &["bench/B-1".to_owned()][..], true)]);
}

/// A bench with a nightly schedule and last night's run, of which nothing is demanded yet.
fn backed_up() -> (Bench, Fact, impl Fn(&str) -> Fact) {
    let read =
        |kind, object: serde_json::Value| crate::decode::object(kind, object.to_string().as_bytes()).unwrap();
    let claim = json!({
        "metadata": {"name": "data", "namespace": NAMESPACE, "creationTimestamp": "2026-06-01T00:00:00Z"},
        "spec": {}, "status": {"phase": "Bound"},
    });
    let schedule = json!({
        "metadata": {"name": "daily", "namespace": "velero", "creationTimestamp": "2026-06-01T00:00:00Z"},
        "spec": {"schedule": "15 2 * * *", "template": {"includedNamespaces": [NAMESPACE], "snapshotMoveData": true}},
    });
    let run = move |phase: &str| {
        let run = json!({
            "metadata": {"name": "p", "namespace": "velero", "labels": {"velero.io/schedule-name": "daily"}},
            "spec": {"includedNamespaces": [NAMESPACE], "snapshotMoveData": true},
            "status": {"phase": phase, "startTimestamp": "2026-06-15T02:15:00Z",
                "csiVolumeSnapshotsAttempted": 1, "csiVolumeSnapshotsCompleted": 1},
        });
        read(Kind::VeleroBackup, run)
    };
    let schedule = read(Kind::VeleroSchedule, schedule);
    let bench = world().with(read(Kind::PersistentVolumeClaim, claim)).with(schedule.clone());
    (bench, schedule, run)
}

#[test]
fn what_an_engine_says_of_its_own_run_is_not_refused_and_the_same_by_somebody_else_is() {
    let engine = "system:serviceaccount:velero:velero";
    let trusted = Trusted { engines: vec![Name::from(engine)], ..Trusted::default() };
    for control in ["backup.failure-noticed", "backup.completeness"] {
        let (bench, _, run) = backed_up();
        let running = run("InProgress");
        let bench = bench.with(profile_demanding(control, &json!({}))).with(running.clone());
        let decided = |user: &str| {
            let update = act(Operation::Update, Some(running.clone()), Some(run("PartiallyFailed")));
            decide(&bench.world, &Act { user: Name::from(user), ..update }, &trusted, at(NOW)).outcome
        };
        assert_eq!(decided(engine), Outcome::Admitted, "{control}");
        let Outcome::Refused(violations) = decided("someone@example.com") else {
            panic!("{control} admits it")
        };
        assert_eq!(violations[0].control, control);
    }
}

#[test]
fn a_schedule_that_comes_to_skip_volumes_is_refused() {
    let (bench, whole, _) = backed_up();
    let bench = bench.with(profile_demanding("backup.completeness", &json!({})));
    let Fact::Schedule(mut narrowed) = whole.clone() else { unreachable!() };
    narrowed.selection.narrowed_by = Some(Name::from("a label selector"));
    let update = act(Operation::Update, Some(whole), Some(Fact::Schedule(narrowed)));
    let Outcome::Refused(violations) = outcome(&bench.world, &update) else { panic!("admitted") };
    assert_eq!(violations[0].issue.found, "narrowed by a label selector");
}

/// Surety's own request to change a canary.
fn canary(user: &str, nonce: Option<&str>) -> Act {
    let tenant = || Some(Fact::Tenant(declared("surety-canary", Labels::default(), TenantSpec::default())));
    Act {
        user: Name::from(user),
        canary: nonce.map(Name::from),
        ..act(Operation::Update, tenant(), tenant())
    }
}

fn trusting(surety: &str) -> Trusted {
    Trusted { surety: Name::from(surety), ..Trusted::default() }
}

#[test]
fn a_canary_of_suretys_own_is_refused_with_its_nonce_and_nobody_elses() {
    let world = world().world;
    let outcome = |user, nonce| decide(&world, &canary(user, nonce), &trusting("surety"), at(NOW)).outcome;
    let Outcome::Refused(violations) = outcome("surety", Some("4711")) else { panic!("admitted") };
    let text = explain(&violations);
    assert!(text.starts_with("Surety refuses this") && text.contains("found canary 4711;"), "{text}");
    assert!(!text.contains("Waiver"), "nobody waives it: {text}");
    assert_eq!(outcome("surety", None), Outcome::Admitted);
    assert_eq!(outcome("dev", Some("4711")), Outcome::Admitted);
}

#[test]
fn whoever_cannot_judge_others_does_not_refuse_a_canary_either() {
    for (source, state, is_refused) in [
        (Source::Claims, SourceState::Synced, true),
        (Source::Claims, SourceState::Pending, false),
        (Source::Namespaces, SourceState::Stale(at(NOW)), false),
        (Source::VeleroBackups, SourceState::Forbidden, true),
    ] {
        let mut world = world().world;
        crate::index::set_source(&mut world, source, state.clone());
        let outcome = decide(&world, &canary("surety", Some("1")), &trusting("surety"), at(NOW)).outcome;
        assert_eq!(matches!(outcome, Outcome::Refused(_)), is_refused, "{source}: {state:?}");
        assert_eq!(matches!(outcome, Outcome::CannotTell(_)), !is_refused, "{source}: {state:?}");
    }
}
