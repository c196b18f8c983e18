//! Every check of both levels, and the namespace's label.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::*;
use crate::{
    api::{
        IsolationPolicySpec, Management,
        isolation_policy::{InjectedContainer, PodSecurity},
        keys,
    },
    core::{
        controls::testkit::{Bench, NAMESPACE, NOW, at, declared, namespace, pod, workload},
        facts::{
            Container, ContainerRole, ContainerSecurity, Labels, Namespace, ObjectKey, Owner,
            PodSecurityContext, PodTemplate, PodVolume, VolumeSource,
        },
        subject::SubjectKey,
        verdict::{Problem, State},
    },
};

type Change = fn(&mut PodTemplate);

fn hardened_container(role: ContainerRole, name: &str) -> Container {
    let security = ContainerSecurity {
        allow_privilege_escalation: Some(false),
        capabilities_dropped: vec!["ALL".into()],
        ..ContainerSecurity::default()
    };
    Container { role, name: name.into(), image: "web:1".into(), security, ..Container::default() }
}

/// Keeps to Restricted, by settings of the pod where it can.
fn hardened() -> PodTemplate {
    PodTemplate {
        security: PodSecurityContext {
            run_as_non_root: Some(true),
            seccomp: Some("RuntimeDefault".into()),
            ..PodSecurityContext::default()
        },
        containers: vec![hardened_container(ContainerRole::Main, "web")],
        ..PodTemplate::default()
    }
}

fn changed(change: Change) -> PodTemplate {
    let mut template = hardened();
    change(&mut template);
    template
}

fn web(template: &mut PodTemplate) -> &mut ContainerSecurity {
    &mut template.containers.last_mut().unwrap().security
}

fn volume(source: VolumeSource) -> Vec<PodVolume> {
    vec![PodVolume { name: "data".into(), source }]
}

fn at_level(level: &str) -> Bench {
    Bench::new(&CONTROL).with_text("level", level)
}

fn fields_of(level: &str, template: PodTemplate) -> Vec<String> {
    fields(&at_level(level).verdict_of(pod("web", template)))
}

fn fields(verdict: &Verdict) -> Vec<String> {
    verdict.issues.iter().map(|issue| issue.field.clone()).collect()
}

/// What breaks Baseline, and so both levels: the change, and the fields that are found.
const BASELINE: &[(Change, &[&str])] = &[
    (|t| t.uses_host_network = true, &["spec.hostNetwork"]),
    (|t| t.uses_host_pid = true, &["spec.hostPID"]),
    (|t| t.uses_host_ipc = true, &["spec.hostIPC"]),
    (|t| t.volumes = volume(VolumeSource::HostPath("/".into())), &["spec.volumes[name=data].hostPath"]),
    (
        |t| t.containers.last_mut().unwrap().host_ports = vec![80, 443],
        &["spec.containers[name=web].ports[hostPort=80]", "spec.containers[name=web].ports[hostPort=443]"],
    ),
    (|t| web(t).is_privileged = true, &["spec.containers[name=web].securityContext.privileged"]),
    (
        |t| web(t).capabilities_added = vec!["NET_BIND_SERVICE".into(), "SYS_ADMIN".into(), "NET_RAW".into()],
        &[
            "spec.containers[name=web].securityContext.capabilities.add[SYS_ADMIN]",
            "spec.containers[name=web].securityContext.capabilities.add[NET_RAW]",
        ],
    ),
    (|t| t.security.is_host_process = true, &["spec.securityContext.windowsOptions.hostProcess"]),
    (
        |t| web(t).is_host_process = true,
        &["spec.containers[name=web].securityContext.windowsOptions.hostProcess"],
    ),
    (|t| t.security.app_armor = Some("Unconfined".into()), &["spec.securityContext.appArmorProfile.type"]),
    (
        |t| web(t).app_armor = Some("Unconfined".into()),
        &["spec.containers[name=web].securityContext.appArmorProfile.type"],
    ),
    (
        |t| web(t).seccomp = Some("Unconfined".into()),
        &["spec.containers[name=web].securityContext.seccompProfile.type"],
    ),
    (
        |t| t.security.selinux = Some(("spc_t".into(), "system_u".into(), "system_r".into())),
        &[
            "spec.securityContext.seLinuxOptions.user",
            "spec.securityContext.seLinuxOptions.role",
            "spec.securityContext.seLinuxOptions.type",
        ],
    ),
    (
        |t| web(t).selinux = Some(("spc_t".into(), "".into(), "".into())),
        &["spec.containers[name=web].securityContext.seLinuxOptions.type"],
    ),
    (
        |t| web(t).proc_mount = Some("Unmasked".into()),
        &["spec.containers[name=web].securityContext.procMount"],
    ),
    (
        |t| t.security.sysctls = vec!["net.ipv4.tcp_rmem".into(), "kernel.msgmax".into()],
        &["spec.securityContext.sysctls[name=kernel.msgmax]"],
    ),
];

/// What breaks Restricted alone.
const RESTRICTED: &[(Change, &[&str])] = &[
    (
        |t| web(t).allow_privilege_escalation = None,
        &["spec.containers[name=web].securityContext.allowPrivilegeEscalation"],
    ),
    (
        |t| web(t).allow_privilege_escalation = Some(true),
        &["spec.containers[name=web].securityContext.allowPrivilegeEscalation"],
    ),
    (|t| t.security.run_as_non_root = None, &["spec.containers[name=web].securityContext.runAsNonRoot"]),
    (|t| web(t).run_as_non_root = Some(false), &["spec.containers[name=web].securityContext.runAsNonRoot"]),
    (
        |t| {
            t.security.run_as_non_root = Some(false);
            web(t).run_as_non_root = Some(true);
        },
        &["spec.securityContext.runAsNonRoot"],
    ),
    (|t| t.security.run_as_user = Some(0), &["spec.securityContext.runAsUser"]),
    (|t| web(t).run_as_user = Some(0), &["spec.containers[name=web].securityContext.runAsUser"]),
    (|t| t.security.seccomp = None, &["spec.containers[name=web].securityContext.seccompProfile.type"]),
    (
        |t| web(t).capabilities_dropped = vec!["NET_RAW".into()],
        &["spec.containers[name=web].securityContext.capabilities.drop"],
    ),
    (
        |t| web(t).capabilities_added = vec!["CHOWN".into(), "NET_BIND_SERVICE".into()],
        &["spec.containers[name=web].securityContext.capabilities.add[CHOWN]"],
    ),
    (|t| t.volumes = volume(VolumeSource::Other("nfs".into())), &["spec.volumes[name=data].nfs"]),
];

/// What both levels allow.
const ALLOWED: &[Change] = &[
    |_| {},
    |t| web(t).capabilities_added = vec!["NET_BIND_SERVICE".into()],
    |t| t.security.app_armor = Some("Localhost".into()),
    |t| web(t).seccomp = Some("Localhost".into()),
    |t| t.security.selinux = Some(("container_engine_t".into(), "".into(), "".into())),
    |t| web(t).proc_mount = Some("Default".into()),
    |t| t.security.run_as_user = Some(1000),
    |t| {
        t.security = PodSecurityContext::default();
        web(t).run_as_non_root = Some(true);
        web(t).seccomp = Some("RuntimeDefault".into());
    },
    |t| t.volumes = volume(VolumeSource::Other("image".into())),
    |t| t.volumes = volume(VolumeSource::EmptyDir { is_memory: false }),
    |t| t.volumes = volume(VolumeSource::Claim("data".into())),
    |t| t.volumes = volume(VolumeSource::Csi { driver: "secrets".into(), attributes: Labels::default() }),
];

#[test]
fn what_breaks_baseline_fails_both_levels_at_its_own_field() {
    for (change, expected) in BASELINE {
        assert_eq!(fields_of("Baseline", changed(*change)), *expected);
        assert_eq!(fields_of("Restricted", changed(*change)), *expected);
    }
}

#[test]
fn what_breaks_restricted_alone_passes_baseline() {
    for (change, expected) in RESTRICTED {
        assert_eq!(fields_of("Restricted", changed(*change)), *expected);
        assert_eq!(fields_of("Baseline", changed(*change)), [] as [&str; 0], "{expected:?}");
    }
}

#[test]
fn what_both_levels_allow_passes() {
    for change in ALLOWED {
        for level in ["Baseline", "Restricted"] {
            let template = changed(*change);
            assert_eq!(fields_of(level, template.clone()), [] as [&str; 0], "{level}: {template:?}");
        }
    }
}

#[test]
fn an_empty_pod_passes_baseline_and_lacks_four_lines_of_restricted() {
    let container = Container { name: "web".into(), ..Container::default() };
    let template = PodTemplate { containers: vec![container], ..PodTemplate::default() };
    assert_eq!(fields_of("Baseline", template.clone()), [] as [&str; 0]);
    let verdict = at_level("Restricted").verdict_of(workload(Kind::Deployment, "web", template));
    let fixes: Vec<&str> = verdict.issues.iter().map(|issue| issue.fix.as_str()).collect();
    let container = "spec.template.spec.containers[name=web].securityContext";
    assert_eq!(
        fixes,
        [
            format!("write `allowPrivilegeEscalation: false` in {container}"),
            "write `runAsNonRoot: true` in spec.template.spec.securityContext".to_owned(),
            "write `seccompProfile: {type: RuntimeDefault}` in spec.template.spec.securityContext".to_owned(),
            format!("write `drop: [ALL]` in {container}.capabilities"),
        ]
    );
}

#[test]
fn a_finding_names_field_container_found_wanted_and_the_line_to_change() {
    let template = changed(|t| web(t).capabilities_added = vec!["SYS_ADMIN".into()]);
    let verdict = at_level("Restricted").verdict_of(pod("web", template));
    let field = "spec.containers[name=web].securityContext.capabilities.add[SYS_ADMIN]";
    let fix = "remove `SYS_ADMIN` from spec.containers[name=web].securityContext.capabilities.add";
    let expected = Issue::fail(field, "SYS_ADMIN", "none but NET_BIND_SERVICE", fix);
    assert_eq!(verdict.issues, [expected.in_container(&"web".into())]);
}

#[test]
fn init_and_ephemeral_containers_are_judged_too() {
    for (role, list) in
        [(ContainerRole::Init, "initContainers"), (ContainerRole::Ephemeral, "ephemeralContainers")]
    {
        let mut template = hardened();
        template.containers.push(hardened_container(role, "debug"));
        web(&mut template).is_privileged = true;
        let expected = format!("spec.{list}[name=debug].securityContext.privileged");
        assert_eq!(fields_of("Baseline", template), [expected]);
    }
}

#[test]
fn a_container_that_the_platform_injects_is_left_out_and_one_that_borrows_its_name_is_not() {
    let injected = InjectedContainer { name: "mesh".to_owned(), image_prefix: "hub/mesh/".to_owned() };
    let spec = IsolationPolicySpec { injected_containers: vec![injected], ..IsolationPolicySpec::default() };
    let policy = Fact::IsolationPolicy(declared("keep-apart", Labels::default(), spec));
    for (image, expected) in [
        ("hub/mesh/init:1", vec![]),
        ("hub/mine:1", vec!["spec.initContainers[name=mesh].securityContext.privileged"]),
    ] {
        let mut template = hardened();
        template
            .containers
            .push(Container { image: image.into(), ..hardened_container(ContainerRole::Init, "mesh") });
        web(&mut template).is_privileged = true;
        let verdict = at_level("Baseline").with(policy.clone()).verdict_of(pod("web", template));
        assert_eq!(fields(&verdict), expected, "{image}");
    }
}

#[test]
fn a_pod_is_judged_by_what_it_adds_to_its_controllers_template() {
    let template = changed(|t| t.uses_host_pid = true);
    let controller = workload(Kind::ReplicaSet, "web", template.clone());
    let owner = Owner {
        kind: "ReplicaSet".into(),
        name: "web".into(),
        uid: controller.meta().unwrap().uid.clone(),
        is_controller: true,
    };
    let bench = at_level("Baseline").with(controller);
    let mut template = template;
    web(&mut template).is_privileged = true;
    let Fact::Workload(mut added) = pod("web-1", template) else { unreachable!() };
    added.meta.owner_references = std::sync::Arc::from([owner]);
    let verdict = bench.verdict_of(Fact::Workload(added));
    assert_eq!(fields(&verdict), ["spec.containers[name=web].securityContext.privileged"]);
}

fn labelled(level: &str) -> Fact {
    namespace(Labels::from([(keys::POD_SECURITY_ENFORCE, level)]))
}

fn policy(management: Management, level: PodSecurityLevel) -> Fact {
    let spec = IsolationPolicySpec {
        management,
        pod_security: Some(PodSecurity { level }),
        ..IsolationPolicySpec::default()
    };
    Fact::IsolationPolicy(declared("keep-apart", Labels::default(), spec))
}

#[test]
fn the_namespaces_label_must_be_at_least_the_level() {
    for (level, label, state) in [
        ("Baseline", "privileged", State::Fail),
        ("Baseline", "baseline", State::Pass),
        ("Baseline", "restricted", State::Pass),
        ("Baseline", "Baseline", State::Fail),
        ("Restricted", "baseline", State::Fail),
        ("Restricted", "restricted", State::Pass),
    ] {
        let verdict = at_level(level).with(labelled(label)).verdict_on_namespace();
        assert_eq!(verdict.state(at(NOW)), state, "{label} for {level}");
    }
}

#[test]
fn a_missing_label_fails_with_the_line_to_add_where_surety_does_not_write_it() {
    for bench in [
        at_level("Baseline"),
        at_level("Baseline").with(policy(Management::Observed, PodSecurityLevel::Baseline)),
    ] {
        let expected = Issue::fail(
            "metadata.labels[pod-security.kubernetes.io/enforce]",
            "not set",
            "baseline or restricted",
            "write `pod-security.kubernetes.io/enforce: baseline` in metadata.labels",
        );
        assert_eq!(bench.verdict_on_namespace().issues, [expected]);
    }
}

#[test]
fn a_missing_label_waits_five_minutes_where_surety_writes_it_and_then_fails() {
    let bench = || at_level("Restricted").with(policy(Management::Managed, PodSecurityLevel::Restricted));
    let due = at("2026-06-15T12:05:00Z");
    let young = bench().verdict_on_namespace();
    let problems: Vec<&Problem> = young.issues.iter().map(|issue| &issue.problem).collect();
    assert_eq!(problems, [&Problem::Pending { due }]);
    assert_eq!(young.next_change(at(NOW)), Some(due));
    let settled = bench().now("2026-06-15T12:05:00Z").verdict_on_namespace();
    assert_eq!(settled.issues.first().unwrap().problem, Problem::Fail);
}

#[test]
fn a_namespace_in_a_file_is_as_young_as_can_be() {
    let in_file = Namespace {
        name: NAMESPACE.into(),
        meta: crate::core::facts::Meta::default(),
        labels: Labels::default(),
    };
    let bench = at_level("Baseline").with(policy(Management::Managed, PodSecurityLevel::Baseline));
    assert_eq!(bench.state_of(Fact::Namespace(in_file)), State::Pending);
}

#[test]
fn a_policy_below_the_promised_level_is_weaker_and_one_that_leaves_it_unset_is_not() {
    let promised = |level| at_level(level);
    let baseline = policy(Management::Managed, PodSecurityLevel::Baseline);
    assert_eq!(promised("Restricted").weaker(&baseline), ["spec.podSecurity.level"]);
    assert_eq!(promised("Baseline").weaker(&baseline), [] as [&str; 0]);
    let unset =
        Fact::IsolationPolicy(declared("keep-apart", Labels::default(), IsolationPolicySpec::default()));
    assert_eq!(promised("Restricted").weaker(&unset), [] as [&str; 0]);
}

#[test]
fn detect_templates_and_labels_in_place() {
    let privileged = changed(|t| web(t).is_privileged = true);
    let bench =
        at_level("Baseline").with(labelled("privileged")).with(workload(Kind::StatefulSet, "db", privileged));
    let db = ObjectKey::namespaced(Kind::StatefulSet, NAMESPACE, "db");
    assert_eq!(
        fields(&bench.verdict_on(&db.into())),
        ["spec.template.spec.containers[name=web].securityContext.privileged"]
    );
    assert_eq!(
        fields(&bench.verdict_on_namespace()),
        ["metadata.labels[pod-security.kubernetes.io/enforce]"]
    );
}

#[test]
fn prevent_a_lowered_label_and_a_template_that_leaves_the_level() {
    let before = at_level("Restricted").with(labelled("restricted"));
    assert_eq!(before.verdict_on_namespace().state(at(NOW)), State::Pass);
    let after = before.with(labelled("baseline"));
    assert_eq!(after.verdict_on_namespace().state(at(NOW)), State::Fail);

    let web_deployment = |change| workload(Kind::Deployment, "web", changed(change));
    let subject = SubjectKey::from(web_deployment(|_| {}).key());
    let before = after.with(web_deployment(|_| {}));
    assert_eq!(before.verdict_on(&subject).state(at(NOW)), State::Pass);
    let after = before.with(web_deployment(|t| t.security.seccomp = None));
    assert_eq!(after.verdict_on(&subject).state(at(NOW)), State::Fail);
}
