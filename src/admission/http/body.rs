//! Reads a body into memory that is taken from the gate as the bytes arrive: what a client announces and does not send
//! takes nothing from others.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, header},
};
use http_body_util::BodyExt;

use super::{MAX_BODY, failure::Failure, gate::Room};

/// The size that the client announced, if it did.
pub(super) fn announced_size(headers: &HeaderMap) -> Result<Option<usize>, Failure> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<usize>().ok());
    if announced.is_some_and(|size| size > MAX_BODY) { Err(Failure::TooLarge) } else { Ok(announced) }
}

/// The whole body. One that came in one piece is not copied.
pub(super) async fn read(mut body: Body, room: &mut Room) -> Result<Bytes, Failure> {
    let mut first = Bytes::new();
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(Failure::Unreadable)?;
        let Ok(data) = frame.into_data() else { continue };
        let size = first.len().max(whole.len()) + data.len();
        if size > MAX_BODY {
            return Err(Failure::TooLarge);
        }
        room.grow_to(size).map_err(Failure::Shed)?;
        if first.is_empty() && whole.is_empty() {
            first = data;
            continue;
        }
        if whole.is_empty() {
            whole.extend_from_slice(&first);
            first = Bytes::new();
        }
        whole.extend_from_slice(&data);
    }
    Ok(if whole.is_empty() { first } else { Bytes::from(whole) })
}
