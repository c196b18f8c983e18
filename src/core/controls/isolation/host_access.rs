//! `isolation.host-access`: no pod of a tenant reaches into its node.

use crate::{
    api::{HostAccess, IsolationPolicySpec, Severity},
    core::{
        context::Context,
        control::{Control, no_transition},
        effective::Effective,
        facts::{Container, Fact, Kind, PodTemplate, Sources, VolumeSource, Workload},
        parameters::Parameters,
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
    guards: &crate::core::controls::WORKLOAD_GUARDS,
    evaluate,
    demanded: Effective::host_access,
    upheld_by: Some(Kind::IsolationPolicy),
    weaker,
    transition: no_transition,
};

fn evaluate(context: &Context<'_>, subject: &Subject<'_>) -> Verdict {
    let Subject::Workload(workload) = subject else { return Verdict::not_applicable("no workload") };
    let is_allowed =
        |way: HostAccess| context.parameters().list("allowed").iter().any(|name| *name == *spelling(way));
    let issues: Vec<Issue> = ways_into_the_node(workload)
        .into_iter()
        .filter(|(way, _)| !is_allowed(*way))
        .map(|(_, issue)| issue)
        .collect();
    if issues.is_empty() {
        return Verdict::pass("no access to the node").reading("none", workload.pod_spec_path());
    }
    Verdict::from_issues(issues)
}

fn ways_into_the_node(workload: &Workload) -> Vec<(HostAccess, Issue)> {
    let template = &workload.template;
    let mut ways = host_namespaces(workload.pod_spec_path(), template);
    ways.extend(host_paths(workload.pod_spec_path(), template));
    let ports =
        template.containers.iter().flat_map(|container| host_ports(workload.pod_spec_path(), container));
    ways.extend(ports);
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
    let host_path = |volume: &crate::core::facts::PodVolume| {
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
    use crate::core::{
        controls::testkit::{Bench, pod},
        facts::PodVolume,
        verdict::State,
    };

    fn host_path(name: &str) -> PodVolume {
        PodVolume { name: name.into(), source: VolumeSource::HostPath("/var/run".into()) }
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
            containers: vec![Container { name: "web".into(), host_ports: vec![80], ..Container::default() }],
            ..PodTemplate::default()
        };
        let verdict = Bench::new(&CONTROL).verdict_of(pod("web", template));
        let fields: Vec<&str> = verdict.issues.iter().map(|issue| issue.field.as_str()).collect();
        assert_eq!(
            fields,
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
    fn an_allowed_way_passes_and_another_still_fails() {
        let template = PodTemplate {
            uses_host_network: true,
            volumes: vec![host_path("sock")],
            ..PodTemplate::default()
        };
        let bench = Bench::new(&CONTROL).with_list("allowed", &["HostNetwork"]);
        let verdict = bench.verdict_of(pod("web", template));
        assert_eq!(verdict.issues.len(), 1, "{verdict:?}");
        assert!(verdict.issues.iter().all(|issue| issue.field.ends_with("hostPath")));
    }
}
