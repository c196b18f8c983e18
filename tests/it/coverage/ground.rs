//! The ground of a case: a cluster with one tenant to whom one promise was made, and who keeps it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use surety::{
    api::keys,
    core::{
        catalogue::Strength,
        controls,
        facts::{Enforcing, Fact, Kind, Proof, Source, SourceState},
        world::{Proofs, World},
    },
    decode::{self, WatchLine},
    reconcile::{book::Book, desired, record},
};

use super::{backup, objects::*, promise::Promise};

/// Objects of a cluster, at one moment.
#[derive(Clone)]
pub struct Ground {
    objects: Vec<Value>,
    now: Timestamp,
}

/// Something that a watch brings.
#[derive(Clone)]
pub enum Event {
    /// An object appears or changes.
    Put(Value),
    /// An object goes.
    Gone(Value),
}

impl Ground {
    /// A tenant that was promised this, and keeps it.
    pub fn of(promise: &Promise) -> Self {
        let mut ground = Self { objects: Vec::new(), now: at(NOW) };
        ground.put_all([
            profile(promise, promise.document()),
            tenant(TENANT, promise, &[NAMESPACE, NEW_NAMESPACE]),
        ]);
        ground.put_all(cluster_objects());
        ground.put_all(tenant_objects(&data_class(promise)));
        if promise.commitment.controls.iter().any(|used| used.id.starts_with("backup.")) {
            ground.put_all(backup::objects(promise));
        }
        if promise.means.contains(&Strength::Attest) {
            ground.put_all([attestation(promise)]);
        }
        ground
    }

    /// The same tenant, who was promised everything that the profile promises.
    #[must_use]
    pub fn with_whole_profile(self, promise: &Promise) -> Self {
        self.put(profile(promise, promise.whole_document()))
    }

    /// The same at another moment.
    #[must_use]
    pub const fn at(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    /// The present.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// With an object, in place of one of its kind and name.
    #[must_use]
    pub fn put(mut self, object: Value) -> Self {
        self.put_all([object]);
        self
    }

    /// Without an object.
    #[must_use]
    pub fn without(mut self, kind: Kind, name: &str) -> Self {
        let gone = self.get(kind, name);
        self.objects.retain(|object| !is_same(object, &gone));
        self
    }

    /// After these events.
    #[must_use]
    pub fn after(mut self, events: &[Event]) -> Self {
        for event in events {
            match event {
                Event::Put(object) => self.put_all([object.clone()]),
                Event::Gone(gone) => self.objects.retain(|object| !is_same(object, gone)),
            }
        }
        self
    }

    /// An object of it.
    pub fn get(&self, kind: Kind, name: &str) -> Value {
        let found = self.find(kind, name);
        found.unwrap_or_else(|| panic!("there is no {kind} {name}")).clone()
    }

    /// An object of it, where there is one.
    pub fn find(&self, kind: Kind, name: &str) -> Option<&Value> {
        let is_meant = |object: &&Value| kind_of(object) == kind && object["metadata"]["name"] == name;
        self.objects.iter().find(is_meant)
    }

    fn put_all(&mut self, objects: impl IntoIterator<Item = Value>) {
        for object in objects {
            match self.objects.iter_mut().find(|known| is_same(known, &object)) {
                Some(known) => *known = object,
                None => self.objects.push(object),
            }
        }
    }

    /// What the controller concludes from it, from the lines of its watches on.
    pub fn book(&self) -> Book {
        let mut book = Book::new(World::new(controls::all()));
        for source in Source::ALL {
            book.set_source(*source, SourceState::Synced, self.now);
        }
        book.set_enforcing_since(Some(at(BEGINNING)), self.now);
        book.set_proofs(Arc::new(proofs()), self.now);
        for object in &self.objects {
            tell(&mut book, &Event::Put(object.clone()), self.now);
        }
        book.open(self.now);
        book
    }

    /// The same after everything that Surety wants to write has been written.
    #[must_use]
    pub fn settled(mut self) -> Self {
        let book = self.book();
        let plan = book.world().plan(TENANT).unwrap();
        for desired in desired::of_tenant(book.world(), plan) {
            let applied = self.applied(&desired);
            self.put_all([applied]);
        }
        self
    }

    /// What the controller remembers of the tenant, as it is written.
    pub fn remembered(&self) -> Value {
        let book = self.book();
        let plan = book.world().plan(TENANT).unwrap();
        let memory = book.result(TENANT, self.now).unwrap().memory;
        let held = book.world().record(TENANT).map(|record| record.data.clone()).unwrap_or_default();
        let record = record::next(book.world(), plan, memory, &held, self.now);
        self.applied(&record::config_map("surety-system", &record).unwrap())
    }

    /// An object as it is after server-side apply of Surety's part.
    pub fn applied(&self, desired: &desired::Desired) -> Value {
        let (kind, name) = (desired.key.kind, &*desired.key.name);
        let namespace = desired.key.namespace.as_deref();
        let is_there = |object: &&Value| {
            kind_of(object) == kind
                && object["metadata"]["name"] == name
                && object["metadata"]["namespace"].as_str() == namespace
        };
        let known = self.objects.iter().find(is_there).cloned();
        let mut known = known.unwrap_or_else(|| object(kind, name, json!({})));
        merge(&mut known, desired.body.clone());
        known
    }
}

/// Every entry refuses what it must.
fn proofs() -> Proofs {
    let proof = Proof { state: Enforcing::Enforcing, since: at(BEGINNING), last_good: None };
    ["protect-tenant", "protect-engine", "protect-cluster", "conform"]
        .map(|entry| (entry.into(), proof))
        .into()
}

/// Tells the controller of an event, in the words of a watch.
pub fn tell(book: &mut Book, event: &Event, now: Timestamp) {
    let (word, object) = match event {
        Event::Put(object) => ("MODIFIED", object),
        Event::Gone(object) => ("DELETED", object),
    };
    let line = json!({"type": word, "object": object}).to_string();
    let line = decode::watch_line(kind_of(object), line.as_bytes()).unwrap();
    let change = match line {
        WatchLine::Added { change, .. } | WatchLine::Modified { change, .. } => change,
        WatchLine::Deleted { key, .. } => surety::core::facts::Change::Delete(key),
        other => panic!("no change: {other:?}"),
    };
    let is_readable = !matches!(change, surety::core::facts::Change::Unreadable { .. });
    assert!(is_readable, "{change:?}");
    book.apply(change, now);
}

/// The fact that an object is.
pub fn fact(object: &Value) -> Fact {
    decode::object(kind_of(object), object.to_string().as_bytes()).unwrap()
}

/// The kind that an object says it is.
pub fn kind_of(object: &Value) -> Kind {
    if object["metadata"]["name"] == keys::RECORD_OF_CLUSTER_NAME {
        return Kind::ClusterRecord;
    }
    let text = |field: &str| object[field].as_str().unwrap_or_else(|| panic!("no {field} in {object}"));
    let group = text("apiVersion").rsplit_once('/').map_or("", |(group, _)| group);
    Kind::find(group, text("kind")).unwrap_or_else(|| panic!("no known kind: {object}"))
}

fn is_same(a: &Value, b: &Value) -> bool {
    let place = |object: &Value| {
        (kind_of(object), object["metadata"]["namespace"].clone(), object["metadata"]["name"].clone())
    };
    place(a) == place(b)
}

/// A profile as the API server stores it.
fn profile(promise: &Promise, document: &Value) -> Value {
    let stored = object(Kind::Profile, promise.profile, json!({}));
    with(document, json!({"metadata": stored["metadata"]}))
}

/// A tenant with these namespaces, to whom the promise was made.
pub fn tenant(name: &str, promise: &Promise, namespaces: &[&str]) -> Value {
    let class = data_class(promise);
    let mut classes = vec!["account", "other"];
    if !classes.contains(&class.as_str()) {
        classes.push(&class);
    }
    let spec = json!({
        "namespaces": {"names": namespaces}, "enforcement": "Deny",
        "dataClasses": classes, "defaultDataClass": class,
        "contract": {"start": BEGINNING},
    });
    let metadata = json!({"labels": promise.tenant_labels()});
    object(Kind::Tenant, name, json!({"metadata": metadata, "spec": spec}))
}

/// The class of data that the promise speaks of; any where it speaks of none.
pub fn data_class(promise: &Promise) -> String {
    let kept = promise.find("retention.kept").map(|used| promise.parameters(&used.id));
    kept.and_then(|kept| kept.text("dataClass").map(ToString::to_string))
        .unwrap_or_else(|| "account".to_owned())
}

fn cluster_objects() -> Vec<Value> {
    let labels = json!({"kubernetes.io/metadata.name": "kube-system"});
    let mut default_class = storage_class(ENCRYPTED_CLASS, true);
    merge(
        &mut default_class,
        json!({"metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}}),
    );
    vec![
        object(Kind::Namespace, "kube-system", json!({"metadata": {"labels": labels}})),
        default_class,
        storage_class(PLAIN_CLASS, false),
    ]
}

fn tenant_objects(data_class: &str) -> Vec<Value> {
    let mut web = workload(Kind::Deployment, "web", &pod_spec());
    let data = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]);
    pod_spec_of(&mut web)["volumes"] = data;
    vec![
        record(TENANT, &[NAMESPACE]),
        namespace(NAMESPACE),
        fence("default-deny"),
        bound_claim("data", ENCRYPTED_CLASS, data_class),
        volume_of("data", ENCRYPTED_CLASS),
        web,
        ingress("web"),
    ]
}

/// What Surety remembers of a tenant that holds these namespaces.
fn record(tenant: &str, namespaces: &[&str]) -> Value {
    let claims = namespaces.iter().map(|name| {
        let claim = json!({"uid": format!("uid-namespaces-{name}"), "generation": 1});
        ((*name).to_owned(), claim)
    });
    let claims: serde_json::Map<String, Value> = claims.collect();
    let record = json!({"tenant": tenant, "namespaces": claims, "findings": {}});
    let metadata = json!({
        "namespace": "surety-system", "labels": {keys::RECORD: keys::RECORD_OF_TENANT},
    });
    let name = format!("{}{tenant}", keys::RECORD_OF_TENANT_PREFIX);
    let data = json!({keys::RECORD_DATA: record.to_string()});
    object(Kind::TenantRecord, &name, json!({"metadata": metadata, "data": data}))
}

/// What the promise's attestation may be valid for, counted from the day before [`NOW`].
pub fn attestation(promise: &Promise) -> Value {
    let created = at(NOW) - SignedDuration::from_hours(24);
    let valid_for = promise.parameters("governance.attested").span("validFor").unwrap();
    let evidence = json!([{"uri": "https://evidence.example.com/report.pdf", "sha256": "0".repeat(64)}]);
    let spec = json!({
        "commitment": {"profile": promise.profile, "id": promise.commitment.id}, "tenantSelector": {},
        "statement": "It is kept, as the report shows.", "attestedBy": "a compliance officer",
        "evidence": evidence, "validUntil": text_of(valid_for.after(created)),
    });
    let metadata = json!({"creationTimestamp": text_of(created)});
    object(Kind::Attestation, "kept", json!({"metadata": metadata, "spec": spec}))
}
