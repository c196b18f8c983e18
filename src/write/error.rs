//! Why a write failed, sorted by what can be done.

use std::time::Duration;

use kube::core::Status;
use thiserror::Error;

use super::Target;

/// Why a write failed.
#[derive(Debug, Error)]
pub enum WriteError {
    /// 409: the object is not what the write rests on, or its fields belong to another manager.
    #[error("{object} is not as expected; read it again and decide anew")]
    Conflict {
        /// The object.
        object: String,
        /// The answer.
        #[source]
        source: Box<kube::Error>,
    },
    /// 409, `AlreadyExists`: it cannot be created.
    #[error("{object} exists already; read it, or give the new one another name")]
    AlreadyExists {
        /// The object.
        object: String,
        /// The answer.
        #[source]
        source: Box<kube::Error>,
    },
    /// 404: there is no such object, or no such kind.
    #[error("{object} is not there; nothing is left to write")]
    NotFound {
        /// The object.
        object: String,
        /// The answer.
        #[source]
        source: Box<kube::Error>,
    },
    /// 401 or 403.
    #[error(
        "Surety may not {verb} {resource} ({object}); allow it in its ClusterRole, or see what refused it"
    )]
    Forbidden {
        /// The object.
        object: String,
        /// The verb as roles spell it.
        verb: &'static str,
        /// The resource as roles spell it, `plural.group`.
        resource: String,
        /// The answer.
        #[source]
        source: Box<kube::Error>,
    },
    /// 400 or 422.
    #[error("{object} is not valid as Surety wrote it; this is a defect, or its schema has changed")]
    Invalid {
        /// The object.
        object: String,
        /// The answer.
        #[source]
        source: Box<kube::Error>,
    },
    /// 429 or 5xx, or no connection.
    #[error("the API server cannot take {object} now; it is tried again")]
    Unavailable {
        /// The object.
        object: String,
        /// The answer, or what happened to the connection.
        #[source]
        source: Box<kube::Error>,
    },
    /// No answer in time. The write may have been made.
    #[error("no answer about {object} within {after:?}; it is tried again")]
    Timeout {
        /// The object.
        object: String,
        /// How long was waited.
        after: Duration,
    },
    /// Leadership ended while the write was under way. The write may have been made.
    #[error("leadership ended while {object} was written; the new leader writes it")]
    LeadershipLost {
        /// The object.
        object: String,
    },
    /// The target or its body is not of the form that every object has.
    #[error("{what} of {object} is not of the form that every object has; this is a defect")]
    Malformed {
        /// The object.
        object: String,
        /// What is malformed.
        what: &'static str,
    },
    /// Anything else.
    #[error("{object} was not written")]
    Other {
        /// The object.
        object: String,
        /// What happened.
        #[source]
        source: Box<kube::Error>,
    },
}

impl WriteError {
    /// Sorts what came of `verb` on `target`.
    pub(super) fn new(target: &Target, verb: &'static str, error: kube::Error) -> Self {
        let (object, source) = (target.to_string(), Box::new(error));
        let kube::Error::Api(status) = source.as_ref() else { return Self::of_connection(object, source) };
        match (status.code, status.reason.as_str()) {
            (_, "AlreadyExists") => Self::AlreadyExists { object, source },
            (409, _) => Self::Conflict { object, source },
            (404, _) => Self::NotFound { object, source },
            (401 | 403, _) => Self::Forbidden { object, verb, resource: role_resource(target), source },
            (400 | 422, _) => Self::Invalid { object, source },
            (429 | 500.., _) => Self::Unavailable { object, source },
            _ => Self::Other { object, source },
        }
    }

    fn of_connection(object: String, source: Box<kube::Error>) -> Self {
        match source.as_ref() {
            kube::Error::HyperError(_) | kube::Error::Service(_) | kube::Error::Auth(_) => {
                Self::Unavailable { object, source }
            }
            _ => Self::Other { object, source },
        }
    }

    /// Whether the same write may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Timeout { .. })
    }

    /// What the API server answered; none where it did not.
    pub fn status(&self) -> Option<&Status> {
        match self {
            Self::Conflict { source, .. }
            | Self::AlreadyExists { source, .. }
            | Self::NotFound { source, .. }
            | Self::Forbidden { source, .. }
            | Self::Invalid { source, .. }
            | Self::Unavailable { source, .. }
            | Self::Other { source, .. } => match source.as_ref() {
                kube::Error::Api(status) => Some(status),
                _ => None,
            },
            Self::Timeout { .. } | Self::LeadershipLost { .. } | Self::Malformed { .. } => None,
        }
    }
}

fn role_resource(target: &Target) -> String {
    let resource = &target.resource;
    if resource.group.is_empty() {
        resource.plural.to_owned()
    } else {
        format!("{}.{}", resource.plural, resource.group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::facts::Kind;

    #[test]
    fn answers_are_sorted_by_what_can_be_done() {
        let cases = [
            (409, "AlreadyExists", "NetworkPolicy acme/deny exists already", false),
            (409, "Conflict", "NetworkPolicy acme/deny is not as expected", false),
            (404, "NotFound", "NetworkPolicy acme/deny is not there", false),
            (403, "Forbidden", "Surety may not patch networkpolicies.networking.k8s.io", false),
            (401, "Unauthorized", "Surety may not patch", false),
            (422, "Invalid", "NetworkPolicy acme/deny is not valid", false),
            (400, "BadRequest", "NetworkPolicy acme/deny is not valid", false),
            (429, "TooManyRequests", "the API server cannot take NetworkPolicy acme/deny", true),
            (500, "InternalError", "the API server cannot take", true),
            (503, "ServiceUnavailable", "the API server cannot take", true),
            (405, "MethodNotAllowed", "NetworkPolicy acme/deny was not written", false),
        ];
        let target = Target::namespaced(Kind::NetworkPolicy.resource(), "acme", "deny");
        for (code, reason, text, is_retryable) in cases {
            let status = Status { code, reason: reason.to_owned(), ..Status::default() };
            let error = WriteError::new(&target, "patch", kube::Error::Api(Box::new(status)));
            assert!(error.to_string().starts_with(text), "{code}: {error}");
            assert_eq!(error.is_retryable(), is_retryable, "{code}");
            assert_eq!(error.status().map(|status| status.code), Some(code));
        }
    }

    #[test]
    fn a_lost_connection_is_tried_again() {
        let target = Target::cluster(Kind::Namespace.resource(), "acme");
        let error = WriteError::new(&target, "patch", kube::Error::Service("reset".into()));
        assert!(error.is_retryable() && error.status().is_none());
    }
}
