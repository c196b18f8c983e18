//! `isolation.host-access`: no pod of a tenant reaches into its node.

use crate::{
    api::{HostAccess, IsolationPolicySpec, Severity},
    core::{
        context::Context,
        control::{Control, no_transition},
        controls::WORKLOAD_GUARDS,
        effective::Effective,
        facts::{Container, Fact, Kind, PodTemplate, PodVolume, Sources, VolumeSource},
        parameters::{Parameter, Parameters},
        subject::{Subject, SubjectClass},
        verdict::{Issue, Verdict},
    },
};

/// The control.
pub static CONTROL: Control = Control {
    id: "isolation.host-access",
    title: "No pod reaches into its node",
    why: "A pod that reaches into its node reaches every other tenant's pod on it.",
    remediation: "Remove hostPath volumes, host namespaces and host ports from the pod template; use a claim, a Service or a \
                  NodePort of the platform instead.",
    severity: Severity::Critical,
    subjects: &[SubjectClass::Workload],
    reads: Sources::NONE,
    guards: &WORKLOAD_GUARDS,
    evaluate,
    demanded: Effective::host_access,
    upheld_by: Some(Kind::IsolationPolicy),
    weaker,
    transition: no_transition,
};

fn evaluate(context: &Context<'_>, subject: &Subject<'_>) -> Verdict {
    let Subject::Workload(workload) = subject else { return Verdict::not_applicable("no workload") };
    let (path, template) = (workload.pod_spec_path(), &workload.template);
    let allowed = context.parameters().list("allowed");
    let lists = |way: HostAccess| allowed.iter().any(|name| *name == *spelling(way));
    // On the node's network every container port is a port of the node: who may have the one has the other.
    let has_every_port = template.uses_host_network && lists(HostAccess::HostNetwork);
    let is_allowed = |way: HostAccess| lists(way) || (way == HostAccess::HostPort && has_every_port);
    let ways = ways_into_the_node(path, template, &super::own_containers(context, template));
    let forbidden = ways.into_iter().filter(|(way, _)| !is_allowed(*way));
    let issues: Vec<Issue> = forbidden.map(|(_, issue)| issue).collect();
    if issues.is_empty() {
        return Verdict::pass("no access to the node but what is allowed")
            .reading(format!("none but {}", Parameter::List(allowed.to_vec())), path);
    }
    Verdict::from_issues(issues)
}

/// Every way in which a pod reaches into its node, with the issue that it is where it is not allowed.
pub(super) fn ways_into_the_node(
    path: &str,
    template: &PodTemplate,
    containers: &[&Container],
) -> Vec<(HostAccess, Issue)> {
    let mut ways = host_namespaces(path, template);
    ways.extend(host_paths(path, template));
    ways.extend(containers.iter().flat_map(|container| host_ports(path, container)));
    ways
}

fn host_namespaces(path: &str, template: &PodTemplate) -> Vec<(HostAccess, Issue)> {
    let fields = [
        (HostAccess::HostNetwork, "hostNetwork", template.uses_host_network),
        (HostAccess::HostPID, "hostPID", template.uses_host_pid),
        (HostAccess::HostIPC, "hostIPC", template.uses_host_ipc),
    ];
    let used = fields.into_iter().filter(|(.., is_used)| *is_used);
    let issue = |(way, field, _): (HostAccess, &str, bool)| {
        let issue =
            Issue::fail(format!("{path}.{field}"), "true", "false", format!("remove `{field}: true`"));
        (way, issue)
    };
    used.map(issue).collect()
}

fn host_paths(path: &str, template: &PodTemplate) -> Vec<(HostAccess, Issue)> {
    let host_path = |volume: &PodVolume| {
        let VolumeSource::HostPath(host_path) = &volume.source else { return None };
        let field = format!("{path}.volumes[name={}].hostPath", volume.name);
        let fix = format!("replace volume `{}` by a claim, an emptyDir or a projected volume", volume.name);
        Some((HostAccess::HostPath, Issue::fail(field, host_path.to_string(), "no hostPath volume", fix)))
    };
    template.volumes.iter().filter_map(host_path).collect()
}

fn host_ports(path: &str, container: &Container) -> Vec<(HostAccess, Issue)> {
    let host_port = |port: &i32| {
        let list = container.role.field();
        let field = format!("{path}.{list}[name={}].ports[hostPort={port}]", container.name);
        let issue = Issue::fail(
            field,
            port.to_string(),
            "no hostPort",
            "remove `hostPort` and reach the pod by a Service",
        );
        (HostAccess::HostPort, issue.in_container(&container.name))
    };
    container.host_ports.iter().map(host_port).collect()
}

const fn spelling(way: HostAccess) -> &'static str {
    match way {
        HostAccess::HostPath => "HostPath",
        HostAccess::HostNetwork => "HostNetwork",
        HostAccess::HostPID => "HostPID",
        HostAccess::HostIPC => "HostIPC",
        HostAccess::HostPort => "HostPort",
    }
}

/// A policy is weaker where it allows a way that the promise does not.
fn weaker(policy: &Fact, promised: &Parameters) -> Vec<Issue> {
    let Fact::IsolationPolicy(policy) = policy else { return Vec::new() };
    let excess = allowed_by(&policy.spec)
        .iter()
        .copied()
        .filter(|way| !promised.list("allowed").iter().any(|name| *name == *spelling(*way)));
    let issue = |way: HostAccess| {
        let name = spelling(way);
        Issue::fail("spec.hostAccess.allowed", name, "not allowed by the promise", format!("remove `{name}`"))
    };
    excess.map(issue).collect()
}

fn allowed_by(spec: &IsolationPolicySpec) -> &[HostAccess] {
    spec.host_access.as_ref().map_or(&[], |rule| &rule.allowed)
}

#[cfg(test)]
mod tests {
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
        let template = PodTemplate {
            uses_host_network: true,
            volumes: vec![host_path("sock")],
            ..PodTemplate::default()
        };
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
        let injected =
            InjectedContainer { name: "mesh".to_owned(), image_prefix: "hub/mesh/proxy".to_owned() };
        let spec =
            IsolationPolicySpec { injected_containers: vec![injected], ..IsolationPolicySpec::default() };
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
}
