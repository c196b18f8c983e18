//! The webhook's HTTP server: `POST /admit/{entry}` with an AdmissionReview.
//!
//! Bounds what comes in (type, size, number, time) and hands it to a [`Decider`]. No decision may enter here.

mod body;
mod door;
mod failure;
mod gate;
pub mod listen;
mod meter;

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Path, Request, State},
    response::Response,
    routing::post,
};

use super::{register, wire::Decider};
use door::Door;
use failure::Failure;

pub use meter::{Decision, Meter, ShedCause};

/// Largest body of a review: two objects of up to 3 MiB each, and the rest.
pub const MAX_BODY: usize = 7 * 1024 * 1024;

/// Bodies beyond this have a memory budget and threads of their own: they must not keep the many small ones waiting.
const LARGE_BODY: usize = 256 * 1024;

/// How much the webhook takes on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bodies that are read at the same time; past it requests are shed.
    pub reading: usize,
    /// Reviews that are decided at the same time.
    pub running: usize,
    /// Reviews of more than 256 KiB that are decided at the same time, on threads of their own.
    pub running_large: usize,
    /// Reviews that wait for one of those to end; past it requests are shed.
    pub waiting: usize,
    /// Bytes of review bodies held at the same time, a quarter of them for bodies of at most 256 KiB; past it requests are
    /// shed.
    pub memory: usize,
    /// Time from the request's head to the answer. Below the time-out that the registration states.
    pub deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            reading: 4096,
            running: 32,
            running_large: 1,
            waiting: 512,
            memory: 64 * 1024 * 1024,
            deadline: Duration::from_millis(2500),
        }
    }
}

/// The routes of the webhook: one for each entry of the registration, any other is 404.
pub fn router<D: Decider>(decider: Arc<D>, limits: Limits, meter: Meter) -> Router {
    Router::new()
        .route("/admit/{entry}", post(admit::<D>))
        .with_state(Arc::new(Door::new(decider, limits, meter)))
}

async fn admit<D: Decider>(
    State(door): State<Arc<Door<D>>>,
    Path(entry): Path<String>,
    request: Request,
) -> Response {
    match register::ENTRIES.into_iter().find(|known| *known == entry) {
        Some(webhook) => door.answer(webhook, request).await,
        None => Failure::UnknownEntry(entry).into(),
    }
}
