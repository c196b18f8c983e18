//! The level Restricted: Baseline, and what current practice asks of a pod beside it.

use super::{
    baseline::{self, PROFILES},
    pod::{ContextPath, Pod},
};
use crate::core::{
    facts::{Name, PodVolume, VolumeSource},
    verdict::Issue,
};

/// The one capability that may be added.
const CAPABILITIES: [&str; 1] = ["NET_BIND_SERVICE"];

/// What a pod breaks of Restricted.
pub(super) fn issues(pod: &Pod<'_>) -> Vec<Issue> {
    let mut issues = baseline::common_issues(pod);
    issues.extend(baseline::capabilities_added(pod, &CAPABILITIES));
    for check in
        [volume_types, privilege_escalation, run_as_non_root, run_as_user, seccomp_set, capabilities_dropped]
    {
        issues.extend(check(pod));
    }
    issues
}

/// Volume types beside `hostPath`, which Baseline forbids already.
fn volume_types(pod: &Pod<'_>) -> Vec<Issue> {
    let issue = |volume: &PodVolume| {
        let VolumeSource::Other(volume_type) = &volume.source else { return None };
        let field = format!("{}.volumes[name={}].{volume_type}", pod.path, volume.name);
        let wanted = "configMap, csi, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim, projected or secret";
        let fix = format!("replace volume `{}` by a claim (`persistentVolumeClaim`)", volume.name);
        (*volume_type != "image").then(|| Issue::fail(field, volume_type.as_str(), wanted, fix))
    };
    pod.template.volumes.iter().filter_map(issue).collect()
}

fn privilege_escalation(pod: &Pod<'_>) -> Vec<Issue> {
    pod.in_containers(|container, path| {
        let found = container.security.allow_privilege_escalation;
        let issue = || {
            let fix = format!("write `allowPrivilegeEscalation: false` in {path}");
            Issue::fail(format!("{path}.allowPrivilegeEscalation"), shown(found), "false", fix)
        };
        (found != Some(false)).then(issue)
    })
}

/// A pod that says `false` breaks it by itself; a container may leave it to a pod that says `true`.
fn run_as_non_root(pod: &Pod<'_>) -> Vec<Issue> {
    let field = "runAsNonRoot";
    let of_pod = pod.template.security.run_as_non_root;
    let issue = |found: Option<bool>, path: ContextPath<'_>, place: ContextPath<'_>| {
        let fix = format!("write `{field}: true` in {place}");
        Issue::fail(format!("{path}.{field}"), shown(found), "true", fix)
    };
    let pod_path = pod.security_path();
    let own = (of_pod == Some(false)).then(|| issue(of_pod, pod_path, pod_path));
    let of_containers = pod.in_containers(|container, path| {
        match container.security.run_as_non_root.or(of_pod.filter(|is_set| *is_set)) {
            Some(true) => None,
            Some(false) => Some(issue(Some(false), path, path)),
            None => Some(issue(None, path, pod_path)),
        }
    });
    own.into_iter().chain(of_containers).collect()
}

fn run_as_user(pod: &Pod<'_>) -> Vec<Issue> {
    let issue = |found: Option<i64>, path: ContextPath<'_>| {
        let issue = || {
            let fix = format!("remove `runAsUser: 0` from {path}, or name another user");
            Issue::fail(format!("{path}.runAsUser"), "0", "any user but 0", fix)
        };
        (found == Some(0)).then(issue)
    };
    let of_pod = issue(pod.template.security.run_as_user, pod.security_path());
    let of_containers = pod.in_containers(|container, path| issue(container.security.run_as_user, path));
    of_pod.into_iter().chain(of_containers).collect()
}

/// Containers that nobody gave a profile; a profile of a wrong type is Baseline's finding.
fn seccomp_set(pod: &Pod<'_>) -> Vec<Issue> {
    let of_pod = pod.template.security.seccomp.as_ref();
    if of_pod.is_some_and(|profile| PROFILES.contains(&profile.as_str())) {
        return Vec::new();
    }
    let fix = format!("write `seccompProfile: {{type: RuntimeDefault}}` in {}", pod.security_path());
    pod.in_containers(|container, path| {
        let issue = || {
            let field = format!("{path}.seccompProfile.type");
            Issue::fail(field, "not set", PROFILES.join(" or "), fix.as_str())
        };
        container.security.seccomp.is_none().then(issue)
    })
}

fn capabilities_dropped(pod: &Pod<'_>) -> Vec<Issue> {
    pod.in_containers(|container, path| {
        let dropped = &container.security.capabilities_dropped;
        if dropped.iter().any(|name| *name == "ALL") {
            return None;
        }
        let found = match &**dropped {
            [] => "none".to_owned(),
            some => some.iter().map(Name::as_str).collect::<Vec<_>>().join(", "),
        };
        let fix = format!("write `drop: [ALL]` in {path}.capabilities");
        let field = format!("{path}.capabilities.drop");
        Some(Issue::fail(field, found, "ALL", fix))
    })
}

const fn shown(flag: Option<bool>) -> &'static str {
    match flag {
        Some(true) => "true",
        Some(false) => "false",
        None => "not set",
    }
}
