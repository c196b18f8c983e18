//! A control plane with everything that Surety needs, and Surety itself: what a cluster looks like after an
//! installation by the book.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client};
use serde_json::json;

use super::velero::Velero;
use crate::ControlPlane;
use crate::audit::AuditLog;
use crate::kubectl::Kubectl;
use crate::metrics::Samples;
use crate::surety::Installation;
use crate::world::{apply_all, eventually, install_crds, repository};

/// What a condition that is only a matter of moments may take on a busy machine.
pub const SOON: Duration = Duration::from_secs(30);
/// What a thing that nothing wants any more may take to go: it stays half a minute, lest there is doubt.
pub const WITHDRAWN: Duration = Duration::from_secs(90);

/// How often Surety proves that it enforces, in seconds: a story has no minute to wait.
pub const PROBED: u64 = 2;

/// Whose members pass: Surety is told of it.
pub const BREAK_GLASS_GROUP: &str = "emergency";

/// What else is in a cluster: the backup engine's definitions and rights, as it brings them along, and storage.
const OTHERS: [&str; 3] =
    ["e2e/data/velero-crds.yaml", "e2e/data/velero.yaml", "e2e/data/storage-classes.yaml"];

/// A cluster in which Surety runs.
#[derive(Debug)]
pub struct Stage<'a> {
    /// The cluster.
    pub control_plane: &'a ControlPlane,
    /// The administrator's client.
    pub client: StageClient,
    /// The administrator's kubectl.
    pub kubectl: Kubectl,
    /// The audit log of the API server.
    pub audit: AuditLog,
    /// The backup engine.
    pub velero: Velero,
    /// The replicas of Surety.
    pub surety: Installation<'a>,
}

/// A client; its type has no debug output of its own.
#[derive(Clone)]
pub struct StageClient(Client);

impl StageClient {
    pub(super) fn new(client: Client) -> Self {
        Self(client)
    }
}

impl std::fmt::Debug for StageClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a client")
    }
}

impl std::ops::Deref for StageClient {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}

impl<'a> Stage<'a> {
    /// Installs the definitions, the rights and this many replicas of Surety, and waits until requests are judged. The
    /// control plane must have been started with an audit log.
    ///
    /// # Errors
    /// When something of it is refused or does not get ready.
    pub async fn set(control_plane: &'a ControlPlane, replicas: usize) -> Result<Self> {
        let kubectl = control_plane.kubectl();
        install_crds(&kubectl, &repository("crds")).await?;
        apply_all(&kubectl, &repository("config/rbac")).await?;
        for file in OTHERS {
            kubectl.apply_file(&repository(file)).await?.success()?;
        }
        kubectl.must(&["wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"]).await?;
        apply_all(&kubectl, &repository("config/canary")).await?;
        let stage = Self {
            control_plane,
            client: StageClient::new(control_plane.client().await?),
            audit: AuditLog::of(control_plane)?,
            velero: Velero::new(control_plane).await?,
            surety: Installation::start_with(
                control_plane,
                replicas,
                vec![
                    format!("--break-glass-group={BREAK_GLASS_GROUP}"),
                    format!("--probe-interval={PROBED}"),
                ],
            )
            .await?,
            kubectl,
        };
        stage.velero.available_location().await?;
        stage.judges().await?;
        Ok(stage)
    }

    /// Waits until every replica is ready and the API server asks them.
    ///
    /// # Errors
    /// When that does not come.
    pub async fn judges(&self) -> Result<()> {
        eventually(SOON, "a judged request", async || {
            for replica in self.surety.replicas() {
                let port = replica.metrics_port();
                crate::http::healthy(port, "/readyz").await.map_err(anyhow::Error::msg)?;
            }
            let answer = self.dry_run(FORGED_REPORT).await?;
            ensure!(answer.contains("denied the request: Surety refuses this"), "{answer}");
            Ok(Some(()))
        })
        .await
    }

    /// The number of the replica that holds the lease.
    ///
    /// # Errors
    /// When none of those that run does.
    pub async fn leader(&self) -> Result<usize> {
        let holder = self.holder().await?;
        let is_it = |replica: &crate::surety::Surety| holder.ends_with(&format!("-{}", replica.id()));
        self.surety.replicas().iter().position(is_it).with_context(|| format!("{holder} runs no more"))
    }

    /// Who holds the lease.
    ///
    /// # Errors
    /// When nobody does.
    pub async fn holder(&self) -> Result<String> {
        let leases: Api<Lease> = Api::namespaced((*self.client).clone(), "surety-system");
        let holder = leases.get("surety").await?.spec.and_then(|spec| spec.holder_identity);
        holder.filter(|holder| !holder.is_empty()).context("nobody holds the lease")
    }

    /// What the administrator is told about a server-side dry run of creating something.
    async fn dry_run(&self, yaml: &str) -> Result<String> {
        let arguments = ["create", "--dry-run=server", "--filename", "-"];
        let output = self.kubectl.run_with_input(&arguments, yaml).await?;
        Ok(output.stdout + &output.stderr)
    }

    /// Adds the shipped promises and the sample policies that keep them. They reach the tenants that carry a profile's
    /// label.
    ///
    /// # Errors
    /// When one is refused.
    pub async fn with_profiles_and_samples(self) -> Result<Self> {
        apply_all(&self.kubectl, &repository("config/profiles")).await?;
        apply_all(&self.kubectl, &repository("config/samples")).await?;
        Ok(self)
    }

    /// Waits until each replica knows a tenant, with this many commitments of its own profile.
    pub(super) async fn is_known_to_all(
        &self,
        tenant: &str,
        profile: &str,
        commitments: usize,
    ) -> Result<()> {
        for replica in self.surety.replicas() {
            eventually(SOON, "a replica that knows the tenant", async || {
                let metrics = replica.metrics().await?;
                let known = metrics.sum("surety_commitments", &[("tenant", tenant), ("profile", profile)]);
                ensure!(same(known, commitments), "{known} commitments are known to it");
                Ok(Some(()))
            })
            .await?;
        }
        Ok(())
    }

    /// What each replica measures.
    ///
    /// # Errors
    /// When one does not answer.
    pub async fn metrics(&self) -> Result<Vec<Samples>> {
        let mut all = Vec::new();
        for replica in self.surety.replicas() {
            all.push(replica.metrics().await?);
        }
        Ok(all)
    }

    /// Gives a user all rights: RBAC is not what stands in the way of what this user tries.
    ///
    /// # Errors
    /// When the binding is refused.
    pub async fn make_powerful(&self, user: &str) -> Result<Kubectl> {
        let name = format!("powerful-{}", user.replace(':', "-"));
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
        });
        self.kubectl.apply_text(&binding.to_string()).await?.success()?;
        let kubectl = self.control_plane.kubectl_for(user, &[])?;
        eventually(SOON, "the rights of a user", async || {
            let answer = kubectl.run(&["auth", "can-i", "*", "*"]).await?;
            Ok((answer.stdout.trim() == "yes").then_some(()))
        })
        .await
        .with_context(|| format!("{user} has no rights"))?;
        Ok(kubectl)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a handful of commitments")]
fn same(measured: f64, counted: usize) -> bool {
    (measured - counted as f64).abs() < 0.5
}

const FORGED_REPORT: &str = "
apiVersion: surety.dev/v1alpha1
kind: ComplianceReport
metadata: {name: forged}
spec: {tenant: forged}
";
