//! A webhook of Surety's own parts that admits everything and remembers what it was asked.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use e2e::world::eventually;
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::api::{DeleteParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use surety::admission::http::listen::{ConnectionLimits, Listener, ListenerMeter};
use surety::admission::http::{Limits, Meter, router};
use surety::admission::tls::{CA_SECRET, CaSecret, CaStore, Certificates, StoreError, Update, server_config};
use surety::admission::wire::{Answer, Decider, Undecided};
use surety::core::control::Operation;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// One question of the API server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    pub entry: String,
    pub user: String,
    pub name: String,
}

#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Seen>>>);

impl Decider for Recorder {
    async fn decide(&self, webhook: &str, body: &[u8], _: Instant) -> Result<(String, Answer), Undecided> {
        let review: Value =
            serde_json::from_slice(body).map_err(|error| Undecided::Malformed(error.to_string()))?;
        let text =
            |pointer: &str| review.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let named = ["/request/object/metadata/name", "/request/oldObject/metadata/name"].map(text);
        let name = named.into_iter().find(|name| !name.is_empty());
        self.0.lock().unwrap().push(Seen {
            entry: webhook.to_owned(),
            user: text("/request/userInfo/username"),
            // With `generateName` the API server has made a name before it asks, but not always.
            name: name.unwrap_or_else(|| text("/request/object/metadata/generateName")),
        });
        Ok((text("/request/uid"), Answer::allow(Operation::Create)))
    }
}

pub struct Webhook {
    pub url: String,
    recorder: Recorder,
    stop: CancellationToken,
    ended: JoinHandle<()>,
}

impl Webhook {
    pub async fn start(certificates: &Certificates) -> Result<Self> {
        let socket = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("https://{}", socket.local_addr()?);
        let recorder = Recorder::default();
        let listener = Listener {
            name: "webhook",
            socket,
            tls: Some(server_config(certificates)?),
            router: router(Arc::new(recorder.clone()), Limits::default(), Meter::default()),
            limits: ConnectionLimits::default(),
            meter: ListenerMeter::default(),
        };
        let stop = CancellationToken::new();
        let ended = tokio::spawn(listener.run(stop.clone()));
        Ok(Self { url, recorder, stop, ended })
    }

    pub fn forget(&self) {
        self.recorder.0.lock().unwrap().clear();
    }

    /// Which entries were asked about an object of this name by this user. The API server may ask one again where the
    /// object changed meanwhile, and for a definition that it deletes in two steps.
    pub fn entries(&self, user: &str, name: &str) -> BTreeSet<String> {
        let seen = self.recorder.0.lock().unwrap();
        let about = seen.iter().filter(|seen| seen.user == user && seen.name.starts_with(name));
        about.map(|seen| seen.entry.clone()).collect()
    }

    /// Waits until the API server has taken the registration in, which it does a moment after it stores it.
    pub async fn is_asked(&self, client: &Client) -> Result<()> {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "probe"}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}
        }))?;
        let pods = Api::namespaced(client.clone(), "acme");
        let dry_run = PostParams { dry_run: true, ..PostParams::default() };
        eventually(Duration::from_secs(30), "a question of the API server", async || {
            pods.create(&dry_run, &pod).await?;
            Ok((!self.recorder.0.lock().unwrap().is_empty()).then_some(()))
        })
        .await
    }

    pub async fn stop(self) -> Result<()> {
        self.stop.cancel();
        self.ended.await.context("the listener panicked")
    }
}

/// The authority's Secret in the API, as `write` keeps it.
pub struct Secrets(pub Api<Secret>);

impl Secrets {
    fn object(secret: &CaSecret) -> Secret {
        let mut object = Secret { data: Some(secret.data()), ..Secret::default() };
        object.metadata.name = Some(CA_SECRET.to_owned());
        object.metadata.resource_version.clone_from(&secret.version);
        object
    }
}

fn written(result: kube::Result<Secret>) -> Result<Update, StoreError> {
    match result {
        Ok(_) => Ok(Update::Done),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(Update::Lost),
        Err(error) => Err(StoreError::new(error.to_string(), Some(Box::new(error)))),
    }
}

impl CaStore for Secrets {
    async fn load(&self) -> Result<Option<CaSecret>, StoreError> {
        let secret = self.0.get_opt(CA_SECRET).await;
        let secret = secret.map_err(|error| StoreError::new(error.to_string(), Some(Box::new(error))))?;
        Ok(secret.as_ref().map(CaSecret::from_secret))
    }

    async fn create(&self, secret: &CaSecret) -> Result<Update, StoreError> {
        written(self.0.create(&PostParams::default(), &Self::object(secret)).await)
    }

    async fn update(&self, secret: &CaSecret) -> Result<Update, StoreError> {
        written(self.0.replace(CA_SECRET, &PostParams::default(), &Self::object(secret)).await)
    }
}

/// Deletes at once: no story waits for a grace period.
pub fn at_once() -> DeleteParams {
    DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() }
}
