//! The programs that the harness runs: taken from `KUBEBUILDER_ASSETS`, or built by the Go tool chain into the user's
//! cache folder. Only where programs come from belongs here, not how they are started.

mod build;
mod recipe;
#[cfg(test)]
mod tests;

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use build::Cache;
pub use recipe::Tool;

/// Names a folder that holds etcd and kube-apiserver, as is customary for tests of Kubernetes controllers.
pub const ASSETS: &str = "KUBEBUILDER_ASSETS";

/// Why a program is not there.
#[derive(Debug, Error)]
pub enum BinaryError {
    /// The folder of the environment variable lacks what it must hold.
    #[error(
        "{ASSETS} names {}, which holds no {tool}: let it name a folder that does, or unset it to have {tool} built",
        folder.display()
    )]
    MissingAsset {
        /// The folder.
        folder: PathBuf,
        /// The missing program.
        tool: Tool,
    },
    /// There is no Go.
    #[error(
        "{tool} has to be built, and there is no Go tool chain to do it: install Go 1.26 or newer so that `go` is on \
         the PATH, or set {ASSETS} to a folder that holds etcd, kube-apiserver, kube-controller-manager and kubectl"
    )]
    NoGo {
        /// The program to be built.
        tool: Tool,
    },
    /// No folder for the cache is known.
    #[error("there is no folder to keep {tool} in: set XDG_CACHE_HOME or HOME")]
    NoCache {
        /// The program to be built.
        tool: Tool,
    },
    /// The cache folder cannot be used.
    #[error("{tool} cannot be built into {}: {source}", folder.display())]
    Cache {
        /// The program to be built.
        tool: Tool,
        /// The folder.
        folder: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The build failed.
    #[error("{tool} could not be built by `go build`")]
    Build {
        /// The program to be built.
        tool: Tool,
        /// The end of the tool chain's output.
        source: crate::process::ProcessError,
    },
    /// The thread that builds could not be started.
    #[error("no thread could be started to build on")]
    Thread(#[source] io::Error),
    /// The thread that built ended without an answer.
    #[error("the build was interrupted")]
    Interrupted(#[from] tokio::sync::oneshot::error::RecvError),
}

/// The environment that decides where programs come from.
#[derive(Debug, Default)]
struct Places {
    assets: Option<OsString>,
    cache_home: Option<OsString>,
    home: Option<OsString>,
}

impl Places {
    fn from_environment() -> Self {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty());
        Self { assets: set(ASSETS), cache_home: set("XDG_CACHE_HOME"), home: set("HOME") }
    }

    /// The program in the assets folder, `None` when it is to be built.
    fn asset(&self, tool: Tool) -> Result<Option<PathBuf>, BinaryError> {
        let Some(folder) = self.assets.as_ref().filter(|_| tool.is_control_plane()).map(PathBuf::from) else {
            return Ok(None);
        };
        let program = folder.join(tool.name());
        match program.is_file() {
            true => Ok(Some(program)),
            false if tool.is_required_asset() => Err(BinaryError::MissingAsset { folder, tool }),
            false => Ok(None),
        }
    }

    /// The folder that keeps what was built, in the user's cache.
    fn cache(&self, tool: Tool) -> Result<PathBuf, BinaryError> {
        let in_home = || self.home.as_ref().map(|home| Path::new(home).join(".cache"));
        let base = self.cache_home.as_ref().map(PathBuf::from).or_else(in_home);
        base.map(|base| base.join("surety").join("e2e")).ok_or(BinaryError::NoCache { tool })
    }
}

/// The paths of `tools`, in their order. What is missing is built first, which takes minutes the first time and
/// says on standard error how far it is.
///
/// # Errors
/// When a program is neither there nor can be built; the error says what to install or to set.
pub async fn provide<const N: usize>(tools: [Tool; N]) -> Result<[PathBuf; N], BinaryError> {
    let (answer, built) = tokio::sync::oneshot::channel();
    // A thread of its own, for a runtime would wait minutes for its blocking threads before an interrupted program
    // could end. When the program ends, so does the sandbox that the build runs in.
    let work = move || answer.send(provide_from(&Places::from_environment(), tools));
    std::thread::Builder::new().name("build".to_owned()).spawn(work).map_err(BinaryError::Thread)?;
    built.await?
}

/// The Stages that make kwok's fake nodes and pods behave, built together with kwok.
///
/// # Errors
/// As [`provide`].
pub async fn kwok_stages() -> Result<PathBuf, BinaryError> {
    let [kwok] = provide([Tool::Kwok]).await?;
    Ok(kwok.with_file_name(recipe::STAGES_FILE))
}

fn provide_from<const N: usize>(places: &Places, tools: [Tool; N]) -> Result<[PathBuf; N], BinaryError> {
    let mut paths = [const { PathBuf::new() }; N];
    for (path, tool) in paths.iter_mut().zip(tools) {
        *path = match places.asset(tool)? {
            Some(asset) => asset,
            None => Cache::new(places.cache(tool)?, tool).provide()?,
        };
    }
    Ok(paths)
}
