//! Every kind, with what its facts hold.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{bytes, data, decode, fact};
use crate::{
    api::keys,
    core::facts::{Fact, IngressTls, Kind, Labels, Name, ServiceType, VolumeBacking},
    decode::{TLS_ANNOTATIONS, annotations_read, manifests, object},
};

#[test]
fn metadata_is_kept_as_far_as_facts_hold_it() {
    let namespace = fact!(
        Namespace,
        json!({"metadata": {
            "name": "shop",
            "uid": "u-1",
            "generation": 7,
            "creationTimestamp": "2026-01-02T03:04:05Z",
            "deletionTimestamp": "2026-02-02T03:04:05Z",
            "labels": {"b": "2", "a": "1"},
            "annotations": {"x": "y"},
            "managedFields": [{"manager": "m", "fieldsV1": {"f:metadata": {}}}],
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "Tenant", "name": "acme", "uid": "u-2", "controller": true, "blockOwnerDeletion": true},
                {"kind": "Other", "name": "o", "uid": "u-3"},
            ],
        }})
    );
    assert_eq!(namespace.name, "shop");
    assert_eq!(namespace.labels, Labels::from([("a", "1"), ("b", "2")]));
    assert_eq!(namespace.meta.uid, "u-1");
    assert_eq!(namespace.meta.generation, 7);
    assert_eq!(namespace.meta.created, "2026-01-02T03:04:05Z".parse::<Timestamp>().unwrap());
    assert!(namespace.meta.is_deleting);
    let owners: Vec<_> = namespace
        .meta
        .owner_references
        .iter()
        .map(|owner| (&*owner.kind, &*owner.uid, owner.is_controller))
        .collect();
    assert_eq!(owners, [("Tenant", "u-2", true), ("Other", "u-3", false)]);
}

#[test]
fn null_stands_for_nothing_wherever_it_may_stand() {
    let null_everywhere = json!({"metadata": {
        "name": "x", "namespace": "n", "uid": null, "generation": null, "creationTimestamp": null,
        "deletionTimestamp": null, "labels": null, "annotations": {"a": null}, "ownerReferences": null,
        "generateName": null, "resourceVersion": null,
    }, "spec": null, "status": null, "provisioner": null, "parameters": null});
    let bare = json!({"metadata": {"name": "x", "namespace": "n"}});
    for kind in Kind::ALL {
        let (null, bare) = (object(*kind, &bytes(&null_everywhere)), object(*kind, &bytes(&bare)));
        match (null, bare) {
            (Ok(null), Ok(bare)) => assert_eq!(null, bare, "{kind}"),
            (null, bare) => assert!(null.is_err() && bare.is_err(), "{kind}"),
        }
    }
}

#[test]
fn null_inside_a_spec_is_nothing_too() {
    for (kind, spec) in [
        (
            Kind::Pod,
            json!({"containers": [{"name": "c", "env": null, "args": null, "ports": null, "securityContext": null}], "volumes": null, "securityContext": {"seccompProfile": null, "sysctls": null, "seLinuxOptions": null}}),
        ),
        (
            Kind::Deployment,
            json!({"template": {"metadata": null, "spec": {"containers": null, "initContainers": null}}}),
        ),
        (Kind::StatefulSet, json!({"volumeClaimTemplates": null, "template": null})),
        (Kind::CronJob, json!({"jobTemplate": null})),
        (
            Kind::PersistentVolumeClaim,
            json!({"storageClassName": null, "dataSource": null, "dataSourceRef": null, "volumeName": null}),
        ),
        (
            Kind::PersistentVolume,
            json!({"csi": null, "claimRef": null, "local": null, "storageClassName": null}),
        ),
        (Kind::Service, json!({"ports": null, "type": null})),
        (
            Kind::Ingress,
            json!({"rules": null, "tls": [{"hosts": null, "secretName": null}], "defaultBackend": null}),
        ),
        (
            Kind::NetworkPolicy,
            json!({"podSelector": null, "policyTypes": null, "ingress": null, "egress": null}),
        ),
        (Kind::Definition, json!({"names": null, "versions": null, "group": null})),
        (Kind::VeleroSchedule, json!({"template": null, "paused": null, "schedule": null})),
        (
            Kind::VeleroBackup,
            json!({"ttl": null, "includedNamespaces": null, "labelSelector": null, "orLabelSelectors": null, "resourcePolicy": null, "metadata": {"labels": null}}),
        ),
        (
            Kind::BackupStorageLocation,
            json!({"config": null, "objectStorage": null, "backupSyncPeriod": null, "default": null}),
        ),
    ] {
        let _ = decode(kind, &json!({"metadata": {"name": "x", "namespace": "n"}, "spec": spec}));
    }
}

#[test]
fn a_claim_shows_what_it_asks_for_and_whether_it_is_bound() {
    let claim = fact!(
        PersistentVolumeClaim,
        json!({
            "metadata": {"name": "data", "namespace": "shop", "labels": {"a": "b"}, "annotations": {
                keys::VELERO_SNAPSHOT_CLASS: "locked", "volume.kubernetes.io/selected-node": "n1",
            }},
            "spec": {"storageClassName": "fast", "volumeName": "pv-1", "dataSource": {"kind": "VolumeSnapshot", "name": "s"}},
            "status": {"phase": "Bound"},
        })
    );
    assert_eq!((claim.storage_class.as_deref(), claim.volume_name.as_deref()), (Some("fast"), Some("pv-1")));
    assert!(claim.is_bound && claim.has_data_source);
    assert_eq!(claim.annotations, Labels::from([(keys::VELERO_SNAPSHOT_CLASS, "locked")]));
}

#[test]
fn a_claim_without_class_differs_from_one_with_the_empty_class() {
    let class = |spec: Value, annotations: Value| {
        let metadata = json!({"name": "data", "namespace": "shop", "annotations": annotations});
        fact!(PersistentVolumeClaim, json!({"metadata": metadata, "spec": spec})).storage_class
    };
    assert_eq!(class(json!({}), json!({})), None);
    assert_eq!(class(json!({"storageClassName": null}), json!({})), None);
    assert_eq!(class(json!({"storageClassName": ""}), json!({})), Some(Name::from("")));
    let old = json!({"volume.beta.kubernetes.io/storage-class": "old"});
    assert_eq!(
        class(json!({"storageClassName": "new"}), old),
        Some(Name::from("old")),
        "the old annotation comes first"
    );
}

#[test]
fn a_volume_shows_its_type_its_claim_and_its_fate() {
    let volume = fact!(
        PersistentVolume,
        json!({
            "metadata": {"name": "pv-1", "annotations": {"pv.kubernetes.io/provisioned-by": "ebs.csi.aws.com"}},
            "spec": {
                "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "volumeMode": "Filesystem",
                "nodeAffinity": {"required": {}}, "storageClassName": "fast", "persistentVolumeReclaimPolicy": "Retain",
                "claimRef": {"kind": "PersistentVolumeClaim", "namespace": "shop", "name": "data", "uid": "u"},
                "csi": {"driver": "ebs.csi.aws.com", "volumeAttributes": {"encrypted": "true"}, "nodePublishSecretRef": {"name": "s"}},
            },
            "status": {"phase": "Released"},
        })
    );
    assert_eq!(volume.storage_class.as_deref(), Some("fast"));
    assert_eq!(volume.provisioned_by.as_deref(), Some("ebs.csi.aws.com"));
    assert!(volume.is_retained && volume.is_released);
    let claim = volume.claim.unwrap();
    assert_eq!((&*claim.namespace, &*claim.name, claim.uid.as_deref()), ("shop", "data", Some("u")));
    let attributes = Labels::from([("encrypted", "true")]);
    let driver = Name::from("ebs.csi.aws.com");
    assert_eq!(volume.backing, VolumeBacking::Csi { driver, attributes, has_node_publish_secret: true });
}

#[test]
fn the_type_of_a_volume_is_the_name_of_its_field() {
    for (field, backing) in [
        ("hostPath", VolumeBacking::Local),
        ("local", VolumeBacking::Local),
        ("nfs", VolumeBacking::Nfs),
        ("iscsi", VolumeBacking::Other(Name::from("iscsi"))),
        ("awsElasticBlockStore", VolumeBacking::Other(Name::from("awsElasticBlockStore"))),
        ("someFutureField", VolumeBacking::default()),
    ] {
        let volume = fact!(
            PersistentVolume,
            json!({"metadata": {"name": "v"}, "spec": {field: {"path": "/x"}, "mountOptions": []}})
        );
        assert_eq!(volume.backing, backing, "{field}");
    }
}

#[test]
fn a_storage_class_is_default_by_either_mark_and_only_by_the_word_true() {
    let class = |annotations: Value| {
        let metadata = json!({"name": "fast", "annotations": annotations});
        let object = json!({"metadata": metadata, "provisioner": "p", "parameters": {"encrypted": "true"}});
        fact!(StorageClass, object)
    };
    assert!(class(json!({"storageclass.kubernetes.io/is-default-class": "true"})).is_default);
    assert!(class(json!({"storageclass.beta.kubernetes.io/is-default-class": "true"})).is_default);
    assert!(!class(json!({"storageclass.kubernetes.io/is-default-class": "True"})).is_default);
    let plain = class(json!({}));
    assert!(!plain.is_default);
    assert_eq!((&*plain.provisioner, plain.parameters.get("encrypted")), ("p", Some("true")));
}

#[test]
fn a_service_shows_type_ports_and_what_load_balancers_are_told_about_tls() {
    let service = fact!(
        Service,
        json!({
            "metadata": {"name": "web", "namespace": "shop", "annotations": {
                "service.beta.kubernetes.io/aws-load-balancer-ssl-ports": "443", "other": "x",
            }},
            "spec": {"type": "LoadBalancer", "clusterIP": "10.0.0.1", "ports": [
                {"name": "https", "port": 443, "targetPort": "https", "appProtocol": "https"}, {"port": 80},
            ]},
        })
    );
    assert_eq!(service.service_type, ServiceType::LoadBalancer);
    let (https, empty) = (Name::from("https"), Name::from(""));
    assert_eq!(service.ports, [(https.clone(), 443, Some(https)), (empty, 80, None)]);
    assert_eq!(
        service.annotations,
        Labels::from([("service.beta.kubernetes.io/aws-load-balancer-ssl-ports", "443")])
    );
}

#[test]
fn a_service_without_type_is_cluster_internal_and_one_of_unknown_type_is_unreadable() {
    let object = |service_type: Value| json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"type": service_type}});
    assert_eq!(fact!(Service, object(Value::Null)).service_type, ServiceType::ClusterIp);
    assert_eq!(fact!(Service, object(json!("ExternalName"))).service_type, ServiceType::ExternalName);
    let error = super::error(Kind::Service, &object(json!("Tunnel")));
    assert!(
        error.contains("Service shop/web") && error.contains("`spec.type`") && error.contains("Tunnel"),
        "{error}"
    );
}

#[test]
fn an_ingress_shows_hosts_certificates_and_known_annotations() {
    let ingress = fact!(
        Ingress,
        json!({
            "metadata": {"name": "web", "namespace": "shop", "annotations": {
                "kubernetes.io/ingress.class": "old",
                "nginx.ingress.kubernetes.io/ssl-redirect": "false",
                "nginx.ingress.kubernetes.io/configuration-snippet": "proxy_set_header Authorization \"x\";",
                "example.com/other": "x",
            }},
            "spec": {
                "rules": [{"host": "a.example.com", "http": {"paths": []}}, {"http": {"paths": []}}],
                "tls": [{"hosts": ["a.example.com"], "secretName": "a-tls"}, {}],
                "defaultBackend": {"service": {"name": "s"}},
            },
        })
    );
    assert_eq!(ingress.class.as_deref(), Some("old"));
    assert_eq!(ingress.hosts, [Name::from("a.example.com"), Name::from("")]);
    assert!(ingress.has_default_backend);
    let tls = IngressTls { hosts: vec![Name::from("a.example.com")], secret_name: Some(Name::from("a-tls")) };
    assert_eq!(ingress.tls, [tls, IngressTls::default()]);
    let kept = [
        ("nginx.ingress.kubernetes.io/configuration-snippet", ""),
        ("nginx.ingress.kubernetes.io/ssl-redirect", "false"),
    ];
    assert_eq!(ingress.annotations, Labels::from(kept), "a snippet is kept as a sign only");
}

#[test]
fn the_class_field_of_an_ingress_comes_before_the_annotation() {
    let ingress = fact!(
        Ingress,
        json!({
            "metadata": {"name": "web", "namespace": "shop", "annotations": {"kubernetes.io/ingress.class": "old"}},
            "spec": {"ingressClassName": "new"},
        })
    );
    assert_eq!(ingress.class.as_deref(), Some("new"));
}

#[test]
fn the_list_of_tls_annotations_is_sorted_and_has_no_key_twice() {
    assert!(TLS_ANNOTATIONS.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn each_annotation_that_is_read_decides_about_a_fact() {
    let object = |annotations: Value| {
        json!({
            "metadata": {"name": "x", "namespace": "n", "annotations": annotations, "labels": {"velero.io/backup-name": "b"}},
            "spec": {"storageClassName": "s"},
        })
    };
    let mut seen = std::collections::BTreeSet::new();
    for key in annotations_read() {
        assert!(seen.insert(key), "{key} is listed twice");
        let decides = Kind::ALL.iter().filter(|kind| !kind.is_declaration()).any(|kind| {
            let (without, with) = (object(json!({})), object(json!({key: "true"})));
            crate::decode::object(*kind, &bytes(&without)).ok()
                != crate::decode::object(*kind, &bytes(&with)).ok()
        });
        assert!(decides, "{key}");
    }
}

#[test]
fn definitions_are_read_without_their_schemas() {
    let manifests = manifests("crds.yaml", &data("velero/crds.yaml"), "default").unwrap();
    let definitions: Vec<_> = manifests
        .iter()
        .filter_map(|manifest| match object(manifest.kind?, &manifest.json).unwrap() {
            Fact::Definition(definition) => Some(definition),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(definitions.len(), 13);
    let backups = definitions.iter().find(|definition| definition.name == "backups.velero.io").unwrap();
    assert_eq!((&*backups.group, &*backups.plural), ("velero.io", "backups"));
    assert_eq!(backups.served_versions, [Name::from("v1")]);
    assert!(!backups.is_established);
    let uploads = definitions.iter().find(|definition| definition.name == "datauploads.velero.io").unwrap();
    assert_eq!(uploads.served_versions, [Name::from("v2alpha1")]);
}

#[test]
fn a_definition_is_established_by_its_condition_and_serves_only_served_versions() {
    let definition = fact!(
        Definition,
        json!({
            "metadata": {"name": "things.example.com"},
            "spec": {"group": "example.com", "names": {"plural": "things", "kind": "Thing"}, "versions": [
                {"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}},
                {"name": "v0", "served": false},
            ]},
            "status": {"conditions": [{"type": "NamesAccepted", "status": "True"}, {"type": "Established", "status": "True"}]},
        })
    );
    assert!(definition.is_established);
    assert_eq!(definition.served_versions, [Name::from("v1")]);
}

#[test]
fn kinds_without_facts_are_refused_by_name() {
    for kind in [Kind::DeleteBackupRequest, Kind::Restore, Kind::ComplianceReport] {
        let error = super::error(kind, &json!({"metadata": {"name": "x", "namespace": "n"}}));
        assert_eq!(error, format!("{kind} has no facts to be read"));
    }
}

#[test]
fn a_request_to_delete_a_backup_names_it() {
    let json = json!({"metadata": {"name": "r", "namespace": "velero"}, "spec": {"backupName": "daily-1"}});
    let request = crate::decode::delete_backup_request(&bytes(&json)).unwrap();
    assert_eq!((&*request.namespace, &*request.name, &*request.backup_name), ("velero", "r", "daily-1"));
    let empty = json!({"metadata": {"name": "r", "namespace": "velero"}, "spec": {}});
    assert!(crate::decode::delete_backup_request(&bytes(&empty)).is_err());
}

#[test]
fn the_key_of_a_fact_is_the_key_that_metadata_alone_gives() {
    let object = json!({"metadata": {"name": "surety-tenant-x", "namespace": "n", "labels": {keys::RECORD: "tenant"}},
        "spec": {"tenantSelector": {}, "engine": {}, "classes": [], "title": "t", "version": "1", "effectiveDate": "2026-01-01",
                 "commitments": [], "scope": {"tenantSelector": {}}, "reason": "r", "approver": "a", "expiresAt": "2027-01-01T00:00:00Z",
                 "commitment": {"profile": "p", "id": "i"}, "statement": "s", "attestedBy": "a", "evidence": [], "validUntil": "2027-01-01T00:00:00Z"},
        "data": {keys::RECORD_DATA: "{\"tenant\":\"x\"}"}});
    let mut object = object;
    object["metadata"]["ownerReferences"] = json!([{"kind": "Backup", "name": "b"}]);
    let cluster = json!({"metadata": {"name": "surety-cluster", "namespace": "n", "labels": {keys::RECORD: "cluster"}}});
    for kind in Kind::ALL {
        let object = if *kind == Kind::ClusterRecord { &cluster } else { &object };
        match crate::decode::object(*kind, &bytes(object)) {
            Ok(fact) => {
                assert_eq!(
                    fact.key(),
                    crate::decode::meta_only(*kind, &bytes(object)).unwrap().key,
                    "{kind}"
                );
                assert_eq!(fact.key().kind, *kind);
            }
            Err(error) => assert!(error.to_string().ends_with("has no facts to be read"), "{kind}: {error}"),
        }
    }
}
