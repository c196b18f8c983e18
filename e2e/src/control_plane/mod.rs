//! A control plane: etcd, the API server with RBAC, and its controllers, on loopback, in a sandbox.

mod access;
mod authority;
mod components;
mod error;
mod files;
mod kubeconfig;
mod shared;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU32;
use std::sync::{Mutex, PoisonError};

use crate::binaries::{self, Tool};
use crate::ports;
use crate::process::{Process, ProcessError};
use crate::sandbox::Sandbox;
pub use access::ADMINISTRATOR;
use authority::Authority;
pub use authority::AuthorityError;
use components::Apiserver;
pub use error::ControlPlaneError;
use files::Files;
pub use files::FilesError;
pub use kubeconfig::ClientError;

/// Starts that may lose their port to somebody else.
const ATTEMPTS: u32 = 5;

/// What a control plane is started with.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether every request is written to the audit log, at level Metadata.
    pub audit: bool,
    /// Whether the scheduler runs, which pods need to reach a (fake) node.
    pub scheduler: bool,
    /// Flags of the API server besides the harness's own.
    pub apiserver_flags: Vec<String>,
}

/// A running control plane. Everything it started and wrote is gone after drop, and also when this process is killed.
#[derive(Debug)]
pub struct ControlPlane {
    // Dropped in this order: first the clients of a server, then the server, then what holds their files.
    companions: tokio::sync::Mutex<BTreeMap<&'static str, Process>>,
    controllers: Process,
    apiserver: Mutex<Option<Process>>,
    _etcd: Process,
    apiserver_settings: Apiserver,
    kubectl: PathBuf,
    authority: Authority,
    files: Files,
    kubeconfigs_written: AtomicU32,
    sandbox: Sandbox,
}

impl ControlPlane {
    /// Starts one and waits until it serves and its controllers work. Takes some 5 s once the programs are built.
    ///
    /// # Errors
    /// When a program is missing or does not start; the end of its log is quoted.
    pub async fn start(options: Options) -> Result<Self, ControlPlaneError> {
        let [etcd, apiserver, controllers, kubectl] =
            binaries::provide([Tool::Etcd, Tool::KubeApiserver, Tool::KubeControllerManager, Tool::Kubectl])
                .await?;
        let sandbox = Sandbox::new()?;
        let authority = Authority::new().map_err(FilesError::from)?;
        let files = Files::write(sandbox.folder(), &authority)?;
        let (etcd, etcd_port) =
            on_free_port(async |port| Ok((components::start_etcd(&sandbox, &etcd, port).await?, port)))
                .await?;
        let (apiserver, apiserver_settings) = on_free_port(async |port| {
            let settings = Apiserver::new(&apiserver, etcd_port, port, &options);
            let client = files.write_kubeconfigs(&settings.url(), &authority)?;
            let client = kubeconfig::client(&client).await?;
            Ok((components::start_apiserver(&sandbox, &settings, &files, &client).await?, settings))
        })
        .await?;
        let controllers = components::start_controller_manager(&sandbox, &controllers, &files)?;
        let mut control_plane = Self {
            companions: tokio::sync::Mutex::default(),
            controllers,
            apiserver: Mutex::new(Some(apiserver)),
            _etcd: etcd,
            apiserver_settings,
            kubectl,
            authority,
            files,
            kubeconfigs_written: AtomicU32::new(0),
            sandbox,
        };
        let client = control_plane.client().await?;
        components::controllers_work(&mut control_plane.controllers, &client).await?;
        if options.scheduler {
            control_plane.start_scheduler().await?;
        }
        Ok(control_plane)
    }

    /// Starts the scheduler, unless it runs already.
    ///
    /// # Errors
    /// When it is missing or cannot be started.
    pub async fn start_scheduler(&self) -> Result<(), ControlPlaneError> {
        self.companion("kube-scheduler", async || {
            let [program] = binaries::provide([Tool::KubeScheduler]).await?;
            Ok(components::start_scheduler(&self.sandbox, &program, &self.files)?)
        })
        .await
    }

    /// Starts a program that goes with this control plane, unless it runs already, and keeps it as long.
    pub(crate) async fn companion<E>(
        &self,
        name: &'static str,
        start: impl AsyncFnOnce() -> Result<Process, E>,
    ) -> Result<(), E> {
        let mut companions = self.companions.lock().await;
        if !companions.contains_key(name) {
            companions.insert(name, start().await?);
        }
        Ok(())
    }

    /// Kills the API server alone, as a lost machine would. Not for the shared control plane.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn stop_apiserver(&self) -> Result<(), ControlPlaneError> {
        let stopped = self.apiserver.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut apiserver) = stopped {
            apiserver.kill()?;
        }
        Ok(())
    }

    /// Starts the API server again, on the same port and with the same data, and waits until it serves.
    ///
    /// # Errors
    /// When it does not start; the end of its log is quoted.
    pub async fn start_apiserver(&self) -> Result<(), ControlPlaneError> {
        self.stop_apiserver()?;
        let client = self.client().await?;
        let started =
            components::start_apiserver(&self.sandbox, &self.apiserver_settings, &self.files, &client)
                .await?;
        *self.apiserver.lock().unwrap_or_else(PoisonError::into_inner) = Some(started);
        Ok(())
    }

    /// The address of the API server.
    #[must_use]
    pub fn url(&self) -> String {
        self.apiserver_settings.url()
    }

    /// The audit log, when it was asked for.
    #[must_use]
    pub fn audit_log(&self) -> Option<&Path> {
        self.apiserver_settings.audit.then_some(self.files.audit_log.as_path())
    }

    /// What further programs of the same story run in: they end with the control plane at the latest.
    #[must_use]
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }
}

/// Starts a server on a port of its own, again while somebody else was quicker to take that port.
async fn on_free_port<T>(
    start: impl AsyncFn(u16) -> Result<T, ControlPlaneError>,
) -> Result<T, ControlPlaneError> {
    let mut attempt = 1;
    loop {
        match start(ports::free()?).await {
            Err(ControlPlaneError::Process(ProcessError::Ended { log, .. }))
                if components::lost_its_port(&log) && attempt < ATTEMPTS =>
            {
                attempt += 1;
            }
            result => return result,
        }
    }
}
