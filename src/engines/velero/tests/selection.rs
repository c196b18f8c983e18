//! What a BackupSpec takes in, and how it copies volumes.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{decode, fact};
use crate::core::facts::{Kind, Name, NamespacePattern, Schedule, Selection, VolumeData};

fn schedule(template: &Value) -> Schedule {
    fact!(
        Schedule,
        decode(Kind::VeleroSchedule, json!({"spec": {"schedule": "@daily", "template": template}}))
    )
}

fn selection(template: &Value) -> Selection {
    schedule(template).selection
}

fn literal(name: &str) -> NamespacePattern {
    NamespacePattern::Literal(Name::from(name))
}

fn glob(name: &str) -> NamespacePattern {
    NamespacePattern::Glob(Name::from(name))
}

#[test]
fn an_empty_list_and_a_star_are_all_namespaces() {
    for template in [json!({}), json!({"includedNamespaces": []}), json!({"includedNamespaces": ["*"]})] {
        let selection = selection(&template);
        assert_eq!(
            (selection.included, selection.excluded.len()),
            (vec![NamespacePattern::All], 0),
            "{template}"
        );
    }
}

#[test]
fn names_and_globs_are_told_apart() {
    let selection = selection(&json!({
        "includedNamespaces": ["acme-prod", "acme-*", "team-?", "[a-c]x"], "excludedNamespaces": ["acme-tmp", "*-dev"],
    }));
    assert_eq!(selection.included, [literal("acme-prod"), glob("acme-*"), glob("team-?"), glob("[a-c]x")]);
    assert_eq!(selection.excluded, [literal("acme-tmp"), glob("*-dev")]);
    assert_eq!(selection.narrowed_by, None);
}

#[test]
fn a_pattern_that_velero_refuses_makes_only_a_volumes_own_evidence_count() {
    for pattern in ["a**", "a|b", "(a)", "!a", "{a,b}", "a,b", "[a", "a]", "[]x", "[a]]"] {
        for field in ["includedNamespaces", "excludedNamespaces"] {
            let narrowed = selection(&json!({field: [pattern]})).narrowed_by;
            assert!(narrowed.is_some_and(|reason| reason.contains("refuses")), "{pattern}");
        }
    }
    for pattern in ["a*", "a*b*", "a?", "[abc]", "[a-z]x[0-9]", "acme", ""] {
        assert_eq!(selection(&json!({"includedNamespaces": [pattern]})).narrowed_by, None, "{pattern}");
    }
}

#[test]
fn selectors_narrow_unless_they_are_empty() {
    for (template, narrows) in [
        (json!({"labelSelector": {}}), false),
        (json!({"labelSelector": {"matchLabels": {}, "matchExpressions": []}}), false),
        (json!({"labelSelector": {"matchLabels": {"app": "web"}}}), true),
        (json!({"labelSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}), true),
        (json!({"orLabelSelectors": []}), false),
        (json!({"orLabelSelectors": [{"matchLabels": {"app": "web"}}]}), true),
        (json!({"resourcePolicy": {"kind": "ConfigMap", "name": "p"}}), true),
    ] {
        assert_eq!(selection(&template).narrowed_by.is_some(), narrows, "{template}");
    }
}

#[test]
fn a_policy_that_is_not_read_is_named() {
    let template = json!({"resourcePolicy": {"kind": "ConfigMap", "name": "p"}, "labelSelector": {"matchLabels": {"a": "b"}}});
    let reason = selection(&template).narrowed_by.unwrap();
    assert_eq!(reason, "a label selector; resourcePolicy is not read");
}

#[test]
fn resource_filters_narrow_where_they_leave_out_claims() {
    for (template, narrows) in [
        (json!({"includedResources": ["*"]}), false),
        (json!({"includedResources": ["pvc", "pods"]}), false),
        (json!({"includedResources": ["PersistentVolumeClaims", "pods"]}), false),
        (json!({"includedResources": ["persistent*", "po*"]}), false),
        (json!({"includedResources": ["deployments"]}), true),
        (json!({"excludedResources": ["persistentvolumeclaims"]}), true),
        (json!({"excludedResources": ["pvc"]}), true),
        (json!({"excludedResources": ["events"]}), false),
        (json!({"includedNamespaceScopedResources": ["configmaps"]}), true),
        (json!({"excludedNamespaceScopedResources": ["*"]}), true),
        (json!({"excludedNamespaceScopedResources": ["volumesnapshots.snapshot.storage.k8s.io"]}), false),
        (json!({"excludedClusterScopedResources": ["*"]}), false),
    ] {
        assert_eq!(selection(&template).narrowed_by.is_some(), narrows, "{template}");
    }
}

#[test]
fn leaving_out_pods_narrows_where_volumes_may_be_read_file_by_file() {
    for (files, narrows) in [(json!(true), true), (json!(null), true), (json!(false), false)] {
        let template = json!({"includedResources": ["pvc"], "defaultVolumesToFsBackup": files});
        assert_eq!(selection(&template).narrowed_by.is_some(), narrows, "{files}");
    }
}

#[test]
fn how_volumes_are_copied_follows_the_switches() {
    use VolumeData::{Moved, None, Snapshots, Undecided};
    let (yes, no, unset) = (json!(true), json!(false), json!(null));
    for (snapshots, moves, files, expected) in [
        (&unset, &unset, &unset, Undecided),
        (&unset, &no, &no, Snapshots),
        (&yes, &no, &no, Snapshots),
        (&yes, &unset, &no, Snapshots),
        (&unset, &unset, &no, Undecided),
        (&yes, &unset, &unset, Undecided),
        (&unset, &yes, &unset, Moved),
        (&unset, &yes, &no, Moved),
        (&no, &yes, &no, None),
        (&no, &yes, &unset, Undecided),
        (&no, &unset, &no, None),
        (&no, &no, &unset, Undecided),
        (&no, &unset, &yes, Moved),
        (&unset, &unset, &yes, Moved),
    ] {
        let template = json!({"snapshotVolumes": snapshots, "snapshotMoveData": moves, "defaultVolumesToFsBackup": files});
        assert_eq!(schedule(&template).volume_data, expected, "{template}");
    }
}

#[test]
fn a_policy_that_is_not_read_leaves_open_how_volumes_are_copied() {
    let template =
        json!({"resourcePolicy": {"kind": "ConfigMap", "name": "p"}, "defaultVolumesToFsBackup": true});
    assert_eq!(schedule(&template).volume_data, VolumeData::Undecided);
}

#[test]
fn the_switch_for_file_backup_is_known_by_its_old_name_too() {
    assert_eq!(schedule(&json!({"defaultVolumesToRestic": true})).volume_data, VolumeData::Moved);
}

#[test]
fn a_time_to_live_of_zero_or_none_is_thirty_days() {
    for (template, hours) in [
        (json!({}), 720),
        (json!({"ttl": "0s"}), 720),
        (json!({"ttl": "0"}), 720),
        (json!({"ttl": "48h0m0s"}), 48),
    ] {
        assert_eq!(schedule(&template).time_to_live, Some(SignedDuration::from_hours(hours)), "{template}");
    }
}

#[test]
fn a_time_to_live_that_is_no_duration_makes_the_schedule_unreadable() {
    let json =
        json!({"metadata": {"name": "x", "namespace": "velero"}, "spec": {"template": {"ttl": "30d"}}});
    let error =
        crate::decode::object(Kind::VeleroSchedule, json.to_string().as_bytes()).unwrap_err().to_string();
    assert!(
        error.contains("Schedule velero/x") && error.contains("`spec.template.ttl`") && error.contains("30d"),
        "{error}"
    );
}
