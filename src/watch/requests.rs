//! Sends the two requests of a watch and gives back bytes, each within its time and size. The command line lists by the
//! first.

use std::time::Duration;

use futures::TryStreamExt;
use http_body_util::{BodyExt, Limited};
use hyper::{Request, Response, body::Bytes};
use kube::{Client, client::Body, core::Status};
use tokio::time::timeout;

use super::{BoxError, Failure};

/// The largest answer that is read whole.
const LARGEST: usize = 64 * 1024 * 1024;

/// Sends `request` and reads the whole answer, all within `time`.
pub(crate) async fn fetch(
    client: &Client,
    request: Request<Vec<u8>>,
    time: Duration,
) -> Result<Bytes, Failure> {
    let whole = async { read(send(client, request).await?).await };
    timeout(time, whole).await.map_err(|_| Failure::Timeout(time))?
}

/// Sends `request` and gives the body as it comes; the head of the answer must be there within `time`.
pub(super) async fn open(
    client: &Client,
    request: Request<Vec<u8>>,
    time: Duration,
) -> Result<impl futures::Stream<Item = Result<Bytes, Failure>> + Send + Unpin + use<>, Failure> {
    let response = timeout(time, send(client, request)).await.map_err(|_| Failure::Timeout(time))??;
    Ok(response.into_body().into_data_stream().map_err(|error| Failure::Connection(error.into())))
}

async fn send(client: &Client, request: Request<Vec<u8>>) -> Result<Response<Body>, Failure> {
    let response = client.send(request.map(Body::from)).await.map_err(|error| match error {
        kube::Error::Api(status) => refusal(status.code, &status),
        other => Failure::Connection(other.into()),
    })?;
    if response.status().is_success() { Ok(response) } else { Err(refused(response).await) }
}

async fn refused(response: Response<Body>) -> Failure {
    let code = response.status().as_u16();
    let status = match read(response).await {
        Ok(body) => serde_json::from_slice(&body).unwrap_or_else(|_| Status {
            message: String::from_utf8_lossy(body.get(..200).unwrap_or(&body)).into_owned(),
            ..Status::default()
        }),
        Err(_) => Status::default(),
    };
    refusal(code, &status)
}

fn refusal(code: u16, status: &Status) -> Failure {
    Failure::of_status(code, &status.reason, status.message.clone())
}

async fn read(response: Response<Body>) -> Result<Bytes, Failure> {
    let collected = Limited::new(response.into_body(), LARGEST).collect().await;
    collected.map(http_body_util::Collected::to_bytes).map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() {
            Failure::TooLarge(LARGEST)
        } else {
            Failure::Connection(BoxError::from(error))
        }
    })
}
