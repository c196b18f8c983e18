//! One request from its head to its answer.

use std::{panic::AssertUnwindSafe, sync::Arc};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, header},
    response::Response,
};
use futures::FutureExt;
use tokio::{
    runtime::Handle,
    task::spawn_blocking,
    time::{Instant, timeout_at},
};

use super::{
    Limits, Meter, ShedCause,
    body::{announced_size, read},
    failure::Failure,
    gate::{self, Gate},
    meter::Decision,
};
use crate::admission::wire::{Answer, Decider, Undecided};

/// What was decided, or that the decision panicked.
type Decided = std::thread::Result<Result<(String, Answer), Undecided>>;

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
        let mut room = self.gate.room(announced_size(&head.headers)?).map_err(Failure::Shed)?;
        let body = read(body, &mut room).await?;
        let place = self.gate.enter().map_err(Failure::Shed)?;
        let turn = self.gate.turn(body.len()).await.ok_or(Failure::Shed(ShedCause::Queue))?;
        let decided = if gate::is_large(body.len()) {
            self.decide_apart(webhook, body, deadline, (room, place, turn)).await
        } else {
            decide(&*self.decider, webhook, &body, deadline).await
        };
        // A panic ends this request alone: on a shared HTTP/2 connection it would take its neighbours along.
        let Ok(decided) = decided else {
            tracing::error!(webhook, "the decision panicked; the panic's own message says where");
            return Err(Failure::Broken);
        };
        let (uid, answer) = decided.map_err(Failure::Undecided)?;
        let review = answer.to_review(&uid).map_err(|error| {
            tracing::error!(webhook, %error, "an answer could not be written as JSON");
            Failure::Broken
        })?;
        Ok((answer, review))
    }

    /// Reading 7 MiB takes a hundred milliseconds without a pause: on a thread that serves connections, all of them would
    /// wait. What is `held` is free again once the decision has ended, also where nobody waits for it any more.
    async fn decide_apart(
        &self,
        webhook: &'static str,
        body: Bytes,
        deadline: Instant,
        held: impl Send + 'static,
    ) -> Decided {
        let decider = Arc::clone(&self.decider);
        let decision = spawn_blocking(move || {
            let outcome = Handle::current().block_on(decide(&*decider, webhook, &body, deadline));
            drop(held);
            outcome
        });
        decision.await.unwrap_or_else(|error| Err(Box::new(error)))
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

async fn decide<D: Decider>(decider: &D, webhook: &'static str, body: &[u8], deadline: Instant) -> Decided {
    AssertUnwindSafe(decider.decide(webhook, body, deadline.into_std())).catch_unwind().await
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
