//! The one control plane of a test binary.

use std::error::Error;

use tokio::sync::OnceCell;

use super::{ControlPlane, ControlPlaneError, Options};

/// Never dropped, as statics are not: the sandbox's watchdog cleans up when the process ends.
static SHARED: OnceCell<Result<ControlPlane, String>> = OnceCell::const_new();

impl ControlPlane {
    /// The control plane that all stories of this test binary share, started by the first who asks, with an audit
    /// log. A story that stops the API server, or needs flags of its own, starts its own instead.
    ///
    /// # Errors
    /// When it did not start: everybody gets the first reason, for a second try would take as long and fail too.
    pub async fn shared() -> Result<&'static Self, ControlPlaneError> {
        let started = SHARED.get_or_init(async || {
            let options = Options { audit: true, ..Options::default() };
            Self::start(options).await.map_err(|error| with_sources(&error))
        });
        started.await.as_ref().map_err(|reason| ControlPlaneError::Shared(reason.clone()))
    }
}

fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
