//! One request from its head to its answer.

use std::{panic::AssertUnwindSafe, sync::Arc};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, header},
    response::Response,
};
use futures::FutureExt;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::{Instant, timeout_at};

use super::{Limits, MAX_BODY, Meter, ShedCause, failure::Failure, gate::Gate, meter::Decision};
use crate::admission::wire::{Answer, Decider};

pub(super) struct Door<D> {
    decider: Arc<D>,
    limits: Limits,
    gate: Gate,
    meter: Meter,
}

impl<D: Decider> Door<D> {
    pub(super) fn new(decider: Arc<D>, limits: Limits, meter: Meter) -> Self {
        Self { decider, limits, gate: Gate::new(&limits), meter }
    }

    pub(super) async fn answer(&self, webhook: &'static str, request: Request) -> Response {
        let start = Instant::now();
        let deadline = start + self.limits.deadline;
        let outcome = timeout_at(deadline, self.review(webhook, request, deadline))
            .await
            .unwrap_or(Err(Failure::Shed(ShedCause::Deadline)));
        self.meter.took(webhook, start.elapsed());
        match outcome {
            Ok((answer, body)) => {
                self.meter.answered(webhook, answer.operation, Decision::of(&answer));
                json(body)
            }
            Err(failure) => self.fail(webhook, failure),
        }
    }

    async fn review(
        &self,
        webhook: &'static str,
        request: Request,
        deadline: Instant,
    ) -> Result<(Answer, Vec<u8>), Failure> {
        let (head, body) = request.into_parts();
        require_json(&head.headers)?;
        let _place = self.gate.enter(announced_size(&head.headers)?).map_err(Failure::Shed)?;
        let body = read(body).await?;
        let _turn = self.gate.turn().await.ok_or(Failure::Shed(ShedCause::Queue))?;
        let (uid, answer) = self.decide(webhook, &body, deadline).await?;
        let review = answer.to_review(&uid).map_err(|error| {
            tracing::error!(webhook, %error, "an answer could not be written as JSON");
            Failure::Broken
        })?;
        Ok((answer, review))
    }

    /// A panic ends this request alone: on a shared HTTP/2 connection it would take its neighbours along.
    async fn decide(
        &self,
        webhook: &'static str,
        body: &Bytes,
        deadline: Instant,
    ) -> Result<(String, Answer), Failure> {
        let decision = self.decider.decide(webhook, body, deadline.into_std());
        match AssertUnwindSafe(decision).catch_unwind().await {
            Ok(decided) => decided.map_err(Failure::Undecided),
            Err(_panic) => {
                tracing::error!(webhook, "the decision panicked; the panic's own message says where");
                Err(Failure::Broken)
            }
        }
    }

    fn fail(&self, webhook: &'static str, failure: Failure) -> Response {
        if let Failure::Shed(cause) = failure {
            self.meter.shed(webhook, cause);
        }
        self.meter.failed(webhook);
        tracing::debug!(webhook, %failure, "a request got no decision");
        failure.into()
    }
}

fn json(body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn require_json(headers: &HeaderMap) -> Result<(), Failure> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Err(Failure::NotJson("missing".to_owned()));
    };
    let text = String::from_utf8_lossy(value.as_bytes());
    let media_type = text.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Failure::NotJson(format!("{media_type:?}")))
}

/// The size that the client announced; the largest allowed where it announced none.
fn announced_size(headers: &HeaderMap) -> Result<usize, Failure> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<usize>().ok());
    match announced {
        Some(size) if size > MAX_BODY => Err(Failure::TooLarge),
        Some(size) => Ok(size),
        None => Ok(MAX_BODY),
    }
}

async fn read(body: Body) -> Result<Bytes, Failure> {
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Failure::TooLarge),
        Err(error) => Err(Failure::Unreadable(axum::Error::new(error))),
    }
}
