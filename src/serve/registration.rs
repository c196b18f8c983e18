//! Keeps the webhook registration: made when Ready, repaired when changed, loosened while an operator pauses it. The
//! leader writes; every replica looks, because whether requests are judged decides what is believed.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::{Client, core::Request};
use serde_json::Value;
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    enforcement::{Cause, Seen, sentry::Sentry},
    health::Readiness,
    owner::{self, OwnerError},
};
use crate::{
    admission::{
        register::{self, Difference, Premises},
        tls::Published,
    },
    api::keys,
    core::facts::Resource,
    watch::Clock,
    write::{Force, Regarding, Target, WriteError, Writer},
};

/// How often the registration is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How long one look may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The resource of registrations.
const RESOURCE: Resource = Resource {
    group: "admissionregistration.k8s.io",
    version: "v1",
    kind: "ValidatingWebhookConfiguration",
    plural: "validatingwebhookconfigurations",
    is_namespaced: false,
};

/// Keeps one registration.
pub struct Registrar {
    /// The connection to the API server.
    pub client: Client,
    /// Sends the writes.
    pub writer: Arc<Writer>,
    /// What the entries depend on, but for the authority.
    pub premises: Premises,
    /// The present certificates.
    pub certificates: watch::Receiver<Option<Published>>,
    /// A registration is first made when Ready.
    pub readiness: Readiness,
    /// Since when the registration is in force.
    pub enforcing_since: watch::Sender<Option<Timestamp>>,
    /// What this replica saw of enforcement.
    pub memory: Mutex<Memory>,
    /// Keeps what is known of enforcement.
    pub sentry: Arc<Sentry>,
    /// Whether an operator has paused it.
    pub paused: watch::Sender<bool>,
    /// Until when the settings pause it.
    pub paused_until: Option<Timestamp>,
    /// The ClusterRole that it goes away with.
    pub owner_cluster_role: Option<String>,
    /// The time of day.
    pub clock: Clock,
}

/// What a replica remembers of the registration.
#[derive(Debug, Default)]
pub struct Memory {
    /// When a gap was last seen.
    last_gap: Option<Timestamp>,
    /// What was wanted when it was last in force.
    last_in_force: Option<Value>,
    /// The UID that it was last seen with.
    uid: Option<String>,
    /// What it goes away with.
    owner: Option<OwnerReference>,
    /// What the last look meant.
    last_seen: Option<Seen>,
}

impl Registrar {
    /// Looks until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut certificates = self.certificates.clone();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = ticks.tick() => {}
                Ok(()) = certificates.changed() => {}
            }
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "the webhook registration could not be looked at");
            }
        }
    }

    async fn look(&self) -> Result<(), RegistrationError> {
        let current = self.current().await?;
        let now = (self.clock)();
        let paused_until = self.pause(current.as_ref(), now);
        self.paused.send_if_modified(|paused| {
            std::mem::replace(paused, paused_until.is_some()) != paused_until.is_some()
        });
        let Some(published) = self.certificates.borrow().clone() else { return Ok(()) };
        let owner = self.owner(current.is_some()).await?;
        let premises = Premises { ca_bundle: published.ca_bundle, owner, ..self.premises.clone() };
        let registration = register::registration(&premises);
        let registration = if paused_until.is_some() { registration.paused() } else { registration };
        let wanted = register::build(&registration)?;
        let difference =
            current.as_ref().map_or(Difference::Applied, |current| register::difference(current, &wanted));
        self.note_enforcement(current.as_ref(), difference, paused_until.is_some());
        self.note_seen(current.as_ref(), difference, paused_until.is_some(), &wanted);
        self.sentry.record(&self.regarding()).await;
        if difference == Difference::None || !self.may_write(current.is_some()) {
            return Ok(());
        }
        self.repair(current.as_ref(), &wanted, difference).await
    }

    /// By the annotation or by the settings, whichever lasts longer.
    fn pause(&self, current: Option<&Value>, now: Timestamp) -> Option<Timestamp> {
        let annotated = current.and_then(|current| register::paused_until(current, now));
        annotated.max(self.paused_until.and_then(|until| register::pause(until, now)))
    }

    /// Asked again when the registration has gone: it goes with its owner, and one made for an owner that is no more
    /// would go at once. While there is none nothing is registered: Surety is being uninstalled.
    async fn owner(&self, is_there: bool) -> Result<Option<OwnerReference>, RegistrationError> {
        let Some(name) = &self.owner_cluster_role else { return Ok(None) };
        let known = self.memory().owner.clone();
        if is_there && known.is_some() {
            return Ok(known);
        }
        let owner = owner::cluster_role(&self.client, name).await?;
        self.memory().owner = Some(owner.clone());
        Ok(Some(owner))
    }

    /// The first one waits until Surety can judge; one that is there is repaired at any time.
    fn may_write(&self, is_there: bool) -> bool {
        self.writer.is_leading() && (is_there || self.readiness.is_ready())
    }

    async fn repair(
        &self,
        current: Option<&Value>,
        wanted: &Value,
        difference: Difference,
    ) -> Result<(), RegistrationError> {
        let target = Target::cluster(RESOURCE, self.premises.name.as_str());
        if let (Difference::Added, Some(uid)) = (difference, current.and_then(uid_of)) {
            // Entries and conditions are lists with keys: applying leaves in place what somebody added.
            tracing::warn!("somebody added to the webhook registration; it is made anew");
            self.writer.remove(&target, &uid).await?;
        }
        self.writer.forget(&target);
        self.writer.apply(&target, keys::MANAGER_REGISTRATION, wanted, Force::Yes).await?;
        tracing::info!(is_new = current.is_none(), "the webhook registration was written");
        Ok(())
    }

    fn note_seen(&self, current: Option<&Value>, difference: Difference, is_paused: bool, wanted: &Value) {
        let seen = self.seen(current, difference, is_paused, wanted);
        self.sentry.saw(seen);
        if self.memory().last_seen.replace(seen) != Some(seen) {
            self.sentry.note_change();
        }
    }

    /// What this look means.
    fn seen(&self, current: Option<&Value>, difference: Difference, is_paused: bool, wanted: &Value) -> Seen {
        let mut memory = self.memory();
        memory.uid = current.and_then(uid_of).or_else(|| memory.uid.take());
        let seen = match (current, difference) {
            (None, _) => Seen::Open(Cause::Deleted),
            _ if is_paused => Seen::Open(Cause::Paused),
            (_, Difference::None) => Seen::InForce,
            _ if memory.last_in_force.as_ref() == Some(wanted) => Seen::Open(Cause::Changed),
            _ => Seen::Outdated,
        };
        if seen == Seen::InForce && memory.last_in_force.as_ref() != Some(wanted) {
            memory.last_in_force = Some(wanted.clone());
        }
        seen
    }

    fn regarding(&self) -> Regarding {
        let uid = self.memory().uid.clone().unwrap_or_default();
        let target = Target::cluster(RESOURCE, self.premises.name.as_str());
        Regarding { target, uid: uid.into() }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In force since it was created, and since the end of the last gap that this replica saw: what was created in a
    /// gap was not judged.
    fn note_enforcement(&self, current: Option<&Value>, difference: Difference, is_paused: bool) {
        let created = current.filter(|_| difference == Difference::None && !is_paused).and_then(created_at);
        // While it lasts, a gap has not ended; the last look at it is its end.
        let gap_ended = self.memory().last_gap;
        if created.is_none() && current.is_some() {
            self.memory().last_gap = Some((self.clock)());
        }
        let since = created.map(|created| gap_ended.map_or(created, |ended| created.max(ended)));
        self.enforcing_since.send_if_modified(|known| {
            let next = match (*known, since) {
                (Some(known), Some(_)) => Some(known),
                (_, since) => since,
            };
            std::mem::replace(known, next) != next
        });
    }

    async fn current(&self) -> Result<Option<Value>, RegistrationError> {
        let request = Request::new("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations");
        let request = request.get(&self.premises.name, &kube::api::GetParams::default()).map_err(Box::new)?;
        let answer = timeout(TIMEOUT, self.client.request::<Value>(request))
            .await
            .map_err(|_| RegistrationError::Timeout)?;
        match answer {
            Ok(current) => Ok(Some(current)),
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(None),
            Err(error) => Err(RegistrationError::Read(Box::new(error))),
        }
    }
}

fn uid_of(current: &Value) -> Option<String> {
    current.pointer("/metadata/uid").and_then(Value::as_str).map(str::to_owned)
}

fn created_at(current: &Value) -> Option<Timestamp> {
    current.pointer("/metadata/creationTimestamp").and_then(Value::as_str)?.parse().ok()
}

/// Why the registration could not be looked at or written.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// The request could not be built.
    #[error("the request cannot be built: {0}")]
    Request(#[from] Box<kube::core::request::Error>),
    /// The API server refused.
    #[error("ValidatingWebhookConfiguration cannot be read: {0}")]
    Read(#[source] Box<kube::Error>),
    /// No answer in time.
    #[error("ValidatingWebhookConfiguration cannot be read: no answer within {TIMEOUT:?}")]
    Timeout,
    /// The registration cannot be written down.
    #[error("the registration cannot be serialized: {0}")]
    Serialize(#[from] serde_json::Error),
    /// What it goes away with is not known.
    #[error(transparent)]
    Owner(#[from] OwnerError),
    /// The write failed.
    #[error(transparent)]
    Write(#[from] WriteError),
}
