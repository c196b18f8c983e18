//! The files that the programs of a control plane read: keys, certificates, kubeconfigs, the audit policy.

use std::io;
use std::path::{Path, PathBuf};

use super::access::{ADMINISTRATOR, ADMINISTRATORS};
use super::authority::{Authority, AuthorityError, token_key};
use super::kubeconfig::write_private;

/// Every request once, with who asked for what and the answer's code, without bodies.
const AUDIT_POLICY: &str = r#"{
  "apiVersion": "audit.k8s.io/v1",
  "kind": "Policy",
  "omitStages": ["RequestReceived"],
  "rules": [{ "level": "Metadata" }]
}
"#;

/// Why the files could not be made.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// A certificate or key failed.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// A file could not be written.
    #[error("{} could not be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

/// Where each file is.
#[derive(Debug)]
pub(super) struct Files {
    pub authority_certificate: PathBuf,
    pub authority_key: PathBuf,
    pub serving_certificate: PathBuf,
    pub serving_key: PathBuf,
    pub token_key: PathBuf,
    pub token_public_key: PathBuf,
    pub audit_policy: PathBuf,
    pub audit_log: PathBuf,
    pub controller_manager_kubeconfig: PathBuf,
    pub scheduler_kubeconfig: PathBuf,
    pub administrator_kubeconfig: PathBuf,
}

impl Files {
    /// Writes the files that do not depend on the server's address.
    pub(super) fn write(folder: &Path, authority: &Authority) -> Result<Self, FilesError> {
        let files = Self::in_folder(folder);
        let own = authority.identity();
        let serving = authority.serving()?;
        let (token_key, token_public_key) = token_key()?;
        for (path, content) in [
            (&files.authority_certificate, own.certificate.as_str()),
            (&files.authority_key, &own.key),
            (&files.serving_certificate, &serving.certificate),
            (&files.serving_key, &serving.key),
            (&files.token_key, &token_key),
            (&files.token_public_key, &token_public_key),
            (&files.audit_policy, AUDIT_POLICY),
        ] {
            write(path, content)?;
        }
        Ok(files)
    }

    /// Writes the kubeconfigs, which know the server's address, and returns the administrator's.
    pub(super) fn write_kubeconfigs(
        &self,
        server: &str,
        authority: &Authority,
    ) -> Result<String, FilesError> {
        for (path, user) in [
            (&self.controller_manager_kubeconfig, "system:kube-controller-manager"),
            (&self.scheduler_kubeconfig, "system:kube-scheduler"),
        ] {
            write(path, &authority.kubeconfig(server, user, &[])?)?;
        }
        let administrator = authority.kubeconfig(server, ADMINISTRATOR, &[ADMINISTRATORS])?;
        write(&self.administrator_kubeconfig, &administrator)?;
        Ok(administrator)
    }

    fn in_folder(folder: &Path) -> Self {
        let at = |name: &str| folder.join(name);
        Self {
            authority_certificate: at("authority.crt"),
            authority_key: at("authority.key"),
            serving_certificate: at("serving.crt"),
            serving_key: at("serving.key"),
            token_key: at("tokens.key"),
            token_public_key: at("tokens.pub"),
            audit_policy: at("audit-policy.json"),
            audit_log: at("audit.log"),
            controller_manager_kubeconfig: at("controller-manager.kubeconfig"),
            scheduler_kubeconfig: at("scheduler.kubeconfig"),
            administrator_kubeconfig: at("kubeconfig"),
        }
    }
}

/// Writes a file that only its owner may read.
pub(super) fn write(path: &Path, content: &str) -> Result<(), FilesError> {
    write_private(path, content).map_err(|source| FilesError::Write { path: path.to_owned(), source })
}
