//! Requests as the API server asks about them, and the answers that it gets: from the bytes of a review to an answer.

use std::{
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use surety::{
    admission::{
        http::Meter,
        register::{
            self, CONFORM, Client, ControlPlane, Entry, FailurePolicy, GuardedKeys, PROTECT_CLUSTER,
            PROTECT_ENGINE, PROTECT_TENANT, Premises, Rule,
        },
        wire::{Answer, Decider},
    },
    core::{
        control::Operation,
        controls,
        facts::{Kind, Labels, Name},
        transition::Trusted,
    },
    index::Snapshots,
    serve::{decider::Gatekeeper, tentative::Tentative},
};
use tokio::sync::{mpsc, watch};

use super::{
    backup::ENGINE_NAMESPACE,
    ground::{Ground, kind_of},
};

/// The backup engine's own user.
const ENGINE_USER: &str = "system:serviceaccount:velero:velero";
/// Somebody with every right that RBAC gives, who is no part of Surety, an engine or the control plane.
const OPERATOR: &str = "operator@example.com";

/// What somebody asks of the API server.
#[derive(Clone, Debug)]
pub struct Request {
    operation: Operation,
    old: Option<Value>,
    new: Option<Value>,
    sub_resource: &'static str,
}

impl Request {
    /// To create an object.
    pub const fn create(new: Value) -> Self {
        Self { operation: Operation::Create, old: None, new: Some(new), sub_resource: "" }
    }

    /// To change an object.
    pub const fn update(old: Value, new: Value) -> Self {
        Self { operation: Operation::Update, old: Some(old), new: Some(new), sub_resource: "" }
    }

    /// To delete an object.
    pub const fn delete(old: Value) -> Self {
        Self { operation: Operation::Delete, old: Some(old), new: None, sub_resource: "" }
    }

    /// Through a subresource.
    #[must_use]
    pub const fn through(mut self, sub_resource: &'static str) -> Self {
        self.sub_resource = sub_resource;
        self
    }

    fn object(&self) -> &Value {
        self.new.as_ref().or(self.old.as_ref()).unwrap()
    }

    /// The AdmissionReview, as the API server sends it.
    fn body(&self) -> Vec<u8> {
        let (object, resource) = (self.object(), kind_of(self.object()).resource());
        let name = &object["metadata"]["name"];
        // Of a Namespace the API server sends its own name as the namespace too.
        let is_namespace = kind_of(object) == Kind::Namespace;
        let namespace = if is_namespace { name } else { &object["metadata"]["namespace"] };
        let kind = json!({"group": resource.group, "version": resource.version, "kind": resource.kind});
        let plural =
            json!({"group": resource.group, "version": resource.version, "resource": resource.plural});
        let mut request = json!({
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "kind": kind, "resource": plural,
            "requestKind": kind, "requestResource": plural, "name": name, "operation": self.operation.as_str(),
            "userInfo": {"username": OPERATOR, "groups": ["system:authenticated"]},
            "object": self.new, "oldObject": self.old, "dryRun": false,
        });
        if namespace.is_string() {
            request["namespace"] = namespace.clone();
        }
        if !self.sub_resource.is_empty() {
            request["subResource"] = json!(self.sub_resource);
            request["requestSubResource"] = json!(self.sub_resource);
        }
        let review =
            json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request});
        review.to_string().into_bytes()
    }

    /// Whether the registration has the API server ask about it: an entry whose rules and namespaces take it in.
    pub fn is_asked_about(&self, ground: &Ground) -> bool {
        let entries = ENTRIES.iter().filter(|entry| entry.rules.iter().any(|rule| self.is_within(rule)));
        let Some(namespace) = self.object()["metadata"]["namespace"].as_str() else {
            return entries.count() > 0;
        };
        let labels = labels_of(ground, namespace);
        entries.into_iter().any(|entry| labels.are_selected_by(&entry.namespace_selector))
    }

    fn is_within(&self, rule: &Rule) -> bool {
        let resource = kind_of(self.object()).resource();
        let mut name = resource.plural.to_owned();
        if !self.sub_resource.is_empty() {
            name = format!("{name}/{}", self.sub_resource);
        }
        rule.group == resource.group
            && rule.resources.contains(&name)
            && rule.operations.contains(&self.operation)
    }
}

fn labels_of(ground: &Ground, namespace: &str) -> Labels {
    let mut labels = std::collections::BTreeMap::from([(
        surety::api::keys::NAMESPACE_NAME.to_owned(),
        namespace.to_owned(),
    )]);
    let object = ground.find(Kind::Namespace, namespace);
    if let Some(given) = object.and_then(|object| object["metadata"]["labels"].as_object()) {
        let texts = given.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
        labels.extend(texts);
    }
    Labels::from(labels)
}

/// The entries for people, for what the controls of this version guard.
static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let registration = register::registration(&Premises {
        name: "surety".to_owned(),
        client: Client::Url("https://127.0.0.1:9443".to_owned()),
        ca_bundle: None,
        owner: None,
        own_namespace: "surety-system".to_owned(),
        own_user: trusted().surety.to_string(),
        engine_namespaces: vec![ENGINE_NAMESPACE.to_owned()],
        component_users: vec![ENGINE_USER.to_owned()],
        control_plane: ControlPlane::default(),
        repository_secrets: Vec::new(),
        guarded: controls::all().iter().flat_map(|control| control.guards).copied().collect(),
        guarded_keys: GuardedKeys::default(),
        conform_failure_policy: FailurePolicy::Fail,
    });
    let for_people = [PROTECT_TENANT, PROTECT_ENGINE, PROTECT_CLUSTER, CONFORM];
    registration.entries.into_iter().filter(|entry| for_people.contains(&entry.name)).collect()
});

fn trusted() -> Trusted {
    Trusted {
        surety: Name::from("system:serviceaccount:surety-system:surety"),
        engines: vec![Name::from(ENGINE_USER)],
    }
}

/// The answer to a request on this ground.
pub fn answer(ground: &Ground, request: &Request) -> Answer {
    let now = ground.now();
    let gatekeeper = Gatekeeper {
        snapshots: Snapshots::new(ground.book().world().clone()),
        published: watch::channel(0).1,
        tentative: Arc::new(Tentative::default()),
        trusted: trusted(),
        break_glass_groups: Vec::new(),
        paused: watch::channel(false).1,
        notable: mpsc::channel(1).0,
        meter: Meter::default(),
        clock: Arc::new(move || now),
    };
    let deadline = Instant::now() + Duration::from_secs(3);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let body = request.body();
    let answered = runtime.block_on(gatekeeper.decide("", &body, deadline));
    answered.unwrap_or_else(|error| panic!("no answer to {request:?}: {error}")).1
}
