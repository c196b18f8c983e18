//! Which change touches which field.
#![allow(clippy::panic, reason = "a test may stop at the first surprise")]

use std::sync::Arc;

use super::*;
use crate::core::{
    controls::testkit::{namespace, workload},
    facts::{
        ClaimTemplate, ContainerSecurity, CredentialLiteral, Ingress, IngressTls, Kind, Name,
        PersistentVolumeClaim, PodVolume, Service, VolumeSource,
    },
};

fn deployment(template: PodTemplate) -> Fact {
    workload(Kind::Deployment, "web", template)
}

fn app(change: impl FnOnce(&mut Container)) -> PodTemplate {
    let mut container = Container { name: Name::from("app"), ..Container::default() };
    change(&mut container);
    PodTemplate { containers: vec![container], ..PodTemplate::default() }
}

/// Changes of a pod, each with the parts that it touches.
fn changes() -> Vec<(&'static str, PodTemplate, &'static [&'static str])> {
    let volume = PodVolume { name: Name::from("v"), source: VolumeSource::HostPath(Name::from("/")) };
    let secret = CredentialLiteral { field: Name::from("env[name=A].value"), detector: "aws" };
    let privileged = ContainerSecurity { is_privileged: true, ..ContainerSecurity::default() };
    vec![
        ("nothing", app(|_| ()), &[]),
        ("an image", app(|c| c.image = Name::from("app:2")), &["image"]),
        ("a port", app(|c| c.host_ports = vec![80]), &["node"]),
        ("the network", PodTemplate { uses_host_network: true, ..app(|_| ()) }, &["node"]),
        ("a security context", app(|c| c.security = privileged), &["security"]),
        ("a literal", app(|c| c.credentials = vec![secret]), &["env"]),
        ("a volume", PodTemplate { volumes: vec![volume], ..app(|_| ()) }, &["volumes"]),
        ("a label", PodTemplate { labels: Labels::from([("a", "b")]), ..app(|_| ()) }, &["labels"]),
        ("an annotation", PodTemplate { annotations: Labels::from([("a", "b")]), ..app(|_| ()) }, &["a"]),
    ]
}

#[test]
fn a_change_of_a_pod_touches_its_own_part_and_no_other() {
    let fields = [
        ("image", "spec.template.spec.containers[name=app].image"),
        ("node", "spec.template.spec.hostPID"),
        ("node", "spec.template.spec.containers[name=app].ports[hostPort=80]"),
        ("security", "spec.template.spec.containers[name=app].securityContext.capabilities.drop"),
        ("security", "spec.template.spec.securityContext.sysctls[name=a.b]"),
        ("env", "spec.template.spec.initContainers[name=app].env[name=A].value"),
        ("volumes", "spec.template.spec.volumes[name=v].hostPath"),
        ("labels", "spec.template.metadata.labels[a]"),
        ("a", "spec.template.metadata.annotations[a]"),
        ("none", "spec.template.metadata.labels[c]"),
        ("none", "spec.replicas"),
        ("none", "spec.volumeClaimTemplates[name=data].spec.storageClassName"),
        ("none", "Namespace acme metadata.labels[a]"),
        ("none", ""),
    ];
    for (what, changed, parts) in changes() {
        for (part, field) in fields {
            let (old, new) = (deployment(app(|_| ())), deployment(changed.clone()));
            assert_eq!(is_changed(&old, &new, field), parts.contains(&part), "{what}, {field}");
        }
    }
}

#[test]
fn a_field_that_no_part_is_known_for_is_touched_by_any_change_of_the_pod() {
    let field = "spec.template.spec.priorityClassName";
    for (what, changed, parts) in changes() {
        let touched = is_changed(&deployment(app(|_| ())), &deployment(changed), field);
        assert_eq!(touched, !parts.is_empty(), "{what}");
    }
}

#[test]
fn a_pod_and_a_cron_job_have_their_own_paths() {
    let on_host = || PodTemplate { uses_host_network: true, ..PodTemplate::default() };
    for (kind, field) in
        [(Kind::Pod, "spec.hostNetwork"), (Kind::CronJob, "spec.jobTemplate.spec.template.spec.hostNetwork")]
    {
        let (old, new) = (workload(kind, "web", PodTemplate::default()), workload(kind, "web", on_host()));
        assert!(is_changed(&old, &new, field), "{field}");
        assert!(!is_changed(&new, &new, field), "{field}");
    }
}

#[test]
fn templates_of_claims_are_touched_by_their_own_change() {
    let set = |class: &str| {
        let Fact::Workload(set) = workload(Kind::StatefulSet, "db", PodTemplate::default()) else {
            panic!("a workload")
        };
        let template = ClaimTemplate {
            name: Name::from("data"),
            storage_class: Some(Name::from(class)),
            ..ClaimTemplate::default()
        };
        Fact::Workload(Workload { claim_templates: Arc::from([template]), ..set })
    };
    let field = "spec.volumeClaimTemplates[name=data].spec.storageClassName";
    assert!(is_changed(&set("a"), &set("b"), field));
    assert!(!is_changed(&set("a"), &set("b"), "spec.template.spec.hostNetwork"));
}

#[test]
fn of_other_objects_the_entry_that_is_named_counts_and_never_what_their_controllers_write() {
    let claim = PersistentVolumeClaim::default;
    let bound = PersistentVolumeClaim { is_bound: true, volume_name: Some(Name::from("pv-1")), ..claim() };
    let class = PersistentVolumeClaim { labels: Labels::from([("class", "a")]), ..claim() };
    let storage = PersistentVolumeClaim { storage_class: Some(Name::from("fast")), ..claim() };
    let claim = Fact::PersistentVolumeClaim;
    let ingress = |tls: Vec<IngressTls>| Fact::Ingress(Ingress { tls, ..Ingress::default() });
    let service =
        |port| Fact::Service(Service { ports: vec![("web".into(), port, None)], ..Service::default() });
    let label = |value| namespace(Labels::from([("class", value)]));
    let plain = || claim(PersistentVolumeClaim::default());
    for (what, old, new, field, expected) in [
        ("binding", plain(), claim(bound.clone()), "metadata.labels[class]", false),
        ("binding", plain(), claim(bound), "spec.storageClassName", false),
        ("its class", plain(), claim(class.clone()), "metadata.labels[class]", true),
        ("another label", plain(), claim(class), "metadata.labels[other]", false),
        ("its storage class", plain(), claim(storage), "spec.storageClassName", true),
        ("a namespace's class", label("a"), label("b"), "metadata.labels[class]", true),
        ("a namespace's class", label("a"), label("b"), "metadata.labels", true),
        ("a namespace's class", label("a"), label("b"), "networkpolicies", false),
        (
            "a certificate",
            ingress(vec![]),
            ingress(vec![IngressTls::default()]),
            "spec.rules[host=a.b]",
            true,
        ),
        (
            "a certificate",
            ingress(vec![]),
            ingress(vec![IngressTls::default()]),
            "metadata.annotations",
            false,
        ),
        ("a port", service(80), service(81), "spec.ports[port=80]", true),
        ("another object", service(80), plain(), "spec.ports[port=80]", false),
    ] {
        assert_eq!(is_changed(&old, &new, field), expected, "{what}, {field}");
    }
}
