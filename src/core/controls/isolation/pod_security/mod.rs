//! `isolation.pod-security`: pods keep to a level of the Pod Security Standards, and their namespace enforces it.
//!
//! The standards are those of Kubernetes 1.37 (`k8s.io/pod-security-admission`, policy). Judged stricter than there,
//! because no fact tells: pods in a user namespace and pods for Windows have no relaxations. Not judged, because no
//! fact tells: hosts in probes and lifecycle handlers.

mod baseline;
mod namespace;
mod pod;
mod restricted;
#[cfg(test)]
mod tests;

use crate::{
    api::{PodSecurityLevel, Severity},
    core::{
        context::Context,
        control::{Control, Guard, no_transition},
        controls::WORKLOAD_GUARDS,
        effective::Effective,
        facts::{Fact, Kind, Sources, Workload},
        parameters::Parameters,
        subject::{Subject, SubjectClass},
        verdict::{Issue, Verdict},
    },
};
use pod::Pod;

/// The control.
pub static CONTROL: Control = Control {
    id: "isolation.pod-security",
    title: "Pods keep to a Pod Security Standard",
    why: "A pod with more privileges than it needs turns a fault in one program into a way out of its container.",
    remediation: "Write the securityContext that the level asks for into the pod template, and let the namespace's \
                  label pod-security.kubernetes.io/enforce name the level.",
    severity: Severity::High,
    subjects: &[SubjectClass::Workload, SubjectClass::Namespace],
    reads: Sources::NONE,
    guards: &GUARDS,
    evaluate,
    demanded: Effective::pod_security,
    upheld_by: Some(Kind::IsolationPolicy),
    weaker,
    transition: no_transition,
};

static GUARDS: [Guard; 9] = {
    let [a, b, c, d, e, f, g, h] = WORKLOAD_GUARDS;
    [a, b, c, d, e, f, g, h, super::NAMESPACE_GUARD]
};

fn evaluate(context: &Context<'_>, subject: &Subject<'_>) -> Verdict {
    let level = demanded_level(context.parameters());
    match subject {
        Subject::Workload(workload) => workload_verdict(context, workload, level),
        Subject::Namespace(namespace) => namespace::verdict(context, namespace, level),
        _ => Verdict::not_applicable("neither a workload nor a namespace"),
    }
}

fn workload_verdict(context: &Context<'_>, workload: &Workload, level: PodSecurityLevel) -> Verdict {
    let (path, template) = (workload.pod_spec_path(), &workload.template);
    let pod = Pod { path, template, containers: super::own_containers(context, template) };
    let issues = match level {
        PodSecurityLevel::Baseline => baseline::issues(&pod),
        PodSecurityLevel::Restricted => restricted::issues(&pod),
    };
    if issues.is_empty() {
        return Verdict::pass(format!("keeps to {}", name_of(level))).reading(name_of(level), path);
    }
    Verdict::from_issues(issues)
}

fn demanded_level(parameters: &Parameters) -> PodSecurityLevel {
    match parameters.text("level") {
        Some(level) if *level == name_of(PodSecurityLevel::Restricted) => PodSecurityLevel::Restricted,
        _ => PodSecurityLevel::Baseline,
    }
}

const fn name_of(level: PodSecurityLevel) -> &'static str {
    match level {
        PodSecurityLevel::Baseline => "Baseline",
        PodSecurityLevel::Restricted => "Restricted",
    }
}

/// A policy is weaker whose level is below the promised one.
fn weaker(policy: &Fact, promised: &Parameters) -> Vec<Issue> {
    let Fact::IsolationPolicy(policy) = policy else { return Vec::new() };
    let promised = demanded_level(promised);
    let found = policy.spec.pod_security.as_ref().map(|rule| rule.level).filter(|level| *level < promised);
    let issue = |found| {
        let promised = name_of(promised);
        let fix = format!("write `level: {promised}` in spec.podSecurity, or leave podSecurity out");
        Issue::fail("spec.podSecurity.level", name_of(found), format!("{promised}, as promised"), fix)
    };
    found.map(issue).into_iter().collect()
}
