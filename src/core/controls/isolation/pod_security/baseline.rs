//! The level Baseline: what lets a pod out of its container by known ways.

use super::pod::{ContextPath, Pod};
use crate::core::{
    controls::isolation::host_access::ways_into_the_node,
    facts::{ContainerSecurity, Name},
    verdict::Issue,
};

/// Capabilities that may be added.
const CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];
/// Types of AppArmor and seccomp profiles.
pub(super) const PROFILES: [&str; 2] = ["RuntimeDefault", "Localhost"];
const SELINUX_TYPES: [&str; 5] =
    ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
const SYSCTLS: [&str; 14] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_notsent_lowat",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
];

/// What a pod breaks of Baseline.
pub(super) fn issues(pod: &Pod<'_>) -> Vec<Issue> {
    let mut issues = common_issues(pod);
    issues.extend(capabilities_added(pod, &CAPABILITIES));
    issues
}

/// What both levels forbid. Capabilities are left out: Restricted allows fewer.
pub(super) fn common_issues(pod: &Pod<'_>) -> Vec<Issue> {
    let ways = ways_into_the_node(pod.path, pod.template, &pod.containers);
    let mut issues: Vec<Issue> = ways.into_iter().map(|(_, issue)| issue).collect();
    for check in [privileged, host_process, app_armor, seccomp, selinux, proc_mount, sysctls] {
        issues.extend(check(pod));
    }
    issues
}

/// Capabilities outside `allowed`, one issue each.
pub(super) fn capabilities_added(pod: &Pod<'_>, allowed: &[&str]) -> Vec<Issue> {
    let of_container = |container: &&crate::core::facts::Container| {
        let path = pod.container_path(container);
        let excess = container.security.capabilities_added.iter();
        let excess = excess.filter(|capability| !allowed.contains(&capability.as_str()));
        let issue = |capability: &Name| {
            let field = format!("{path}.capabilities.add[{capability}]");
            let fix = format!("remove `{capability}` from {path}.capabilities.add");
            let wanted = format!("none but {}", allowed.join(", "));
            Issue::fail(field, capability.as_str(), wanted, fix).in_container(&container.name)
        };
        excess.map(issue).collect::<Vec<_>>()
    };
    pod.containers.iter().flat_map(of_container).collect()
}

fn privileged(pod: &Pod<'_>) -> Vec<Issue> {
    pod.in_containers(|container, path| {
        let issue = || {
            let fix = format!("remove `privileged: true` from {path}");
            Issue::fail(format!("{path}.privileged"), "true", "false", fix)
        };
        container.security.is_privileged.then(issue)
    })
}

fn host_process(pod: &Pod<'_>) -> Vec<Issue> {
    let issue = |path: ContextPath<'_>| {
        let fix = format!("remove `hostProcess: true` from {path}.windowsOptions");
        Issue::fail(format!("{path}.windowsOptions.hostProcess"), "true", "false", fix)
    };
    let of_pod = pod.template.security.is_host_process.then(|| issue(pod.security_path()));
    let of_containers =
        pod.in_containers(|container, path| container.security.is_host_process.then(|| issue(path)));
    of_pod.into_iter().chain(of_containers).collect()
}

fn app_armor(pod: &Pod<'_>) -> Vec<Issue> {
    let of_pod = pod.template.security.app_armor.as_ref();
    profiles(pod, "appArmorProfile", of_pod, |security| security.app_armor.as_ref())
}

fn seccomp(pod: &Pod<'_>) -> Vec<Issue> {
    let of_pod = pod.template.security.seccomp.as_ref();
    profiles(pod, "seccompProfile", of_pod, |security| security.seccomp.as_ref())
}

/// Profiles that are set and of another type than allowed. What is not set is the runtime's default.
fn profiles(
    pod: &Pod<'_>,
    name: &str,
    of_pod: Option<&Name>,
    of_container: fn(&ContainerSecurity) -> Option<&Name>,
) -> Vec<Issue> {
    let issue = |found: Option<&Name>, path: ContextPath<'_>| {
        let found = found.filter(|profile| !PROFILES.contains(&profile.as_str()))?;
        let fix = format!("write `{name}: {{type: RuntimeDefault}}` in {path}");
        Some(Issue::fail(format!("{path}.{name}.type"), found.as_str(), PROFILES.join(" or "), fix))
    };
    let of_pod = issue(of_pod, pod.security_path());
    let of_containers = pod.in_containers(|container, path| issue(of_container(&container.security), path));
    of_pod.into_iter().chain(of_containers).collect()
}

fn selinux(pod: &Pod<'_>) -> Vec<Issue> {
    let mut issues = selinux_issues(pod.template.security.selinux.as_ref(), pod.security_path());
    for container in &pod.containers {
        let found = selinux_issues(container.security.selinux.as_ref(), pod.container_path(container));
        issues.extend(found.into_iter().map(|issue| issue.in_container(&container.name)));
    }
    issues
}

fn selinux_issues(options: Option<&(Name, Name, Name)>, path: ContextPath<'_>) -> Vec<Issue> {
    let Some((label_type, user, role)) = options else { return Vec::new() };
    let issue = |part: &str, found: &Name, wanted: String| {
        let fix = format!("remove `{part}` from {path}.seLinuxOptions");
        Issue::fail(format!("{path}.seLinuxOptions.{part}"), found.as_str(), wanted, fix)
    };
    let own = [("user", user), ("role", role)];
    let own = own.into_iter().filter(|(_, found)| !found.is_empty());
    let mut issues: Vec<Issue> = own.map(|(part, found)| issue(part, found, "not set".to_owned())).collect();
    if !SELINUX_TYPES.contains(&label_type.as_str()) {
        let [_, types @ ..] = SELINUX_TYPES;
        issues.push(issue("type", label_type, format!("not set, or one of {}", types.join(", "))));
    }
    issues
}

fn proc_mount(pod: &Pod<'_>) -> Vec<Issue> {
    pod.in_containers(|container, path| {
        let found = container.security.proc_mount.as_ref().filter(|mount| **mount != "Default")?;
        let fix = format!("remove `procMount: {found}` from {path}");
        Some(Issue::fail(format!("{path}.procMount"), found.as_str(), "Default", fix))
    })
}

fn sysctls(pod: &Pod<'_>) -> Vec<Issue> {
    let path = pod.security_path();
    let unsafe_ones = pod.template.security.sysctls.iter();
    let unsafe_ones = unsafe_ones.filter(|sysctl| !SYSCTLS.contains(&sysctl.as_str()));
    let issue = |sysctl: &Name| {
        let fix = format!("remove sysctl `{sysctl}` from {path}.sysctls");
        let wanted = format!("none but {}", SYSCTLS.join(", "));
        Issue::fail(format!("{path}.sysctls[name={sysctl}]"), sysctl.as_str(), wanted, fix)
    };
    unsafe_ones.map(issue).collect()
}
