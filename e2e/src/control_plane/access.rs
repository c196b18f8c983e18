//! Who speaks to the server: the administrator, and any user that a story needs.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use kube::Client;

use super::files::{self, FilesError};
use super::{ControlPlane, ControlPlaneError, kubeconfig};
use crate::binaries::{self, Tool};
use crate::cli::Cli;
use crate::kubectl::Kubectl;

/// The group that RBAC lets do everything.
pub(super) const ADMINISTRATORS: &str = "system:masters";
/// The user of [`ControlPlane::client`] and of [`ControlPlane::kubeconfig`].
pub const ADMINISTRATOR: &str = "e2e-admin";

impl ControlPlane {
    /// The administrator's client. A new one each time, because it only works on the runtime that made it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn client(&self) -> Result<Client, ControlPlaneError> {
        self.client_for(ADMINISTRATOR, &[ADMINISTRATORS]).await
    }

    /// The administrator's kubeconfig, mode 0600.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.files.administrator_kubeconfig
    }

    /// A client that is authenticated, by a certificate of the cluster's authority, as `user` in `groups` (at most
    /// two, besides `system:authenticated`). What it may do is up to RBAC.
    ///
    /// # Errors
    /// When there are more groups, or the client cannot be made.
    pub async fn client_for(&self, user: &str, groups: &[&str]) -> Result<Client, ControlPlaneError> {
        Ok(kubeconfig::client(&self.kubeconfig_text(user, groups)?).await?)
    }

    /// Writes a kubeconfig, mode 0600, for the same as [`Self::client_for`].
    ///
    /// # Errors
    /// When there are more groups, or the file cannot be written.
    pub fn kubeconfig_for(&self, user: &str, groups: &[&str]) -> Result<PathBuf, ControlPlaneError> {
        let number = self.kubeconfigs_written.fetch_add(1, Ordering::Relaxed);
        let path = self.sandbox.folder().join(format!("user-{number}.kubeconfig"));
        files::write(&path, &self.kubeconfig_text(user, groups)?)?;
        Ok(path)
    }

    /// The pinned kubectl, as the administrator.
    #[must_use]
    pub fn kubectl(&self) -> Kubectl {
        Kubectl::new(Cli::new(&self.kubectl, self.kubeconfig(), &self.sandbox))
    }

    /// The pinned kubectl, as somebody else.
    ///
    /// # Errors
    /// As [`Self::kubeconfig_for`].
    pub fn kubectl_for(&self, user: &str, groups: &[&str]) -> Result<Kubectl, ControlPlaneError> {
        Ok(Kubectl::new(Cli::new(&self.kubectl, &self.kubeconfig_for(user, groups)?, &self.sandbox)))
    }

    /// The pinned helm, as the administrator. Built when a story first asks for it.
    ///
    /// # Errors
    /// When it is not there and cannot be built.
    pub async fn helm(&self) -> Result<Cli, ControlPlaneError> {
        let [program] = binaries::provide([Tool::Helm]).await?;
        Ok(Cli::new(&program, self.kubeconfig(), &self.sandbox))
    }

    /// The certificate of the authority that signs clients.
    pub(crate) fn authority_certificate(&self) -> &Path {
        &self.files.authority_certificate
    }

    fn kubeconfig_text(&self, user: &str, groups: &[&str]) -> Result<String, FilesError> {
        Ok(self.authority.kubeconfig(&self.url(), user, groups)?)
    }
}
