//! Whatever the bytes are, no decoder panics, and it says the same twice.

use proptest::{
    collection::{btree_map, vec},
    prelude::*,
};
use serde_json::{Value, json};

use super::{bytes, corpus::decode_by_every_door, data};
use crate::{core::facts::Kind, decode::object};

/// Names of fields that decoders ask for, so that random objects reach them.
const FIELDS: &[&str] = &[
    "metadata",
    "name",
    "namespace",
    "labels",
    "annotations",
    "ownerReferences",
    "spec",
    "status",
    "template",
    "containers",
    "initContainers",
    "env",
    "value",
    "args",
    "ports",
    "hostPort",
    "securityContext",
    "volumes",
    "csi",
    "emptyDir",
    "hostPath",
    "persistentVolumeClaim",
    "ephemeral",
    "volumeClaimTemplate",
    "volumeClaimTemplates",
    "jobTemplate",
    "storageClassName",
    "claimRef",
    "tls",
    "hosts",
    "rules",
    "host",
    "ingress",
    "from",
    "podSelector",
    "namespaceSelector",
    "ipBlock",
    "cidr",
    "policyTypes",
    "versions",
    "conditions",
    "phase",
    "ttl",
    "paused",
    "includedNamespaces",
    "labelSelector",
    "matchLabels",
    "config",
    "objectStorage",
    "progress",
    "creationTimestamp",
    "items",
    "object",
    "type",
    "request",
    "uid",
    "kind",
    "group",
    "operation",
    "oldObject",
    "data",
    "record",
];

const TEXTS: &[&str] = &[
    "",
    "x",
    "shop",
    "true",
    "ADDED",
    "UPDATE",
    "Pod",
    "2026-01-02T03:04:05Z",
    "9999-99-99T99:99:99Z",
    "720h0m0s",
    "0.0.0.0/0",
    "*",
    "a*",
    "[",
    "surety-tenant-x",
    "postgres://u:p@h",
    "é\u{0}\"\\",
    "Completed",
    "-1",
    "$(X)",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(TEXTS).prop_map(str::to_owned),
        1 => ".{0,12}",
    ]
}

fn field() -> impl Strategy<Value = String> {
    prop_oneof![
        9 => prop::sample::select(FIELDS).prop_map(str::to_owned),
        1 => text(),
    ]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(field(), inner, 0..6).prop_map(Value::from_iter),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_json_is_decoded_or_refused(value in json_value()) {
        decode_by_every_door(&bytes(&value));
    }

    #[test]
    fn any_spec_of_a_named_object_is_decoded_or_refused_by_name(spec in json_value(), status in json_value()) {
        let value = json!({"metadata": {"name": "x", "namespace": "n"}, "spec": spec, "status": status});
        for kind in Kind::ALL.iter().copied() {
            if let Err(error) = object(kind, &bytes(&value)) {
                prop_assert!(error.to_string().starts_with(kind.resource().kind), "{error}");
            }
        }
    }

    #[test]
    fn any_bytes_are_refused(input in vec(any::<u8>(), 0..64)) {
        decode_by_every_door(&input);
    }

    #[test]
    fn any_beginning_of_a_sample_is_refused_or_decoded(which in 0..4_usize, cut in any::<prop::sample::Index>()) {
        let sample = data(["admission/pod.json", "admission/ingress.json", "admission/pvc.json", "velero/backup-completed.yaml"][which]);
        decode_by_every_door(&sample.as_bytes()[..cut.index(sample.len())]);
    }

    #[test]
    fn a_sample_with_one_byte_changed_is_refused_or_decoded(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut sample = data("admission/deployment.json").into_bytes();
        let at = at.index(sample.len());
        sample[at] = byte;
        decode_by_every_door(&sample);
    }
}
