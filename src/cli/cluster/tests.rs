#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::cell::RefCell;

use hyper::Method;
use serde_json::{Value, json};

use super::*;
use crate::watch::scripted::pair;

const LIST: &str = "/api/v1/services?&limit=500";
const SERVICES: Stream = Stream::all(Kind::Service);

fn page(names: &[&str], token: &str) -> Value {
    let service = |name: &&str| json!({"metadata": {"name": name, "namespace": "a"}, "spec": {}});
    let items: Vec<Value> = names.iter().map(service).collect();
    json!({"kind": "ServiceList", "metadata": {"resourceVersion": "1", "continue": token}, "items": items})
}

/// What a list found, and what was told on the way, while `server` answers.
async fn list(reader: &Reader) -> (std::result::Result<usize, Failure>, Vec<String>, Vec<usize>) {
    let (mut names, told) = (Vec::new(), RefCell::new(Vec::new()));
    let each = |change: Change| names.push(change.key().name.to_string());
    let listed = reader.list(&SERVICES, each, |count| told.borrow_mut().push(count)).await;
    (listed, names, told.into_inner())
}

#[tokio::test(start_paused = true)]
async fn a_long_list_is_read_page_by_page_and_told() {
    let (client, mut server) = pair();
    let reader = Reader { client, server: String::new() };
    let answers = async {
        server.expect(Method::GET, LIST).await.answer(200, &page(&["x", "y"], "more="));
        let next = format!("{LIST}&continue=more%3D");
        server.expect(Method::GET, &next).await.answer(200, &page(&["z"], ""));
    };
    let ((listed, names, told), ()) = tokio::join!(list(&reader), answers);
    assert_eq!((listed.unwrap(), told), (3, vec![2]));
    assert_eq!(names, ["x", "y", "z"]);
}

#[tokio::test(start_paused = true)]
async fn a_busy_server_is_asked_again_and_a_refusal_is_taken_at_once() {
    let (client, mut server) = pair();
    let reader = Reader { client, server: String::new() };
    let answers = async {
        server.expect(Method::GET, LIST).await.refuse(429, "TooManyRequests");
        server.expect(Method::GET, LIST).await.answer(200, &page(&["x"], ""));
        server.expect(Method::GET, LIST).await.refuse(403, "Forbidden");
    };
    let lists = async { (list(&reader).await, list(&reader).await) };
    let (((first, ..), (second, ..)), ()) = tokio::join!(lists, answers);
    assert_eq!(first.unwrap(), 1);
    assert!(matches!(second, Err(Failure::Forbidden { code: 403, .. })), "{second:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stays_busy_is_left_after_three_attempts() {
    let (client, mut server) = pair();
    let reader = Reader { client, server: String::new() };
    let answers = async {
        for _ in 0..ATTEMPTS {
            server.expect(Method::GET, LIST).await.refuse(503, "ServiceUnavailable");
        }
    };
    let ((listed, ..), ()) = tokio::join!(list(&reader), answers);
    assert!(matches!(listed, Err(Failure::Refused { code: 503, .. })), "{listed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_kind_is_not_served_only_where_the_server_says_so() {
    let (client, mut server) = pair();
    let reader = Reader { client, server: String::new() };
    let answers = async {
        server.expect(Method::GET, "/apis/velero.io/v1").await.refuse(404, "NotFound");
        server.expect(Method::GET, "/apis/velero.io/v1").await.refuse(403, "Forbidden");
        server.expect(Method::GET, "/api/v1").await.answer(200, &json!({}));
    };
    let asked = async {
        let velero = (reader.serves(Kind::VeleroBackup).await, reader.serves(Kind::VeleroBackup).await);
        (velero, reader.serves(Kind::Pod).await)
    };
    let (answered, ()) = tokio::join!(asked, answers);
    assert_eq!(answered, ((false, true), true));
}
