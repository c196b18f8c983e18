//! Why a request gets no AdmissionReview back, and what it gets instead.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};

use super::{MAX_BODY, ShedCause};
use crate::admission::wire::Undecided;

/// A request without a decision. Its text is the body of the HTTP answer, which the API server shows to the client.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("There is no webhook entry {0:?}; see the registration for the entries that there are.")]
    UnknownEntry(String),
    #[error("The content type is {0}, expected application/json.")]
    NotJson(String),
    #[error("The review is larger than {MAX_BODY} bytes; reviews of objects that large are not accepted.")]
    TooLarge,
    #[error("The body of the request could not be read: {0}.")]
    Unreadable(#[source] axum::Error),
    #[error(transparent)]
    Undecided(#[from] Undecided),
    #[error("Surety is overloaded ({}) and leaves the request to the failure policy.", .0.as_str())]
    Shed(ShedCause),
    #[error("Surety failed on this request; its log names the cause.")]
    Broken,
}

impl Failure {
    const fn status(&self) -> StatusCode {
        match self {
            Self::UnknownEntry(_) => StatusCode::NOT_FOUND,
            Self::NotJson(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unreadable(_) | Self::Undecided(Undecided::Malformed(_)) => StatusCode::BAD_REQUEST,
            // The API server takes any answer but 200 as a failed call and applies the entry's failure policy.
            // No Retry-After goes with it: its client would then retry and use up the time-out.
            Self::Undecided(Undecided::LeftToFailurePolicy(_)) | Self::Shed(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<Failure> for Response {
    fn from(failure: Failure) -> Self {
        let mut response = Self::new(Body::from(failure.to_string()));
        *response.status_mut() = failure.status();
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, text);
        response
    }
}
