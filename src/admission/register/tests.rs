#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

use std::{collections::BTreeMap, path::PathBuf};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use serde_json::{Value, json};

use super::*;
use crate::{
    api::keys,
    core::{
        control::{
            Door,
            Operation::{self, Create, Delete, Update},
        },
        facts::Kind,
    },
};

fn premises() -> Premises {
    let guard = |kind, door, operations| Guard { kind, door, operations };
    Premises {
        name: "surety".to_owned(),
        client: Client::Service {
            namespace: "surety-system".into(),
            name: "surety-webhook".into(),
            port: 443,
        },
        ca_bundle: Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned()),
        owner: None,
        own_namespace: "surety-system".to_owned(),
        own_user: "system:serviceaccount:surety-system:surety".to_owned(),
        engine_namespaces: vec!["velero".to_owned()],
        component_users: vec![
            "system:serviceaccount:velero:velero".to_owned(),
            "system:serviceaccount:csi:csi-provisioner".to_owned(),
        ],
        control_plane: ControlPlane::default(),
        repository_secrets: vec!["velero-repo-credentials".to_owned()],
        guarded: vec![
            guard(Kind::StatefulSet, Door::ProtectTenant, &[Delete]),
            guard(Kind::VeleroSchedule, Door::ProtectEngine, &[Create]),
            guard(Kind::PersistentVolume, Door::ProtectCluster, &[Create]),
            guard(Kind::NetworkPolicy, Door::Conform, &[Create, Update]),
        ],
        guarded_keys: GuardedKeys {
            labels: [keys::DATA_CLASS, keys::VELERO_EXCLUDE].map(str::to_owned).into(),
            annotations: [keys::VELERO_EXCLUDE_VOLUMES.to_owned()].into(),
            kinds_by_any_label: [Kind::BackupPolicy].into(),
            kinds_by_status: [Kind::VeleroBackup].into(),
        },
        conform_failure_policy: FailurePolicy::Fail,
    }
}

fn object() -> Value {
    build(&registration(&premises())).unwrap()
}

fn entry<'a>(registration: &'a Registration, name: &str) -> &'a Entry {
    registration.entries.iter().find(|entry| entry.name == name).unwrap()
}

/// What an entry sees: resource to operations.
fn sight(entry: &Entry) -> BTreeMap<String, Vec<Operation>> {
    let rules = entry.rules.iter();
    rules
        .flat_map(|rule| rule.resources.iter().map(|resource| (resource.clone(), rule.operations.clone())))
        .collect()
}

fn condition<'a>(entry: &'a Entry, name: &str) -> Option<&'a str> {
    entry
        .match_conditions
        .iter()
        .find(|condition| condition.name == name)
        .map(|found| found.expression.as_str())
}

#[test]
fn the_registration_is_the_one_that_was_reviewed() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/registration.yaml");
    let found = serde_saphyr::to_string(&object()).unwrap();
    if std::env::var_os("SURETY_UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::write(&path, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    assert_eq!(found, expected, "if that is meant, run with SURETY_UPDATE_GOLDEN=1 and commit");
}

/// Resources with the operations that are seen.
type Sees<'a> = &'a [(&'a str, &'a [Operation])];

#[test]
fn each_entry_sees_its_kinds_and_operations() {
    const ALL: &[Operation] = &[Create, Update, Delete];
    const GOES: &[Operation] = &[Update, Delete];
    const COMES: &[Operation] = &[Create, Update];
    let engine: &[(&str, &[Operation])] = &[
        ("schedules", GOES),
        ("backups", GOES),
        ("backupstoragelocations", GOES),
        ("podvolumebackups", GOES),
        ("datauploads", GOES),
        ("deletebackuprequests", ALL),
        ("restores", ALL),
    ];
    let declared: &[(&str, &[Operation])] = &[
        ("tenants", ALL),
        ("profiles", ALL),
        ("backuppolicies", ALL),
        ("retentionpolicies", ALL),
        ("encryptionpolicies", ALL),
        ("isolationpolicies", ALL),
        ("waivers", ALL),
        ("attestations", ALL),
        ("compliancereports", ALL),
        ("compliancereports/status", &[Update]),
    ];
    let tables: [(&str, Vec<Sees<'_>>); 4] = [
        (
            PROTECT_TENANT,
            vec![
                engine,
                &[
                    ("persistentvolumeclaims", GOES),
                    ("persistentvolumeclaims/status", &[Update]),
                    ("networkpolicies", GOES),
                    ("statefulsets", &[Delete]),
                ],
            ],
        ),
        (PROTECT_ENGINE, vec![engine, &[("secrets", GOES), ("schedules", ALL)]]),
        (
            PROTECT_CLUSTER,
            vec![
                declared,
                &[
                    ("namespaces", ALL),
                    ("namespaces/finalize", &[Update]),
                    ("namespaces/status", &[Update]),
                    ("persistentvolumes", ALL),
                    ("persistentvolumes/status", &[Update]),
                    ("storageclasses", GOES),
                    ("customresourcedefinitions", GOES),
                ],
            ],
        ),
        (
            CONFORM,
            vec![&[
                ("pods", COMES),
                ("pods/ephemeralcontainers", &[Update]),
                ("replicationcontrollers", COMES),
                ("deployments", COMES),
                ("statefulsets", COMES),
                ("daemonsets", COMES),
                ("replicasets", COMES),
                ("jobs", COMES),
                ("cronjobs", COMES),
                ("persistentvolumeclaims", COMES),
                ("persistentvolumeclaims/status", &[Update]),
                ("services", COMES),
                ("services/status", &[Update]),
                ("ingresses", COMES),
                ("ingresses/status", &[Update]),
                ("networkpolicies", COMES),
            ]],
        ),
    ];
    let registration = registration(&premises());
    let mut all: BTreeMap<String, Vec<Operation>> = BTreeMap::new();
    for (name, parts) in tables {
        let expected: BTreeMap<String, Vec<Operation>> = parts
            .into_iter()
            .flatten()
            .map(|(resource, operations)| ((*resource).to_owned(), operations.to_vec()))
            .collect();
        assert_eq!(sight(entry(&registration, name)), expected, "{name}");
        for (resource, operations) in expected {
            let seen = all.entry(resource).or_default();
            seen.extend(operations);
            seen.sort();
            seen.dedup();
        }
    }
    assert_eq!(sight(entry(&registration, SYSTEM)), all, "system sees all of it");
}

#[test]
fn nothing_is_asked_about_that_could_stop_a_cluster() {
    let text = serde_json::to_string(&object()).unwrap();
    let registration = registration(&premises());
    let never =
        ["nodes", "leases", "events", "tokenreviews", "subjectaccessreviews", "certificatesigningrequests"];
    for entry in &registration.entries {
        for resource in sight(entry).keys() {
            let is_safe = !resource.contains('*')
                && !resource.contains("/scale")
                && !never.contains(&resource.as_str());
            assert!(is_safe, "{}: {resource}", entry.name);
        }
        let out = entry.namespace_selector.match_expressions.iter().flatten().any(|requirement| {
            requirement.key == "kubernetes.io/metadata.name"
                && requirement.operator == "NotIn"
                && requirement.values == Some(vec!["kube-system".to_owned(), "surety-system".to_owned()])
        });
        assert!(out, "{}", entry.name);
        assert!(entry.timeout <= 3);
    }
    assert!(!text.contains("\"*\"") && !text.contains("namespaceObject"));
}

#[test]
fn who_is_seen_by_system_is_left_out_of_the_rest_and_nobody_falls_between() {
    let registration = registration(&premises());
    let system = condition(entry(&registration, SYSTEM), "system").unwrap();
    for entry in registration.entries.iter().filter(|entry| entry.name != SYSTEM) {
        assert_eq!(condition(entry, "not-system"), Some(format!("!({system})").as_str()), "{}", entry.name);
        assert_eq!(entry.failure_policy, FailurePolicy::Fail, "{}", entry.name);
    }
    assert_eq!(entry(&registration, SYSTEM).failure_policy, FailurePolicy::Ignore);
}

#[test]
fn the_engine_may_write_the_status_that_others_may_not() {
    let registration = registration(&premises());
    assert!(condition(entry(&registration, PROTECT_ENGINE), "changed").unwrap().contains("status !="));
    assert!(!condition(entry(&registration, SYSTEM), "changed").unwrap().contains("status !="));
}

#[test]
fn conditions_on_single_kinds_stand_where_the_kind_is_seen() {
    let registration = registration(&premises());
    for (name, entries) in [
        ("claimed-namespaces", vec![PROTECT_CLUSTER, SYSTEM]),
        ("guarded-definitions", vec![PROTECT_CLUSTER, SYSTEM]),
        ("repository-secrets", vec![PROTECT_ENGINE, SYSTEM]),
        ("not-cascading", ENTRIES.to_vec()),
        ("changed", ENTRIES.to_vec()),
    ] {
        let found: Vec<_> = registration
            .entries
            .iter()
            .filter(|entry| condition(entry, name).is_some())
            .map(|entry| entry.name)
            .collect();
        assert_eq!(found, entries, "{name}");
    }
}

#[test]
fn without_engines_there_is_no_entry_for_them_and_without_secrets_no_rule() {
    let registration = registration(&Premises { engine_namespaces: Vec::new(), ..premises() });
    let names: Vec<_> = registration.entries.iter().map(|entry| entry.name).collect();
    assert_eq!(names, [PROTECT_TENANT, PROTECT_CLUSTER, CONFORM, SYSTEM]);
    let registration = super::registration(&Premises { repository_secrets: Vec::new(), ..premises() });
    for entry in &registration.entries {
        assert!(!sight(entry).contains_key("secrets") && condition(entry, "repository-secrets").is_none());
    }
}

#[test]
fn failure_policies_follow_the_flag_and_the_pause() {
    let lenient = registration(&Premises { conform_failure_policy: FailurePolicy::Ignore, ..premises() });
    let ignoring = |registration: &Registration| -> Vec<&str> {
        let entries = registration.entries.iter();
        entries
            .filter(|entry| entry.failure_policy == FailurePolicy::Ignore)
            .map(|entry| entry.name)
            .collect()
    };
    assert_eq!(ignoring(&lenient), [CONFORM, SYSTEM]);
    assert_eq!(ignoring(&lenient.paused()), ENTRIES);
}

#[test]
fn the_same_premises_in_another_order_give_the_same_bytes() {
    let mut reversed = premises();
    reversed.guarded.reverse();
    reversed.guarded.push(reversed.guarded[0]);
    reversed.component_users.reverse();
    reversed.control_plane.users.reverse();
    reversed.control_plane.groups.reverse();
    reversed.engine_namespaces.push("velero".to_owned());
    let bytes = |premises: &Premises| serde_json::to_vec(&build(&registration(premises)).unwrap()).unwrap();
    assert_eq!(bytes(&reversed), bytes(&premises()));
}

#[test]
fn the_object_is_one_that_the_api_server_can_take() {
    let object = object();
    assert_eq!(object["apiVersion"], "admissionregistration.k8s.io/v1");
    assert_eq!(object["kind"], "ValidatingWebhookConfiguration");
    let typed: ValidatingWebhookConfiguration = serde_json::from_value(object).unwrap();
    for webhook in typed.webhooks.unwrap() {
        assert!(webhook.name.split('.').count() >= 3, "{}", webhook.name);
        let bundle = webhook.client_config.ca_bundle.unwrap();
        assert!(bundle.0.starts_with(b"-----BEGIN"));
        assert_eq!(
            webhook.client_config.service.unwrap().path.unwrap(),
            format!("/admit/{}", webhook.name.trim_end_matches(".surety.dev"))
        );
    }
}

#[test]
fn a_url_gets_the_path_of_the_entry() {
    let premises = Premises { client: Client::Url("https://127.0.0.1:9443/".to_owned()), ..premises() };
    let object = build(&registration(&premises)).unwrap();
    assert_eq!(
        object.pointer("/webhooks/0/clientConfig/url").unwrap(),
        "https://127.0.0.1:9443/admit/protect-tenant"
    );
}

#[test]
fn a_quote_in_a_name_stays_within_its_string() {
    let mut premises = premises();
    premises.own_user = "a' || true || 'b\\".to_owned();
    let registration = registration(&premises);
    let expression = condition(entry(&registration, CONFORM), "not-surety").unwrap();
    assert!(
        expression.starts_with(r"request.userInfo.?username.orValue('') != 'a\' || true || \'b\\' || "),
        "{expression}"
    );
}

fn altered(alter: impl Fn(&mut Value)) -> Value {
    let mut object = object();
    alter(&mut object);
    object
}

#[test]
fn only_what_matters_is_a_difference() {
    let remove = |pointer: &'static str, field: &'static str| {
        altered(move |object| {
            object.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(field).unwrap();
        })
    };
    let set = |pointer: &'static str, value: Value| {
        altered(move |object| *object.pointer_mut(pointer).unwrap() = value.clone())
    };
    let push = |pointer: &'static str, value: Value| {
        altered(move |object| {
            object.pointer_mut(pointer).unwrap().as_array_mut().unwrap().push(value.clone());
        })
    };
    let cases = [
        ("the same", object(), Difference::None),
        (
            "metadata of the server",
            altered(|object| object["metadata"]["resourceVersion"] = json!("7")),
            Difference::None,
        ),
        ("a default left out", remove("/webhooks/0", "objectSelector"), Difference::None),
        ("another default left out", remove("/webhooks/0/clientConfig/service", "port"), Difference::None),
        (
            "entries in another order",
            altered(|object| object["webhooks"].as_array_mut().unwrap().reverse()),
            Difference::None,
        ),
        (
            "conditions in another order",
            altered(|object| object["webhooks"][0]["matchConditions"].as_array_mut().unwrap().reverse()),
            Difference::None,
        ),
        ("a policy weakened", set("/webhooks/0/failurePolicy", json!("Ignore")), Difference::Applied),
        (
            "a selector narrowed",
            set("/webhooks/0/objectSelector", json!({"matchLabels": {"a": "b"}})),
            Difference::Applied,
        ),
        ("a rule widened", set("/webhooks/0/rules/0/scope", json!("*")), Difference::Applied),
        ("a rule taken away", set("/webhooks/3/rules", json!([])), Difference::Applied),
        ("another bundle", set("/webhooks/0/clientConfig/caBundle", json!("QUFB")), Difference::Applied),
        (
            "an entry taken away",
            altered(|object| drop(object["webhooks"].as_array_mut().unwrap().remove(0))),
            Difference::Applied,
        ),
        (
            "a condition taken away",
            altered(|object| {
                object["webhooks"][0]["matchConditions"].as_array_mut().unwrap().remove(0);
            }),
            Difference::Applied,
        ),
        (
            "a condition added",
            push("/webhooks/0/matchConditions", json!({"name": "none", "expression": "false"})),
            Difference::Added,
        ),
        ("an entry added", push("/webhooks", json!({"name": "other.example.org"})), Difference::Added),
        ("nothing there", json!({}), Difference::Applied),
    ];
    for (name, current, expected) in cases {
        assert_eq!(difference(&current, &object()), expected, "{name}");
        assert_eq!(diff(&current, &object()), expected != Difference::None, "{name}");
    }
}

#[test]
fn a_bundle_that_somebody_else_writes_is_no_difference() {
    let wanted = build(&registration(&Premises { ca_bundle: None, ..premises() })).unwrap();
    assert!(wanted.pointer("/webhooks/0/clientConfig/caBundle").is_none());
    assert!(!diff(&object(), &wanted));
}

#[test]
fn an_owner_that_is_wanted_has_to_be_there_and_others_may_be() {
    let owner = |uid: &str| OwnerReference { uid: uid.to_owned(), ..OwnerReference::default() };
    let belonging_to =
        |uid: &str| build(&registration(&Premises { owner: Some(owner(uid)), ..premises() })).unwrap();
    let with_another = |mut object: Value| {
        object["metadata"]["ownerReferences"].as_array_mut().unwrap().push(json!({"uid": "other"}));
        object
    };
    for (name, current, wanted, expected) in [
        ("the same", belonging_to("u"), belonging_to("u"), Difference::None),
        ("none", object(), belonging_to("u"), Difference::Applied),
        ("another", belonging_to("v"), belonging_to("u"), Difference::Applied),
        ("one more", with_another(belonging_to("u")), belonging_to("u"), Difference::None),
        ("none is wanted", belonging_to("u"), object(), Difference::None),
    ] {
        assert_eq!(difference(&current, &wanted), expected, "{name}");
    }
}

#[test]
fn a_pause_holds_for_four_hours_at_most() {
    let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    let annotated = |value: Value| json!({"metadata": {"annotations": {"surety.dev/paused-until": value}}});
    let in_hours = |hours| now + SignedDuration::from_hours(hours);
    for (name, value, expected) in [
        ("an hour ahead", json!("2026-03-01T13:00:00Z"), Some(in_hours(1))),
        (
            "with an offset",
            json!("2026-03-01T15:30:00+02:00"),
            Some(in_hours(1) + SignedDuration::from_mins(30)),
        ),
        ("four hours ahead", json!("2026-03-01T16:00:00Z"), Some(in_hours(4))),
        ("more than four hours ahead", json!("2026-03-01T16:00:01Z"), None),
        ("now", json!("2026-03-01T12:00:00Z"), None),
        ("past", json!("2026-03-01T11:00:00Z"), None),
        ("no time", json!("tomorrow"), None),
        ("no text", json!(true), None),
    ] {
        assert_eq!(paused_until(&annotated(value), now), expected, "{name}");
    }
    assert_eq!(paused_until(&object(), now), None);
}
