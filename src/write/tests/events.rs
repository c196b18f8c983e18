//! Stories of writes against a scripted server.

use std::{sync::Arc, time::Duration};

use hyper::Method;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::rig::{Rig, live, policy};
use crate::{
    core::facts::Kind,
    watch::scripted::Exchange,
    write::{
        Action, Aggregation, EventRecorder, Leadership, Notice, Reason, Regarding, Reporter, Severity, Target,
    },
};

fn recorder(rig: &Rig, limits: Aggregation) -> Arc<EventRecorder> {
    let reporter = Reporter { instance: "surety-0".to_owned(), clock: crate::watch::test_clock() };
    let recorder = EventRecorder::new(Arc::clone(&rig.writer), reporter, limits, Arc::clone(&rig.metrics));
    Arc::new(recorder)
}

fn run(recorder: &Arc<EventRecorder>) {
    let recorder = Arc::clone(recorder);
    tokio::spawn(async move { recorder.run(CancellationToken::new()).await });
}

fn notice(note: &str) -> Notice {
    Notice {
        regarding: Regarding { target: policy(), uid: "u1".into() },
        related: Some(Regarding {
            target: Target::cluster(Kind::IsolationPolicy.resource(), "strict"),
            uid: "p1".into(),
        }),
        severity: Severity::Warning,
        reason: Reason::Repaired,
        action: Action::Repair,
        note: note.to_owned(),
    }
}

async fn created(rig: &mut Rig, namespace: &str) -> Exchange {
    let uri =
        format!("/apis/events.k8s.io/v1/namespaces/{namespace}/events?&fieldManager=surety.dev%2Fcontroller");
    rig.expect(Method::POST, &uri).await
}

#[tokio::test(start_paused = true)]
async fn an_event_has_all_that_the_api_server_asks_for() {
    let mut rig = Rig::new();
    let recorder = recorder(&rig, Aggregation::default());
    run(&recorder);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    recorder.record(notice("the policy was deleted and is back"));
    let mut exchange = created(&mut rig, "acme").await;
    let mut body = exchange.body().await;
    let name = body["metadata"].as_object_mut().unwrap().remove("name").unwrap();
    assert!(name.as_str().unwrap().starts_with("surety."), "{name}");
    assert_eq!(
        body,
        json!({
            "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"namespace": "acme"},
            "eventTime": "1970-01-01T00:00:01.500000Z",
            "reportingController": "surety.dev/controller", "reportingInstance": "surety-0",
            "type": "Warning", "reason": "Repaired", "action": "Repair",
            "note": "the policy was deleted and is back",
            "regarding": {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "namespace": "acme",
                          "name": "deny", "uid": "u1"},
            "related": {"apiVersion": "surety.dev/v1alpha1", "kind": "IsolationPolicy", "name": "strict", "uid": "p1"},
        })
    );
    exchange.answer(201, &live("e1", "1"));
}

#[tokio::test(start_paused = true)]
async fn an_event_about_a_cluster_scoped_object_lies_in_default() {
    let mut rig = Rig::new();
    let recorder = recorder(&rig, Aggregation::default());
    run(&recorder);
    let target = Target::cluster(Kind::Tenant.resource(), "acme");
    recorder.record(Notice { regarding: Regarding { target, uid: "t1".into() }, ..notice("x") });
    created(&mut rig, "default").await;
}

#[tokio::test(start_paused = true)]
async fn repetitions_are_joined_into_one_event_at_the_end_of_the_window() {
    let mut rig = Rig::new();
    let recorder = recorder(&rig, Aggregation::default());
    run(&recorder);
    for note in ["one", "two", "three"] {
        recorder.record(notice(note));
    }
    created(&mut rig, "acme").await.answer(201, &live("e1", "1"));
    assert!(rig.is_quiet_for(Duration::from_mins(9)).await);
    let mut exchange = created(&mut rig, "acme").await;
    assert_eq!(exchange.body().await["note"], "three (and 1 more like it)");
    exchange.answer(201, &live("e2", "2"));
    assert!(rig.is_quiet_for(Duration::from_hours(1)).await);
    let counts = rig.metrics.read();
    assert_eq!((counts.events_sent, counts.events_joined, counts.created), (2, 2, 0));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_dropped_and_counted_and_what_is_refused_too() {
    let mut rig = Rig::new();
    let recorder = recorder(&rig, Aggregation { queue: 1, ..Aggregation::default() });
    for number in 0..3 {
        let target = Target::namespaced(Kind::NetworkPolicy.resource(), "acme", number.to_string());
        recorder.record(Notice { regarding: Regarding { target, uid: "u".into() }, ..notice("x") });
    }
    assert_eq!(rig.metrics.read().events_dropped, 2);
    run(&recorder);
    created(&mut rig, "acme").await.refuse(403, "Forbidden");
    assert!(rig.is_quiet_for(Duration::from_mins(1)).await);
    assert_eq!(rig.metrics.read().events_failed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_does_not_lead_says_nothing() {
    let mut rig = Rig::new();
    let recorder = recorder(&rig, Aggregation::default());
    run(&recorder);
    rig.leadership.send_replace(Leadership::Following);
    recorder.record(notice("x"));
    assert!(rig.is_quiet_for(Duration::from_hours(1)).await);
}
