//! Stories of writes against a scripted server.

use std::{sync::Arc, time::Duration};

use hyper::Method;
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    watch::{
        scripted::{Exchange, Server, pair},
        test_clock,
    },
    write::{Elector, Leadership, LeaseSettings, WriteMetrics},
};

const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/surety/leases";

struct Rig {
    server: Server,
    said: watch::Receiver<Leadership>,
    metrics: Arc<WriteMetrics>,
    shutdown: CancellationToken,
    running: JoinHandle<()>,
    started: Instant,
}

fn rig() -> Rig {
    let (client, server) = pair();
    let (metrics, shutdown) = (Arc::new(WriteMetrics::default()), CancellationToken::new());
    let settings = LeaseSettings::new("surety", "leader", "me");
    let (elector, said) = Elector::new(client, settings, test_clock(), Arc::clone(&metrics));
    let token = shutdown.clone();
    let running = tokio::spawn(async move { elector.run(token).await });
    Rig { server, said, metrics, shutdown, running, started: Instant::now() }
}

impl Rig {
    async fn get(&mut self) -> Exchange {
        self.server.expect(Method::GET, &format!("{LEASES}/leader")).await
    }

    async fn put(&mut self) -> (Value, Exchange) {
        let mut exchange = self.server.expect(Method::PUT, &format!("{LEASES}/leader?")).await;
        (exchange.body().await, exchange)
    }

    fn now(&self) -> Leadership {
        *self.said.borrow()
    }

    async fn says(&mut self, what: Leadership) {
        self.said.wait_for(|said| *said == what).await.unwrap();
    }

    fn seconds(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    /// Takes a lease that nobody holds, at version 7.
    async fn leading() -> Self {
        let mut rig = rig();
        rig.get().await.answer(200, &lease(None, "7", 0));
        rig.put().await.1.answer(200, &lease(Some("me"), "8", 0));
        rig.says(Leadership::Leading).await;
        rig
    }
}

fn lease(holder: Option<&str>, version: &str, renewed: u32) -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "leader", "namespace": "surety", "resourceVersion": version, "labels": {"a": "b"}},
        "spec": {"holderIdentity": holder, "leaseDurationSeconds": 15, "leaseTransitions": 3,
                 "renewTime": format!("2026-01-01T00:00:{renewed:02}.000000Z")},
    })
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_not_there_is_created() {
    let mut rig = rig();
    rig.get().await.refuse(404, "NotFound");
    let mut exchange = rig.server.expect(Method::POST, &format!("{LEASES}?")).await;
    let body = exchange.body().await;
    assert_eq!(body["metadata"]["name"], "leader");
    assert_eq!(
        body["spec"],
        json!({"holderIdentity": "me", "leaseDurationSeconds": 15, "leaseTransitions": 0,
               "acquireTime": "1970-01-01T00:00:00.000000Z", "renewTime": "1970-01-01T00:00:00.000000Z"})
    );
    assert_eq!(rig.now(), Leadership::Following, "not before the API server has said so");
    exchange.answer(201, &lease(Some("me"), "1", 0));
    rig.says(Leadership::Leading).await;
}

#[tokio::test(start_paused = true)]
async fn a_free_lease_is_taken_over_exactly_what_was_seen() {
    let mut rig = rig();
    rig.get().await.answer(200, &lease(None, "7", 0));
    let (body, exchange) = rig.put().await;
    assert_eq!(body["metadata"]["resourceVersion"], "7");
    assert_eq!(body["metadata"]["labels"]["a"], "b");
    assert_eq!(body["spec"]["holderIdentity"], "me");
    assert_eq!(body["spec"]["leaseTransitions"], 4);
    exchange.answer(200, &lease(Some("me"), "8", 0));
    rig.says(Leadership::Leading).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_race_is_no_leadership() {
    let mut rig = rig();
    rig.get().await.answer(200, &lease(None, "7", 0));
    rig.put().await.1.refuse(409, "Conflict");
    rig.get().await.answer(200, &lease(Some("you"), "8", 0));
    rig.get().await;
    assert_eq!(rig.now(), Leadership::Following);
    assert!((2..=3).contains(&rig.seconds()), "{} s", rig.seconds());
}

#[tokio::test(start_paused = true)]
async fn a_claim_is_renewed_every_five_seconds_without_reading() {
    let mut rig = Rig::leading().await;
    for version in 8..20 {
        let (body, exchange) = rig.put().await;
        assert_eq!(body["metadata"]["resourceVersion"], version.to_string());
        assert_eq!(
            (body["spec"]["holderIdentity"].as_str(), body["spec"]["leaseTransitions"].as_i64()),
            (Some("me"), Some(3))
        );
        assert_eq!(rig.seconds(), 5 * (version - 7));
        exchange.answer(200, &lease(Some("me"), &(version + 1).to_string(), 0));
    }
    assert_eq!(rig.now(), Leadership::Leading);
}

#[tokio::test(start_paused = true)]
async fn anothers_claim_is_taken_only_after_it_was_seen_unchanged_for_its_time() {
    let mut rig = rig();
    rig.get().await.answer(200, &lease(Some("you"), "7", 0));
    rig.get().await.answer(200, &lease(Some("you"), "8", 5));
    assert_eq!(rig.seconds(), 2);
    for seconds in [4, 6, 8, 10, 12, 14, 16, 17] {
        let exchange = rig.get().await;
        assert_eq!(rig.seconds(), seconds);
        exchange.answer(200, &lease(Some("you"), "8", 5));
    }
    let (body, exchange) = rig.put().await;
    assert_eq!((rig.seconds(), body["metadata"]["resourceVersion"].as_str()), (17, Some("8")));
    exchange.answer(200, &lease(Some("me"), "9", 17));
    rig.says(Leadership::Leading).await;
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_cannot_renew_gives_up_before_another_may_take_it() {
    let mut rig = Rig::leading().await;
    let (_, _unanswered) = rig.put().await;
    assert_eq!((rig.seconds(), rig.now()), (5, Leadership::Leading));
    rig.says(Leadership::Following).await;
    assert_eq!(rig.seconds(), 10);
    assert_eq!(rig.metrics.read().lease_failures, 1);
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_is_refused_tries_again_and_keeps_the_lease_where_it_succeeds_in_time() {
    let mut rig = Rig::leading().await;
    rig.put().await.1.refuse(500, "InternalError");
    rig.put().await.1.refuse(500, "InternalError");
    rig.put().await.1.answer(200, &lease(Some("me"), "9", 0));
    rig.put().await;
    assert_eq!(rig.now(), Leadership::Leading);
    assert!((11..=12).contains(&rig.seconds()), "{} s", rig.seconds());
}

#[tokio::test(start_paused = true)]
async fn a_holder_whose_lease_was_taken_stops_at_once() {
    let mut rig = Rig::leading().await;
    rig.put().await.1.refuse(409, "Conflict");
    assert_eq!(rig.now(), Leadership::Leading, "a conflict alone may be a label");
    rig.get().await.answer(200, &lease(Some("you"), "9", 0));
    rig.says(Leadership::Following).await;
    assert!(rig.seconds() <= 6, "{} s", rig.seconds());
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_somebody_else_touched_is_kept() {
    let mut rig = Rig::leading().await;
    rig.put().await.1.refuse(409, "Conflict");
    rig.get().await.answer(200, &lease(Some("me"), "12", 0));
    let (body, exchange) = rig.put().await;
    assert_eq!(body["metadata"]["resourceVersion"], "12");
    exchange.answer(200, &lease(Some("me"), "13", 0));
    rig.put().await;
    assert_eq!(rig.now(), Leadership::Leading);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_was_deleted_is_made_anew() {
    let mut rig = Rig::leading().await;
    rig.put().await.1.refuse(404, "NotFound");
    rig.get().await.refuse(404, "NotFound");
    rig.server.expect(Method::POST, &format!("{LEASES}?")).await.answer(201, &lease(Some("me"), "1", 0));
    rig.put().await;
    assert_eq!(rig.now(), Leadership::Leading);
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_is_not_there_is_not_hammered() {
    let mut rig = rig();
    for _ in 0..4 {
        rig.get().await.refuse(404, "NotFound");
        rig.server.expect(Method::POST, &format!("{LEASES}?")).await.refuse(404, "NotFound");
    }
    assert!(rig.started.elapsed() >= Duration::from_millis(1500), "{:?}", rig.started.elapsed());
    assert_eq!(rig.now(), Leadership::Following);
}

#[tokio::test(start_paused = true)]
async fn at_the_end_a_holder_stops_first_and_clears_its_claim_then() {
    let mut rig = Rig::leading().await;
    rig.shutdown.cancel();
    let (body, exchange) = rig.put().await;
    assert_eq!(rig.now(), Leadership::Following);
    assert_eq!(body["metadata"]["resourceVersion"], "8");
    assert_eq!(body["spec"].get("holderIdentity"), None);
    exchange.answer(200, &lease(None, "9", 0));
    rig.running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn at_the_end_a_follower_writes_nothing() {
    let mut rig = rig();
    rig.get().await.answer(200, &lease(Some("you"), "7", 0));
    rig.shutdown.cancel();
    rig.running.await.unwrap();
    assert!(rig.server.is_idle_for(Duration::from_mins(1)).await);
}
