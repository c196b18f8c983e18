//! Replicas of Surety behind the balancer that the API server calls.

use std::time::Duration;

use super::{Settings, Surety, SuretyError, build};
use crate::balancer::Balancer;
use crate::control_plane::ControlPlane;

/// What a replica may take to stop.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// Replicas of Surety on one control plane. Dropping it kills them.
#[derive(Debug)]
pub struct Installation<'a> {
    control_plane: &'a ControlPlane,
    settings: Settings,
    replicas: Vec<Surety>,
    balancer: Balancer,
}

impl<'a> Installation<'a> {
    /// Builds Surety if need be and starts this many replicas. CRDs and RBAC must be installed already.
    ///
    /// # Errors
    /// When it cannot be built or started.
    pub async fn start(control_plane: &'a ControlPlane, replicas: usize) -> Result<Self, SuretyError> {
        Self::start_with(control_plane, replicas, Vec::new()).await
    }

    /// The same with further arguments for each replica.
    ///
    /// # Errors
    /// When it cannot be built or started.
    pub async fn start_with(
        control_plane: &'a ControlPlane,
        replicas: usize,
        extra_arguments: Vec<String>,
    ) -> Result<Self, SuretyError> {
        let program = build::program().await?;
        let balancer = Balancer::start()?;
        let settings = Settings { program, webhook_port: balancer.port(), extra_arguments };
        let mut installation = Self { control_plane, settings, replicas: Vec::new(), balancer };
        for _ in 0..replicas {
            installation.add()?;
        }
        Ok(installation)
    }

    /// Starts one more replica and returns its number. The balancer skips it until it listens.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn add(&mut self) -> Result<usize, SuretyError> {
        let replica = Surety::start(self.control_plane, &self.settings)?;
        self.balancer.add(replica.listen_port());
        self.replicas.push(replica);
        Ok(self.replicas.len() - 1)
    }

    /// Replicas that are started from now on get these further arguments instead, as after an upgrade.
    pub fn tell(&mut self, extra_arguments: Vec<String>) {
        self.settings.extra_arguments = extra_arguments;
    }

    /// Waits until all replicas are ready.
    ///
    /// # Errors
    /// When one ends or is not ready within `limit`: its own reason and the end of its log.
    pub async fn ready(&mut self, limit: Duration) -> Result<(), SuretyError> {
        for replica in &mut self.replicas {
            replica.ready(limit).await?;
        }
        Ok(())
    }

    /// The running replicas, in the order of their numbers.
    #[must_use]
    pub fn replicas(&self) -> &[Surety] {
        &self.replicas
    }

    /// Takes a replica out of the balancer, as Kubernetes does with a terminating pod, asks it to stop and waits for
    /// its end. The numbers of those after it go down by one.
    ///
    /// # Errors
    /// When there is no such replica or it still runs after 30 s.
    pub async fn stop(&mut self, number: usize) -> Result<(), SuretyError> {
        let mut replica = self.take(number)?;
        self.balancer.remove(replica.listen_port());
        replica.terminate(STOP_LIMIT).await?;
        Ok(())
    }

    /// Kills a replica while the balancer still sends to it, as a lost machine would. The numbers of those after it
    /// go down by one.
    ///
    /// # Errors
    /// When there is no such replica or the system refuses.
    pub fn kill(&mut self, number: usize) -> Result<(), SuretyError> {
        let mut replica = self.take(number)?;
        replica.kill()?;
        self.balancer.remove(replica.listen_port());
        Ok(())
    }

    /// A running replica, to be frozen and thawed.
    ///
    /// # Errors
    /// When there is no such replica.
    pub fn replica_mut(&mut self, number: usize) -> Result<&mut Surety, SuretyError> {
        self.replicas.get_mut(number).ok_or(SuretyError::NoReplica(number))
    }

    /// The balancer that the API server calls.
    #[must_use]
    pub fn balancer(&self) -> &Balancer {
        &self.balancer
    }

    fn take(&mut self, number: usize) -> Result<Surety, SuretyError> {
        if number >= self.replicas.len() {
            return Err(SuretyError::NoReplica(number));
        }
        Ok(self.replicas.remove(number))
    }
}
