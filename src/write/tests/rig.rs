//! A writer, the gate before it, and the server that it writes to.

use std::{sync::Arc, time::Duration};

use hyper::Method;
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    core::facts::Kind,
    watch::scripted::{Exchange, Server, pair},
    write::{
        Force, LeaderGate, Leadership, Revision, Target, WriteError, WriteMetrics, Writer, WriterLimits,
        Written,
    },
};

pub(super) const MANAGER: &str = "surety/network";
pub(super) const POLICY: &str = "/apis/networking.k8s.io/v1/namespaces/acme/networkpolicies/deny";
pub(super) const APPLY: &str = "/apis/networking.k8s.io/v1/namespaces/acme/networkpolicies/deny?&force=true&fieldManager=surety%2Fnetwork";

pub(super) struct Rig {
    pub(super) writer: Arc<Writer>,
    pub(super) server: Server,
    pub(super) metrics: Arc<WriteMetrics>,
    pub(super) leadership: watch::Sender<Leadership>,
}

impl Rig {
    /// A writer of a replica that leads.
    pub(super) fn new() -> Self {
        let (client, server) = pair();
        let (leadership, said) = watch::channel(Leadership::Leading);
        let metrics = Arc::new(WriteMetrics::default());
        let limits = WriterLimits { reapplications_per_hour: 2, ..WriterLimits::default() };
        let writer = Writer::new(client, LeaderGate::new(said), limits, Arc::clone(&metrics));
        Self { writer: Arc::new(writer), server, metrics, leadership }
    }

    /// Begins to apply `body` by force.
    pub(super) fn apply(&self, body: &Value) -> JoinHandle<Result<Written, WriteError>> {
        let (writer, body) = (Arc::clone(&self.writer), body.clone());
        tokio::spawn(async move { writer.apply(&policy(), MANAGER, &body, Force::Yes).await })
    }

    /// Applies `body` to an object that is not there, and sees it made.
    pub(super) async fn applied(&mut self, body: &Value) {
        let applying = self.apply(body);
        self.expect(Method::GET, POLICY).await.refuse(404, "NotFound");
        self.expect(Method::PATCH, APPLY).await.answer(201, &live("u1", "1"));
        assert_eq!(applying.await.unwrap().unwrap(), made("u1", "1"));
    }

    pub(super) async fn expect(&mut self, method: Method, uri: &str) -> Exchange {
        self.server.expect(method, uri).await
    }

    /// Whether no request comes for `time`.
    pub(super) async fn is_quiet_for(&mut self, time: Duration) -> bool {
        self.server.is_idle_for(time).await
    }
}

pub(super) fn policy() -> Target {
    Target::namespaced(Kind::NetworkPolicy.resource(), "acme", "deny")
}

pub(super) fn body(label: &str) -> Value {
    json!({"metadata": {"labels": {"a": label}}})
}

pub(super) fn live(uid: &str, version: &str) -> Value {
    json!({"metadata": {"uid": uid, "resourceVersion": version}})
}

/// The object as it is after `body(label)` was applied.
pub(super) fn settled(label: &str) -> Value {
    json!({"metadata": {"uid": "u1", "resourceVersion": "5", "labels": {"a": label}, "managedFields": [
        {"manager": MANAGER, "operation": "Apply", "apiVersion": "networking.k8s.io/v1",
         "fieldsV1": {"f:metadata": {"f:labels": {"f:a": {}}}}}]}})
}

pub(super) fn made(uid: &str, version: &str) -> Written {
    Written::Made(Revision { uid: uid.into(), resource_version: version.into() })
}
