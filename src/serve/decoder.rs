//! The watch's door to `decode`.

use crate::{
    core::facts::{Change, Kind},
    decode,
    watch::{BoxError, Decode, ListMeta, WatchLine},
};

/// Decodes what the API server sends.
#[derive(Clone, Copy, Debug)]
pub struct Decoder;

impl Decode for Decoder {
    fn watch_line(&self, kind: Kind, line: &[u8]) -> Result<WatchLine, BoxError> {
        Ok(match decode::watch_line(kind, line)? {
            decode::WatchLine::Added { change, resource_version } => {
                WatchLine::Added(change, resource_version.into())
            }
            decode::WatchLine::Modified { change, resource_version } => {
                WatchLine::Modified(change, resource_version.into())
            }
            decode::WatchLine::Deleted { key, resource_version } => {
                WatchLine::Deleted(key, resource_version.into())
            }
            decode::WatchLine::Bookmark { resource_version } => WatchLine::Bookmark(resource_version.into()),
            decode::WatchLine::Error { code, reason } => {
                WatchLine::Error { code: u16::try_from(code).unwrap_or_default(), reason: reason.to_string() }
            }
        })
    }

    fn list_page(&self, kind: Kind, body: &[u8], each: &mut dyn FnMut(Change)) -> Result<ListMeta, BoxError> {
        let meta = decode::list_page(kind, body, each)?;
        Ok(ListMeta {
            resource_version: meta.resource_version.into(),
            continue_token: meta.continue_token.map(|token| token.to_string()),
        })
    }
}
