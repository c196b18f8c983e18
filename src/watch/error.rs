//! What can go wrong with a watch.

use std::time::Duration;

use thiserror::Error;
use tokio::task::JoinError;

use super::{BoxError, Stream, lines::TooLong};
use crate::core::facts::{Kind, SourceState};

/// Why the watches as a whole cannot go on. The process must end: a kind that nobody watches looks quiet.
#[derive(Debug, Error)]
pub enum WatchError {
    /// Two streams cover the same objects.
    #[error("the streams of {0} and {1} cover the same objects; give each its own namespace, or keep one")]
    Overlap(Box<Stream>, Box<Stream>),
    /// No source delivers the kind.
    #[error("{0} is only seen at admission; remove its stream")]
    NoSource(Kind),
    /// The task of a stream panicked.
    #[error("the watch of {stream} died; this is a defect, report it with the log")]
    Died {
        /// The stream, or `an unknown stream`.
        stream: String,
        /// The panic.
        #[source]
        source: JoinError,
    },
    /// The task of a stream ended though nobody stopped it.
    #[error("the watch of {0} ended by itself; this is a defect, report it with the log")]
    Ended(Box<Stream>),
}

/// Why one list or watch ended. Each is retried.
#[derive(Debug, Error)]
pub enum Failure {
    /// 410, or `Expired`: the position is no longer known.
    #[error("the position is no longer in the API server's history")]
    Expired,
    /// 401 or 403.
    #[error("the API server refuses with {code}: {message}; check the ClusterRole of Surety")]
    Forbidden {
        /// The HTTP status.
        code: u16,
        /// The API server's words.
        message: String,
    },
    /// 404: there is no such kind.
    #[error("the API server knows no such kind")]
    NotFound,
    /// Any other refusal.
    #[error("the API server answers {code}: {message}")]
    Refused {
        /// The HTTP status.
        code: u16,
        /// The API server's words.
        message: String,
    },
    /// No answer in time.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// Neither event nor bookmark came.
    #[error("nothing was heard for {0:?}")]
    Silent(Duration),
    /// The watch ended as soon as it began.
    #[error("the watch was cut after {0:?}")]
    Cut(Duration),
    /// The connection failed.
    #[error("the connection failed")]
    Connection(#[source] BoxError),
    /// Bytes that are no list or no event.
    #[error("what came cannot be read")]
    Undecodable(#[source] BoxError),
    /// A page or line that is longer than allowed.
    #[error("what came is longer than {0} bytes")]
    TooLarge(usize),
    /// A list without a resource version, from which nothing can be watched.
    #[error("the list has no resourceVersion")]
    NoVersion,
}

impl Failure {
    /// Sorts an answer that is no success.
    pub(super) fn of_status(code: u16, reason: &str, message: String) -> Self {
        match (code, reason) {
            (410, _) | (_, "Expired" | "Gone") => Self::Expired,
            (401 | 403, _) => Self::Forbidden { code, message },
            (404, _) => Self::NotFound,
            _ => Self::Refused { code, message },
        }
    }

    /// What it says of the kind, at once or, of a kind that was synced, if it lasts; none where only silence can tell.
    pub(super) fn state(&self, is_optional: bool) -> Option<SourceState> {
        match self {
            Self::Forbidden { .. } => Some(SourceState::Forbidden),
            Self::NotFound if is_optional => Some(SourceState::Absent),
            _ => None,
        }
    }

    /// Whether a watch can go on where it was.
    pub(super) fn keeps_position(&self) -> bool {
        matches!(
            self,
            Self::Forbidden { .. }
                | Self::Refused { .. }
                | Self::Timeout(_)
                | Self::Cut(_)
                | Self::Connection(_)
        )
    }
}

impl From<TooLong> for Failure {
    fn from(_: TooLong) -> Self {
        Self::TooLarge(super::lines::LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_sorted_by_what_can_be_done() {
        let cases = [
            (410, "", false, false, None),
            (410, "Expired", false, false, None),
            (500, "Expired", false, false, None),
            (401, "Unauthorized", true, false, Some(SourceState::Forbidden)),
            (403, "Forbidden", true, true, Some(SourceState::Forbidden)),
            (404, "NotFound", false, true, Some(SourceState::Absent)),
            (404, "NotFound", false, false, None),
            (500, "InternalError", true, true, None),
            (429, "TooManyRequests", true, true, None),
        ];
        for (code, reason, keeps_position, is_optional, state) in cases {
            let failure = Failure::of_status(code, reason, String::new());
            assert_eq!(failure.keeps_position(), keeps_position, "{code} {reason}");
            assert_eq!(failure.state(is_optional), state, "{code} {reason}");
        }
    }
}
