//! Ways into the node that are found, allowed, left out.

use super::*;
use crate::{
    api::isolation_policy::{HostAccessRule, InjectedContainer},
    core::{
        controls::testkit::{Bench, declared, pod, workload},
        facts::Labels,
        subject::SubjectKey,
        verdict::State,
    },
};

fn host_path(name: &str) -> PodVolume {
    PodVolume { name: name.into(), source: VolumeSource::HostPath("/var/run".into()) }
}

fn with_host_port(name: &str) -> Container {
    Container {
        name: name.into(),
        image: "hub/mesh/proxy:1".into(),
        host_ports: vec![80],
        ..Container::default()
    }
}

fn policy(spec: IsolationPolicySpec) -> Fact {
    Fact::IsolationPolicy(declared("keep-apart", Labels::default(), spec))
}

fn allowing(ways: &[HostAccess]) -> Fact {
    let rule = HostAccessRule { allowed: ways.to_vec() };
    policy(IsolationPolicySpec { host_access: Some(rule), ..IsolationPolicySpec::default() })
}

fn fields(verdict: &Verdict) -> Vec<&str> {
    verdict.issues.iter().map(|issue| issue.field.as_str()).collect()
}

#[test]
fn a_pod_without_access_to_the_node_passes() {
    assert_eq!(Bench::new(&CONTROL).state_of(pod("web", PodTemplate::default())), State::Pass);
}

#[test]
fn every_way_into_the_node_fails_at_its_own_field() {
    let template = PodTemplate {
        uses_host_network: true,
        uses_host_pid: true,
        uses_host_ipc: true,
        volumes: vec![host_path("sock")],
        containers: vec![with_host_port("web")],
        ..PodTemplate::default()
    };
    let verdict = Bench::new(&CONTROL).verdict_of(pod("web", template));
    assert_eq!(
        fields(&verdict),
        [
            "spec.hostNetwork",
            "spec.hostPID",
            "spec.hostIPC",
            "spec.volumes[name=sock].hostPath",
            "spec.containers[name=web].ports[hostPort=80]",
        ]
    );
}

#[test]
fn the_finding_says_what_was_found_and_what_to_do() {
    let template = PodTemplate { volumes: vec![host_path("sock")], ..PodTemplate::default() };
    let verdict = Bench::new(&CONTROL).verdict_of(workload(Kind::CronJob, "nightly", template));
    let expected = Issue::fail(
        "spec.jobTemplate.spec.template.spec.volumes[name=sock].hostPath",
        "/var/run",
        "no hostPath volume",
        "replace volume `sock` by a claim, an emptyDir or a projected volume",
    );
    assert_eq!(verdict.issues, [expected]);
}

#[test]
fn an_allowed_way_passes_and_another_still_fails() {
    let template =
        PodTemplate { uses_host_network: true, volumes: vec![host_path("sock")], ..PodTemplate::default() };
    let bench = Bench::new(&CONTROL).with_list("allowed", &["HostNetwork"]);
    assert_eq!(fields(&bench.verdict_of(pod("web", template))), ["spec.volumes[name=sock].hostPath"]);
}

#[test]
fn ports_of_the_node_are_part_of_an_allowed_host_network_and_of_no_other_pod() {
    let template = |uses_host_network| PodTemplate {
        uses_host_network,
        containers: vec![with_host_port("web")],
        ..PodTemplate::default()
    };
    let bench = || Bench::new(&CONTROL).with_list("allowed", &["HostNetwork"]);
    assert_eq!(bench().state_of(pod("web", template(true))), State::Pass);
    assert_eq!(bench().state_of(pod("web", template(false))), State::Fail);
}

#[test]
fn a_container_that_the_platform_injects_is_not_judged_as_the_tenants() {
    let injected = InjectedContainer { name: "mesh".to_owned(), image_prefix: "hub/mesh/proxy".to_owned() };
    let spec = IsolationPolicySpec { injected_containers: vec![injected], ..IsolationPolicySpec::default() };
    let template = PodTemplate {
        containers: vec![with_host_port("mesh"), with_host_port("web")],
        ..PodTemplate::default()
    };
    let verdict = Bench::new(&CONTROL).with(policy(spec)).verdict_of(pod("web", template));
    assert_eq!(fields(&verdict), ["spec.containers[name=web].ports[hostPort=80]"]);
}

#[test]
fn what_a_policy_allows_passes_under_the_policys_own_demand() {
    let bench = Bench::new(&CONTROL).with(allowing(&[HostAccess::HostIPC]));
    let plan = bench.world.plan(crate::core::controls::testkit::TENANT).cloned();
    let demanded = plan.and_then(|plan| (CONTROL.demanded)(&plan.effective));
    let allowed = demanded.map(|demand| demand.parameters.list("allowed").to_vec());
    assert_eq!(allowed, Some(vec![spelling(HostAccess::HostIPC).into()]));
}

#[test]
fn a_policy_that_allows_more_than_the_promise_is_weaker() {
    let bench = Bench::new(&CONTROL).with_list("allowed", &["HostPort"]);
    assert_eq!(bench.weaker(&allowing(&[HostAccess::HostPort])), Vec::<String>::new());
    let wider = allowing(&[HostAccess::HostPort, HostAccess::HostPath]);
    assert_eq!(bench.weaker(&wider), ["spec.hostAccess.allowed"]);
    assert_eq!(bench.weaker(&policy(IsolationPolicySpec::default())), Vec::<String>::new());
}

#[test]
fn detect_a_pod_in_place_that_reaches_into_its_node() {
    let template = PodTemplate { uses_host_pid: true, ..PodTemplate::default() };
    let in_place = Bench::new(&CONTROL).with(workload(Kind::DaemonSet, "agent", template));
    let key = crate::core::facts::ObjectKey::namespaced(Kind::DaemonSet, "acme-prod", "agent");
    assert_eq!(fields(&in_place.verdict_on(&key.into())), ["spec.template.spec.hostPID"]);
}

#[test]
fn prevent_a_template_that_gains_a_way_into_its_node() {
    let template = |volumes| PodTemplate { uses_host_pid: true, volumes, ..PodTemplate::default() };
    let before = workload(Kind::Deployment, "web", template(Vec::new()));
    let subject = SubjectKey::from(before.key());
    let bench = Bench::new(&CONTROL).with(before);
    assert_eq!(fields(&bench.verdict_on(&subject)), ["spec.template.spec.hostPID"]);
    let after = bench.with(workload(Kind::Deployment, "web", template(vec![host_path("sock")])));
    assert_eq!(
        fields(&after.verdict_on(&subject)),
        ["spec.template.spec.hostPID", "spec.template.spec.volumes[name=sock].hostPath"]
    );
}
