#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use axum::{body::Body, extract::Request};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;

async fn ask(router: &Router, path: &str) -> (StatusCode, String, String) {
    let response = router.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
    let content_type =
        response.headers().get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap().to_owned());
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, content_type.unwrap_or_default(), String::from_utf8(body.to_vec()).unwrap())
}

fn fixture() -> (Readiness, Router) {
    let readiness = Readiness::new(&["sources", "certificate"]);
    (readiness.clone(), router(readiness, Arc::new(Metrics::new("0.1.0", "abc"))))
}

#[tokio::test]
async fn readiness_needs_every_condition_and_says_which_are_missing() {
    let (readiness, router) = fixture();
    assert_eq!(ask(&router, "/readyz").await.2, "certificate: not yet\nsources: not yet\n");
    readiness.hold("certificate");
    readiness.fail("sources", "Namespaces have not been listed");
    let (status, _, body) = ask(&router, "/readyz").await;
    assert_eq!(
        (status, body.as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "sources: Namespaces have not been listed\n")
    );
    readiness.hold("sources");
    assert_eq!(ask(&router, "/readyz").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_condition_that_appears_in_the_end_takes_readiness_away_and_life_goes_on() {
    let (readiness, router) = fixture();
    readiness.hold("certificate");
    readiness.hold("sources");
    readiness.fail("running", "Surety is stopping");
    assert_eq!(ask(&router, "/readyz").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!readiness.is_ready());
    assert_eq!(ask(&router, "/livez").await.0, StatusCode::OK);
}

#[tokio::test]
async fn metrics_come_as_open_metrics_to_the_end() {
    let (_, router) = fixture();
    let (status, content_type, body) = ask(&router, "/metrics").await;
    assert_eq!(status, StatusCode::OK);
    assert!(content_type.starts_with("application/openmetrics-text"), "{content_type}");
    assert!(
        body.contains("surety_build_info{version=\"0.1.0\",revision=\"abc\"} 1") && body.ends_with("# EOF\n"),
        "{body}"
    );
}
