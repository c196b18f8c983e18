//! Pods and controllers.

use serde_json::{Value, json};

use super::{data, decode, fact};
use crate::{
    api::keys,
    core::facts::{ContainerRole, Fact, Kind, Labels, Name, VolumeSource, Workload},
    decode::review,
};

fn workload(kind: Kind, spec: &Value) -> Workload {
    let object = json!({"metadata": {"name": "x", "namespace": "n"}, "spec": spec});
    match decode(kind, &object) {
        Fact::Workload(workload) => workload,
        other => panic!("{other:?}"),
    }
}

fn pod(spec: &Value) -> Workload {
    workload(Kind::Pod, spec)
}

#[test]
fn every_controller_has_its_template_where_the_paths_say() {
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    for kind in Kind::ALL.iter().copied().filter(|kind| kind.is_workload()) {
        let spec = match kind {
            Kind::Pod => template["spec"].clone(),
            Kind::CronJob => json!({"jobTemplate": {"spec": {"template": template}}}),
            _ => json!({"replicas": 1, "template": template}),
        };
        let workload = workload(kind, &spec);
        assert_eq!(workload.kind, kind);
        assert_eq!(workload.template.containers[0].image, "i", "{kind}");
        assert_eq!(workload.template.labels.get("app"), (kind != Kind::Pod).then_some("web"), "{kind}");
    }
}

#[test]
fn the_labels_of_a_pod_are_those_of_its_template() {
    let object = json!({"metadata": {"name": "x", "namespace": "n", "labels": {"app": "web"}, "annotations": {
        keys::VELERO_EXCLUDE_VOLUMES: "cache", "prometheus.io/scrape": "true",
    }}});
    let Fact::Workload(pod) = decode(Kind::Pod, &object) else { panic!() };
    assert_eq!(pod.template.labels, pod.labels);
    assert_eq!(pod.template.annotations, Labels::from([(keys::VELERO_EXCLUDE_VOLUMES, "cache")]));
}

#[test]
fn every_container_is_kept_with_its_list() {
    let pod = pod(&json!({
        "ephemeralContainers": [{"name": "debug"}], "containers": [{"name": "a"}, {"name": "b"}], "initContainers": [{"name": "i"}],
    }));
    let found: Vec<_> =
        pod.template.containers.iter().map(|container| (container.role, &*container.name)).collect();
    let (init, main) = (ContainerRole::Init, ContainerRole::Main);
    assert_eq!(found, [(init, "i"), (main, "a"), (main, "b"), (ContainerRole::Ephemeral, "debug")]);
}

#[test]
fn security_contexts_are_kept_field_by_field() {
    let pod = pod(&json!({
        "hostNetwork": true, "hostPID": true, "hostIPC": true,
        "securityContext": {
            "runAsNonRoot": true, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"},
            "appArmorProfile": {"type": "Localhost"}, "seLinuxOptions": {"type": "t", "user": "u", "role": "r", "level": "l"},
            "sysctls": [{"name": "kernel.shm_rmid_forced", "value": "1"}], "windowsOptions": {"hostProcess": true},
            "fsGroup": 5,
        },
        "containers": [{"name": "c", "securityContext": {
            "privileged": true, "allowPrivilegeEscalation": false, "capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]},
            "runAsNonRoot": false, "runAsUser": 0, "seccompProfile": {"type": "Unconfined"}, "appArmorProfile": {"type": "Unconfined"},
            "seLinuxOptions": {"type": "spc_t"}, "procMount": "Unmasked", "windowsOptions": {"hostProcess": true},
        }}],
    }));
    let template = &pod.template;
    assert!(template.uses_host_network && template.uses_host_pid && template.uses_host_ipc);
    let security = &template.security;
    assert_eq!((security.run_as_non_root, security.run_as_user), (Some(true), Some(1000)));
    assert_eq!(
        (security.seccomp.as_deref(), security.app_armor.as_deref()),
        (Some("RuntimeDefault"), Some("Localhost"))
    );
    assert_eq!(security.selinux, Some((Name::from("t"), Name::from("u"), Name::from("r"))));
    assert_eq!(security.sysctls, [Name::from("kernel.shm_rmid_forced")]);
    assert!(security.is_host_process);
    let security = &template.containers[0].security;
    assert!(security.is_privileged && security.is_host_process);
    assert_eq!(security.allow_privilege_escalation, Some(false));
    assert_eq!(
        (&security.capabilities_added[..], &security.capabilities_dropped[..]),
        (&[Name::from("NET_ADMIN")][..], &[Name::from("ALL")][..])
    );
    assert_eq!((security.run_as_non_root, security.run_as_user), (Some(false), Some(0)));
    assert_eq!(
        (security.seccomp.as_deref(), security.app_armor.as_deref()),
        (Some("Unconfined"), Some("Unconfined"))
    );
    assert_eq!(security.selinux, Some((Name::from("spc_t"), Name::from(""), Name::from(""))));
    assert_eq!(security.proc_mount.as_deref(), Some("Unmasked"));
}

#[test]
fn what_is_unset_stays_unset() {
    let pod = pod(&json!({"containers": [{"name": "c"}]}));
    assert_eq!(pod.template.security, crate::core::facts::PodSecurityContext::default());
    assert_eq!(pod.template.containers[0].security, crate::core::facts::ContainerSecurity::default());
}

#[test]
fn the_old_app_armor_annotation_speaks_where_the_field_does_not() {
    for (annotation, field, profile) in [
        (Some("unconfined"), None, Some("Unconfined")),
        (Some("runtime/default"), None, Some("RuntimeDefault")),
        (Some("localhost/strict"), None, Some("Localhost")),
        (Some("unconfined"), Some("RuntimeDefault"), Some("RuntimeDefault")),
        (None, None, None),
    ] {
        let key = "container.apparmor.security.beta.kubernetes.io/c";
        let object = json!({
            "metadata": {"name": "x", "namespace": "n", "annotations": {key: annotation.unwrap_or_default(), "a": "b"}},
            "spec": {"containers": [
                {"name": "c", "securityContext": {"appArmorProfile": field.map(|field| json!({"type": field}))}},
                {"name": "d"},
            ]},
        });
        let Fact::Workload(pod) = decode(Kind::Pod, &object) else { panic!() };
        let found =
            pod.template.containers[0].security.app_armor.as_deref().filter(|found| !found.is_empty());
        assert_eq!(found, profile, "{annotation:?} {field:?}");
        assert_eq!(pod.template.containers[1].security.app_armor, None);
    }
}

#[test]
fn a_host_port_is_kept_unless_it_is_zero() {
    let ports = json!([{"containerPort": 80, "hostPort": 8080}, {"containerPort": 81, "hostPort": 0}, {"containerPort": 82}]);
    let spec = |host_network: bool| json!({"hostNetwork": host_network, "containers": [{"name": "c", "ports": ports}]});
    assert_eq!(pod(&spec(false)).template.containers[0].host_ports, [8080]);
    assert_eq!(
        pod(&spec(true)).template.containers[0].host_ports,
        [8080, 81, 82],
        "as the API server defaults them"
    );
}

#[test]
fn volumes_that_hold_data_or_reach_the_node_are_kept() {
    let pod = pod(&json!({"volumes": [
        {"name": "a", "persistentVolumeClaim": {"claimName": "data", "readOnly": true}},
        {"name": "b", "emptyDir": {}},
        {"name": "c", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}},
        {"name": "d", "emptyDir": {"medium": "HugePages-2Mi"}},
        {"name": "e", "hostPath": {"path": "/var/run", "type": ""}},
        {"name": "f", "csi": {"driver": "secrets-store.csi.k8s.io", "volumeAttributes": {"p": "v"}}},
        {"nfs": {"server": "s", "path": "/"}, "name": "g"},
        {"name": "h"},
        {"name": "i", "someFutureType": {"x": 1}, "emptyDir": null},
    ]}));
    let sources: Vec<_> =
        pod.template.volumes.iter().map(|volume| (&*volume.name, volume.source.clone())).collect();
    let csi = VolumeSource::Csi {
        driver: Name::from("secrets-store.csi.k8s.io"),
        attributes: Labels::from([("p", "v")]),
    };
    assert_eq!(
        sources,
        [
            ("a", VolumeSource::Claim(Name::from("data"))),
            ("b", VolumeSource::EmptyDir { is_memory: false }),
            ("c", VolumeSource::EmptyDir { is_memory: true }),
            ("d", VolumeSource::EmptyDir { is_memory: true }),
            ("e", VolumeSource::HostPath(Name::from("/var/run"))),
            ("f", csi),
            ("g", VolumeSource::Other(Name::from("nfs"))),
            ("h", VolumeSource::EmptyDir { is_memory: false }),
            ("i", VolumeSource::Other(Name::from("someFutureType"))),
        ]
    );
}

#[test]
fn configuration_and_secrets_are_no_volumes_here() {
    let pod = pod(&json!({"volumes": [
        {"name": "a", "configMap": {"name": "c"}},
        {"name": "b", "secret": {"secretName": "s"}},
        {"name": "kube-api-access-x7k2p", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
        {"name": "d", "downwardAPI": {"items": []}},
    ]}));
    assert!(pod.template.volumes.is_empty());
}

#[test]
fn claims_are_seen_in_every_place_that_makes_them() {
    let claim_spec =
        json!({"storageClassName": "fast", "accessModes": ["ReadWriteOnce"], "volumeName": "pv-1"});
    let metadata = json!({"labels": {"a": "b"}, "annotations": {keys::DATA_CLASS: "internal", "x": "y"}, "name": "data"});
    let set = workload(
        Kind::StatefulSet,
        &json!({
            "volumeClaimTemplates": [{"metadata": metadata, "spec": claim_spec}],
            "template": {"spec": {"volumes": [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": {
                "metadata": {"labels": {"a": "b"}}, "spec": {"dataSourceRef": {"kind": "PersistentVolumeClaim", "name": "x"}},
            }}}]}},
        }),
    );
    let claim = &set.claim_templates[0];
    assert_eq!(
        (&*claim.name, claim.storage_class.as_deref(), claim.volume_name.as_deref()),
        ("data", Some("fast"), Some("pv-1"))
    );
    assert_eq!(claim.labels, Labels::from([("a", "b")]));
    assert_eq!(claim.annotations, Labels::from([(keys::DATA_CLASS, "internal")]));
    let VolumeSource::Ephemeral(claim) = &set.template.volumes[0].source else { panic!() };
    assert_eq!(
        (&*claim.name, claim.storage_class.as_deref(), claim.has_data_source),
        ("scratch", None, true)
    );
}

#[test]
fn literal_credentials_are_named_by_place_and_never_by_value() {
    let object = json!({
        "metadata": {"name": "x", "namespace": "n", "annotations": {
            "example.com/db-password": "hunter2hunter2",
            "checksum/secret": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
            "kubectl.kubernetes.io/last-applied-configuration": "{\"env\":[{\"name\":\"A\",\"value\":\"https://u:hunter2hunter2@h\"}]}",
        }},
        "spec": {"containers": [{
            "name": "c",
            "env": [
                {"name": "DB_PASSWORD", "value": "hunter2hunter2"},
                {"name": "OTHER_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                {"name": "API_KEY", "value": "$(OTHER)"},
            ],
            "command": ["server", "--token", "hunter2hunter2"],
            "args": ["--verbose", "--password=hunter2hunter2"],
        }]},
    });
    let Fact::Workload(pod) = decode(Kind::Pod, &object) else { panic!() };
    let fields = |credentials: &[crate::core::facts::CredentialLiteral]| {
        credentials.iter().map(|literal| literal.field.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(
        fields(&pod.template.containers[0].credentials),
        ["env[name=DB_PASSWORD].value", "command[2]", "args[1]"]
    );
    assert_eq!(fields(&pod.template.credentials), ["annotations[example.com/db-password]"]);
    assert!(!format!("{pod:?}").contains("hunter2"), "the value is dropped while decoding");
}

#[test]
fn a_deployment_as_an_api_server_sends_it_is_read() {
    let body = data("admission/deployment.json");
    let (old, new) = review(body.as_bytes()).unwrap().change_pair().unwrap();
    assert_eq!(old, None);
    let Some(Fact::Workload(deployment)) = new else { panic!() };
    let template = &deployment.template;
    let names: Vec<_> =
        template.containers.iter().map(|container| (container.role.field(), &*container.name)).collect();
    assert_eq!(names, [("initContainers", "migrate"), ("containers", "api"), ("containers", "proxy")]);
    assert_eq!(template.security.seccomp.as_deref(), Some("RuntimeDefault"));
    assert!(
        template
            .containers
            .iter()
            .all(|container| container.security.allow_privilege_escalation == Some(false))
    );
    assert!(
        template.containers.iter().all(|container| container.credentials.is_empty()),
        "all are references"
    );
    let volumes: Vec<_> = template.volumes.iter().map(|volume| &*volume.name).collect();
    assert_eq!(volumes, ["tmp"]);
    assert_eq!(deployment.labels.get("tenant"), Some("team-a"));
}

#[test]
fn a_pod_as_an_api_server_sends_it_is_read() {
    let body = data("admission/pod.json");
    let (_, Some(Fact::Workload(pod))) = review(body.as_bytes()).unwrap().change_pair().unwrap() else {
        panic!()
    };
    assert_eq!((&*pod.name, &*pod.namespace), ("job-runner", "team-a"));
    assert_eq!(pod.template.containers[0].security.capabilities_dropped, [Name::from("ALL")]);
    assert_eq!(pod.controller(), None);
}

#[test]
fn a_claim_as_an_api_server_sends_it_is_read() {
    let body = data("admission/pvc.json");
    let (_, new) = review(body.as_bytes()).unwrap().change_pair().unwrap();
    let Some(Fact::PersistentVolumeClaim(claim)) = new else { panic!() };
    assert_eq!((claim.storage_class.as_deref(), claim.is_bound), (Some("encrypted-ssd"), false));
    let object = json!({"metadata": {"name": "x", "namespace": "n"}});
    assert!(!fact!(PersistentVolumeClaim, object).is_bound);
}
