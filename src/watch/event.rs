//! What the watches tell the index.

use std::sync::Arc;

use ahash::HashSet;

use super::Stream;
use crate::core::facts::{Change, Kind, ObjectKey, Source, SourceState};

/// Something that the index applies. Batches of them are applied in their order, each batch as one.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "nearly all are changes, and each is moved once")]
pub enum Event {
    /// An object changed, or was listed. The same change may come twice.
    Change(Kind, Change),
    /// A list is complete: what the stream covers ([`Stream::covers`]) and was not seen is gone, because it was deleted
    /// while nobody listened.
    Replace {
        /// The stream that was listed.
        stream: Arc<Stream>,
        /// Every key of the list, those of unreadable objects included.
        seen: HashSet<ObjectKey>,
    },
    /// An optional kind left the cluster: all that the stream covers is gone.
    Gone {
        /// The stream that stopped.
        stream: Arc<Stream>,
    },
    /// A source is now trusted as far as this. It follows the changes on which it rests.
    State(Source, SourceState),
}
