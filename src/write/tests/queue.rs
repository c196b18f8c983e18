//! Stories of writes against a scripted server.

use std::{sync::Arc, time::Duration};

use hyper::Method;
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use super::rig::{APPLY, MANAGER, POLICY, Rig, body, live, made, policy};
use crate::{
    core::facts::Kind,
    write::{
        Force, Leadership, Operation, Outcome, QueueLimits, Submitted, Target, Write, WriteError, WriteQueue,
        Written,
    },
};

struct Test {
    rig: Rig,
    queue: Arc<WriteQueue>,
    outcomes: mpsc::Receiver<Outcome>,
    shutdown: CancellationToken,
}

fn queue(limits: QueueLimits) -> Test {
    let rig = Rig::new();
    let (queue, outcomes) = WriteQueue::new(Arc::clone(&rig.writer), limits, Arc::clone(&rig.metrics));
    Test { rig, queue: Arc::new(queue), outcomes, shutdown: CancellationToken::new() }
}

impl Test {
    fn run(&self) -> tokio::task::JoinHandle<()> {
        let (queue, shutdown) = (Arc::clone(&self.queue), self.shutdown.clone());
        tokio::spawn(async move { queue.run(shutdown).await })
    }
}

fn write(label: &str) -> Write {
    Write { target: policy(), manager: MANAGER, operation: Operation::Apply(body(label), Force::Yes) }
}

fn of(name: &str) -> Write {
    Write { target: Target::namespaced(Kind::NetworkPolicy.resource(), "acme", name), ..write("1") }
}

#[tokio::test(start_paused = true)]
async fn of_many_writes_of_one_object_the_newest_is_made() {
    let mut test = queue(QueueLimits::default());
    assert_eq!(test.queue.submit(write("1")), Submitted::Queued);
    assert_eq!(test.queue.submit(write("2")), Submitted::Replaced);
    assert_eq!(test.queue.submit(write("3")), Submitted::Replaced);
    test.run();
    test.rig.expect(Method::GET, POLICY).await.refuse(404, "NotFound");
    let mut exchange = test.rig.expect(Method::PATCH, APPLY).await;
    assert_eq!(exchange.body().await["metadata"]["labels"]["a"], "3");
    exchange.answer(201, &live("u1", "1"));
    let outcome = test.outcomes.recv().await.unwrap();
    assert_eq!((outcome.key, outcome.result.unwrap()), (write("3").key(), made("u1", "1")));
    assert!(test.rig.is_quiet_for(Duration::from_secs(5)).await);
    assert_eq!((test.rig.metrics.read().coalesced, test.queue.is_empty()), (2, true));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_comes_while_its_object_is_written_is_made_after_it() {
    let mut test = queue(QueueLimits::default());
    test.queue.submit(write("1"));
    test.run();
    test.rig.expect(Method::GET, POLICY).await.refuse(404, "NotFound");
    let first = test.rig.expect(Method::PATCH, APPLY).await;
    assert_eq!(test.queue.submit(write("2")), Submitted::Queued);
    assert!(test.rig.is_quiet_for(Duration::from_secs(2)).await);
    first.answer(201, &live("u1", "1"));
    let mut second = test.rig.expect(Method::PATCH, APPLY).await;
    assert_eq!(second.body().await["metadata"]["labels"]["a"], "2");
}

#[tokio::test(start_paused = true)]
async fn only_so_many_writes_run_at_once() {
    let mut test = queue(QueueLimits { concurrency: 2, ..QueueLimits::default() });
    for name in ["a", "b", "c"] {
        test.queue.submit(of(name));
    }
    test.run();
    let first = test.rig.server.next().await;
    let _second = test.rig.server.next().await;
    assert!(test.rig.is_quiet_for(Duration::from_secs(5)).await);
    first.refuse(422, "Invalid");
    test.rig.server.next().await;
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_drops_and_counts() {
    let test = queue(QueueLimits { capacity: 2, ..QueueLimits::default() });
    let submitted = ["a", "b", "c"].map(|name| test.queue.submit(of(name)));
    assert_eq!(submitted, [Submitted::Queued, Submitted::Queued, Submitted::Dropped]);
    assert_eq!((test.rig.metrics.read().dropped, test.queue.len()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_busy_is_asked_again_later_and_a_refusal_is_told() {
    let mut test = queue(QueueLimits::default());
    test.queue.submit(write("1"));
    test.run();
    let mut last = Instant::now();
    for least in [0, 400, 800, 1600] {
        let exchange = test.rig.expect(Method::GET, POLICY).await;
        assert!(last.elapsed() >= Duration::from_millis(least), "{:?} < {least} ms", last.elapsed());
        last = Instant::now();
        exchange.refuse(500, "InternalError");
    }
    assert!(test.outcomes.try_recv().is_err(), "it is still being tried");
    test.rig.expect(Method::GET, POLICY).await.refuse(404, "NotFound");
    test.rig.expect(Method::PATCH, APPLY).await.refuse(403, "Forbidden");
    let outcome = test.outcomes.recv().await.unwrap();
    assert!(matches!(outcome.result, Err(WriteError::Forbidden { verb: "patch", .. })));
    assert!(test.queue.is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_leadership_the_queue_runs_empty_and_writes_nothing() {
    let mut test = queue(QueueLimits::default());
    test.rig.leadership.send_replace(Leadership::Following);
    test.queue.submit(write("1"));
    test.run();
    assert_eq!(test.outcomes.recv().await.unwrap().result.unwrap(), Written::Skipped);
    assert!(test.rig.is_quiet_for(Duration::from_secs(1)).await);
}

#[tokio::test(start_paused = true)]
async fn a_flush_writes_what_waits_and_takes_nothing_more() {
    let mut test = queue(QueueLimits { spread: Duration::from_hours(10), ..QueueLimits::default() });
    test.queue.submit(write("1"));
    test.run();
    let flushing = {
        let queue = Arc::clone(&test.queue);
        tokio::spawn(async move { queue.flush(Instant::now() + Duration::from_secs(5)).await })
    };
    test.rig.expect(Method::GET, POLICY).await.refuse(404, "NotFound");
    assert_eq!(test.queue.submit(of("late")), Submitted::Dropped);
    test.rig.expect(Method::PATCH, APPLY).await.answer(201, &live("u1", "1"));
    assert_eq!(flushing.await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_flush_ends_at_its_deadline() {
    let mut test = queue(QueueLimits::default());
    test.queue.submit(write("1"));
    let running = test.run();
    let _unanswered = test.rig.expect(Method::GET, POLICY).await;
    let began = Instant::now();
    assert_eq!(test.queue.flush(began + Duration::from_secs(5)).await, 1);
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    test.shutdown.cancel();
    running.await.unwrap();
}
