//! What every replica may send, leader or not: what only the replica itself knows. Never what Surety keeps up in the
//! cluster: two replicas would undo each other's.

use kube::{
    api::{Patch, PatchParams, PostParams},
    core::request::Request,
};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::{
    Target, WriteError, Writer,
    writer::{bytes, creation},
};
use crate::core::facts::Resource;

const SELF_REVIEWS: Resource = Resource {
    group: "authentication.k8s.io",
    version: "v1",
    kind: "SelfSubjectReview",
    plural: "selfsubjectreviews",
    is_namespaced: false,
};

impl Writer {
    /// Creates an Event. Every replica may: only the one that answered a request knows of it.
    pub(super) async fn create_event(
        &self,
        target: &Target,
        manager: &str,
        body: &Value,
    ) -> Result<(), WriteError> {
        self.send::<IgnoredAny>(target, "create", creation(target, manager, body)?).await.map(|_| ())
    }

    /// The user as whom the API server knows this client. `system:basic-user` lets everybody who is authenticated ask
    /// (`authentication.k8s.io/v1`), and nothing is stored.
    pub async fn own_name(&self) -> Result<Option<String>, WriteError> {
        let target = Target::cluster(SELF_REVIEWS, "self");
        let body = json!({"apiVersion": target.api_version(), "kind": SELF_REVIEWS.kind});
        let request = Request::new(target.collection()).create(&PostParams::default(), bytes(&body));
        let review: Value = self.send(&target, "create", request).await?;
        Ok(review.pointer("/status/userInfo/username").and_then(Value::as_str).map(str::to_owned))
    }

    /// Merges entries into a record that is kept for ever, which is created where it is missing; gives the record as it is
    /// then. Every replica may, because only it knows what it answered, and entries have keys of their own, so that two
    /// replicas never write the same.
    pub async fn note(&self, target: &Target, manager: &str, entries: &Value) -> Result<Value, WriteError> {
        let params = PatchParams { field_manager: Some(manager.to_owned()), ..PatchParams::default() };
        let path = Request::new(target.collection());
        let merge = path.patch(&target.name, &params, &Patch::Merge(entries));
        match self.send::<Value>(target, "patch", merge).await {
            Err(WriteError::NotFound { .. }) => {
                self.send::<Value>(target, "create", creation(target, manager, entries)?).await
            }
            answered => answered,
        }
    }
}
