//! Sends single writes, each within its time, and only while this replica leads.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use hyper::Request;
use kube::{
    Client,
    api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions},
    core::request,
};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::Value;
use tokio::time::{Instant, timeout};

use super::{
    LeaderGate, Part, Target, WriteError, WriteMetrics,
    cache::{Answer, ApplyCache, Digest, Key, NOTHING},
    metrics::count,
    settled::{is_settled, is_written_for, wants_nothing, was_applied},
};
use crate::core::facts::Name;

/// Whether an apply takes fields from other managers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    /// It does: for fields that are Surety's by design.
    Yes,
    /// It does where this manager has applied the object before, so that what somebody changed is put back; a field that
    /// was never Surety's is not fought over: the apply fails with a conflict.
    WhereOwned,
    /// It does not, and fails with a conflict.
    No,
}

/// The bounds of a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterLimits {
    /// How long one request may take, the client's own retries included.
    pub timeout: Duration,
    /// How often an hour one body is applied again to one object after somebody undid it.
    pub reapplications_per_hour: usize,
    /// Of about how many objects the last apply is remembered.
    pub remembered: usize,
}

impl Default for WriterLimits {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(10), reapplications_per_hour: 6, remembered: 50_000 }
    }
}

/// What came of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// It was made.
    Made(Revision),
    /// It was not sent, because it would change nothing.
    Unchanged,
    /// It was not sent, because this replica does not lead.
    Skipped,
    /// It was not sent, because somebody undoes it again and again.
    Contested {
        /// When it may be sent again.
        retry_after: Duration,
    },
}

/// Which object a write made, and which version of it. Empty after a deletion.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Revision {
    /// Its UID.
    pub uid: Name,
    /// Its resource version.
    pub resource_version: Name,
}

/// What the API server is asked to try.
#[derive(Clone, Copy, Debug)]
pub enum DryRun<'a> {
    /// To merge this into the object.
    Merge(&'a Value),
    /// To delete the object.
    Delete {
        /// The grace period in seconds; without one, the kind's own.
        grace_period: Option<u32>,
    },
}

/// Sends writes to the API server.
pub struct Writer {
    client: Client,
    gate: LeaderGate,
    limits: WriterLimits,
    metrics: Arc<WriteMetrics>,
    memory: Mutex<Memory>,
}

/// What was applied, as long as nobody else led meanwhile.
struct Memory {
    cache: ApplyCache,
    gate: LeaderGate,
}

/// How an object stands before an apply.
#[derive(Debug, PartialEq, Eq)]
enum Looked {
    /// As it shall be; its UID.
    Settled(Name),
    /// Otherwise.
    Differs {
        /// Whether this manager has applied it before.
        is_owned: bool,
    },
    /// Not there.
    Absent,
}

/// The part of an answer that is read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answered {
    metadata: Revision,
}

pub(super) type Built = Result<Request<Vec<u8>>, request::Error>;

impl Writer {
    /// A writer that sends while `gate` is open.
    pub fn new(client: Client, gate: LeaderGate, limits: WriterLimits, metrics: Arc<WriteMetrics>) -> Self {
        let cache = ApplyCache::new(limits.remembered, limits.reapplications_per_hour);
        let memory = Mutex::new(Memory { cache, gate: gate.clone() });
        Self { client, gate, limits, metrics, memory }
    }

    /// Whether this replica writes now.
    pub fn is_leading(&self) -> bool {
        self.gate.is_open()
    }

    /// Applies `body` server-side. `apiVersion`, `kind`, name and namespace come from `target`. Fields that `manager`
    /// applied before and that `body` lacks are removed. With `metadata.uid` in `body`, a vanished object is a conflict;
    /// without, it is created anew.
    ///
    /// Nothing is sent where the same was applied before; the first time, and after [`Self::forget`], the object is
    /// looked at.
    pub async fn apply(
        &self,
        target: &Target,
        manager: &'static str,
        body: &Value,
        force: Force,
    ) -> Result<Written, WriteError> {
        self.apply_part(Key { target, manager, part: Part::Object }, body, force).await
    }

    /// Applies the status of an object, always by force: a status has one owner. A vanished object is
    /// [`WriteError::NotFound`].
    pub async fn apply_status(
        &self,
        target: &Target,
        manager: &'static str,
        body: &Value,
    ) -> Result<Written, WriteError> {
        self.apply_part(Key { target, manager, part: Part::Status }, body, Force::Yes).await
    }

    /// Creates an object that must not exist yet.
    pub async fn create(&self, target: &Target, manager: &str, body: &Value) -> Result<Written, WriteError> {
        let written = self.write(target, "create", creation(target, manager, body)?).await;
        if matches!(written, Ok(Written::Made(_))) {
            count(&self.metrics.created);
        }
        written
    }

    /// Deletes the object with this UID, and no other of its name. A vanished object is [`Written::Unchanged`].
    pub async fn remove(&self, target: &Target, uid: &str) -> Result<Written, WriteError> {
        let preconditions = Preconditions { uid: Some(uid.to_owned()), resource_version: None };
        let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
        let request = request::Request::new(target.collection()).delete(&target.name, &params);
        match self.write(target, "delete", request).await {
            Ok(written) => {
                if matches!(written, Written::Made(_)) {
                    count(&self.metrics.deleted);
                    self.forget(target);
                    return Ok(Written::Made(Revision::default()));
                }
                Ok(written)
            }
            Err(WriteError::NotFound { .. }) => Ok(Written::Unchanged),
            Err(error) => Err(error),
        }
    }

    /// Deletes an object that `manager` applied for `tenant`, as it is found. What carries other labels, or was never
    /// applied by `manager`, is somebody else's: it stays, and is [`Written::Unchanged`].
    pub async fn withdraw(
        &self,
        target: &Target,
        manager: &str,
        tenant: &str,
    ) -> Result<Written, WriteError> {
        if !self.gate.is_open() {
            count(&self.metrics.skipped);
            return Ok(Written::Skipped);
        }
        count(&self.metrics.looked_at);
        let path = request::Request::new(target.collection());
        let request = path.get(&target.name, &kube::api::GetParams::default());
        let live = match self.send::<Value>(target, "get", request).await {
            Ok(live) => live,
            Err(WriteError::NotFound { .. }) => return Ok(Written::Unchanged),
            Err(error) => return Err(error),
        };
        match live.pointer("/metadata/uid").and_then(Value::as_str) {
            Some(uid) if is_written_for(&live, tenant) && was_applied(&live, manager) => {
                self.remove(target, uid).await
            }
            _ => Ok(Written::Unchanged),
        }
    }

    /// Asks the API server to try something and change nothing. Every replica may: it is how enforcement is proved.
    pub async fn dry_run(&self, target: &Target, what: DryRun<'_>) -> Result<(), WriteError> {
        count(&self.metrics.dry_runs);
        let path = request::Request::new(target.collection());
        let (verb, request) = match what {
            DryRun::Merge(body) => {
                let params = PatchParams { dry_run: true, ..PatchParams::default() };
                ("patch", path.patch(&target.name, &params, &Patch::Merge(body)))
            }
            DryRun::Delete { grace_period } => ("delete", tried_deletion(target, grace_period)),
        };
        self.send::<IgnoredAny>(target, verb, request).await.map(|_| ())
    }

    /// The object may have changed: the next apply looks at it instead of trusting memory.
    pub fn forget(&self, target: &Target) {
        self.memory().cache.forget(target);
    }

    /// The object was seen with this UID; what was applied to a predecessor of its name does not count.
    pub fn observe(&self, target: &Target, uid: &str) {
        self.memory().cache.observe(target, uid);
    }

    async fn apply_part(&self, key: Key<'_>, body: &Value, force: Force) -> Result<Written, WriteError> {
        if !self.gate.is_open() {
            count(&self.metrics.skipped);
            return Ok(Written::Skipped);
        }
        let body = key.target.complete(body)?;
        let digest = if wants_nothing(&body) { NOTHING } else { sha256(&bytes(&body)) };
        let (answer, since) = {
            let mut memory = self.memory();
            (memory.cache.ask(key, &digest), memory.cache.moment())
        };
        let looked = match answer {
            Answer::Unchanged => return Ok(self.unchanged()),
            Answer::Look { .. } => {
                self.look(key, &body).await.inspect_err(|_| count(&self.metrics.failed))?
            }
            Answer::Write => Looked::Differs { is_owned: true },
        };
        if let Looked::Settled(uid) = looked {
            self.memory().cache.record(key, digest, uid, since);
            return Ok(self.unchanged());
        }
        if answer == (Answer::Look { is_reapplication: true })
            && let Err(retry_after) = self.memory().cache.reapply(key, Instant::now())
        {
            count(&self.metrics.contested);
            return Ok(Written::Contested { retry_after });
        }
        let is_reapplication = answer == (Answer::Look { is_reapplication: true });
        let is_owned =
            is_reapplication || matches!(looked, Looked::Absent | Looked::Differs { is_owned: true });
        let force = if force == Force::WhereOwned && is_owned { Force::Yes } else { force };
        let written = self.write(key.target, "patch", patch(key, &body, force)).await?;
        if let Written::Made(revision) = &written {
            count(&self.metrics.applied);
            self.memory().cache.record(key, digest, revision.uid.clone(), since);
        }
        Ok(written)
    }

    /// How the object stands. Whoever may not read must write.
    async fn look(&self, key: Key<'_>, body: &Value) -> Result<Looked, WriteError> {
        count(&self.metrics.looked_at);
        let path = request::Request::new(key.target.collection());
        let request = path.get(&key.target.name, &kube::api::GetParams::default());
        match self.send::<Value>(key.target, "get", request).await {
            Ok(live) if is_settled(&live, body, key.manager, key.part) => {
                let uid = live.pointer("/metadata/uid").and_then(Value::as_str);
                Ok(Looked::Settled(uid.unwrap_or_default().into()))
            }
            Ok(live) => Ok(Looked::Differs { is_owned: was_applied(&live, key.manager) }),
            Err(WriteError::NotFound { .. }) => Ok(Looked::Absent),
            Err(WriteError::Forbidden { .. }) => Ok(Looked::Differs { is_owned: false }),
            Err(error) => Err(error),
        }
    }

    /// Sends a write while this replica leads.
    async fn write(&self, target: &Target, verb: &'static str, built: Built) -> Result<Written, WriteError> {
        if !self.gate.is_open() {
            count(&self.metrics.skipped);
            return Ok(Written::Skipped);
        }
        let result = tokio::select! {
            result = self.send::<Answered>(target, verb, built) => result,
            () = self.gate.closed() => Err(WriteError::LeadershipLost { object: target.to_string() }),
        };
        if result.is_err() {
            count(&self.metrics.failed);
        }
        result.map(|answered| Written::Made(answered.metadata))
    }

    /// The client has no limit for an answer, so it is set here. What is refused for a moment is tried again by the queue.
    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        target: &Target,
        verb: &'static str,
        built: Built,
    ) -> Result<T, WriteError> {
        target.check()?;
        let failed = |error| WriteError::new(target, verb, error);
        let request = built.map_err(|error| failed(kube::Error::BuildRequest(error)))?;
        let after = self.limits.timeout;
        match timeout(after, self.client.request(request)).await {
            Ok(result) => result.map_err(failed),
            Err(_) => Err(WriteError::Timeout { object: target.to_string(), after }),
        }
    }

    fn unchanged(&self) -> Written {
        count(&self.metrics.unchanged);
        Written::Unchanged
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.gate.has_passed_on() {
            memory.cache.forget_all();
        }
        memory
    }
}

/// What is asked for stands in the query and not in a body: only there do the API server's own log and counters see that it
/// is a dry run.
fn tried_deletion(target: &Target, grace_period: Option<u32>) -> Built {
    let grace_period = grace_period.map(|seconds| format!("&gracePeriodSeconds={seconds}"));
    let grace_period = grace_period.unwrap_or_default();
    let uri = format!("{}/{}?dryRun=All{grace_period}", target.collection(), target.name);
    Request::delete(uri).body(Vec::new()).map_err(request::Error::BuildRequest)
}

pub(super) fn creation(target: &Target, manager: &str, body: &Value) -> Result<Built, WriteError> {
    let body = bytes(&target.complete(body)?);
    let params = PostParams { dry_run: false, field_manager: Some(manager.to_owned()) };
    Ok(request::Request::new(target.collection()).create(&params, body))
}

fn patch(key: Key<'_>, body: &Value, force: Force) -> Built {
    let params = PatchParams { force: force == Force::Yes, ..PatchParams::apply(key.manager) };
    let path = request::Request::new(key.target.collection());
    match key.part {
        Part::Object => path.patch(&key.target.name, &params, &Patch::Apply(body)),
        Part::Status => path.patch_subresource("status", &key.target.name, &params, &Patch::Apply(body)),
    }
}

pub(super) fn bytes(body: &Value) -> Vec<u8> {
    body.to_string().into_bytes()
}

fn sha256(bytes: &[u8]) -> Digest {
    digest(&SHA256, bytes).as_ref().try_into().unwrap_or_default()
}
