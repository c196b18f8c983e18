//! Streams in: one loop for all kinds that lists, watches and tells how far each source can be trusted.
//!
//! Bytes come from the API server, are handed to a decoder, and leave as [`Event`]s in the order in which the index
//! may apply them. Nothing here writes to the API server, keeps facts, or knows what a field of an object means.

mod backoff;
mod catalogue;
mod error;
mod event;
mod follow;
mod heartbeat;
mod lines;
mod metrics;
mod requests;
#[cfg(test)]
pub(crate) mod scripted;
mod states;
mod stream;
mod supervisor;
#[cfg(test)]
mod tests;
mod timing;

pub(crate) use backoff::jitter;
pub use backoff::{Backoff, BackoffRange};
pub use catalogue::{Catalogue, Phase, Step, is_optional};
pub use error::{Failure, WatchError};
pub use event::Event;
pub use metrics::{KindMetrics, WatchMetrics};
pub(crate) use requests::fetch;
pub(crate) use stream::path;
pub use stream::{Scope, Stream};
pub use supervisor::{Setup, Watches};
#[cfg(test)]
pub(crate) use tests::test_clock;
pub use timing::{Clock, Timing};

use std::{error::Error, fmt};

use crate::core::facts::{Change, Kind, Name, ObjectKey};

/// An error of any type.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Turns bytes of the API server into facts.
pub trait Decode: Send + Sync + 'static {
    /// Decodes one line of a watch of `kind`.
    fn watch_line(&self, kind: Kind, line: &[u8]) -> Result<WatchLine, BoxError>;

    /// Decodes one page of a list of `kind`, and hands each of its objects to `each`.
    fn list_page(&self, kind: Kind, body: &[u8], each: &mut dyn FnMut(Change)) -> Result<ListMeta, BoxError>;
}

/// One line of a watch.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "a line is moved once, into a batch")]
pub enum WatchLine {
    /// `ADDED`
    Added(Change, ResourceVersion),
    /// `MODIFIED`
    Modified(Change, ResourceVersion),
    /// `DELETED`
    Deleted(ObjectKey, ResourceVersion),
    /// `BOOKMARK`: everything up to this version has been sent.
    Bookmark(ResourceVersion),
    /// `ERROR`: the watch ends here.
    Error {
        /// `code` of the status.
        code: u16,
        /// `reason` of the status, or its message where there is none.
        reason: String,
    },
}

/// What a page of a list says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListMeta {
    /// `metadata.resourceVersion`: the moment that the whole list shows.
    pub resource_version: ResourceVersion,
    /// `metadata.continue`; none on the last page.
    pub continue_token: Option<String>,
}

/// A position in the history of a kind; opaque, as the API server demands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceVersion(Name);

impl ResourceVersion {
    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl<T: Into<Name>> From<T> for ResourceVersion {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for ResourceVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
