//! A scripted API server for tests: each request is seen, and answered by hand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use futures::channel::mpsc::{UnboundedSender, unbounded};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Method, Request, Response,
    body::{Bytes, Frame},
};
use kube::{Client, client::Body};
use serde_json::{Value, json};
use tokio::time::timeout;
use tower_test::mock::{Handle, SendResponse};

type Answer = UnsyncBoxBody<Bytes, std::io::Error>;

/// The server's side.
pub(crate) struct Server(Handle<Request<Body>, Response<Answer>>);

/// One request that waits for its answer. Dropped, it is a broken connection.
pub(crate) struct Exchange {
    pub(crate) request: Request<Body>,
    answer: SendResponse<Response<Answer>>,
}

/// The open body of an answer. Dropped, it ends.
pub(crate) struct OpenBody(UnboundedSender<Result<Frame<Bytes>, std::io::Error>>);

/// A client, and the server that answers it.
pub(crate) fn pair() -> (Client, Server) {
    let (service, handle) = tower_test::mock::pair();
    (Client::new(service, "default"), Server(handle))
}

impl Server {
    /// The next request.
    pub(crate) async fn next(&mut self) -> Exchange {
        let next = timeout(Duration::from_hours(24), self.0.next_request()).await;
        let (request, answer) = next.expect("a request comes within a day").unwrap();
        Exchange { request, answer }
    }

    /// Whether no request comes for `time`.
    pub(crate) async fn is_idle_for(&mut self, time: Duration) -> bool {
        !matches!(timeout(time, self.0.next_request()).await, Ok(Some(_)))
    }

    /// The next request, which must be this one.
    pub(crate) async fn expect(&mut self, method: Method, uri: &str) -> Exchange {
        let exchange = self.next().await;
        assert_eq!((exchange.request.method(), exchange.uri().as_str()), (&method, uri));
        exchange
    }
}

impl Exchange {
    pub(crate) fn uri(&self) -> String {
        self.request.uri().to_string()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.request.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The body of the request, and the exchange to be answered.
    pub(crate) async fn body(&mut self) -> Value {
        let body = std::mem::replace(self.request.body_mut(), Body::empty());
        serde_json::from_slice(&body.collect_bytes().await.unwrap()).unwrap()
    }

    pub(crate) fn answer(self, code: u16, body: &Value) {
        self.answer_bytes(code, body.to_string().into());
    }

    pub(crate) fn answer_bytes(self, code: u16, body: Bytes) {
        let body = Full::new(body).map_err(|never| match never {}).boxed_unsync();
        self.answer.send_response(Response::builder().status(code).body(body).unwrap());
    }

    /// Answers with a refusal, as the API server words it.
    pub(crate) fn refuse(self, code: u16, reason: &str) {
        self.answer(
            code,
            &json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
                    "message": format!("scripted: {reason}")}),
        );
    }

    /// Answers 200, with a body that stays open.
    pub(crate) fn open(self) -> OpenBody {
        let (sender, receiver) = unbounded();
        let body = StreamBody::new(receiver).boxed_unsync();
        self.answer.send_response(Response::new(body));
        OpenBody(sender)
    }
}

impl OpenBody {
    /// Sends these bytes as one chunk.
    pub(crate) fn send(&self, text: &str) {
        self.0.unbounded_send(Ok(Frame::data(Bytes::copy_from_slice(text.as_bytes())))).unwrap();
    }

    /// Breaks the connection.
    pub(crate) fn break_off(self) {
        let error = std::io::Error::other("scripted: connection reset");
        self.0.unbounded_send(Err(error)).unwrap();
    }
}
