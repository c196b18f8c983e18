#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use std::time::Instant;

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use futures::{StreamExt, future::BoxFuture, stream};
use http_body_util::BodyExt;
use prometheus_client::registry::Registry;
use tokio::sync::{Semaphore, mpsc};
use tower::ServiceExt;

use super::*;
use crate::{
    admission::wire::{Answer, Undecided},
    core::control::Operation,
};

type Decided = Result<(String, Answer), Undecided>;

/// Decides with a function of entry and body.
struct By<F>(F);

impl<F> Decider for By<F>
where
    F: Fn(String, Vec<u8>) -> BoxFuture<'static, Decided> + Send + Sync + 'static,
{
    async fn decide(&self, webhook: &str, body: &[u8], _deadline: Instant) -> Decided {
        (self.0)(webhook.to_owned(), body.to_vec()).await
    }
}

struct Fixture {
    router: Router,
    meter: Meter,
}

impl Fixture {
    fn new<F>(limits: Limits, decide: F) -> Self
    where
        F: Fn(String, Vec<u8>) -> BoxFuture<'static, Decided> + Send + Sync + 'static,
    {
        let meter = Meter::default();
        Self { router: router(Arc::new(By(decide)), limits, meter.clone()), meter }
    }

    fn answering(decided: Decided) -> Self {
        Self::new(Limits::default(), move |_, _| {
            let decided = decided.clone();
            Box::pin(async move { decided })
        })
    }

    async fn send(&self, request: Request) -> (StatusCode, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        assert!(
            !response.headers().contains_key(header::RETRY_AFTER),
            "the API server would retry by itself"
        );
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    fn count(&self, series: &str) -> f64 {
        let mut registry = Registry::default();
        self.meter.register(&mut registry);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {series} in {text}")).parse().unwrap()
    }
}

fn review(entry: &str, body: impl Into<Body>) -> Request {
    Request::post(format!("/admit/{entry}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.into())
        .unwrap()
}

fn allowed() -> (String, Answer) {
    ("u-1".to_owned(), Answer::allow(Operation::Create))
}

fn requests(operation: &str, decision: &str) -> String {
    format!(
        "admission_requests_total{{webhook=\"conform\",operation=\"{operation}\",decision=\"{decision}\"}}"
    )
}

fn shed(cause: &str) -> String {
    format!("admission_shed_total{{webhook=\"conform\",cause=\"{cause}\"}}")
}

#[tokio::test]
async fn a_review_reaches_the_decider_with_its_entry_and_the_answer_comes_back() {
    let fixture = Fixture::new(Limits::default(), |webhook, body| {
        Box::pin(async move {
            assert_eq!((webhook.as_str(), body.as_slice()), ("protect-engine", b"{}".as_slice()));
            Ok(("u-7".to_owned(), Answer::deny(Operation::Delete, "kept".to_owned())))
        })
    });
    let (status, body) = fixture.send(review("protect-engine", "{}")).await;
    assert_eq!(status, StatusCode::OK);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body.pointer("/response/uid").unwrap(), "u-7");
    assert_eq!(body.pointer("/response/status/message").unwrap(), "kept");
}

#[tokio::test]
async fn what_is_not_a_review_is_refused_with_one_sentence() {
    let fixture = Fixture::answering(Err(Undecided::Malformed("request.uid is missing.".to_owned())));
    let request = |method: Method, path: &str, content_type: Option<&str>| {
        let builder = Request::builder().method(method).uri(path);
        let builder =
            content_type.into_iter().fold(builder, |b, value| b.header(header::CONTENT_TYPE, value));
        builder.body(Body::from("{}")).unwrap()
    };
    let json = Some("application/json");
    let cases = [
        (request(Method::POST, "/admit/mutate", json), StatusCode::NOT_FOUND, "\"mutate\""),
        (request(Method::POST, "/", json), StatusCode::NOT_FOUND, ""),
        (request(Method::GET, "/admit/conform", json), StatusCode::METHOD_NOT_ALLOWED, ""),
        (request(Method::POST, "/admit/conform", None), StatusCode::UNSUPPORTED_MEDIA_TYPE, "missing"),
        (
            request(Method::POST, "/admit/conform", Some("text/yaml")),
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "\"text/yaml\"",
        ),
        (
            request(Method::POST, "/admit/conform", Some("application/jsonp")),
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "jsonp",
        ),
        (
            request(Method::POST, "/admit/conform", Some("Application/JSON; charset=utf-8")),
            StatusCode::BAD_REQUEST,
            "request.uid is missing.",
        ),
    ];
    for (request, status, part) in cases {
        let asked = format!("{} {} {:?}", request.method(), request.uri(), request.headers());
        let (got, body) = fixture.send(request).await;
        assert_eq!(got, status, "{asked}");
        assert!(body.contains(part), "{asked}: {body}");
    }
}

#[tokio::test]
async fn seven_mebibytes_are_read_and_one_byte_more_is_not() {
    let fixture = Fixture::new(Limits::default(), |_, body| {
        assert_eq!(body.len(), MAX_BODY);
        Box::pin(async { Ok(allowed()) })
    });
    let streamed = |size: usize| {
        let chunks = vec![b' '; size];
        Body::from_stream(stream::iter([Ok::<_, std::io::Error>(chunks)]))
    };
    let mut announced = review("conform", vec![b' '; MAX_BODY + 1]);
    announced.headers_mut().insert(header::CONTENT_LENGTH, (MAX_BODY + 1).into());
    for (request, status) in [
        (review("conform", vec![b' '; MAX_BODY]), StatusCode::OK),
        (review("conform", streamed(MAX_BODY)), StatusCode::OK),
        (review("conform", streamed(MAX_BODY + 1)), StatusCode::PAYLOAD_TOO_LARGE),
        (announced, StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        assert_eq!(fixture.send(request).await.0, status);
    }
}

#[tokio::test]
async fn what_surety_does_not_know_is_left_to_the_failure_policy() {
    let sentence = "Namespaces have not been listed yet.".to_owned();
    let fixture = Fixture::answering(Err(Undecided::LeftToFailurePolicy(sentence.clone())));
    assert_eq!(fixture.send(review("conform", "{}")).await, (StatusCode::SERVICE_UNAVAILABLE, sentence));
    assert!((fixture.count(&requests("UNKNOWN", "error")) - 1.0).abs() < f64::EPSILON);
}

#[tokio::test]
async fn a_panic_in_a_decision_ends_that_request_alone() {
    let fixture = Fixture::new(Limits { running: 1, waiting: 0, ..Limits::default() }, |_, body| {
        Box::pin(async move {
            assert!(body != b"poison", "the test's own panic");
            Ok(allowed())
        })
    });
    assert_eq!(fixture.send(review("conform", "poison")).await.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(fixture.send(review("conform", "{}")).await.0, StatusCode::OK, "and its place is free again");
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_takes_too_long_is_left_to_the_failure_policy_in_time() {
    let fixture = Fixture::new(Limits::default(), |_, _| Box::pin(std::future::pending()));
    let start = tokio::time::Instant::now();
    let (status, body) = fixture.send(review("conform", "{}")).await;
    assert_eq!((status, start.elapsed()), (StatusCode::SERVICE_UNAVAILABLE, Duration::from_millis(2500)));
    assert!(body.contains("deadline"), "{body}");
    assert!((fixture.count(&shed("deadline")) - 1.0).abs() < f64::EPSILON);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_given_up_at_the_deadline() {
    let fixture = Fixture::answering(Ok(allowed()));
    let body = Body::from_stream(stream::pending::<Result<Vec<u8>, std::io::Error>>());
    assert_eq!(fixture.send(review("conform", body)).await.0, StatusCode::SERVICE_UNAVAILABLE);
}

/// A decider that says when it began and goes on when it may.
fn held(limits: Limits) -> (Arc<Fixture>, mpsc::UnboundedReceiver<()>, Arc<Semaphore>) {
    let (began, begins) = mpsc::unbounded_channel();
    let go_on = Arc::new(Semaphore::new(0));
    let may = Arc::clone(&go_on);
    let fixture = Fixture::new(limits, move |_, _| {
        let (began, may) = (began.clone(), Arc::clone(&may));
        Box::pin(async move {
            began.send(()).unwrap();
            may.acquire().await.unwrap().forget();
            Ok(allowed())
        })
    });
    (Arc::new(fixture), begins, go_on)
}

fn spawn(fixture: &Arc<Fixture>) -> tokio::task::JoinHandle<StatusCode> {
    let fixture = Arc::clone(fixture);
    tokio::spawn(async move { fixture.send(review("conform", "{}")).await.0 })
}

#[tokio::test]
async fn a_full_queue_sheds_at_once_and_what_waits_is_still_answered() {
    let (fixture, mut begins, go_on) = held(Limits { running: 1, waiting: 1, ..Limits::default() });
    let running = spawn(&fixture);
    begins.recv().await.unwrap();
    let waiting = spawn(&fixture);
    // On this single-threaded runtime the spawned request takes its place before it first waits.
    tokio::task::yield_now().await;

    let (status, body) = fixture.send(review("conform", "{}")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("queue"), "{body}");
    assert!((fixture.count(&shed("queue")) - 1.0).abs() < f64::EPSILON);
    assert!(begins.try_recv().is_err(), "only one is decided at a time");

    go_on.add_permits(2);
    assert_eq!((running.await.unwrap(), waiting.await.unwrap()), (StatusCode::OK, StatusCode::OK));
    assert!((fixture.count(&requests("CREATE", "allow")) - 2.0).abs() < f64::EPSILON);
}

#[tokio::test]
async fn large_bodies_that_would_not_fit_into_memory_are_shed_and_small_ones_are_not() {
    let (fixture, mut begins, go_on) = held(Limits { memory: 0, ..Limits::default() });
    let first = Arc::clone(&fixture);
    let first = tokio::spawn(async move { first.send(review("conform", vec![b' '; MAX_BODY])).await.0 });
    begins.recv().await.unwrap();
    let mut announced = review("conform", vec![b' '; LARGE_BODY + 1]);
    announced.headers_mut().insert(header::CONTENT_LENGTH, (LARGE_BODY + 1).into());
    for large in [announced, review("conform", vec![b' '; LARGE_BODY + 1])] {
        let (status, body) = fixture.send(large).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(body.contains("memory"), "{body}");
    }
    assert!((fixture.count(&shed("memory")) - 2.0).abs() < f64::EPSILON);
    go_on.add_permits(2);
    let mut small = review("conform", "{}");
    small.headers_mut().insert(header::CONTENT_LENGTH, 2.into());
    assert_eq!(fixture.send(small).await.0, StatusCode::OK);
    assert_eq!(first.await.unwrap(), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn who_announces_a_body_and_does_not_send_it_keeps_nobody_waiting() {
    let limits = Limits { running: 1, waiting: 0, ..Limits::default() };
    let fixture = Arc::new(Fixture::new(limits, |_, _| Box::pin(async { Ok(allowed()) })));
    let slow = |announced: usize| {
        let fixture = Arc::clone(&fixture);
        let first = stream::iter([Ok::<_, std::io::Error>(vec![b' '])]);
        let mut request = review("conform", Body::from_stream(first.chain(stream::pending())));
        request.headers_mut().insert(header::CONTENT_LENGTH, announced.into());
        tokio::spawn(async move { fixture.send(request).await.0 })
    };
    let slow: Vec<_> = [LARGE_BODY, MAX_BODY].into_iter().cycle().take(100).map(slow).collect();
    tokio::task::yield_now().await;
    for size in [2, LARGE_BODY / 2, 2 * LARGE_BODY] {
        let mut request = review("conform", vec![b' '; size]);
        request.headers_mut().insert(header::CONTENT_LENGTH, size.into());
        assert_eq!(fixture.send(request).await.0, StatusCode::OK, "{size} bytes");
    }
    for slow in slow {
        assert_eq!(slow.await.unwrap(), StatusCode::SERVICE_UNAVAILABLE);
    }
    assert!((fixture.count(&shed("deadline")) - 100.0).abs() < f64::EPSILON);
}

#[tokio::test]
async fn more_bodies_than_may_be_read_at_once_are_shed() {
    let fixture = Arc::new(Fixture::new(Limits { reading: 0, ..Limits::default() }, |_, _| {
        Box::pin(async { Ok(allowed()) })
    }));
    assert_eq!(fixture.send(review("conform", "{}")).await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert!((fixture.count(&shed("queue")) - 1.0).abs() < f64::EPSILON);
}

#[tokio::test]
async fn a_large_review_is_decided_away_from_the_threads_that_serve() {
    let serving = std::thread::current().id();
    let fixture = Fixture::new(Limits::default(), move |_, body| {
        let is_apart = std::thread::current().id() != serving;
        Box::pin(async move {
            assert_eq!(is_apart, body.len() > LARGE_BODY);
            Ok(allowed())
        })
    });
    for size in [LARGE_BODY, LARGE_BODY + 1] {
        assert_eq!(fixture.send(review("conform", vec![b' '; size])).await.0, StatusCode::OK, "{size} bytes");
    }
}

#[tokio::test]
async fn requests_are_counted_by_how_they_ended() {
    let warned = Answer { warnings: vec!["w".to_owned()], ..Answer::allow(Operation::Update) };
    let cases = [
        (Ok(allowed()), requests("CREATE", "allow")),
        (Ok((String::new(), warned)), requests("UPDATE", "warn")),
        (Ok((String::new(), Answer::deny(Operation::Delete, String::new()))), requests("DELETE", "deny")),
        (Err(Undecided::Malformed(String::new())), requests("UNKNOWN", "error")),
    ];
    for (decided, series) in cases {
        let fixture = Fixture::answering(decided);
        assert!(fixture.count(&series) < f64::EPSILON, "{series} is there before its first event");
        fixture.send(review("conform", "{}")).await;
        assert!((fixture.count(&series) - 1.0).abs() < f64::EPSILON, "{series}");
        assert!(
            (fixture.count("admission_duration_seconds_count{webhook=\"conform\"}") - 1.0).abs()
                < f64::EPSILON
        );
        assert!(fixture.count("admission_duration_seconds_count{webhook=\"system\"}") < f64::EPSILON);
    }
}
