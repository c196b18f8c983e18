//! `/livez`, `/readyz` and `/metrics` on a plain HTTP listener of their own, and what "ready" means.

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use super::metrics::Metrics;

/// Why a condition that nobody has spoken of yet does not hold.
const NOT_YET: &str = "not yet";

/// A set of named conditions: Surety is ready while all of them hold. Clones see the same conditions.
#[derive(Clone, Debug)]
pub struct Readiness {
    conditions: Arc<RwLock<BTreeMap<&'static str, Condition>>>,
}

/// Whether one condition holds; if not, why.
type Condition = Result<(), String>;

impl Readiness {
    /// Nothing of `names` holds yet.
    pub fn new(names: &[&'static str]) -> Self {
        let conditions = names.iter().map(|name| (*name, Err(NOT_YET.to_owned()))).collect();
        Self { conditions: Arc::new(RwLock::new(conditions)) }
    }

    /// The condition `name` holds.
    pub fn hold(&self, name: &'static str) {
        self.set(name, Ok(()));
    }

    /// The condition `name` does not hold, because of `reason`. Also for conditions that appear later, such as the end.
    pub fn fail(&self, name: &'static str, reason: impl Into<String>) {
        self.set(name, Err(reason.into()));
    }

    /// Whether all conditions hold.
    pub fn is_ready(&self) -> bool {
        self.reasons().is_empty()
    }

    /// What does not hold, in order of names, as `name: reason`.
    pub fn reasons(&self) -> Vec<String> {
        let conditions = self.conditions.read().unwrap_or_else(PoisonError::into_inner);
        let failing =
            conditions.iter().filter_map(|(name, condition)| Some((name, condition.as_ref().err()?)));
        failing.map(|(name, reason)| format!("{name}: {reason}")).collect()
    }

    fn set(&self, name: &'static str, condition: Condition) {
        self.conditions.write().unwrap_or_else(PoisonError::into_inner).insert(name, condition);
    }
}

/// The routes. `/livez` answers while the process can answer at all: a process that lost an essential task ends by
/// itself, so there is nothing more to ask.
pub fn router(readiness: Readiness, metrics: Arc<Metrics>) -> Router {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz).with_state(readiness))
        .route("/metrics", get(expose).with_state(metrics))
}

async fn readyz(State(readiness): State<Readiness>) -> Response {
    let reasons = readiness.reasons();
    if reasons.is_empty() {
        return "ok\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, reasons.join("\n") + "\n").into_response()
}

async fn expose(State(metrics): State<Arc<Metrics>>) -> Response {
    match metrics.to_text() {
        Ok(text) => {
            let open_metrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, open_metrics)], text).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "metrics could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
