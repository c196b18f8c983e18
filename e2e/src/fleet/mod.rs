//! A large cluster as a list of objects: many tenants, five profiles, fifty policies. The same number of tenants gives the
//! same objects. Who serves or decodes them is not this room's business.
#![allow(clippy::indexing_slicing, reason = "a field that a JSON value has not reads as null")]

mod declared;
pub mod measured;
mod running;
pub mod server;

use jiff::Timestamp;
use serde_json::{Value, json};
use surety::core::controls;
use surety::core::facts::{Change, Kind, Source, SourceState};
use surety::core::world::World;
use surety::decode::{self, DecodeError};
use surety::index;
use surety::reconcile::book::Book;

/// The moment at which the recovery points of a fleet are young.
const NOW: &str = "2026-06-15T12:00:00Z";
/// When everything but recovery points was made.
const CREATED: &str = "2026-01-01T00:00:00Z";
/// One object in so many breaks a promise.
const FAILING: usize = 20;
/// The namespaces of a tenant.
const NAMESPACES: [&str; 3] = ["app", "data", "jobs"];

/// How many tenants there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fleet {
    /// Each has [`Fleet::OBJECTS_OF_TENANT`] objects.
    pub tenants: usize,
}

impl Fleet {
    /// 3 namespaces, 10 controllers with 40 pods in all, 20 claims with volumes, 10 Services, 10 Ingresses, 30 recovery
    /// points.
    pub const OBJECTS_OF_TENANT: usize = 143;

    /// The objects of a kind, as a list of the API server shows them. Made one after the other.
    pub fn objects(self, kind: Kind) -> impl Iterator<Item = Value> {
        let shared = match kind {
            Kind::StorageClass => running::classes(),
            Kind::BackupStorageLocation => vec![running::location()],
            Kind::Definition => declared::definitions(),
            kind if kind.is_declaration() => declared::declarations(kind),
            _ => Vec::new(),
        };
        let of_tenant = move |at| match kind {
            Kind::Tenant => vec![declared::tenant(at)],
            kind => running::of_tenant(at, kind),
        };
        shared.into_iter().chain((0..self.tenants).flat_map(of_tenant))
    }

    /// What Surety knows of the fleet once everything was listed.
    ///
    /// # Errors
    /// When an object cannot be read.
    pub fn world(self) -> Result<World, DecodeError> {
        let mut world = World::new(controls::all());
        for source in Source::ALL {
            index::set_source(&mut world, *source, SourceState::Synced);
        }
        for kind in Kind::ALL {
            for object in self.objects(*kind) {
                let fact = decode::object(*kind, object.to_string().as_bytes())?;
                index::apply(&mut world, Change::Apply(fact));
            }
        }
        Ok(world)
    }

    /// The same, evaluated.
    ///
    /// # Errors
    /// When an object cannot be read.
    pub fn book(self) -> Result<Book, DecodeError> {
        let mut book = Book::new(self.world()?);
        book.open(now());
        Ok(book)
    }
}

/// The moment at which the recovery points of a fleet are young.
#[must_use]
pub fn now() -> Timestamp {
    NOW.parse().unwrap_or_default()
}

/// The name of a tenant.
#[must_use]
pub fn tenant_name(at: usize) -> String {
    format!("tenant-{at:05}")
}

/// The namespace of a tenant's part.
#[must_use]
pub fn namespace_name(at: usize, part: usize) -> String {
    format!("tenant-{at:05}-{}", NAMESPACES[part % NAMESPACES.len()])
}

/// Metadata as the API server shows it: with what Surety does not read, too.
fn metadata(namespace: Option<&str>, name: &str, labels: &Value) -> Value {
    let place = namespace.unwrap_or("cluster");
    let mut metadata = json!({
        "name": name, "uid": format!("{place}-{name}"), "resourceVersion": "1000", "generation": 1,
        "creationTimestamp": CREATED, "labels": labels,
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "deployment.example.com/revision": "17"},
        "managedFields": [{
            "manager": "kubectl-client-side-apply", "operation": "Update", "apiVersion": "v1", "time": CREATED,
            "fieldsType": "FieldsV1", "fieldsV1": {
                "f:metadata": {"f:annotations": {".": {}, "f:kubectl.kubernetes.io/last-applied-configuration": {}},
                               "f:labels": {".": {}, "f:app": {}, "f:app.kubernetes.io/name": {}}},
                "f:spec": {"f:replicas": {}, "f:selector": {}, "f:template": {"f:spec": {"f:containers": {}}}}},
        }],
    });
    if let Some(namespace) = namespace {
        metadata["namespace"] = json!(namespace);
    }
    metadata
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_has_what_is_said_and_every_object_is_read() {
        let fleet = Fleet { tenants: 20 };
        let kinds = Kind::ALL.iter().copied().filter(|kind| !kind.is_declaration());
        let shared = [Kind::StorageClass, Kind::BackupStorageLocation, Kind::Definition];
        let mut count = 0;
        for kind in kinds {
            let objects: Vec<Value> = fleet.objects(kind).collect();
            for object in &objects {
                let read = surety::decode::object(kind, object.to_string().as_bytes());
                assert!(read.is_ok(), "{kind}: {:?}", read.err());
            }
            count += if shared.contains(&kind) { 0 } else { objects.len() };
        }
        // The fences of the namespaces and the tenants' schedules come on top.
        let beside = fleet.objects(Kind::NetworkPolicy).count() + fleet.objects(Kind::VeleroSchedule).count();
        assert_eq!(count - beside, 20 * Fleet::OBJECTS_OF_TENANT);
    }

    #[test]
    fn there_are_five_profiles_and_fifty_policies_and_each_is_read() {
        let fleet = Fleet { tenants: 1 };
        let policies =
            [Kind::BackupPolicy, Kind::RetentionPolicy, Kind::EncryptionPolicy, Kind::IsolationPolicy];
        assert_eq!(fleet.objects(Kind::Profile).count(), 5);
        assert_eq!(policies.iter().map(|kind| fleet.objects(*kind).count()).sum::<usize>(), 50);
        for kind in policies.into_iter().chain([Kind::Profile, Kind::Tenant]) {
            for object in fleet.objects(kind) {
                let read = surety::decode::object(kind, object.to_string().as_bytes());
                assert!(read.is_ok(), "{kind}: {:?}", read.err());
            }
        }
    }
}
