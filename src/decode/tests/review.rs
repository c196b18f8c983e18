//! AdmissionReviews.

use serde_json::{Value, json};

use super::{bytes, data};
use crate::{
    core::facts::{Fact, Kind, ObjectKey},
    decode::{Operation, Propagation, review},
};

fn body(request: &Value) -> Vec<u8> {
    bytes(&json!({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}))
}

fn request(kind: &Value, operation: &str) -> Value {
    json!({"uid": "r-1", "kind": kind, "resource": {"group": "", "version": "v1", "resource": "things"},
        "operation": operation, "userInfo": {"username": "alice"}, "object": null, "oldObject": null})
}

fn pod_kind() -> Value {
    json!({"group": "", "version": "v1", "kind": "Pod"})
}

#[test]
fn a_review_as_an_api_server_sends_it_is_read_whole() {
    let body = data("admission/ingress.json");
    let review = review(body.as_bytes()).unwrap();
    assert_eq!(&*review.uid, "e3e80640-5e32-4c9f-8956-496440e89fb9");
    assert_eq!((&*review.kind.group, &*review.kind.kind), ("networking.k8s.io", "Ingress"));
    assert_eq!(&*review.resource.resource, "ingresses");
    assert_eq!(
        (review.operation, review.sub_resource(), review.is_dry_run()),
        (Operation::Create, "", false)
    );
    assert_eq!(review.user().name(), "system:serviceaccount:gitops:deployer");
    assert_eq!(review.user().groups().len(), 3);
    assert_eq!(review.key(), Some(ObjectKey::namespaced(Kind::Ingress, "team-a", "orders")));
    let (None, Some(Fact::Ingress(ingress))) = review.change_pair().unwrap() else { panic!() };
    assert_eq!(ingress.annotations.get("kubernetes.io/ingress.allow-http"), Some("false"));
    assert_eq!(ingress.tls[0].secret_name.as_deref(), Some("orders-tls"));
}

#[test]
fn both_sides_of_an_update_are_decoded() {
    let mut request = request(&pod_kind(), "UPDATE");
    request["oldObject"] = json!({"metadata": {"name": "p", "namespace": "n", "labels": {"a": "1"}}});
    request["object"] = json!({"metadata": {"name": "p", "namespace": "n", "labels": {"a": "2"}}});
    let body = body(&request);
    let (Some(Fact::Workload(old)), Some(Fact::Workload(new))) =
        review(&body).unwrap().change_pair().unwrap()
    else {
        panic!()
    };
    assert_eq!((old.labels.get("a"), new.labels.get("a")), (Some("1"), Some("2")));
}

#[test]
fn subresources_that_carry_a_pod_are_decoded_and_a_scale_is_not() {
    let pod = json!({"metadata": {"name": "p", "namespace": "n"}, "spec": {"ephemeralContainers": [{"name": "debug"}]}});
    for sub_resource in ["ephemeralcontainers", "resize", "status"] {
        let mut request = request(&pod_kind(), "UPDATE");
        request["subResource"] = json!(sub_resource);
        request["object"] = pod.clone();
        let body = body(&request);
        let review = review(&body).unwrap();
        assert_eq!(review.sub_resource(), sub_resource);
        assert!(matches!(review.change_pair().unwrap(), (None, Some(Fact::Workload(_)))), "{sub_resource}");
    }
    let mut scale = request(&json!({"group": "autoscaling", "version": "v1", "kind": "Scale"}), "UPDATE");
    scale["object"] = json!({"metadata": {"name": "p", "namespace": "n"}, "spec": {"replicas": 3}});
    let body = body(&scale);
    let review = review(&body).unwrap();
    assert_eq!((review.known_kind(), review.change_pair().unwrap()), (None, (None, None)));
}

#[test]
fn an_object_of_a_deleted_collection_is_named_by_what_it_was() {
    let mut request = request(&pod_kind(), "DELETE");
    request["name"] = json!("");
    request["namespace"] = json!("n");
    request["oldObject"] = json!({"metadata": {"name": "p-1", "namespace": "n"}});
    let body = body(&request);
    let review = review(&body).unwrap();
    assert_eq!(review.name(), "p-1");
    assert_eq!(review.key(), Some(ObjectKey::namespaced(Kind::Pod, "n", "p-1")));
    assert!(matches!(review.change_pair().unwrap(), (Some(_), None)));
}

#[test]
fn an_object_with_a_generated_name_is_named_by_what_it_will_be() {
    let mut request = request(&pod_kind(), "CREATE");
    request["namespace"] = json!("n");
    request["object"] = json!({"metadata": {"generateName": "p-", "name": "p-x7k2p", "namespace": "n"}});
    assert_eq!(review(&body(&request)).unwrap().name(), "p-x7k2p");
    request["object"] = json!({"metadata": {"generateName": "p-", "namespace": "n"}});
    assert_eq!(review(&body(&request)).unwrap().name(), "p-");
    request["object"] = json!(null);
    let body = body(&request);
    let nameless = review(&body).unwrap();
    assert_eq!((nameless.name().as_str(), nameless.key()), ("", None));
}

#[test]
fn what_becomes_of_dependents_is_read_in_both_spellings() {
    for (options, propagation) in [
        (json!(null), None),
        (json!({"kind": "CreateOptions", "fieldManager": "kubectl"}), None),
        (json!({"kind": "DeleteOptions", "propagationPolicy": "Orphan"}), Some(Propagation::Orphan)),
        (json!({"propagationPolicy": "Background"}), Some(Propagation::Background)),
        (json!({"propagationPolicy": "Foreground"}), Some(Propagation::Foreground)),
        (json!({"orphanDependents": true}), Some(Propagation::Orphan)),
        (json!({"orphanDependents": false}), Some(Propagation::Background)),
    ] {
        let mut request = request(&pod_kind(), "DELETE");
        request["options"] = options.clone();
        assert_eq!(review(&body(&request)).unwrap().propagation(), propagation, "{options}");
    }
}

#[test]
fn kinds_without_facts_have_no_pair_and_a_config_map_is_a_record_only_by_name() {
    let velero = |kind: &str| json!({"group": "velero.io", "version": "v1", "kind": kind});
    for (kind, known) in [
        (velero("DeleteBackupRequest"), Some(Kind::DeleteBackupRequest)),
        (velero("Restore"), Some(Kind::Restore)),
        (json!({"group": "", "version": "v1", "kind": "ConfigMap"}), None),
        (json!({"group": "policy", "version": "v1", "kind": "Eviction"}), None),
    ] {
        let mut request = request(&kind, "CREATE");
        request["object"] = json!({"metadata": {"name": "x", "namespace": "n"}});
        let body = body(&request);
        let review = review(&body).unwrap();
        assert_eq!((review.known_kind(), review.change_pair().unwrap()), (known, (None, None)), "{kind}");
    }
    let mut record = request(&json!({"group": "", "version": "v1", "kind": "ConfigMap"}), "DELETE");
    record["oldObject"] = json!({"metadata": {"name": "surety-tenant-acme", "namespace": "surety-system"}});
    let body = body(&record);
    let review = review(&body).unwrap();
    assert_eq!(review.known_kind(), Some(Kind::TenantRecord));
    assert_eq!(review.key(), Some(ObjectKey::cluster(Kind::TenantRecord, "acme")));
}

#[test]
fn absent_parts_of_a_request_are_empty() {
    let minimal = json!({"uid": "r", "kind": pod_kind(), "operation": "CONNECT", "dryRun": true});
    let body = body(&minimal);
    let review = review(&body).unwrap();
    assert_eq!((review.operation, review.is_dry_run()), (Operation::Connect, true));
    assert_eq!((review.user().name(), review.user().groups().len(), review.namespace()), ("", 0, ""));
    assert_eq!(review.change_pair().unwrap(), (None, None));
}

#[test]
fn a_body_without_a_request_an_id_or_a_known_operation_is_refused() {
    let mut no_id = request(&pod_kind(), "CREATE");
    no_id["uid"] = json!("");
    let strange = request(&pod_kind(), "RENAME");
    for body in
        [body(&no_id), body(&strange), body(&json!(null)), b"{}".to_vec(), b"".to_vec(), b"[]".to_vec()]
    {
        assert!(review(&body).is_err(), "{}", String::from_utf8_lossy(&body));
    }
}

#[test]
fn an_object_that_cannot_be_read_is_an_error_of_the_pair_only() {
    let mut request = request(&pod_kind(), "CREATE");
    request["object"] = json!({"metadata": {"name": "p", "namespace": "n"}, "spec": []});
    let body = body(&request);
    let error = review(&body).unwrap().change_pair().unwrap_err().to_string();
    assert!(error.contains("Pod n/p") && error.contains("`spec`"), "{error}");
}

#[test]
fn only_a_dry_run_that_marks_or_deletes_a_canary_is_one() {
    let object = |mark: Option<&str>| match mark {
        Some(mark) => json!({"metadata": {"name": "c", "labels": {"surety.dev/canary": mark}}}),
        None => json!({"metadata": {"name": "c"}}),
    };
    let service = json!({"group": "", "version": "v1", "kind": "Service"});
    let canary =
        |operation: &str, dry_run: bool, old: Option<&str>, new: Option<&str>, grace: Option<i64>| {
            let mut request = request(&service, operation);
            (request["dryRun"], request["namespace"]) = (json!(dry_run), json!("c"));
            (request["oldObject"], request["object"]) = (object(old), object(new));
            request["options"] = json!({"gracePeriodSeconds": grace, "dryRun": ["All"]});
            let body = body(&request);
            review(&body).unwrap().canary().map(|nonce| nonce.to_string())
        };
    let idle = Some("idle");
    assert_eq!(canary("UPDATE", true, idle, Some("7"), None).as_deref(), Some("7"));
    assert_eq!(canary("DELETE", true, idle, None, Some(8)).as_deref(), Some("8"));
    for (what, found) in [
        ("no dry run", canary("UPDATE", false, idle, Some("7"), None)),
        ("a mark that stays", canary("UPDATE", true, idle, idle, None)),
        ("what was no canary", canary("UPDATE", true, None, Some("7"), None)),
        ("a deletion without nonce", canary("DELETE", true, idle, None, None)),
        ("a deletion of something else", canary("DELETE", true, None, None, Some(8))),
        ("a creation", canary("CREATE", true, None, Some("7"), None)),
    ] {
        assert_eq!(found, None, "{what}");
    }
}
