//! Requests as data: who does what, and who must be asked.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use e2e::ControlPlane;
use kube::api::{DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::discovery::{Scope, pinned_kind};
use kube::{Api, Client};
use serde::Deserialize;
use serde_json::Value;

use crate::recorder::{Webhook, at_once};

pub const SURETY: &str = "system:serviceaccount:surety-system:surety";
pub const ENGINE: &str = "system:serviceaccount:velero:velero";
pub const DRIVER: &str = "system:serviceaccount:csi:csi-provisioner";
const MASTERS: &str = "system:masters";
const KUBE_SYSTEM: &str = "system:serviceaccounts:kube-system";
/// Words of the data, user, and the group that tells what the user is. All may do everything: only admission decides.
const USERS: [(&str, &str, &str); 8] = [
    ("person", "jane", "people"),
    ("surety", SURETY, "system:serviceaccounts:surety-system"),
    ("engine", ENGINE, "system:serviceaccounts:velero"),
    ("driver", DRIVER, "system:serviceaccounts:csi"),
    ("controller", "system:serviceaccount:kube-system:test-controller", KUBE_SYSTEM),
    ("node", "system:node:node-a", "system:nodes"),
    ("garbage-collector", "system:serviceaccount:kube-system:generic-garbage-collector", KUBE_SYSTEM),
    ("namespace-controller", "system:serviceaccount:kube-system:namespace-controller", KUBE_SYSTEM),
];

/// Clients of everybody who makes requests.
pub struct Users(BTreeMap<&'static str, (&'static str, Client)>);

impl Users {
    pub async fn new(control_plane: &ControlPlane) -> Result<Self> {
        let mut users = BTreeMap::new();
        for (word, user, group) in USERS {
            users.insert(word, (user, control_plane.client_for(user, &[group, MASTERS]).await?));
        }
        Ok(Self(users))
    }

    fn find(&self, word: &str) -> Result<(&'static str, &Client)> {
        let (user, client) = self.0.get(word).with_context(|| format!("nobody is called {word}"))?;
        Ok((user, client))
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub name: String,
    by: String,
    create: Option<Value>,
    given: Option<Value>,
    change: Option<Value>,
    delete: Option<Deletion>,
    subresource: Option<String>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    seen_by: BTreeSet<String>,
    /// What must be in the refusal where nobody answers; none where it must pass.
    refused_for: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Deletion {
    One,
    Collection,
}

impl Request {
    /// Makes the request and compares who was asked.
    pub async fn make(&self, admin: &Client, users: &Users, webhook: &Webhook) -> Result<()> {
        let (user, client) = users.find(&self.by)?;
        self.prepare(admin).await?;
        self.send(client).await.context("the request itself failed")?;
        let entries = webhook.entries(user, &self.object_name()?);
        ensure!(entries == self.seen_by, "seen by {entries:?}, expected {:?}", self.seen_by);
        Ok(())
    }

    /// Makes the request while nobody listens.
    pub async fn make_unanswered(&self, admin: &Client, users: &Users) -> Result<()> {
        let (_, client) = users.find(&self.by)?;
        self.prepare(admin).await?;
        match (self.send(client).await, &self.refused_for) {
            (Ok(()), None) => Ok(()),
            (Ok(()), Some(entry)) => bail!("it passed, and should have waited for {entry}"),
            (Err(error), Some(entry)) => {
                let message = format!("{error:#}");
                ensure!(
                    message.contains(&format!("failed calling webhook \"{entry}.surety.dev\"")),
                    "{message}"
                );
                Ok(())
            }
            (Err(error), None) => Err(error.context("it should have passed")),
        }
    }

    fn manifest(&self) -> Result<&Value> {
        self.create.as_ref().or(self.given.as_ref()).context("neither `create` nor `given`")
    }

    fn object_name(&self) -> Result<String> {
        let metadata = self.manifest()?.get("metadata").context("no metadata")?;
        let name = metadata.get("name").or_else(|| metadata.get("generateName")).and_then(Value::as_str);
        Ok(name.context("no name")?.to_owned())
    }

    /// Creates what is given, unless it is there. Nobody listening must not hinder that.
    async fn prepare(&self, admin: &Client) -> Result<()> {
        let Some(given) = &self.given else { return Ok(()) };
        let api = self.api(admin).await?;
        if api.get_opt(&self.object_name()?).await?.is_none() {
            let object: DynamicObject = serde_json::from_value(given.clone())?;
            api.create(&PostParams::default(), &object).await.context("`given` could not be created")?;
        }
        Ok(())
    }

    async fn send(&self, client: &Client) -> Result<()> {
        let (api, name) = (self.api(client).await?, self.object_name()?);
        let dry_run = self.dry_run;
        if let Some(object) = &self.create {
            let object: DynamicObject = serde_json::from_value(object.clone())?;
            api.create(&PostParams { dry_run, ..PostParams::default() }, &object).await?;
        } else if let Some(change) = &self.change {
            let parameters = PatchParams { dry_run, ..PatchParams::default() };
            let patch = Patch::Merge(change);
            match &self.subresource {
                Some(subresource) => api.patch_subresource(subresource, &name, &parameters, &patch).await?,
                None => api.patch(&name, &parameters, &patch).await?,
            };
        } else {
            self.delete(&api, &name).await?;
        }
        Ok(())
    }

    async fn delete(&self, api: &Api<DynamicObject>, name: &str) -> Result<()> {
        match self.delete.context("nothing to do")? {
            Deletion::One => drop(api.delete(name, &at_once()).await?),
            Deletion::Collection => {
                drop(api.delete_collection(&at_once(), &ListParams::default().labels("only=this")).await?);
            }
        }
        Ok(())
    }

    async fn api(&self, client: &Client) -> Result<Api<DynamicObject>> {
        let manifest = self.manifest()?;
        let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str);
        let (version, kind) =
            (text("/apiVersion").context("no apiVersion")?, text("/kind").context("no kind")?);
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let (resource, capabilities) =
            pinned_kind(client, &GroupVersionKind::gvk(group, version, kind)).await?;
        Ok(match (capabilities.scope, text("/metadata/namespace")) {
            (Scope::Namespaced, Some(namespace)) => {
                Api::namespaced_with(client.clone(), namespace, &resource)
            }
            _ => Api::all_with(client.clone(), &resource),
        })
    }
}
