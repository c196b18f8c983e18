//! `isolation.host-access`: no pod of a tenant reaches into its node.

#[cfg(test)]
mod tests;

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
