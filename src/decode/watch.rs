//! Lines of a watch and pages of a list. What cannot be read is a fact too: it is named, and the stream lives.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{DecodeError, Fault, List, Nested, Text, from_slice, metadata};
use crate::core::facts::{Change, Kind, Name, ObjectKey};

/// One line of a watch.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "a line is moved once, into the index")]
pub enum WatchLine {
    /// The object appeared.
    Added {
        /// What to put into the index.
        change: Change,
        /// From where the watch can go on.
        resource_version: Name,
    },
    /// The object changed.
    Modified {
        /// What to put into the index.
        change: Change,
        /// From where the watch can go on.
        resource_version: Name,
    },
    /// The object is gone, or no longer selected.
    Deleted {
        /// Which.
        key: ObjectKey,
        /// From where the watch can go on.
        resource_version: Name,
    },
    /// Nothing happened; the watch lives.
    Bookmark {
        /// From where the watch can go on.
        resource_version: Name,
    },
    /// The API server ends the watch.
    Error {
        /// The HTTP status, such as 410 where the version is too old; 0 where there is none.
        code: i32,
        /// `reason`, such as `Expired`.
        reason: Name,
    },
}

#[derive(Debug, Deserialize)]
struct Line<'a> {
    #[serde(borrow, rename = "type")]
    event: Text<'a>,
    object: &'a RawValue,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Bookmark<'a> {
    #[serde(borrow)]
    metadata: Nested<PageMetadata<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status<'a> {
    code: Option<i32>,
    #[serde(borrow)]
    reason: Text<'a>,
}

/// Decodes one line of a watch on `kind`. An object that cannot be read is a [`Change::Unreadable`] as long as its
/// metadata can be; an error means that the line is no event.
pub fn watch_line(kind: Kind, line: &[u8]) -> Result<WatchLine, DecodeError> {
    let not_an_event = |json: &[u8], fault| DecodeError::of_anything("the watch event", json, fault);
    let Line { event, object } = from_slice(line).map_err(|error| not_an_event(line, error.into()))?;
    let json = object.get().as_bytes();
    match &*event {
        "ADDED" => changed(kind, json)
            .map(|(change, resource_version)| WatchLine::Added { change, resource_version }),
        "MODIFIED" => changed(kind, json)
            .map(|(change, resource_version)| WatchLine::Modified { change, resource_version }),
        "DELETED" => super::meta_only(kind, json)
            .map(|meta| WatchLine::Deleted { key: meta.key, resource_version: meta.resource_version }),
        "BOOKMARK" => bookmark(json).map_err(|fault| not_an_event(json, fault)),
        "ERROR" => error(json).map_err(|fault| not_an_event(json, fault)),
        other => Err(not_an_event(
            line,
            Fault::field(
                "type",
                format!("found `{other}`, expected ADDED, MODIFIED, DELETED, BOOKMARK or ERROR"),
            ),
        )),
    }
}

fn changed(kind: Kind, json: &[u8]) -> Result<(Change, Name), DecodeError> {
    let meta = super::meta_only(kind, json)?;
    Ok((change(kind, json)?, meta.resource_version))
}

/// Reads the metadata apart only where the object cannot be read: most can.
fn change(kind: Kind, json: &[u8]) -> Result<Change, DecodeError> {
    let error = match super::object(kind, json) {
        Ok(fact) => return Ok(Change::Apply(fact)),
        Err(error) => error,
    };
    match metadata::meta_only(kind, json) {
        Ok(meta) => Ok(Change::Unreadable(meta.key, Name::from(error.to_string()))),
        Err(_) => Err(error),
    }
}

fn bookmark(json: &[u8]) -> Result<WatchLine, Fault> {
    let Bookmark { metadata } = from_slice(json)?;
    Ok(WatchLine::Bookmark { resource_version: metadata.resource_version.to_name() })
}

fn error(json: &[u8]) -> Result<WatchLine, Fault> {
    let Status { code, reason } = from_slice(json)?;
    Ok(WatchLine::Error { code: code.unwrap_or_default(), reason: reason.intern() })
}

/// What a page of a list says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListMeta {
    /// The version of the whole list, from which a watch can go on.
    pub resource_version: Name,
    /// Asks for the next page; none on the last.
    pub continue_token: Option<Name>,
    /// How many objects the following pages hold; none where the API server does not say.
    pub remaining: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct Page<'a> {
    #[serde(borrow, default)]
    metadata: Nested<PageMetadata<'a>>,
    /// Required: a body without it is no list, and must not be taken for an empty one.
    items: List<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PageMetadata<'a> {
    #[serde(borrow)]
    resource_version: Text<'a>,
    #[serde(rename = "continue")]
    continue_token: Text<'a>,
    remaining_item_count: Option<i64>,
}

/// Decodes one page of a list of `kind` and hands on each object, in order. An object that cannot be read is a
/// [`Change::Unreadable`]. On an error nothing, or not everything, was handed on: list again.
pub fn list_page(kind: Kind, body: &[u8], mut each: impl FnMut(Change)) -> Result<ListMeta, DecodeError> {
    let page: Page<'_> =
        from_slice(body).map_err(|error| DecodeError::of_anything("the list", body, error.into()))?;
    for item in &page.items {
        each(change(kind, item.get().as_bytes())?);
    }
    Ok(ListMeta {
        resource_version: page.metadata.resource_version.to_name(),
        continue_token: page.metadata.continue_token.some_name(),
        remaining: page.metadata.remaining_item_count,
    })
}
