//! From what shall be to queued writes.

use std::sync::Arc;

use super::{desired::Desired, unwanted::Unwanted};
use crate::{
    api::keys,
    core::facts::ObjectKey,
    write::{Force, Operation, Target, Write, WriteQueue, Writer},
};

/// Hands desired objects to the queue.
#[derive(Clone)]
pub struct Writes {
    queue: Arc<WriteQueue>,
    writer: Arc<Writer>,
}

impl Writes {
    /// Writes through `queue`.
    pub const fn new(queue: Arc<WriteQueue>, writer: Arc<Writer>) -> Self {
        Self { queue, writer }
    }

    /// Whether this replica writes.
    pub fn is_leading(&self) -> bool {
        self.writer.is_leading()
    }

    /// An object, or Surety's part of it. What Surety applied and somebody changed is forced back; a field that was never
    /// Surety's is not fought over.
    pub fn object(&self, desired: Desired) {
        self.queue.submit(Write {
            target: target_of(&desired.key),
            manager: desired.manager,
            operation: Operation::Apply(desired.body, force_of(desired.manager)),
        });
    }

    /// A status.
    pub fn status(&self, desired: Desired) {
        self.queue.submit(Write {
            target: target_of(&desired.key),
            manager: desired.manager,
            operation: Operation::ApplyStatus(desired.body),
        });
    }

    /// An object that is not wanted any more goes, where it is Surety's.
    pub fn withdrawal(&self, unwanted: Unwanted) {
        self.queue.submit(Write {
            target: target_of(&unwanted.key),
            manager: unwanted.manager,
            operation: Operation::Withdraw(unwanted.tenant),
        });
    }

    /// The object is not there: the next write makes it anew.
    pub fn forget(&self, target: &Target) {
        self.writer.forget(target);
    }

    /// Somebody may have changed the object: the next write looks at it.
    pub fn look_again(&self, key: &ObjectKey) -> Target {
        let target = target_of(key);
        self.writer.forget(&target);
        target
    }
}

/// Who belongs to a tenant is Surety's alone to say: its label is written over whatever stands there.
fn force_of(manager: &str) -> Force {
    if manager == keys::MANAGER_NAMESPACES { Force::Yes } else { Force::WhereOwned }
}

fn target_of(key: &ObjectKey) -> Target {
    let resource = key.kind.resource();
    match &key.namespace {
        Some(namespace) => Target::namespaced(resource, namespace.clone(), key.name.clone()),
        None => Target::cluster(resource, key.name.clone()),
    }
}
