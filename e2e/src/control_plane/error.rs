//! Why a control plane does not do what it was asked.

use thiserror::Error;

use super::{ClientError, FilesError};
use crate::binaries::BinaryError;
use crate::process::ProcessError;

/// Why a control plane does not do what it was asked.
#[derive(Debug, Error)]
pub enum ControlPlaneError {
    /// A program is missing.
    #[error(transparent)]
    Binary(#[from] BinaryError),
    /// A program does not work.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Keys, certificates or kubeconfigs could not be made.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// No client could be made.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The sandbox could not be made.
    #[error("no temporary folder or watchdog could be made")]
    Sandbox(#[from] std::io::Error),
    /// The one server of this test binary did not start, as the first story that asked for it was told.
    #[error("the shared control plane did not start: {0}")]
    Shared(String),
}
