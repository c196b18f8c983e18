//! The Secret that holds the webhook's authorities: the one Secret that Surety reads and writes. Every replica may:
//! the first that starts makes it, and a lost race reads what the winner wrote.

use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client,
    api::{ObjectMeta, PostParams},
};
use tokio::time::timeout;

use crate::{
    admission::tls::{CA_SECRET, CaSecret, CaStore, StoreError, Update},
    api::keys,
};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(8);

/// Reads and writes the Secret in Surety's namespace.
#[derive(Clone)]
pub struct CaSecrets {
    api: Api<Secret>,
}

impl CaSecrets {
    /// The Secret in `namespace`.
    pub fn new(client: Client, namespace: &str) -> Self {
        Self { api: Api::namespaced(client, namespace) }
    }
}

impl CaStore for CaSecrets {
    async fn load(&self) -> Result<Option<CaSecret>, StoreError> {
        let secret = bounded(self.api.get_opt(CA_SECRET)).await?;
        Ok(secret.as_ref().map(CaSecret::from_secret))
    }

    async fn create(&self, secret: &CaSecret) -> Result<Update, StoreError> {
        ended(bounded(self.api.create(&PostParams::default(), &object(secret))).await)
    }

    async fn update(&self, secret: &CaSecret) -> Result<Update, StoreError> {
        ended(bounded(self.api.replace(CA_SECRET, &PostParams::default(), &object(secret))).await)
    }
}

fn object(secret: &CaSecret) -> Secret {
    let labels = [(keys::MANAGED_BY.to_owned(), keys::MANAGED_BY_SURETY.to_owned())];
    Secret {
        metadata: ObjectMeta {
            name: Some(CA_SECRET.to_owned()),
            labels: Some(labels.into()),
            resource_version: secret.version.clone(),
            ..ObjectMeta::default()
        },
        data: Some(secret.data()),
        ..Secret::default()
    }
}

/// Why a request failed, apart from how it is told.
enum Failed {
    Lost,
    Other(StoreError),
}

async fn bounded<T>(request: impl Future<Output = kube::Result<T>>) -> Result<T, Failed> {
    match timeout(TIMEOUT, request).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(kube::Error::Api(status))) if status.is_conflict() || status.is_already_exists() => {
            Err(Failed::Lost)
        }
        Ok(Err(error)) => Err(Failed::Other(StoreError::new(error.to_string(), Some(Box::new(error))))),
        Err(_) => Err(Failed::Other(StoreError::new(format!("no answer within {TIMEOUT:?}"), None))),
    }
}

fn ended<T>(result: Result<T, Failed>) -> Result<Update, StoreError> {
    match result {
        Ok(_) => Ok(Update::Done),
        Err(Failed::Lost) => Ok(Update::Lost),
        Err(Failed::Other(error)) => Err(error),
    }
}

impl From<Failed> for StoreError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Lost => Self::new("somebody else wrote it meanwhile", None),
            Failed::Other(error) => error,
        }
    }
}
