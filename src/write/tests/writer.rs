//! Stories of writes against a scripted server.

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};
use tokio::{task::JoinHandle, time::Instant};

use super::rig::{APPLY, MANAGER, POLICY, Rig, body, live, made, policy, settled};
use crate::{
    core::facts::Kind,
    write::{DryRun, Force, Leadership, Revision, Target, WriteCounts, WriteError, Written},
};

const POLICIES: &str = "/apis/networking.k8s.io/v1/namespaces/acme/networkpolicies";

#[tokio::test(start_paused = true)]
async fn an_apply_is_a_server_side_apply_under_the_writers_name() {
    let mut rig = Rig::new();
    let applying = rig.apply(&body("1"));
    rig.expect(Method::GET, POLICY).await.refuse(404, "NotFound");
    let mut exchange = rig.expect(Method::PATCH, APPLY).await;
    assert_eq!(exchange.header("content-type"), "application/apply-patch+yaml");
    let sent = exchange.body().await;
    assert_eq!(
        sent,
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
               "metadata": {"name": "deny", "namespace": "acme", "labels": {"a": "1"}}})
    );
    exchange.answer(201, &live("u1", "1"));
    assert_eq!(applying.await.unwrap().unwrap(), made("u1", "1"));
    assert_eq!(rig.metrics.read(), WriteCounts { applied: 1, looked_at: 1, ..WriteCounts::default() });
}

#[tokio::test(start_paused = true)]
async fn an_apply_without_force_does_not_take_fields_from_others() {
    let mut rig = Rig::new();
    rig.applied(&body("1")).await;
    let server = async {
        let exchange = rig.server.next().await;
        assert_eq!(exchange.uri(), format!("{POLICY}?&fieldManager=surety%2Fnetwork"));
        exchange.refuse(409, "Conflict");
    };
    let target = policy();
    let new = body("2");
    let applying = rig.writer.apply(&target, MANAGER, &new, Force::No);
    let ((), result) = tokio::join!(server, applying);
    let error = result.unwrap_err();
    assert!(matches!(error, WriteError::Conflict { .. }) && !error.is_retryable(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_status_is_applied_to_the_subresource() {
    let mut rig = Rig::new();
    let writer = rig.writer.clone();
    let target = Target::cluster(Kind::Tenant.resource(), "acme");
    let applying = tokio::spawn(async move {
        writer.apply_status(&target, "surety/status", &json!({"status": {"conditions": []}})).await
    });
    let tenant = "/apis/surety.dev/v1alpha1/tenants/acme";
    rig.expect(Method::GET, tenant).await.answer(200, &live("t1", "1"));
    let uri = format!("{tenant}/status?&force=true&fieldManager=surety%2Fstatus");
    rig.expect(Method::PATCH, &uri).await.answer(200, &live("t1", "2"));
    assert_eq!(applying.await.unwrap().unwrap(), made("t1", "2"));
}

#[tokio::test(start_paused = true)]
async fn the_same_is_not_applied_twice() {
    let mut rig = Rig::new();
    rig.applied(&body("1")).await;
    let applying = rig.apply(&body("1"));
    assert_eq!(applying.await.unwrap().unwrap(), Written::Unchanged);
    assert!(rig.is_quiet_for(Duration::from_secs(1)).await);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_has_just_begun_does_not_repeat_what_its_predecessor_applied() {
    let mut rig = Rig::new();
    let applying = rig.apply(&body("1"));
    rig.expect(Method::GET, POLICY).await.answer(200, &settled("1"));
    assert_eq!(applying.await.unwrap().unwrap(), Written::Unchanged);
    assert_eq!(rig.apply(&body("1")).await.unwrap().unwrap(), Written::Unchanged);
    assert!(rig.is_quiet_for(Duration::from_secs(1)).await);
}

#[tokio::test(start_paused = true)]
async fn memory_ends_with_leadership() {
    let mut rig = Rig::new();
    rig.applied(&body("1")).await;
    rig.leadership.send_replace(Leadership::Following);
    rig.leadership.send_replace(Leadership::Leading);
    let applying = rig.apply(&body("1"));
    rig.expect(Method::GET, POLICY).await.answer(200, &settled("2"));
    rig.expect(Method::PATCH, APPLY).await.answer(200, &live("u1", "7"));
    assert_eq!(applying.await.unwrap().unwrap(), made("u1", "7"));
}

#[tokio::test(start_paused = true)]
async fn what_is_forgotten_is_looked_at_and_applied_only_where_it_differs() {
    let mut rig = Rig::new();
    rig.applied(&body("1")).await;
    rig.writer.forget(&policy());
    let applying = rig.apply(&body("1"));
    rig.expect(Method::GET, POLICY).await.answer(200, &settled("1"));
    assert_eq!(applying.await.unwrap().unwrap(), Written::Unchanged);

    rig.writer.observe(&policy(), "u2");
    let applying = rig.apply(&body("1"));
    rig.expect(Method::GET, POLICY).await.answer(200, &live("u2", "8"));
    rig.expect(Method::PATCH, APPLY).await.answer(200, &live("u2", "9"));
    assert_eq!(applying.await.unwrap().unwrap(), made("u2", "9"));
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_read_is_written() {
    let mut rig = Rig::new();
    let applying = rig.apply(&body("1"));
    rig.expect(Method::GET, POLICY).await.refuse(403, "Forbidden");
    rig.expect(Method::PATCH, APPLY).await.answer(200, &live("u1", "2"));
    assert_eq!(applying.await.unwrap().unwrap(), made("u1", "2"));
}

#[tokio::test(start_paused = true)]
async fn what_somebody_undoes_again_and_again_is_no_longer_forced_back() {
    let mut rig = Rig::new();
    rig.applied(&body("1")).await;
    for version in ["2", "3"] {
        rig.writer.forget(&policy());
        let applying = rig.apply(&body("1"));
        rig.expect(Method::GET, POLICY).await.answer(200, &settled("undone"));
        rig.expect(Method::PATCH, APPLY).await.answer(200, &live("u1", version));
        assert_eq!(applying.await.unwrap().unwrap(), made("u1", version));
    }
    rig.writer.forget(&policy());
    let applying = rig.apply(&body("1"));
    rig.expect(Method::GET, POLICY).await.answer(200, &settled("undone"));
    let Written::Contested { retry_after } = applying.await.unwrap().unwrap() else {
        panic!("it is contested")
    };
    assert_eq!(retry_after, Duration::from_hours(1));
    assert_eq!(rig.metrics.read().contested, 1);

    tokio::time::sleep(retry_after).await;
    let applying = rig.apply(&body("1"));
    rig.expect(Method::GET, POLICY).await.answer(200, &settled("undone"));
    rig.expect(Method::PATCH, APPLY).await.answer(200, &live("u1", "9"));
    assert_eq!(applying.await.unwrap().unwrap(), made("u1", "9"));
}

#[tokio::test(start_paused = true)]
async fn a_new_body_is_no_contest() {
    let mut rig = Rig::new();
    rig.applied(&body("0")).await;
    for number in 1..20 {
        rig.writer.forget(&policy());
        let applying = rig.apply(&body(&number.to_string()));
        rig.expect(Method::PATCH, APPLY).await.answer(200, &live("u1", "2"));
        assert_eq!(applying.await.unwrap().unwrap(), made("u1", "2"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_does_not_lead_sends_nothing() {
    let mut rig = Rig::new();
    rig.leadership.send_replace(Leadership::Following);
    assert_eq!(rig.apply(&body("1")).await.unwrap().unwrap(), Written::Skipped);
    assert_eq!(rig.writer.create(&policy(), MANAGER, &body("1")).await.unwrap(), Written::Skipped);
    assert_eq!(rig.writer.remove(&policy(), "u1").await.unwrap(), Written::Skipped);
    assert!(rig.is_quiet_for(Duration::from_secs(1)).await);
    assert_eq!(rig.metrics.read(), WriteCounts { skipped: 3, ..WriteCounts::default() });
}

#[tokio::test(start_paused = true)]
async fn a_write_under_way_ends_with_leadership() {
    let mut rig = Rig::new();
    let applying = rig.apply(&body("1"));
    rig.expect(Method::GET, POLICY).await.refuse(404, "NotFound");
    let _unanswered = rig.expect(Method::PATCH, APPLY).await;
    rig.leadership.send_replace(Leadership::Following);
    let error = applying.await.unwrap().unwrap_err();
    assert!(matches!(error, WriteError::LeadershipLost { .. }) && !error.is_retryable(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn no_answer_is_an_error_after_ten_seconds() {
    let mut rig = Rig::new();
    let applying = rig.apply(&body("1"));
    rig.expect(Method::GET, POLICY).await.refuse(404, "NotFound");
    let _unanswered = rig.expect(Method::PATCH, APPLY).await;
    let began = Instant::now();
    let error = applying.await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "no answer about NetworkPolicy acme/deny within 10s; it is tried again");
    assert_eq!((began.elapsed().as_secs(), rig.metrics.read().failed), (10, 1));
}

#[tokio::test(start_paused = true)]
async fn what_was_not_taken_is_not_remembered() {
    let mut rig = Rig::new();
    for _ in 0..2 {
        let applying = rig.apply(&body("1"));
        rig.expect(Method::GET, POLICY).await.refuse(404, "NotFound");
        rig.expect(Method::PATCH, APPLY).await.refuse(422, "Invalid");
        assert!(matches!(applying.await.unwrap(), Err(WriteError::Invalid { .. })));
    }
}

#[tokio::test(start_paused = true)]
async fn a_creation_never_overwrites() {
    let mut rig = Rig::new();
    let writer = rig.writer.clone();
    let creating = tokio::spawn(async move { writer.create(&policy(), MANAGER, &body("1")).await });
    let uri = format!("{POLICIES}?&fieldManager=surety%2Fnetwork");
    let mut exchange = rig.expect(Method::POST, &uri).await;
    assert_eq!(exchange.body().await["metadata"]["name"], "deny");
    exchange.refuse(409, "AlreadyExists");
    assert!(matches!(creating.await.unwrap(), Err(WriteError::AlreadyExists { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_deletion_is_of_one_uid_and_of_nothing_where_it_is_gone() {
    let mut rig = Rig::new();
    for (code, reason) in [(200, ""), (404, "NotFound"), (409, "Conflict")] {
        let writer = rig.writer.clone();
        let deleting = tokio::spawn(async move { writer.remove(&policy(), "u1").await });
        let mut exchange = rig.expect(Method::DELETE, &format!("{POLICY}?")).await;
        assert_eq!(exchange.body().await, json!({"preconditions": {"uid": "u1"}}));
        if code == 200 {
            exchange.answer(200, &json!({"kind": "Status", "status": "Success"}));
        } else {
            exchange.refuse(code, reason);
        }
        match (code, deleting.await.unwrap()) {
            (200, Ok(Written::Made(_)))
            | (404, Ok(Written::Unchanged))
            | (409, Err(WriteError::Conflict { .. })) => {}
            (code, other) => panic!("{code}: {other:?}"),
        }
    }
    assert_eq!(rig.metrics.read().deleted, 1);
}

/// The object as Surety writes it for `acme`, with this value at a place.
fn kept(pointer: &str, value: &str) -> Value {
    let mut live = json!({"metadata": {
        "uid": "u1",
        "labels": {"app.kubernetes.io/managed-by": "surety", "surety.dev/tenant": "acme"},
        "managedFields": [{"manager": MANAGER, "operation": "Apply"}],
    }});
    if let Some(place) = live.pointer_mut(pointer) {
        *place = json!(value);
    }
    live
}

fn withdraw(rig: &Rig) -> JoinHandle<Result<Written, WriteError>> {
    let writer = rig.writer.clone();
    tokio::spawn(async move { writer.withdraw(&policy(), MANAGER, "acme").await })
}

#[tokio::test(start_paused = true)]
async fn what_surety_keeps_for_a_tenant_is_withdrawn_by_uid() {
    let mut rig = Rig::new();
    let withdrawing = withdraw(&rig);
    rig.expect(Method::GET, POLICY).await.answer(200, &kept("/metadata/nothing", ""));
    let mut exchange = rig.expect(Method::DELETE, &format!("{POLICY}?")).await;
    assert_eq!(exchange.body().await, json!({"preconditions": {"uid": "u1"}}));
    exchange.answer(200, &json!({"kind": "Status", "status": "Success"}));
    assert_eq!(withdrawing.await.unwrap().unwrap(), Written::Made(Revision::default()));
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_or_not_suretys_is_not_withdrawn() {
    let mut rig = Rig::new();
    let gone = withdraw(&rig);
    rig.expect(Method::GET, POLICY).await.refuse(404, "NotFound");
    assert_eq!(gone.await.unwrap().unwrap(), Written::Unchanged);
    for (pointer, other) in [
        ("/metadata/labels/app.kubernetes.io~1managed-by", "helm"),
        ("/metadata/labels/surety.dev~1tenant", "globex"),
        ("/metadata/labels", "none"),
        ("/metadata/managedFields/0/manager", "kubectl"),
        ("/metadata/managedFields/0/operation", "Update"),
    ] {
        let withdrawing = withdraw(&rig);
        rig.expect(Method::GET, POLICY).await.answer(200, &kept(pointer, other));
        assert_eq!(withdrawing.await.unwrap().unwrap(), Written::Unchanged, "{pointer}");
    }
    let forbidden = withdraw(&rig);
    rig.expect(Method::GET, POLICY).await.refuse(403, "Forbidden");
    assert!(matches!(forbidden.await.unwrap(), Err(WriteError::Forbidden { .. })));
    rig.leadership.send_replace(Leadership::Following);
    assert_eq!(withdraw(&rig).await.unwrap().unwrap(), Written::Skipped);
    assert!(rig.is_quiet_for(Duration::from_secs(1)).await);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_is_sent_by_every_replica_and_changes_nothing() {
    let mut rig = Rig::new();
    rig.leadership.send_replace(Leadership::Following);
    let cases = [
        (Method::PATCH, format!("{POLICY}?&dryRun=All"), body("1")),
        (Method::DELETE, format!("{POLICY}?dryRun=All&gracePeriodSeconds=42"), json!(null)),
    ];
    for (method, uri, expected) in cases {
        let (writer, sent) = (rig.writer.clone(), method.clone());
        let running = tokio::spawn(async move {
            let (target, body) = (policy(), body("1"));
            let what = match sent {
                Method::PATCH => DryRun::Merge(&body),
                _ => DryRun::Delete { grace_period: Some(42) },
            };
            writer.dry_run(&target, what).await
        });
        let mut exchange = rig.expect(method.clone(), &uri).await;
        if !expected.is_null() {
            assert_eq!(exchange.body().await, expected);
        }
        if method == Method::PATCH {
            assert_eq!(exchange.header("content-type"), "application/merge-patch+json");
        }
        exchange.refuse(403, "nonce 42");
        let error = running.await.unwrap().unwrap_err();
        assert_eq!(error.status().map(|status| status.message.as_str()), Some("scripted: nonce 42"));
    }
    assert_eq!(rig.metrics.read(), WriteCounts { dry_runs: 2, ..WriteCounts::default() });
}
