//! What Surety answers to an AdmissionReview (`admission.k8s.io/v1`), and who decides it.
//!
//! Only answers: reviews are read by `decode`. No HTTP may enter here.

mod text;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, future::Future, time::Instant};

use serde::Serialize;

use crate::core::control::Operation;

pub use text::{WARNING_BYTES, WARNINGS};

/// Decides what the API server asks.
pub trait Decider: Send + Sync + 'static {
    /// Decides the review in `body`, which came to the entry `webhook`; gives the review's UID and the answer.
    /// Whatever waits must end before `deadline`: past it the request is answered without the decision.
    fn decide(
        &self,
        webhook: &str,
        body: &[u8],
        deadline: Instant,
    ) -> impl Future<Output = Result<(String, Answer), Undecided>> + Send;
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// The review cannot be read: one sentence that says what was found. HTTP 400.
    #[error("{0}")]
    Malformed(String),
    /// Surety does not know enough to decide: one sentence that says what is missing. HTTP 503, upon which the
    /// API server does what the entry's failure policy says.
    #[error("{0}")]
    LeftToFailurePolicy(String),
}

/// An answer to one review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What was asked for; metrics count by it.
    pub operation: Operation,
    /// Whether the request may go on.
    pub allowed: bool,
    /// HTTP status of a refusal, as the client sees it: 403, 422. Not read when allowed.
    pub code: u16,
    /// Machine-readable reason of a refusal: `Forbidden`, `Invalid`. Not read when allowed.
    pub reason: &'static str,
    /// The refusal in full. Not read when allowed.
    pub message: String,
    /// Shown to the client whether allowed or not; made to fit ([`WARNING_BYTES`], [`WARNINGS`]) on the way out.
    pub warnings: Vec<String>,
    /// For the API server's audit log. Keys without prefix: the API server adds the webhook's name.
    pub audit: BTreeMap<&'static str, String>,
}

impl Answer {
    /// Lets the request go on, in silence.
    pub const fn allow(operation: Operation) -> Self {
        Self {
            operation,
            allowed: true,
            code: 200,
            reason: "",
            message: String::new(),
            warnings: Vec::new(),
            audit: BTreeMap::new(),
        }
    }

    /// Refuses the request as forbidden.
    pub const fn deny(operation: Operation, message: String) -> Self {
        Self {
            operation,
            allowed: false,
            code: 403,
            reason: "Forbidden",
            message,
            warnings: Vec::new(),
            audit: BTreeMap::new(),
        }
    }

    /// The AdmissionReview that carries this answer to the request `uid`, as JSON.
    pub fn to_review(&self, uid: &str) -> serde_json::Result<Vec<u8>> {
        let status = (!self.allowed).then(|| Status {
            code: self.code,
            reason: self.reason,
            message: text::fit_message(&self.message),
        });
        serde_json::to_vec(&Review {
            api_version: "admission.k8s.io/v1",
            kind: "AdmissionReview",
            response: Response {
                uid,
                allowed: self.allowed,
                status,
                warnings: text::fit_warnings(&self.warnings),
                audit_annotations: &self.audit,
            },
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Review<'a> {
    api_version: &'static str,
    kind: &'static str,
    response: Response<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    uid: &'a str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    audit_annotations: &'a BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
struct Status<'a> {
    code: u16,
    reason: &'static str,
    message: std::borrow::Cow<'a, str>,
}
